"""Lists of articles by page number, by month and at random: positions from `ranks`, cards from the database."""

import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, Select, bindparam, func, select, tuple_

from dengxia import queries, ranks
from dengxia.kept import kept
from dengxia.queries import (
    MOMENT,
    NEWEST_FIRST,
    NEWEST_MOMENT,
    OWN_CATEGORY,
    PLACE,
    Row,
    ask,
    ask_first,
    select_cards,
    select_titles,
)
from models import Article, ArticleTag, now, public


class Listing(NamedTuple):
    """One page of a list: its cards newest first, its number from 1, and how many pages and articles there are."""

    cards: Sequence[Row]
    number: int
    pages: int
    total: int


Ends = tuple[int, int]


class Month(NamedTuple):
    year: int
    month: int
    count: int


_later_than_now = bindparam("now", callable_=now)
_scheduled = select(func.count().label("count")).select_from(Article).where(Article.published_at > _later_than_now)
_scheduled_of_category = _scheduled.where(OWN_CATEGORY)
_scheduled_of_tag = select(func.count().label("count")).select_from(ArticleTag).where(
    ArticleTag.tag_id == bindparam("tag_id"), ArticleTag.published_at > _later_than_now
)  # fmt: skip


def _visible(name: str, **values: object) -> int:
    # The scheduled ones stand at the newest end of each list; there are few, and only they are counted.
    kind = name.partition("/")[0]
    statement = {"all": _scheduled, "category": _scheduled_of_category, "tag": _scheduled_of_tag}[kind]
    return max(0, ranks.outline(name).total - ask_first(statement, **values).count)


def visible() -> int:
    """How many articles a visitor may see."""
    return _visible(ranks.ALL)


def _down(moment: tuple[ColumnElement, ColumnElement], statement: Select) -> Select:
    """So many steps down from below a place in the order of time, newest first."""
    ordered = statement.where(tuple_(*moment) < PLACE).order_by(*(column.desc() for column in moment))
    return ordered.offset(bindparam("steps")).limit(bindparam("limit"))


_all_down = _down(MOMENT, select_cards(placed=True))
_category_down = _down(MOMENT, select_cards(OWN_CATEGORY, placed=True))
_tag_down = _down(
    (ArticleTag.published_at, ArticleTag.article_id),
    select_cards(ArticleTag.tag_id == bindparam("tag_id"), placed=True).join(
        ArticleTag, ArticleTag.article_id == Article.id
    ),
)


def _listing(
    statement: Select, name: str, number: int, shown: int, ends: Ends | None = None, **values: object
) -> Listing:
    """Page `number` of a list of which `shown` are visible, or of what lies between two positions (oldest is 0)."""
    first, end = ends or (0, shown)
    most = current_app.config["ARTICLES_A_PAGE"]
    top = end - (number - 1) * most
    limit = min(most, top - first)
    cards: Sequence[Row] = []
    if number >= 1 and limit > 0:
        (at, id), steps = ranks.seek(name, top - 1)
        if at > now():
            # From there it would meet scheduled ones, which it does not count. The newest visible is in this segment.
            (at, id), steps = (now() + 1, 0), shown - top
        cards = ask(statement, at=at, id=id, steps=steps, limit=limit, **values)
    return Listing(cards, number, max(1, ceil((end - first) / most)), end - first)


def list_all(number: int) -> Listing:
    """A page of all articles."""
    return _listing(_all_down, ranks.ALL, number, visible())


def list_category(id: int, number: int) -> Listing:
    """A page of a category."""
    name = ranks.of_category(id)
    return _listing(_category_down, name, number, _visible(name, category_id=id), category_id=id)


def list_tag(id: int, number: int) -> Listing:
    """A page of a tag."""
    name = ranks.of_tag(id)
    return _listing(_tag_down, name, number, _visible(name, tag_id=id), tag_id=id)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _month_ends(year: int, month: int, zone: ZoneInfo) -> Ends:
    ends = (year, month), (year + month // 12, month % 12 + 1)
    return tuple(ranks.before(ranks.ALL, (_seconds(datetime(*end, 1, tzinfo=zone)), 0)) for end in ends)


def list_month(year: int, month: int, number: int, zone: ZoneInfo) -> Listing:
    """A page of a month, whose days are those of `zone`."""
    shown = visible()
    first, end = _month_ends(year, month, zone)
    return _listing(_all_down, ranks.ALL, number, shown, (min(first, shown), min(end, shown)))


_newest_before = select(Article.published_at).where(public(placed=True), Article.published_at < bindparam("at"))
_newest_before = _newest_before.order_by(*NEWEST_FIRST).limit(1)


@kept
def months(zone: ZoneInfo) -> list[Month]:
    """The months that have articles, newest first, with their counts."""
    found: list[Month] = []
    shown, row = visible(), ask_first(NEWEST_MOMENT)
    while row:
        day = datetime.fromtimestamp(row.published_at, zone)
        first, end = (min(position, shown) for position in _month_ends(day.year, day.month, zone))
        found.append(Month(day.year, day.month, end - first))
        row = ask_first(_newest_before, at=_seconds(datetime(day.year, day.month, 1, tzinfo=zone)))
    return found


# At random


DRAWS = 12
FEW = 150
MOST_ROUNDS = 50


def _nth(number: int):
    """The id of the article so many steps down from below a key."""
    place = tuple_(bindparam(f"at_{number}"), bindparam(f"id_{number}"))
    below = select(Article.id).where(tuple_(*MOMENT) < place).order_by(*NEWEST_FIRST)
    return below.offset(bindparam(f"steps_{number}")).limit(1).scalar_subquery()


_at_places = select_titles(Article.id.in_([_nth(number) for number in range(DRAWS)]))
_with_ids = select_titles(Article.id.in_([bindparam(f"id_{number}") for number in range(DRAWS)]))


def random_cards(count: int, without: Iterable[int] = ()) -> list[Row]:
    """随便看看: different visible cards in independent draws, each as likely as any other not in `without`."""
    excluded, drawn = set(without), []
    # What was drawn before or is excluded is drawn again, which keeps the draws uniform over the rest.
    for cards in _draws(few=4 * (count + len(excluded))):
        for card in cards:
            if card.id not in excluded and len(drawn) < count:
                excluded.add(card.id)
                drawn.append(card)
        if len(drawn) == count:
            break
    return drawn


def draw_ids() -> list[int]:
    """`DRAWS` ids drawn at random of all ever given, where most lead to a visible card, else none.

    4 µs a draw; by position 20 µs.
    """
    return random.choices(ids, k=DRAWS) if (ids := _dense_ids()) else []


@kept
def _dense_ids() -> range:
    total, largest = ranks.outline(ranks.ALL).total, queries.largest_id()
    return range(1, largest + 1) if total * 4 >= largest and total > FEW else range(0)


def _draws(few: int) -> Iterator[list[Row]]:
    """Visible cards drawn at random, some at a time."""
    # Scheduled ones are drawn too, and are not in the answer.
    total = ranks.outline(ranks.ALL).total
    if total <= few:
        # The rest would be hard to meet, so every position comes up once.
        positions = random.sample(range(total), total)
        yield from (_at(positions[start : start + DRAWS]) for start in range(0, total, DRAWS))
        return
    for _ in range(MOST_ROUNDS):
        if ids := draw_ids():
            yield _shuffled(_with_ids, {f"id_{number}": id for number, id in enumerate(ids)})
        else:
            yield _at([random.randrange(total) for _ in range(DRAWS)])


def _at(positions: Sequence[int]) -> list[Row]:
    """The cards at up to `DRAWS` positions of the list of all, in random order."""
    places = [ranks.seek(ranks.ALL, position) for position in positions]
    places += [(ranks.FIRST, 0)] * (DRAWS - len(places))
    values = {}
    for number, ((at, id), steps) in enumerate(places):
        values |= {f"at_{number}": at, f"id_{number}": id, f"steps_{number}": steps}
    return _shuffled(_at_places, values)


def _shuffled(statement: Select, values: dict[str, int]) -> list[Row]:
    cards = ask(statement, **values)
    random.shuffle(cards)
    return cards

"""Every question that is asked of the database, one function each; what a visitor may see is `models.public()`.

Each question is a SQLAlchemy statement, compiled once and then run on the driver's own cursor: that costs a third of a
Core execution, and a page asks eight. Times in the rows are seconds since 1970.
"""

import random
from array import array
from collections import namedtuple
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Dialect, Select, bindparam, func, select, tuple_

from dengxia import ranks
from dengxia.kept import kept
from models import (
    Article,
    ArticleTag,
    Body,
    Category,
    ContentVersion,
    Link,
    Origin,
    Page,
    Redirect,
    Related,
    Tag,
    db,
    now,
    public,
)

Row = Any  # a named tuple with the columns of its statement
PER_PAGE = 20
PER_SITEMAP = 1000
SHOWN = 10

CARD = (
    Article.id,
    Article.title,
    func.coalesce(func.nullif(Article.summary, ""), Article.excerpt).label("summary"),
    Article.published_at,
    Article.updated_at,
    Article.kind,
    Article.author,
    Article.source,
    Article.cover,
    Article.category_id,
    Category.slug.label("category_slug"),
    Category.name.label("category"),
)
NEWEST_FIRST = (Article.published_at.desc(), Article.id.desc())
OLDEST_FIRST = (Article.published_at, Article.id)
MOMENT = (Article.published_at, Article.id)


class Listing(NamedTuple):
    """One page of a list: its cards newest first, its number from 1, and how many pages and articles there are."""

    cards: Sequence[Row]
    number: int
    pages: int
    total: int


class Month(NamedTuple):
    year: int
    month: int
    count: int


def _cards(*conditions, join: type | None = None, on=None) -> Select:
    statement = select(*CARD).join_from(Article, Category)
    return (statement.join(join, on) if join else statement).where(public(), *conditions)


@lru_cache(maxsize=256)
def _compiled(statement: Select, dialect: Dialect) -> tuple[str, list[tuple[str, Any]], Any]:
    """The SQL of a statement, the name and default of each parameter in order, and the type of its rows."""
    made = statement.compile(dialect=dialect)
    defaults = [(name, made.binds[name].callable or made.binds[name].value) for name in made.positiontup]
    columns = [column.key for column in statement.selected_columns]
    return made.string, defaults, namedtuple("Row", columns)


def _all(statement: Select, **values: object) -> list[Row]:
    sql, parameters, row = _compiled(statement, db.engine.dialect)
    cursor = db.session.connection().connection.cursor()
    asked = [values[name] if name in values else value() if callable(value) else value for name, value in parameters]
    rows = list(map(row._make, cursor.execute(sql, asked).fetchall()))
    cursor.close()
    return rows


def _first(statement: Select, **values: object) -> Row | None:
    return next(iter(_all(statement, **values)), None)


# What every page shows


_categories = select(Category.id, Category.slug, Category.name, Category.description, Category.in_nav)
_categories = _categories.order_by(Category.position, Category.id)


@kept
def categories() -> Sequence[Row]:
    """All categories in their order: id, slug, name, description, in_nav."""
    return _all(_categories)


_links = select(Link.name, Link.url).order_by(Link.position, Link.id)


@kept
def links() -> Sequence[Row]:
    """友情链接: name and url."""
    return _all(_links)


_page_titles = select(Page.slug, Page.title).order_by(Page.id)


@kept
def page_titles() -> Sequence[Row]:
    """The fixed pages: slug and title."""
    return _all(_page_titles)


def category(slug: str) -> Row | None:
    """The category at an address."""
    return next((row for row in categories() if row.slug == slug), None)


_newest_moment = select(Article.published_at).where(public()).order_by(*NEWEST_FIRST).limit(1)
_changed_at = select(ContentVersion.changed_at)


@kept
def changed_at() -> int:
    """When anything that a visitor may see last changed: by a write, or because a scheduled time came."""
    return max(row[0] for row in (*_all(_changed_at), *_all(_newest_moment)))


# One article


_article = (
    select(
        *CARD,
        Article.editor,
        Article.source_url,
        Article.summary.label("own_summary"),
        Body.html,
        Body.length,
        Category.description.label("category_description"),
    )
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .where(public(), Article.id == bindparam("id"))
)


def article(id: int) -> Row | None:
    """One article with its text and its category, if a visitor may see it."""
    return _first(_article, id=id)


_tags = (
    select(Tag.name)
    .join(ArticleTag, ArticleTag.tag_id == Tag.id)
    .where(ArticleTag.article_id == bindparam("id"))
    .order_by(ArticleTag.position)
)


def tags(id: int) -> list[str]:
    """The tags of an article in their order."""
    return [row.name for row in _all(_tags, id=id)]


_own_category = Article.category_id == bindparam("category_id")
_place = tuple_(bindparam("at"), bindparam("id"))
_earlier = _cards(_own_category, tuple_(*MOMENT) < _place).order_by(*NEWEST_FIRST).limit(1)
_later = _cards(_own_category, tuple_(*MOMENT) > _place).order_by(*OLDEST_FIRST).limit(1)


def neighbours(card: Row) -> tuple[Row | None, Row | None]:
    """上一篇 and 下一篇: the article before and the one after, by time, in the same category."""
    place = {"category_id": card.category_id, "at": card.published_at, "id": card.id}
    return _first(_earlier, **place), _first(_later, **place)


_others = select(Related.others).where(Related.article_id == bindparam("id"))
_ten = _cards(Article.id.in_([bindparam(f"id_{number}") for number in range(SHOWN)]))


def related(card: Row) -> list[Row]:
    """相关文章: the ten that fit best; where the text gives fewer, the newest of the category fill up."""
    packed = _first(_others, id=card.id)
    ids = unpack(packed.others) if packed else []
    cards = {row.id: row for row in _all(_ten, **{f"id_{n}": ids[n] if n < len(ids) else None for n in range(SHOWN)})}
    found = [cards[id] for id in ids if id in cards]
    if len(found) < SHOWN:
        known = {card.id, *cards}
        found += [row for row in newest(SHOWN + len(known), card.category_id) if row.id not in known]
    return found[:SHOWN]


def unpack(others: bytes) -> list[int]:
    """The articles of a packed list, best first: the score is the upper, the article the lower half of 64 bits."""
    return [entry & 0xFFFFFFFF for entry in array("Q", others)]


DRAWS = 12
MOST_ROUNDS = 50


def _nth(number: int):
    """The id of the article so many steps down from below a key."""
    place = tuple_(bindparam(f"at_{number}"), bindparam(f"id_{number}"))
    below = select(Article.id).where(tuple_(*MOMENT) < place).order_by(*NEWEST_FIRST)
    return below.offset(bindparam(f"steps_{number}")).limit(1).scalar_subquery()


_drawn = _cards(Article.id.in_([_nth(number) for number in range(DRAWS)]))


def random_cards(count: int, without: Iterable[int] = ()) -> list[Row]:
    """随便看看: different visible cards in independent draws, each as likely as any other not in `without`."""
    excluded, drawn, total = set(without), [], visible()
    # What was drawn before or is excluded is drawn again, which keeps the draws uniform over the rest. Where the rest
    # is so small that it would be hard to meet, every position comes up once, in random order.
    rest = random.sample(range(total), total) if total <= 4 * (count + len(excluded)) else None
    for _ in range(MOST_ROUNDS if rest is None else ceil(total / DRAWS)):
        positions = [random.randrange(total) for _ in range(DRAWS)] if rest is None else rest[-DRAWS:]
        del (rest or [])[-DRAWS:]
        for card in _at(positions):
            if card.id not in excluded and len(drawn) < count:
                excluded.add(card.id)
                drawn.append(card)
        if len(drawn) == count:
            break
    return drawn


def _at(positions: Sequence[int]) -> list[Row]:
    """The visible cards at up to `DRAWS` positions of the list of all, in random order."""
    places = [ranks.seek(ranks.ALL, position) for position in positions]
    places += [(ranks.FIRST, 0)] * (DRAWS - len(places))
    values = {}
    for number, ((at, id), steps) in enumerate(places):
        values |= {f"at_{number}": at, f"id_{number}": id, f"steps_{number}": steps}
    cards = _all(_drawn, **values)
    random.shuffle(cards)
    return cards


# Lists


_newest = _cards().order_by(*NEWEST_FIRST).limit(bindparam("limit"))
_newest_of_category = _cards(_own_category).order_by(*NEWEST_FIRST).limit(bindparam("limit"))


def newest(limit: int, category_id: int | None = None) -> Sequence[Row]:
    """The newest cards, of all or of one category."""
    if category_id is None:
        return _all(_newest, limit=limit)
    return _all(_newest_of_category, limit=limit, category_id=category_id)


_later_than_now = bindparam("now", callable_=now)
_scheduled = select(func.count().label("count")).select_from(Article).where(Article.published_at > _later_than_now)
_scheduled_of_category = _scheduled.where(_own_category)
_scheduled_of_tag = select(func.count().label("count")).select_from(ArticleTag).where(
    ArticleTag.tag_id == bindparam("tag_id"), ArticleTag.published_at > _later_than_now
)  # fmt: skip


def _visible(name: str, **values: object) -> int:
    # The scheduled ones stand at the newest end of each list; there are few, and only they are counted.
    kind = name.partition("/")[0]
    statement = {"all": _scheduled, "category": _scheduled_of_category, "tag": _scheduled_of_tag}[kind]
    return max(0, ranks.outline(name).total - _first(statement, **values).count)


def visible() -> int:
    """How many articles a visitor may see."""
    return _visible(ranks.ALL)


_all_down = (
    _cards(tuple_(*MOMENT) < _place).order_by(*NEWEST_FIRST).offset(bindparam("steps")).limit(bindparam("limit"))
)
_category_down = (
    _cards(_own_category, tuple_(*MOMENT) < _place)
    .order_by(*NEWEST_FIRST)
    .offset(bindparam("steps"))
    .limit(bindparam("limit"))
)
_link_moment = (ArticleTag.published_at, ArticleTag.article_id)
_tag_down = (
    _cards(
        ArticleTag.tag_id == bindparam("tag_id"),
        tuple_(*_link_moment) < _place,
        join=ArticleTag,
        on=ArticleTag.article_id == Article.id,
    )
    .order_by(*(column.desc() for column in _link_moment))
    .offset(bindparam("steps"))
    .limit(bindparam("limit"))
)


def _listing(statement: Select, name: str, number: int, first: int, end: int, **values: object) -> Listing:
    """Page `number` of the articles at the positions `first` to `end` (oldest is 0, end left out) of a list."""
    top = end - (number - 1) * PER_PAGE
    limit = min(PER_PAGE, top - first)
    cards: Sequence[Row] = []
    if number >= 1 and limit > 0:
        (at, id), steps = ranks.seek(name, top - 1)
        cards = _all(statement, at=at, id=id, steps=steps, limit=limit, **values)
    return Listing(cards, number, max(1, ceil((end - first) / PER_PAGE)), end - first)


def list_all(number: int) -> Listing:
    """A page of all articles."""
    return _listing(_all_down, ranks.ALL, number, 0, visible())


def list_category(id: int, number: int) -> Listing:
    """A page of a category."""
    name = ranks.of_category(id)
    return _listing(_category_down, name, number, 0, _visible(name, category_id=id), category_id=id)


_tag_id = select(Tag.id).where(Tag.name == bindparam("name"))


def tag_id(name: str) -> int | None:
    """The id of a tag."""
    row = _first(_tag_id, name=name)
    return row.id if row else None


def list_tag(id: int, number: int) -> Listing:
    """A page of a tag."""
    name = ranks.of_tag(id)
    return _listing(_tag_down, name, number, 0, _visible(name, tag_id=id), tag_id=id)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _month_ends(year: int, month: int, zone: ZoneInfo) -> tuple[int, int]:
    ends = (year, month), (year + month // 12, month % 12 + 1)
    return tuple(ranks.before(ranks.ALL, (_seconds(datetime(*end, 1, tzinfo=zone)), 0)) for end in ends)


def list_month(year: int, month: int, number: int, zone: ZoneInfo) -> Listing:
    """A page of a month, whose days are those of `zone`."""
    first, end = _month_ends(year, month, zone)
    shown = visible()
    return _listing(_all_down, ranks.ALL, number, min(first, shown), min(end, shown))


_newest_before = select(Article.published_at).where(public(), Article.published_at < bindparam("at"))
_newest_before = _newest_before.order_by(*NEWEST_FIRST).limit(1)


@kept
def months(zone: ZoneInfo) -> list[Month]:
    """The months that have articles, newest first, with their counts."""
    found: list[Month] = []
    shown, row = visible(), _first(_newest_moment)
    while row:
        day = datetime.fromtimestamp(row.published_at, zone)
        first, end = (min(position, shown) for position in _month_ends(day.year, day.month, zone))
        found.append(Month(day.year, day.month, end - first))
        row = _first(_newest_before, at=_seconds(datetime(day.year, day.month, 1, tzinfo=zone)))
    return found


# For machines


_feed = (
    select(*CARD, Body.html)
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .where(public())
    .order_by(*NEWEST_FIRST)
    .limit(PER_PAGE)
)
_feed_of_category = _feed.where(_own_category)


def feed(category_id: int | None = None) -> Sequence[Row]:
    """The newest cards with their HTML, of all or of one category."""
    if category_id is None:
        return _all(_feed)
    return _all(_feed_of_category, category_id=category_id)


_largest_id = select(func.max(Article.id).label("id"))


def sitemaps() -> int:
    """How many sitemap files there are: one for each thousand of ids ever given, so that a file never shifts."""
    return ceil((_first(_largest_id).id or 0) / PER_SITEMAP)


_sitemap = (
    select(Article.id, Article.published_at, Article.updated_at)
    .where(public(), Article.id > bindparam("after"), Article.id <= bindparam("upto"))
    .order_by(Article.id)
)


def sitemap(number: int) -> Sequence[Row]:
    """The visible articles (id and times) of one sitemap file, numbered from 1."""
    return _all(_sitemap, after=(number - 1) * PER_SITEMAP, upto=number * PER_SITEMAP)


# Other addresses


_page = select(Page.slug, Page.title, Page.format, Page.source, Page.html, Page.updated_at)
_page = _page.where(Page.slug == bindparam("slug"))


def page(slug: str) -> Row | None:
    """A fixed page."""
    return _first(_page, slug=slug)


_redirect = (
    select(Redirect.article_id, Category.slug)
    .outerjoin(Category, Category.id == Redirect.category_id)
    .where(Redirect.path == bindparam("path"))
)


def redirect(path: str) -> Row | None:
    """Where an old address leads: `article_id`, or the `slug` of a category."""
    return _first(_redirect, path=path)


_origins = (
    select(Origin.key, Origin.article_id, Origin.digest, Article.date, Article.published_at)
    .join(Article, Article.id == Origin.article_id)
    .where(Origin.key.in_(bindparam("keys", expanding=True)))
)


def origins(keys: Iterable[str]) -> dict[str, Row]:
    """What was seeded before under these keys, by key: `article_id`, `digest`, and the article's times."""
    return {row.key: row for row in db.session.execute(_origins, {"keys": list(keys)})}


def count_bodies() -> int:
    """How many articles there are in all, drafts too: only for a progress bar, it walks the table."""
    return db.session.scalar(select(func.count()).select_from(Body))


def is_empty() -> bool:
    """Whether the site has no content at all yet."""
    return not (_first(_largest_id).id or page_titles())

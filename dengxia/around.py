"""What stands around an article: its neighbours, related and random articles, in one question.

Asked one by one they cost twice as much, since each question takes and gives back a connection and a read lock.
"""

from array import array
from itertools import zip_longest
from typing import NamedTuple

from sqlalchemy import Select, bindparam, literal_column, select, tuple_, union_all

from dengxia import listings
from dengxia.queries import (
    MOMENT,
    NEWEST_FIRST,
    OLDEST_FIRST,
    OWN_CATEGORY,
    PLACE,
    SHOWN,
    Row,
    ask,
    newest,
    select_titles,
)
from models import Article, RelatedChoice


class Around(NamedTuple):
    """上一篇 and 下一篇 of the same category, 相关文章, 随便看看; articles have `id` and `title`."""

    earlier: Row | None
    later: Row | None
    related: list[Row]
    random: list[Row]


def _arm(kind: str, found: Select) -> Select:
    rows = found.subquery()
    return select(literal_column(f"'{kind}'").label("kind"), rows)


_earlier = select_titles(OWN_CATEGORY, tuple_(*MOMENT) < PLACE, placed=True).order_by(*NEWEST_FIRST).limit(1)
_later = select_titles(OWN_CATEGORY, tuple_(*MOMENT) > PLACE, placed=True).order_by(*OLDEST_FIRST).limit(1)
_LISTED = [f"listed_{number}" for number in range(SHOWN + listings.DRAWS)]
_listed = select_titles(Article.id.in_(map(bindparam, _LISTED)))
_around = union_all(_arm("earlier", _earlier), _arm("later", _later), _arm("listed", _listed))


_banned = select(RelatedChoice.other_id).where(RelatedChoice.article_id == bindparam("id"), ~RelatedChoice.pinned)


def around(card: Row) -> Around:
    """What stands around a row from `queries.article`."""
    fitting, drawn = unpack_others(card.others) if card.others else [], listings.draw_ids()
    listed = dict(zip_longest(_LISTED, [*fitting[:SHOWN], *drawn]))
    rows = ask(_around, category_id=card.category_id, at=card.published_at, id=card.id, **listed)
    earlier, later = map({row.kind: row for row in rows[:2]}.get, ("earlier", "later"))
    listed = {row.id: row for row in rows}
    related = [listed[id] for id in fitting if id in listed][:SHOWN]
    if len(related) < SHOWN:
        # Filled up by the newest of the category, without what an editor banned.
        known = {card.id, *(row.id for row in related), *(row.other_id for row in ask(_banned, id=card.id))}
        related += [row for row in newest(SHOWN + len(known), card.category_id) if row.id not in known]
        related = related[:SHOWN]
    shown = {card.id, *(row.id for row in (*related, earlier, later) if row)}
    random = [listed[id] for id in dict.fromkeys(drawn) if id in listed and id not in shown][:SHOWN]
    if len(random) < SHOWN:
        random += listings.random_cards(SHOWN - len(random), shown.union(row.id for row in random))
    return Around(earlier, later, related, random)


def unpack_others(others: bytes) -> list[int]:
    """The articles of a packed list, best first: the score is the upper, the article the lower half of 64 bits."""
    return [entry & 0xFFFFFFFF for entry in array("Q", others)]

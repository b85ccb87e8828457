"""The lists of the desk: articles in every state, the newest number first, by category, owner and words together.

Each condition is a token of the search index, so one walk along it answers every combination, and a page costs the
same wherever it begins. Only what is scheduled is told by the time; there are few of those.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, select

from dengxia import asked, search
from dengxia.asked import Query
from dengxia.queries import OLDEST_FIRST, Row, ask, ask_these
from dengxia.search import DRAFTS, MOST, WORDS, match_all, phrase, quoted
from models import Article, Category, User, now

PER_PAGE = 30
NEWEST = 2**62
SECONDS = 0.25  # of this thread's own time for a walk, after which a list gives what it has
ANY = '"¶"'  # stands in every text
# Which lists show what is published, and which states of the rest.
PUBLISHED = ("all", "scheduled", "published")
OTHERS = {"all": '("§draft" OR "§review")', "draft": '"§draft"', "review": '"§review"', "trash": '"§trash"'}
STATES = ("all", "draft", "review", "scheduled", "published", "trash")


class Worklist(NamedTuple):
    """A page of a list; `before` is where the next one begins, `whole` whether there was time to look everywhere."""

    rows: Sequence[Row]
    before: int | None
    whole: bool


_rows = (
    select(
        *(getattr(Article, name) for name in ("id", "title", "status", "published_at", "edited_at", "author", "note")),
        Category.name.label("category"),
        User.name.label("owner"),
    )
    .join_from(Article, Category)
    .outerjoin(User, User.id == Article.owner_id)
    .where(Article.id.in_(bindparam("ids", expanding=True)))
)
_owner = bindparam("owner")
_soonest = (
    select(Article.id)
    .where(Article.published_at > bindparam("now"), _owner.is_(None) | (Article.owner_id == _owner))
    .order_by(*OLDEST_FIRST)
    .limit(PER_PAGE)
)
_later = select(Article.id).where(Article.published_at > bindparam("now")).limit(MOST)


def page(
    state: str, category: int | None = None, owner: int | None = None, query: str = "", before: int = NEWEST
) -> Worklist:
    """A page of one of `STATES` (all: without the trash), of a category, of somebody, with the words of a query."""
    words = asked.parse(query)
    marks = [*search.of_category(category), *([f'"§u{owner}"'] if owner else [])]
    found, whole = [], True
    for walk in (_published, _others):
        ids, complete = walk(state, words, marks, before)
        found, whole = found + ids, whole and complete
    ids = sorted(found, reverse=True)[: PER_PAGE + 1]
    more = len(ids) > PER_PAGE or (ids and not whole)
    return Worklist(_in_order(ids[:PER_PAGE]), ids[:PER_PAGE][-1] if more else None, whole)


def soonest(owner: int | None) -> list[Row]:
    """The scheduled articles of somebody or of all that come next, the first one first."""
    return _in_order([row.id for row in ask(_soonest, owner=owner)])


def _in_order(ids: Sequence[int]) -> list[Row]:
    rows = {row.id: row for row in ask_these(_rows, ids)}
    return [rows[id] for id in ids if id in rows]


def _published(state: str, words: Query, marks: list[str], before: int) -> tuple[list[int], bool]:
    if state not in PUBLISHED:
        return [], True
    table, match, rest = search.walk(words, marks) if words.groups else (WORDS, match_all([ANY, *marks], []), [])
    where = {"all": "1", "published": search.VISIBLE, "scheduled": f"rowid IN ({_scheduled()})"}[state]
    ids, whole = _walk(table, match, where, before, MOST if rest else PER_PAGE + 1)
    for look in rest:
        ids, looked = search.sift(ids, *look)
        whole = whole and looked
    return ids[: PER_PAGE + 1], whole


def _scheduled() -> str:
    return ",".join(str(row.id) for row in ask(_later)) or "0"


def _others(state: str, words: Query, marks: list[str], before: int) -> tuple[list[int], bool]:
    if state not in OTHERS:
        return [], True
    wanted = [*map(phrase, words.phrases), *quoted(words.chars), *marks, OTHERS[state]]
    unwanted = [*map(phrase, words.no_phrases), *quoted(words.no_chars)] if words.groups else []
    return _walk(DRAFTS, match_all(wanted, unwanted), "1", before, PER_PAGE + 1)


def _walk(table: str, match: str, where: str, before: int, limit: int) -> tuple[list[int], bool]:
    statement = f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND rowid < ? AND {where} ORDER BY rowid DESC LIMIT ?"
    rows, whole = search.run(statement, (match, before, *[now()] * where.count("?"), limit), SECONDS)
    return [id for (id,) in rows], whole

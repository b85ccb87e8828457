"""What articles were: a revision for every save at the desk that changed something, and of what was there before."""

from sqlalchemy import bindparam, insert, select

from dengxia import manuscripts
from dengxia.manuscripts import Manuscript
from dengxia.queries import Row, ask, ask_first
from models import Article, Revision, db, now

PER_PAGE = 50
BEFORE = "保存之前的样子"  # what was imported, or changed elsewhere than at the desk

_of = Revision.article_id == bindparam("article_id")
_list = select(Revision.id, Revision.at, Revision.who, Revision.what).where(_of, Revision.id < bindparam("before"))
_list = _list.order_by(Revision.id.desc()).limit(PER_PAGE + 1)
_one = select(Revision.id, Revision.at, Revision.who, Revision.what, Revision.content)
_one = _one.where(_of, Revision.id == bindparam("id"))
_previous = select(Revision.id, Revision.content).where(_of, Revision.id < bindparam("before"))
_previous = _previous.order_by(Revision.id.desc()).limit(1)
_latest = select(Revision.article_id, Article.title, Revision.at, Revision.who, Revision.what)
_latest = _latest.join(Article, Article.id == Revision.article_id).order_by(Revision.id.desc())
_latest = _latest.where(Revision.id < bindparam("before")).limit(bindparam("limit"))
NEWEST = 2**63 - 1


def keep(article_id: int, who: str, what: str, text: Manuscript) -> None:
    """Keep how an article stands within the transaction that is under way, unless the newest revision says so."""
    content, newest = (
        manuscripts.pack(text),
        db.session.execute(_previous, {"article_id": article_id, "before": NEWEST}),
    )
    if content not in (row.content for row in newest):
        db.session.execute(
            insert(Revision).values(article_id=article_id, at=now(), who=who, what=what, content=content)
        )


def newest(article_id: int, before: int = NEWEST) -> tuple[list[Row], int | None]:
    """A page of an article's revisions older than a number, newest first, and before which number the next begins."""
    rows = ask(_list, article_id=article_id, before=before)
    return rows[:PER_PAGE], rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None


def latest(limit: int) -> list[Row]:
    """The articles that were saved last, by their newest revisions: article_id and title, who, what and when.

    Fewer than `limit` where one was saved very often.
    """
    newest: dict[int, Row] = {}
    for row in ask(_latest, before=NEWEST, limit=limit * 10):
        newest.setdefault(row.article_id, row)
    return list(newest.values())[:limit]


def last(article_id: int) -> tuple[Row, Manuscript] | None:
    """The newest revision, as `one` gives it."""
    rows, _ = newest(article_id)
    return one(article_id, rows[0].id) if rows else None


def one(article_id: int, id: int) -> tuple[Row, Manuscript] | None:
    """A revision of an article: who, when, what; and the manuscript."""
    row = ask_first(_one, article_id=article_id, id=id)
    return row and (row, manuscripts.unpack(row.content))


def previous(article_id: int, id: int) -> Manuscript | None:
    """What stood before a revision, if there is an older one."""
    row = ask_first(_previous, article_id=article_id, before=id)
    return row and manuscripts.unpack(row.content)

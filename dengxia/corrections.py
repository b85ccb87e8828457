"""更正: what was wrong in a published article, said in public at its end with the date, and never silently mended."""

from sqlalchemy import bindparam, delete, insert, select, update

from dengxia import formats, journal, writing
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.queries import Row, ask_first
from models import Article, Correction, db, now

LONGEST = 500

_correction = select(Correction.id, Correction.article_id, Correction.text).where(Correction.id == bindparam("id"))


def named(id: int) -> Row | None:
    """The correction of this number: its article and its text."""
    return ask_first(_correction, id=id)


def add(by: By, article: Row, text: str) -> None:
    """Put a correction at the end of an article (`id`, `title`) that is published; `Refused` tells what is wrong."""
    try:
        text = formats.line(text, "更正", LONGEST)
    except ValueError as error:
        raise Refused("更正", str(error).removeprefix("更正 ")) from None
    if not text:
        raise Refused("更正", "还没有写：错在哪里，对的是什么")
    with writing.changing():
        db.session.execute(insert(Correction).values(article_id=article.id, at=now(), text=text))
        _renew(article.id)
        journal.note(by, "更正文章", f"《{article.title}》：{text}")


def remove(by: By, article: Row, correction: Row) -> None:
    """Take a correction of an article back; the log keeps what it said."""
    with writing.changing():
        db.session.execute(delete(Correction).where(Correction.id == correction.id))
        _renew(article.id)
        journal.note(by, "删去更正", f"《{article.title}》：{correction.text}")


def _renew(id: int) -> None:
    db.session.execute(update(Article).where(Article.id == id).values(updated_at=now()))
    writing.remake_page(id)

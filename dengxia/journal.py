"""The log of the desk: who did what, to what, when, and from which address."""

from typing import NamedTuple

from sqlalchemy import bindparam, insert, select

from dengxia.queries import Row, ask
from models import Log, db, now

PER_PAGE = 50


class By(NamedTuple):
    """Who does something, and from which address."""

    name: str
    address: str = ""


TERMINAL = By("（命令行）")

_entries = select(Log.id, Log.at, Log.who, Log.what, Log.about, Log.address).where(Log.id < bindparam("before"))
_entries = _entries.order_by(Log.id.desc()).limit(PER_PAGE + 1)


def note(by: By, what: str, about: str = "") -> None:
    """Write an entry within the transaction that is under way, so that there is no deed without it."""
    db.session.execute(insert(Log).values(at=now(), who=by.name, what=what, about=about, address=by.address))


def entries(before: int) -> tuple[list[Row], int | None]:
    """A page of entries older than the one of this number, newest first, and before which number the next begins."""
    rows = ask(_entries, before=before)
    return rows[:PER_PAGE], rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None

"""Working copies: what somebody has typed and not yet saved. They touch no article; a save takes them over."""

import json
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, delete, insert, select, update

from dengxia import packing
from dengxia.manuscripts import FIELDS
from dengxia.queries import Row, ask, ask_first
from dengxia.writing import saved
from models import WorkingCopy, db, now

MOST_OF_ONE, MOST = 20, 100


class Working(NamedTuple):
    """A working copy: the fields as they were typed, and the article's version that they began with."""

    id: int
    article_id: int | None
    version: int
    saved_at: int
    fields: dict[str, str]


def _mine(*conditions: ColumnElement[bool]) -> Select:
    return select(*WorkingCopy.__table__.columns).where(WorkingCopy.user_id == bindparam("user_id"), *conditions)


_one = _mine(WorkingCopy.id == bindparam("id"))
_of_article = (
    _mine(WorkingCopy.article_id == bindparam("article_id")).order_by(WorkingCopy.id.desc()).limit(MOST_OF_ONE)
)
_next = select(WorkingCopy.id, WorkingCopy.content).where(WorkingCopy.id > bindparam("after"))
_next = _next.order_by(WorkingCopy.id).limit(100)
_new = _mine(WorkingCopy.article_id.is_(None)).order_by(WorkingCopy.id.desc()).limit(MOST_OF_ONE)
_all = _mine().order_by(WorkingCopy.article_id).limit(MOST)


def put(user_id: int, article_id: int | None, id: int | None, version: int, typed: Mapping[str, str]) -> Working:
    """Keep what somebody has typed, in place of what they had typed under this number.

    Under another number it stays: two windows, or one from yesterday, are two texts.
    """
    fields = {name: typed.get(name, "") for name in FIELDS}
    content = packing.pack(json.dumps(fields, ensure_ascii=False))
    values = {"version": version, "saved_at": now(), "content": content}
    with saved():
        mine = WorkingCopy.user_id == user_id, WorkingCopy.article_id == article_id, WorkingCopy.id == id
        found = db.session.scalar(update(WorkingCopy).where(*mine).values(values).returning(WorkingCopy.id))
        if found is None:
            made = insert(WorkingCopy).values(user_id=user_id, article_id=article_id, **values)
            found = db.session.scalar(made.returning(WorkingCopy.id))
    return Working(found, article_id, version, values["saved_at"], fields)


def get(user_id: int, id: int) -> Working | None:
    """Somebody's working copy of this number."""
    return _read(ask_first(_one, user_id=user_id, id=id))


def of_article(user_id: int, article_id: int) -> list[Working]:
    """Somebody's working copies of an article, newest first."""
    return list(map(_read, ask(_of_article, user_id=user_id, article_id=article_id)))


def of_new(user_id: int) -> list[Working]:
    """Somebody's working copies of articles that are yet to be, newest first."""
    return list(map(_read, ask(_new, user_id=user_id)))


def of_anything(user_id: int) -> list[Working]:
    """Somebody's working copies of whatever it is, newest first."""
    return sorted(map(_read, ask(_all, user_id=user_id)), key=lambda copy: copy.saved_at, reverse=True)


def forget(user_id: int, id: int) -> None:
    """Drop a working copy at its owner's wish."""
    with saved():
        take(user_id, id)


def take(user_id: int, id: int | None) -> None:
    """Drop what has been saved, within the transaction that saves it."""
    db.session.execute(delete(WorkingCopy).where(WorkingCopy.user_id == user_id, WorkingCopy.id == id))


def mention(words: str) -> bool:
    """Whether these words stand in anybody's working copy; for what is done seldom, since it walks over all of them."""
    after = 0
    while rows := ask(_next, after=after):
        if any(words in packing.unpack(row.content) for row in rows):
            return True
        after = rows[-1].id
    return False


def release(article_id: int) -> None:
    """Make the working copies of an article that goes those of new ones, within the transaction that takes it away."""
    mine = update(WorkingCopy).where(WorkingCopy.article_id == article_id)
    db.session.execute(mine.values(article_id=None, version=0))


def _read(row: Row | None) -> Working | None:
    if row is None:
        return None
    fields = json.loads(packing.unpack(row.content))
    return Working(row.id, row.article_id, row.version, row.saved_at, fields)

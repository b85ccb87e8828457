"""The pictures of the site as the desk keeps them: taken in, listed, taken away when nothing shows them."""

import re
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from flask import current_app
from sqlalchemy import bindparam, delete, exists, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from dengxia import editing, fixed, images, journal, manuscripts, queries, uses, working
from dengxia.editing import Person, Step
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.manuscripts import Manuscript
from dengxia.queries import Row, ask, ask_first
from dengxia.writing import saved
from models import Picture, PictureUse, db, now

PER_PAGE = 24
# Of so many pictures the unused ones are told at once: whether one is used costs a look into an index each.
LOOKED_AT = 500
LONGEST_TITLE = 100
# So many articles are changed by one request.
AT_ONCE = 100

_is_used = exists().where(PictureUse.name == Picture.name)
_COLUMNS = (*Picture.__table__.columns, _is_used.label("used"))
_one = select(*_COLUMNS).where(Picture.name == bindparam("name"))
_page = (
    select(*_COLUMNS)
    .where(tuple_(Picture.at, Picture.name) < tuple_(bindparam("at"), bindparam("name")))
    .order_by(Picture.at.desc(), Picture.name.desc())
    .limit(bindparam("limit"))
)


def picture(name: str) -> Row | None:
    """A picture: the columns of `models.Picture`, and whether an article shows it."""
    return ask_first(_one, name=name)


def page(at: int, name: str) -> tuple[list[Row], Row | None]:
    """The pictures before this place, newest first, and after which one the next page begins."""
    rows = ask(_page, at=at, name=name, limit=PER_PAGE + 1)
    return rows[:PER_PAGE], rows[PER_PAGE - 1] if len(rows) > PER_PAGE else None


def unused(at: int, name: str) -> tuple[list[Row], Row | None]:
    """Of the next `LOOKED_AT` before this place those that nothing shows, and after which one to look on."""
    rows = ask(_page, at=at, name=name, limit=LOOKED_AT + 1)
    found = [row for row in rows[:LOOKED_AT] if not (row.used or row.name in uses.of_pages())]
    return found, rows[LOOKED_AT - 1] if len(rows) > LOOKED_AT else None


def add(by: By, data: bytes, title: str) -> str:
    """Take a picture in under the title that its file had, and give its name; ValueError as from `images.keep`."""
    name = images.keep(data, _folder())
    row = {"name": name, "title": _clean(title), "size": (_folder() / name).stat().st_size, "at": now(), "who": by.name}
    # Who brings what is there already changes nothing.
    with suppress(IntegrityError), saved():
        db.session.execute(insert(Picture).values(row))
    return name


def replace(person: Person, row: Row, data: bytes, title: str) -> tuple[str, bool]:
    """Take a picture in and show it wherever the other was shown, as revisions of the articles.

    Gives its name, and whether there are more articles than are changed at once. What lies in the trash stays as it is.
    """
    name = add(person.by, data, title)
    if name == row.name:
        raise Refused(title, "就是现在的这一张")
    shown = queries.showing(row.name, AT_ONCE + 1)
    for article in shown[:AT_ONCE]:
        known = manuscripts.standing(article.id)
        if known and "save" in editing.ACTS[known.row.status]:
            text = asdict(known.text)
            text |= {field: text[field].replace(row.name, name) for field in ("body", "cover")}
            editing.change(person, known, known.row.version, Manuscript(**text), Step(what="换图片"))
    for slug in [page.slug for page in uses.of_pages().get(row.name, [])]:
        page = queries.page(slug)
        source = page.source.replace(row.name, name)
        fixed.change(person.by, slug, page.title, page.format, source, page.updated_at)
    return name, len(shown) > AT_ONCE


def remove(by: By, row: Row) -> None:
    """Take a picture away with all its forms; `Refused` while anything shows it."""
    with saved():
        mine = Picture.name == row.name
        gone = db.session.execute(delete(Picture).where(mine, ~exists().where(PictureUse.name == row.name))).rowcount
        if not gone or row.name in uses.of_pages() or working.mention(row.name):
            raise Refused(row.title or row.name, "还有文章、页面或没存的改动在用，不能删")
        journal.note(by, "删了图片", row.title or row.name)
    for form in reversed(images.forms(row.name)):
        (_folder() / form).unlink(missing_ok=True)


def _folder() -> Path:
    return Path(current_app.instance_path, "media")


def _clean(title: str) -> str:
    """The name of a file as one line without its folder."""
    return re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", title)[-1]).strip()[:LONGEST_TITLE]

"""Which picture is shown where: kept up whenever an article is written, asked of the desk."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from flask import current_app
from sqlalchemy import bindparam, delete, insert, select

from dengxia import markup
from dengxia.kept import kept
from dengxia.queries import Row, ask
from models import Page, Picture, PictureUse, db, now

_known = select(Picture.name).where(Picture.name.in_(bindparam("names", expanding=True)))
_pages = select(Page.slug, Page.title, Page.html).order_by(Page.id)


def change(shown: Mapping[int, Collection[str]]) -> None:
    """Note the names of the pictures that these articles show from now on, in the transaction under way."""
    db.session.execute(delete(PictureUse).where(PictureUse.article_id.in_(list(shown))))
    rows = [{"name": name, "article_id": id} for id, names in shown.items() for name in dict.fromkeys(names)]
    if rows:
        db.session.execute(insert(PictureUse), rows)
        note([row["name"] for row in rows])


def note(names: Collection[str]) -> None:
    """Note the pictures of these names that are kept and not yet known, as those that were seeded."""
    if not names:
        return
    new = sorted(set(names).difference(db.session.scalars(_known, {"names": list(names)})))
    files = [Path(current_app.instance_path, "media", name) for name in new]
    rows = [
        {"name": file.name, "title": "", "size": file.stat().st_size, "at": now(), "who": ""}
        for file in files
        if file.is_file()
    ]
    if rows:
        db.session.execute(insert(Picture), rows)


def clear() -> None:
    """Forget all uses, in the transaction under way."""
    db.session.execute(delete(PictureUse))


@kept
def of_pages() -> Mapping[str, list[Row]]:
    """The fixed pages (slug and title), which are few, by the name of each picture that they show."""
    found = defaultdict(list)
    for page in ask(_pages):
        for name in markup.pictures(page.html):
            found[name].append(page)
    return found

"""Content out: all that `flask seed` brings in, as files that it reads back, in the same order and bytes every time.

What this wrote is kept in a list (`MANIFEST`), so that a later export takes away what is no longer in the site, and
nothing else. Not in the files: people, the log, revisions and what is typed and not saved. `flask backup` has these.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from heapq import merge
from itertools import chain, groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select

from dengxia import files, queries, writing
from dengxia.formats import Record, Refused, jsonl, markdown, own, shown, site
from dengxia.packing import unpack
from dengxia.queries import Row, ask
from models import Article, Body, Category, Correction, Origin, Page, Redirect, RelatedChoice, Setting, db

FORMATS = ("markdown", "jsonl")
MANIFEST = ".dengxia-export"
BATCH = 100
PER_FOLDER = 1000
# Of what an export writes; the list itself may have come from anywhere.
_NAME = re.compile(r"site\.toml|content\.jsonl|(?:articles/\d+|media|pages)/(?!\.)[^/\0]+")


def export(folder: Path, format: str, media: Path, zone: ZoneInfo, progress: Callable[[int], object]) -> None:
    """Write the site into a folder that is empty or an export; `progress` is told of each article. Raises `Refused`."""
    with _Folder(folder) as target:
        _name_all()
        articles = _told(_articles(), progress)
        if format == "jsonl":
            target.put("content.jsonl", (jsonl.write(one, zone).encode() for one in chain(articles, _pages())))
        else:
            for one in articles:
                place = f"articles/{one.own.number // PER_FOLDER:05}/{one.own.number:08}{_suffix(one)}"
                target.put(place, [markdown.write(one, zone).encode()])
        for picture in files.listed(media):
            # No address leads to a name that cannot be written down.
            if picture.suffix and picture.name.isprintable():
                target.put(f"media/{picture.name}", [picture.read_bytes()])
        for number, one in enumerate(_pages() if format == "markdown" else (), 1):
            target.put(f"pages/{number:03}-{one.slug}{_suffix(one)}", [markdown.write(one, zone).encode()])
        target.put(site.NAME, [site.write(_site()).encode()])


def _name_all() -> None:
    after = 0
    while rows := ask(_unnamed, after=after):
        writing.name_articles(row.id for row in rows)
        after = rows[-1].id


def _told(records: Iterable[Record], progress: Callable[[int], object]) -> Iterator[Record]:
    for record in records:
        yield record
        progress(1)


def _suffix(record: Record) -> str:
    return ".html" if record.format == "html" else ".md"


class _Folder:
    """The folder of an export; files are put into it in the order of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.manifest, self.part = folder, folder / MANIFEST, folder / f"{MANIFEST}.part"
        if folder.exists() and not folder.is_dir():
            raise Refused(shown(folder), "不是文件夹")
        known = self.manifest.is_file() or self.part.is_file()
        if folder.exists() and not known and any(folder.iterdir()):
            raise Refused(shown(folder), "不是空的，也不是以前导出的；请换一个文件夹")
        folder.mkdir(parents=True, exist_ok=True)
        self._join()
        self.old = _lines(self.manifest)
        self.next = next(self.old, "")  # the first of the old files that was neither written again nor removed
        # Line by line, so that after a crash it still tells what is there.
        self.list = self.part.open("w", encoding="utf8", buffering=1)

    def _join(self) -> None:
        """Take what an export wrote that broke off as written too."""
        if self.part.is_file():
            names = groupby(merge(_lines(self.manifest), _lines(self.part)))
            files.replace(self.manifest, (f"{name}\n".encode() for name, _ in names))

    def __enter__(self) -> "_Folder":
        return self

    def __exit__(self, error: type | None, *_: object) -> None:
        """When all went well, remove what is left over, and keep the list of what is there."""
        self.list.close()
        if error is None:
            self._drop("")
            self.part.replace(self.manifest)
        self.old.close()

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file, unless somebody else has put one there."""
        self._drop(name)
        target = self.folder / name
        if self.next == name:
            self.next = next(self.old, "")
        elif target.exists():
            raise Refused(shown(target), "不是导出写的文件，没有覆盖；请移开它再导出")
        self.list.write(f"{name}\n")
        files.replace(target, pieces)

    def _drop(self, name: str) -> None:
        """Remove the old files that come before `name`, or all that are left."""
        while self.next and (not name or self.next < name):
            gone = self.folder / self.next
            if files.lies_in(gone.parent, self.folder):
                gone.unlink(missing_ok=True)
                with suppress(OSError):  # until its folder is empty
                    gone.parent.rmdir()
            self.next = next(self.old, "")


def _lines(file: Path) -> Iterator[str]:
    if file.is_file():
        with file.open(encoding="utf8") as lines:
            yield from (name for line in lines if _NAME.fullmatch(name := line.rstrip("\n")))


# Out of the database


_unnamed = select(Article.id).where(Article.id > bindparam("after"), ~exists().where(Origin.article_id == Article.id))
_unnamed = _unnamed.order_by(Article.id).limit(PER_FOLDER)
_key = select(func.min(Origin.key)).where(Origin.article_id == Article.id).scalar_subquery().label("key")
_COLUMNS = ("title", "author", "editor", "source", "source_url", "kind", "summary", "slug", "cover")


def _cards(condition: ColumnElement[bool]) -> Select:
    own = (getattr(Article, name) for name in ("id", "status", "date", "updated_at", "note", *_COLUMNS))
    text = Category.name.label("category"), Body.format, Body.source.label("packed"), _key
    chosen = select(*own, *text).join_from(Article, Category).join(Body, Body.article_id == Article.id)
    return chosen.where(condition).order_by(Article.id)


_ids = bindparam("ids", expanding=True)
_following = _cards(Article.id > bindparam("after")).limit(BATCH)
_these = _cards(Article.id.in_(_ids))
_aliases = select(Redirect.article_id, Redirect.path).where(Redirect.article_id.in_(_ids)).order_by(Redirect.path)
_corrections = select(Correction.article_id, Correction.at, Correction.text).where(Correction.article_id.in_(_ids))
_corrections = _corrections.order_by(Correction.article_id, Correction.id)
_other = select(func.min(Origin.key)).where(Origin.article_id == RelatedChoice.other_id).scalar_subquery()
_choices = select(RelatedChoice.article_id, RelatedChoice.pinned, _other.label("key"))
_choices = _choices.where(RelatedChoice.article_id.in_(_ids)).order_by(RelatedChoice.other_id)


def records(ids: Iterable[int]) -> dict[int, Record]:
    """What an export would say of these articles, in the transaction of the session."""
    return {record.own.number: record for record in _made(db.session.execute(_these, {"ids": list(ids)}).all())}


def _articles() -> Iterator[Record]:
    after = 0
    while rows := ask(_following, after=after):
        yield from _made(rows)
        after = rows[-1].id


def _made(rows: Iterable[Row]) -> list[Record]:
    ids = [row.id for row in rows]
    tags, aliases, corrections, pinned, banned = queries.tags(ids), *(defaultdict(list) for _ in range(4))
    for row in db.session.execute(_aliases, {"ids": ids}):
        aliases[row.article_id].append(row.path)
    for row in db.session.execute(_corrections, {"ids": ids}):
        corrections[row.article_id].append((_moment(row.at), row.text))
    for row in db.session.execute(_choices, {"ids": ids}):
        (pinned if row.pinned else banned)[row.article_id].append(row.key)
    return [
        Record(
            where=f"article {row.id}",
            key=row.key,
            body=unpack(row.packed),
            format=row.format,
            date=_moment(row.date),
            updated=_moment(row.updated_at),
            category=row.category,
            tags=tags[row.id],
            aliases=aliases[row.id],
            draft=row.status != "published",
            own_key=True,
            own=own.Own(row.id, row.status, row.note, corrections[row.id], pinned[row.id], banned[row.id]),
            **{name: getattr(row, name) for name in _COLUMNS},
        )
        for row in rows
    ]


_page_rows = select(Page.slug, Page.title, Page.format, Page.source, Page.updated_at).order_by(Page.id)


def _pages() -> list[Record]:
    return [
        Record(
            where=f"page {row.slug}",
            key="",
            title=row.title,
            body=row.source,
            format=row.format,
            updated=_moment(row.updated_at),
            slug=row.slug,
            page=True,
            own=own.Own(),
        )
        for row in ask(_page_rows)
    ]


_settings = select(Setting.name, Setting.value).order_by(Setting.name)
_moved = select(Redirect.category_id, Redirect.path).where(Redirect.category_id.in_(_ids)).order_by(Redirect.path)


def _site() -> site.Site:
    categories = queries.categories()
    moved = db.session.execute(_moved, {"ids": [row.id for row in categories]}).all()
    rows = []
    for row in categories:
        aliases = [path for id, path in moved if id == row.id]
        category = {"slug": row.slug, "name": row.name, "description": row.description, "in_nav": bool(row.in_nav)}
        rows.append(category | ({"aliases": aliases} if aliases else {}))
    links = [row._asdict() for row in queries.links()]
    return site.Site(rows, links, {row.name: json.loads(row.value) for row in ask(_settings)})


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

"""Records found in files and folders, one after the other, no key twice."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from dengxia import files
from dengxia.formats import Record, Refused, csv, databases, jsonl, markdown, shown, wxr

FORMATS = {"markdown": markdown, "jsonl": jsonl, "csv": csv, "wxr": wxr, "database": databases}
Found = Record | Refused


@dataclass
class Options:
    """What `flask seed` was told.

    `addresses` are those of databases, `media` is the folder that pictures are copied into, `old_media` the one that
    holds those of an old site. `what` names all that goes in, for the list of runs. `overwrite` tells to take the
    file's text where somebody has edited the article at the desk, `backup` to keep a copy of a site with content before
    much is written.
    """

    zone: ZoneInfo
    media: Path
    addresses: Sequence[str] = ()
    category: str = ""
    format: str = ""
    old_media: Path | None = None
    what: str = ""
    dry_run: bool = False
    overwrite: bool = False
    backup: bool = False


def size(paths: Sequence[Path], options: Options) -> int:
    """How many bytes of content there are, for a progress bar."""
    return sum(file.stat().st_size for _, file, _ in _files(paths, options) if file.is_file())


def find(paths: Sequence[Path], options: Options) -> Iterator[tuple[Found, int]]:
    """Every record, or why it is none, with the bytes read for it; no key comes twice, since the second would win."""
    with closing(sqlite3.connect("")) as seen:
        yield from _distinct(_read(paths, options), _Seen(seen))


def outermost(paths: Sequence[Path]) -> list[Path]:
    """Without what is named twice or lies in another of them: its records would come twice."""
    places = {path.resolve(): path for path in paths}
    return [path for place, path in places.items() if not any(parent in places for parent in place.parents)]


def _files(paths: Sequence[Path], options: Options) -> Iterator[tuple[Path, Path, str]]:
    """The content files, each with the folder that it was found under and its format."""
    for path in paths:
        if not path.is_dir():
            yield path.parent, path, options.format or _format(path)
            continue
        closed: list[OSError] = []
        for folder, folders, names in os.walk(path, onerror=closed.append):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
            # Hugo's _index.md says something about a folder and is no article.
            for file in (Path(folder, name) for name in sorted(names) if not name.startswith((".", "_index."))):
                kind = _format(file)
                # Of other XML and other databases a folder may hold much.
                if kind and kind != "database" and (kind != "wxr" or wxr.is_one(file)):
                    yield path, file, options.format or kind
        # To be refused when they are opened.
        yield from ((path, Path(error.filename), "markdown") for error in closed)


def _format(file: Path) -> str:
    if file.suffix == markdown.OWN_SUFFIX and file.is_file() and markdown.is_own(file):
        return "markdown"
    return next((name for name, module in FORMATS.items() if file.suffix.lower() in module.SUFFIXES), "")


def _read(paths: Sequence[Path], options: Options) -> Iterator[tuple[Found, int]]:
    """Every record with the bytes read for it."""
    for root, file, kind in _files(paths, options):
        yield from _placed(_of_file(root, file, kind, options.zone), root, options)
    for address in options.addresses:
        yield from _placed(databases.read(address, "", options.zone), None, options)


def _of_file(root: Path, file: Path, kind: str, zone: ZoneInfo) -> Iterator[tuple[Found, int]]:
    if not kind:
        raise Refused(shown(file), f"认不出是什么内容，请用 --format 指明：{'、'.join(FORMATS)}")
    if not files.lies_in(file, root):
        raise Refused(shown(file), "是通到文件夹外面的链接，没有放入；请换成文件本身")
    if not file.is_file() and not file.is_dir():
        raise Refused(shown(file), "不是文件，或者是断了的链接")
    # The folder's own name goes in, so that `index.md` of two folders are two articles.
    key = shown(Path(root.resolve().name) / file.relative_to(root))
    try:
        yield from FORMATS[kind].read(file, key, zone)
    except OSError as error:
        raise Refused(shown(file), files.unreadable(error)) from None


def _placed(found: Iterator[tuple[Found, int]], root: Path | None, options: Options) -> Iterator[tuple[Found, int]]:
    """The records with what is told of all of them."""
    try:
        for item, length in found:
            if isinstance(item, Record):
                item.category = item.category or options.category
                item.root = options.old_media if item.home else root
            yield item, length
    except Refused as refused:
        yield refused, 0


def _distinct(records: Iterable[tuple[Found, int]], seen: "_Seen") -> Iterator[tuple[Found, int]]:
    """No key twice in one run: the second record would replace the first."""
    for item, length in records:
        if isinstance(item, Record):
            item = _page_once(item, seen) if item.page else _article_once(item, seen)
        yield item, length


def _page_once(record: Record, seen: "_Seen") -> Found:
    if seen.add(f"/{record.slug}") > 1:
        return Refused(record.where, f"slug 是 {record.slug!r} 的页面在前面已经出现过")
    return record


def _article_once(record: Record, seen: "_Seen") -> Found:
    number = seen.add(record.key)
    if number > 1 and record.own_key:
        return Refused(record.where, f"key {record.key!r} 在前面已经出现过")
    if number > 1:
        record.key = next(key for n in count(number) if seen.add(key := f"{record.key}#{n}") == 1)
    return record


class _Seen:
    """The keys of one run, in a database of its own so that memory does not grow with the input."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute("CREATE TABLE key (digest BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")

    def add(self, key: str) -> int:
        """How many times the key has come in this run, with this one."""
        digest = hashlib.blake2b(key.encode(), digest_size=12).digest()
        upsert = "INSERT INTO key VALUES (?, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"
        return self._database.execute(upsert, (digest,)).fetchone()[0]

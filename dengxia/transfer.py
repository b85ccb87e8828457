"""Content in: read records from files, match them with what was seeded before, write them in batches, report.

Seeding the same content twice changes nothing: each record has a key, and a digest of all that it says is kept with it.
"""

import hashlib
import json
import os
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count, islice
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from dengxia import images, markup, queries, writing
from dengxia.formats import Record, Refused, decode, jsonl, markdown
from models import now

BATCH = 200
FORMATS = {"markdown": markdown, "jsonl": jsonl}
SITE_FILE = "site.toml"
_PICTURE = re.compile(
    r"(?P<before>!\[[^\]]*\]\(\s*<?|<img\b[^>]*?\bsrc\s*=\s*[\"']|^\[[^\]^]+\]:[ \t]*<?)"
    r"(?P<src>[^)\s>\"']+\.(?:png|jpe?g|gif|webp|avif))",
    re.IGNORECASE | re.MULTILINE,
)
Found = Record | Refused


@dataclass
class Options:
    """What `flask seed` was told; `media` is the folder that pictures are copied into."""

    zone: ZoneInfo
    media: Path
    category: str = ""
    format: str = ""
    dry_run: bool = False


@dataclass
class Report:
    """What became of the records. A line is said for each that was skipped and each picture that was not found."""

    say: Callable[[str], object]
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0

    def skip(self, refused: Refused) -> None:
        self.skipped += 1
        self.say(str(refused))


def size(paths: Sequence[Path], options: Options) -> int:
    """How many bytes of content there are, for a progress bar."""
    return sum(file.stat().st_size for _, file, _ in _files(paths, options))


def check(paths: Sequence[Path], options: Options) -> None:
    """Read everything and raise the first `Refused`; nothing is written."""
    for path in paths:
        _site(path)
    for item, _ in _distinct(_read(paths, options)):
        if isinstance(item, Refused):
            raise item
        _rendered(_with_pictures(item, options, print_nothing))


def seed(paths: Sequence[Path], options: Options, report: Report, progress: Callable[[int], object]) -> None:
    """Bring in the content of files and folders, batch by batch; `progress` is told the bytes done."""
    for path in paths:
        try:
            categories, links = _site(path)
        except Refused as refused:
            report.skip(refused)
        else:
            if not options.dry_run:
                writing.put_categories(categories)
                writing.put_links(links)
    records = _distinct(_read(paths, options))
    while batch := list(islice(records, BATCH)):
        _batch([item for item, _ in batch], options, report)
        progress(sum(length for _, length in batch))


def print_nothing(line: str) -> None:
    """A `say` for when nobody listens."""


# Finding and reading


def _files(paths: Sequence[Path], options: Options) -> Iterator[tuple[Path, Path, str]]:
    """The content files, each with the folder that it was found under and its format."""
    for path in paths:
        if path.is_file():
            yield path.parent, path, options.format or _format(path)
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
            # Hugo's _index.md says something about a folder and is no article.
            for file in (Path(folder, name) for name in sorted(names) if not name.startswith((".", "_index."))):
                if kind := _format(file):
                    yield path, file, options.format or kind


def _format(file: Path) -> str:
    return next((name for name, module in FORMATS.items() if file.suffix.lower() in module.SUFFIXES), "")


def _read(paths: Sequence[Path], options: Options) -> Iterator[tuple[Found, int]]:
    """Every record with the bytes read for it."""
    for root, file, kind in _files(paths, options):
        # The folder's own name goes in, so that `index.md` of two folders are two articles.
        key = f"{root.resolve().name}/{file.relative_to(root).as_posix()}"
        try:
            if not kind:
                raise Refused(str(file), f"认不出是什么内容，请用 --format 指明：{'、'.join(FORMATS)}")
            for item, length in FORMATS[kind].read(file, key, options.zone):
                if isinstance(item, Record):
                    item.category = item.category or options.category
                    item.root = root
                yield item, length
        except Refused as refused:
            yield refused, 0
        except OSError as error:
            yield Refused(str(file), f"读不了：{error.strerror}"), 0


def _distinct(records: Iterable[tuple[Found, int]]) -> Iterator[tuple[Found, int]]:
    """No key twice in one run: the second record would replace the first."""
    seen = _Seen()
    for item, length in records:
        if isinstance(item, Record) and not item.page and not seen.add(item.key):
            if item.own_key:
                item = Refused(item.where, f"key {item.key!r} 在前面已经出现过")
            else:
                item.key = next(key for n in count(2) if seen.add(key := f"{item.key}#{n}"))
        yield item, length


class _Seen:
    """The keys of one run, on disk so that memory does not grow with the input."""

    def __init__(self) -> None:
        self._keys = sqlite3.connect("")
        self._keys.execute("CREATE TABLE key (digest BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, key: str) -> bool:
        """Whether the key is new in this run."""
        digest = hashlib.blake2b(key.encode(), digest_size=12).digest()
        return self._keys.execute("INSERT OR IGNORE INTO key VALUES (?)", (digest,)).rowcount == 1


def _site(path: Path) -> tuple[list[dict], list[dict]]:
    """The categories and links of a folder's site.toml, in their order."""
    file = path / SITE_FILE
    if not file.is_file():
        return [], []
    try:
        found = tomllib.loads(decode(file.read_bytes(), str(file)))
        columns = {"slug": str, "name": str, "description": str, "in_nav": bool}
        categories = [_typed(row, columns, ("slug", "name")) for row in found.get("category", [])]
        links = [_typed(row, {"name": str, "url": str}, ("name", "url")) for row in found.get("link", [])]
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise Refused(str(file), str(error)) from None
    for link in links:
        if not link["url"].startswith(("https://", "http://")):
            raise Refused(str(file), f"链接 {link['name']} 的 url 应当以 http:// 或 https:// 开头")
    for category in categories:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", category["slug"]):
            raise Refused(str(file), f"分类 {category['name']} 的 slug 只能用小写字母、数字和连字符")
    return categories, links


def _typed(row: object, columns: dict[str, type], required: Sequence[str]) -> dict:
    if not isinstance(row, dict):
        raise ValueError("每一项应当写成 [[category]] 或 [[link]]")
    for name, value in row.items():
        if not isinstance(value, columns.get(name, ())):
            raise ValueError(f"{name} = {value!r}：没有这一项，或者类型不对；可以写的有 {'、'.join(columns)}")
    if missing := [name for name in required if not row.get(name)]:
        raise ValueError(f"缺少 {'、'.join(missing)}")
    return row


# Matching and writing


def _batch(items: Sequence[Found], options: Options, report: Report) -> None:
    known = queries.origins([item.key for item in items if isinstance(item, Record)])
    entries = []
    for item in items:
        try:
            if isinstance(item, Refused):
                raise item
            item = _with_pictures(item, options, report.say)
            if item.page:
                _page(item, options, report)
            elif entry := _entry(item, known.get(item.key), report):
                entries.append(entry)
        except Refused as refused:
            report.skip(refused)
    if entries and not options.dry_run:
        writing.put_articles(entries)


def _entry(record: Record, known: Row | None, report: Report) -> writing.Entry | None:
    """What to write of a record, or None where it says the same as before."""
    digest = _digest(record)
    if known and known.digest == digest:
        report.unchanged += 1
        return None
    rendered = _rendered(record)
    updated = _seconds(record.updated)
    if known:
        report.updated += 1
        updated = updated or (now() if known.published_at and known.published_at <= now() else None)
    else:
        report.created += 1
    card = {
        "status": "draft" if record.draft else "published",
        "date": _seconds(record.date) or (known.date if known else _seconds(record.fallback_date) or now()),
        "updated_at": updated,
        **{name: getattr(record, name) for name in _CARD},
    }
    return writing.Entry(
        id=known.article_id if known else None,
        card=card,
        category=record.category,
        tags=record.tags,
        aliases=record.aliases,
        format=record.format,
        source=record.body,
        rendered=rendered,
        key=record.key,
        digest=digest,
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


_CARD = ("title", "summary", "kind", "author", "editor", "source", "source_url", "slug", "cover")
_NOT_CONTENT = ("where", "fallback_date", "folder", "root", "own_key")


def _digest(record: Record) -> bytes:
    content = {name: value for name, value in asdict(record).items() if name not in _NOT_CONTENT}
    return hashlib.blake2b(json.dumps(content, default=str, sort_keys=True).encode(), digest_size=16).digest()


def _rendered(record: Record) -> markup.Rendered:
    try:
        return markup.render(record.body, record.format)
    except RecursionError:
        raise Refused(record.where, "引用或列表套得太深，排不出来") from None


def _page(record: Record, options: Options, report: Report) -> None:
    slug = record.slug or Path(record.where).stem
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", slug) or slug in writing.RESERVED:
        raise Refused(record.where, f"slug {slug!r} 不能作页面的地址：用小写字母、数字和连字符，且不与现有地址相同")
    known = queries.page(slug)
    content = (record.title, record.format, record.body)
    if known and (known.title, known.format, known.source) == content:
        report.unchanged += 1
        return
    html = _rendered(record).html
    if not options.dry_run:
        writing.put_page(slug, *content, html)
    report.updated += bool(known)
    report.created += not known


# Pictures beside the text


def _with_pictures(record: Record, options: Options, say: Callable[[str], object]) -> Record:
    """Copy the pictures that lie beside a text into the site, and point the text at the copies."""

    def address(src: str) -> str:
        if re.match(r"[a-z][a-z0-9+.-]*:|//|/media/|#", src, re.IGNORECASE):
            return src
        file = _find(unquote(src.partition("?")[0]), record)
        if file is None:
            say(f"{record.where}: 没有找到图片 {src}")
            return src
        try:
            data = file.read_bytes()
            return "/media/" + (images.name(data) if options.dry_run else images.keep(data, options.media))
        except (ValueError, OSError) as error:
            say(f"{record.where}: 图片 {src} 没有收入：{error}")
            return src

    record.body = _PICTURE.sub(lambda found: found["before"] + address(found["src"]), record.body)
    if record.cover:
        record.cover = address(record.cover)
    return record


def _find(src: str, record: Record) -> Path | None:
    """A picture as Hugo, Hexo and Jekyll look for it: beside the text, in the text's own folder, or from the top."""
    root, beside = record.root, record.folder
    if src.startswith("/"):
        places = [folder / inside for folder in (root, root.parent) for inside in ("", "static", "source")]
    else:
        places = [beside, beside / Path(record.where).stem]
    for place in places:
        file = (place / src.lstrip("/")).resolve()
        # Not any file of the machine: only what lies in the seeded tree or in the site around it.
        if file.is_relative_to(root.parent.resolve()) and file.is_file():
            return file
    return None

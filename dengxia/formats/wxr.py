"""WordPress's export (WXR 1.0 to 1.2), read as a stream: one article at a time is in memory, however long the file.

Expat reads no entity from elsewhere unless it is told how; a file that brings its own (a DOCTYPE) is refused, which
ends every attack that needs entities. What is too deep, too long for an article, or one endless tag is refused too.
"""

import codecs
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote
from xml.parsers import expat
from zoneinfo import ZoneInfo

from dengxia import limits
from dengxia.formats import LONGEST, LeftOut, Record, Refused, autop, blogs, record, shown

SUFFIXES = (".xml",)
_CHUNK, _LONGEST_TAG = 2**16, 2**23
_DEEPEST = 100
# XML knows neither, but WordPress writes what it was given.
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))
_SPACE = "wordpress.org/export/"
_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']gb", re.IGNORECASE)


def is_one(path: Path) -> bool:
    """Whether a file is an export of WordPress and no other XML."""
    with path.open("rb") as file:
        return _SPACE.encode() in file.read(_CHUNK)


def read(path: Path, key: str, zone: ZoneInfo) -> Iterator[tuple[Record | Refused, int]]:
    """The articles and pages of one file with the bytes of each; what is not right is given as `Refused`."""
    if not is_one(path):
        raise Refused(shown(path), "不是 WordPress 导出的文件（WXR）")
    with closing(sqlite3.connect("")) as pictures:
        # A picture stands behind the article that it is the cover of, and there may be too many for memory.
        pictures.execute("CREATE TABLE picture (id TEXT PRIMARY KEY, address TEXT) WITHOUT ROWID")
        for child, _ in _children(path):
            if isinstance(child, _Child) and child.get("wp:post_type") == "attachment":
                row = child.get("wp:post_id"), child.get("wp:attachment_url")
                pictures.execute("INSERT OR REPLACE INTO picture VALUES (?, ?)", row)
        blog = _Blog(path, zone, pictures)
        for child, length in _children(path):
            if isinstance(child, Refused):
                yield child, length
            elif child.name != "item":
                blog.learn(child)
            elif child.get("wp:post_type") != "attachment":
                try:
                    yield blog.record(child), length
                except Refused as refused:
                    yield refused, length


@dataclass
class _Child:
    """An element of the channel: the elements in it (name, attributes, text), or its own text."""

    name: str
    line: int
    fields: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    text: str = ""
    size: int = 0

    def get(self, name: str) -> str:
        return next((text.strip() for known, _, text in self.fields if known == name), "")


# XML


def _children(path: Path) -> Iterator[tuple[_Child | Refused, int]]:
    """The elements of the channel with their bytes; the last is `Refused` where the file ends before its end."""
    parser = _Parser()
    with path.open("rb") as file:
        data = file.read(_CHUNK)
        encoding = "gb18030" if _ENCODING.match(data.removeprefix(codecs.BOM_UTF8)) else "utf-8-sig"
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        final = False
        while not final:
            final = not data
            try:
                yield from parser.feed(decoder.decode(data.translate(None, _CONTROLS), final), final)
            except (expat.ExpatError, ValueError) as error:
                yield from parser.taken()
                reason = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else error
                yield (
                    Refused(
                        f"{shown(path)}:{parser.line}",
                        f"从这里起读不下去（{reason}），前面的都读了；请重新导出，或者改好这一行",
                    ),
                    0,
                )
                return
            data = file.read(_CHUNK)


class _Parser:
    """Expat, with the children of rss/channel as its answers."""

    def __init__(self) -> None:
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartDoctypeDeclHandler = self._bar
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text
        self._fed, self._depth, self._place = 0, 0, 0
        self._child, self._meta = _Child("", 0), ""
        self._parts: list[str] = []
        self._attributes: dict[str, str] = {}
        self._found: list[tuple[_Child, int]] = []

    @property
    def line(self) -> int:
        return self._expat.CurrentLineNumber

    def feed(self, text: str, final: bool) -> list[tuple[_Child, int]]:
        """The children that end in this stretch of the file."""
        data = text.replace("\ufffe", "").replace("\uffff", "").encode()
        self._fed += len(data)
        self._expat.Parse(data, final)
        if self._fed - self._expat.CurrentByteIndex > _LONGEST_TAG:
            raise ValueError("有一个标签长过 8 MB")
        return self.taken()

    def taken(self) -> list[tuple[_Child, int]]:
        found, self._found = self._found, []
        return found

    def _bar(self, *_: object) -> None:
        raise ValueError("文件里有 DOCTYPE，WordPress 导出的没有；为了安全不读它")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("套得太深")
        if self._depth == 3:
            self._child = _Child(name, self.line)
        elif self._depth == 4:
            self._attributes = attributes
        self._parts = []

    def _text(self, data: str) -> None:
        self._child.size += len(data)
        if self._child.size <= 2 * LONGEST:
            self._parts.append(data)

    def _end(self, name: str) -> None:
        text, self._parts = "".join(self._parts), []
        if self._depth == 3:
            place = self._expat.CurrentByteIndex
            self._child.text = text
            self._found.append((self._child, place - self._place))
            self._place = place
        elif self._depth == 4:
            self._child.fields.append((name, self._attributes, text))
        elif name == "wp:meta_key":
            self._meta = text
        elif name == "wp:meta_value" and self._meta == "_thumbnail_id":
            self._child.fields.append((self._meta, {}, text))
        self._depth -= 1


# WordPress


class _Blog:
    """What an export says of the blog before its articles, and what becomes of each of these."""

    def __init__(self, path: Path, zone: ZoneInfo, pictures: sqlite3.Connection) -> None:
        self._path, self._zone, self._pictures = path, zone, pictures
        self._home = ""
        self._authors: dict[str, str] = {}
        self._categories: dict[object, tuple[str, object]] = {}

    def learn(self, child: _Child) -> None:
        """Take in an element of the channel that is no article."""
        if child.name in ("wp:base_site_url", "wp:base_blog_url", "link"):
            # The last one that is told is the blog's own; the first may be that of a whole network.
            self._home = child.text.strip().rstrip("/") or self._home
        elif child.name == "wp:author":
            self._authors[child.get("wp:author_login")] = blogs.words(child.get("wp:author_display_name"))
        elif child.name == "wp:category":
            name, parent = blogs.words(child.get("wp:cat_name")), child.get("wp:category_parent")
            self._categories[child.get("wp:category_nicename")] = name, parent

    def record(self, item: _Child) -> Record:
        """An article or a page; `LeftOut` or `Refused` where it is none."""
        where = f"{shown(self._path)}:{item.line}"
        kind, status = item.get("wp:post_type") or "post", item.get("wp:status") or "publish"
        if kind not in ("post", "page"):
            raise LeftOut(where, f"没有放入的 {kind}（不是文章，也不是页面）")
        if status in ("trash", "auto-draft"):
            raise LeftOut(where, "没有放入的回收站里的文章" if status == "trash" else "没有放入的自动草稿")
        if item.size > 2 * LONGEST:
            raise Refused(where, f"有 {item.size} 个字，最多 {2 * LONGEST} 个")
        tally = Counter({"没有放入的评论": sum(name == "wp:comment" for name, _, _ in item.fields)})
        if item.get("wp:post_password"):
            tally["有密码的文章，成了草稿"] += 1
        elif status == "private":
            tally["私密的文章，成了草稿"] += 1
        source = item.get("content:encoded")
        body, codes = limits.in_time(where, len(source), lambda: autop.to_html(source))
        tally.update({f"短代码 [{name}]，原样留在文字里": times for name, times in codes.items()})
        made = record(where, self._fields(item, kind, status), body, self._zone, folder=self._path.parent)
        made.home, made.tally = self._home, +tally
        return made

    def _fields(self, item: _Child, kind: str, status: str) -> dict[str, object]:
        id, link, name = item.get("wp:post_id"), item.get("link"), unquote(item.get("wp:post_name"))
        categories, tags = self._terms(item)
        return {
            "title": blogs.words(item.get("title")) or "（无题）",
            "date": _date(item, "wp:post_date") or item.get("pubDate"),
            "updated": _date(item, "wp:post_modified"),
            "category": categories[:1],
            "tags": [*tags, *(name.rpartition("/")[2] for name in categories[1:])],
            "author": self._authors.get(item.get("dc:creator"), item.get("dc:creator")),
            "summary": blogs.words(item.get("excerpt:encoded")),
            "slug": blogs.page_slug(name, id) if kind == "page" else name,
            "aliases": [link, f"{self._home}/?p={id}"] if kind == "post" else [],
            "draft": status not in ("publish", "future") or bool(item.get("wp:post_password")),
            "format": "html",
            "cover": self._picture(item.get("_thumbnail_id")),
            "key": item.get("guid") or f"{self._home}/?p={id}",
            "type": kind,
        }

    def _terms(self, item: _Child) -> tuple[list[str], list[str]]:
        """The categories with what they lie in, and the tags."""
        terms = [(given, blogs.words(text)) for name, given, text in item.fields if name == "category"]
        # WXR 1.0 says each of them also without its kind.
        own = [
            blogs.whole_name(slug, self._categories) if (slug := given.get("nicename")) in self._categories else name
            for given, name in terms
            if given.get("domain") == "category"
        ]
        tags = [name for given, name in terms if given.get("domain") in ("post_tag", "tag")]
        return list(dict.fromkeys(own)), tags

    def _picture(self, id: str) -> str:
        row = self._pictures.execute("SELECT address FROM picture WHERE id = ?", (id,)).fetchone()
        return row[0] if row else ""


def _date(item: _Child, name: str) -> str:
    """A date with its zone; WordPress writes zeros for none, and gives drafts no time of the world."""
    world, local = item.get(f"{name}_gmt"), item.get(name)
    return f"{world} UTC" if world[:4] > "0000" else local if local[:4] > "0000" else ""

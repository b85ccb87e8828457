"""Content formats, a module each, and what they all give: a `Record`, or `Refused` with the place and the reason."""

import os
import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit
from zoneinfo import ZoneInfo

MOST = 50
LONGEST = 1_000_000
KINDS = {
    "original": "original", "原创": "original",
    "reprint": "reprint", "转载": "reprint",
    "translation": "translation", "翻译": "translation",
}  # fmt: skip
FORMATS = {"markdown": "markdown", "md": "markdown", "html": "html"}
TRUE = ("true", "yes", "1", "on")
# Each field under our name first, then under the names that other programs give it.
NAMES = {
    "title": (),
    "date": ("pubdate", "published_at", "created"),
    "updated": ("lastmod", "modified", "updated_at"),
    "category": ("categories", "section"),
    "tags": ("tag", "keywords"),
    "author": ("authors",),
    "editor": ("责任编辑",),
    "source": (),
    "source_url": (),
    "kind": (),
    "summary": ("description", "excerpt"),
    "slug": (),
    "aliases": ("alias", "redirect_from"),
    "address": ("url", "permalink"),
    "draft": (),
    "format": (),
    "cover": ("image", "thumbnail", "featured_image"),
    "key": ("guid", "uuid"),
    "type": ("layout",),
}
_DATE = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:(?:[T\s]+|(?<=日))(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})(?:\.\d+)?秒?)?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
# Control characters, and the places of Unicode that are no characters: XML forbids both.
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
SLUG = re.compile(r"[a-z0-9][a-z0-9-]*")
_CONTROL = re.compile(f"[{_CONTROLS}]")
_DAY = timedelta(days=1)
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|/page/\d+$")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ODD = re.compile(rf"[{_CONTROLS}\ud800-\udfff]")  # one walk over a long text instead of two


class Refused(Exception):
    """A record that cannot be taken. `str()` gives `file:line: reason`."""

    def __init__(self, where: str, reason: str):
        super().__init__(where, reason)

    def __str__(self) -> str:
        return ": ".join(self.args)

    def parts(self) -> tuple[str, str, str]:
        """The file, the record in it (a line or a number, or nothing), and the reason."""
        where, reason = self.args
        found = re.fullmatch(r"(.+):(\d+)", where)
        return (*found.groups(), reason) if found else (where, "", reason)


class LeftOut(Refused):
    """A record that is not meant to be taken (it lay in the trash): nothing is wrong with it, so it is only counted."""


@dataclass(slots=True)
class Record:
    """One article or fixed page as a file gives it. Times are aware, or None where the file gives none.

    `own_key` tells that the record names its key itself. `fallback_date` (the file's date) serves a new article that
    has none. Pictures are looked for from `folder` (of the file) and `root` (what was seeded). `dialect` is whose
    Markdown a file may hold: "hexo", "other", or "" for ours alone. `notes` are told when the record is taken, `tally`
    is added up over all records. `home` is the address of the old site, whose links and pictures are ours now. `own`
    (`own.Own`) is there where this program wrote the record.
    """

    where: str
    key: str
    title: str
    body: str
    format: str = "markdown"
    date: datetime | None = None
    fallback_date: datetime | None = None
    updated: datetime | None = None
    category: str = ""
    tags: list[str] = field(default_factory=list)
    author: str = ""
    editor: str = ""
    source: str = ""
    source_url: str = ""
    kind: str = "original"
    summary: str = ""
    slug: str = ""
    aliases: list[str] = field(default_factory=list)
    cover: str = ""
    draft: bool = False
    page: bool = False
    own_key: bool = False
    folder: Path | None = None
    root: Path | None = None
    dialect: str = ""
    notes: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    home: str = ""
    own: Any = None


def record(where: str, fields: Mapping[str, object], body: str, zone: ZoneInfo, **defaults: object) -> Record:
    """Make a record of the fields of a front matter, a JSON object or a CSV row; `defaults` fill what is absent."""
    lower = {str(name).strip().lower(): value for name, value in fields.items()}
    try:
        named = {name: _first(lower, (name, *others)) for name, others in NAMES.items()}
        body = with_lf(body)
        made = _record(where, named, lower, body, zone, defaults)
    except ValueError as error:
        raise Refused(where, str(error)) from None
    if not made.body.strip():
        raise Refused(where, "没有正文")
    others = [value for name, value in lower.items() if isinstance(value, str) and name != "body"]
    if _has_password(lower):
        made.tally["有密码的文章，成了草稿"] += 1
    if len(made.body) < len(body) or any(map(_CONTROL.search, others)):
        made.notes.append("略去了控制字符")
    return made


def _record(where: str, named: dict, lower: dict, body: str, zone: ZoneInfo, defaults: dict) -> Record:
    categories = _many(named["category"], "category", 50)
    key = _text(named["key"], "key")
    aliases = [*_many(named["aliases"], "aliases", 500), _text(named["address"], "url")]
    date = _moment(named["date"] or defaults.get("date"), "date", zone)
    updated = _moment(named["updated"], "updated", zone)
    return Record(
        where=where,
        key=key or str(defaults.get("key", "")),
        title=line(named["title"], "title", 200) or line(defaults.get("title", ""), "title", 200),
        body=body_of(body),
        format=choice(named["format"], FORMATS, "format") or str(defaults.get("format", "markdown")),
        date=date,
        fallback_date=defaults.get("fallback_date"),
        # Some editors write both at once.
        updated=updated if updated and (date is None or date < updated) else None,
        category=categories[0] if categories else "",
        # One category an article: the others go on as tags.
        tags=_few(_tags(named["tags"]) + categories[1:], "tags"),
        author=line("、".join(_many(named["author"], "author", 100)), "author", 100),
        editor=line(named["editor"], "editor", 100),
        source=line(named["source"], "source", 100),
        source_url=web_address(named["source_url"], "source_url"),
        kind=choice(named["kind"], KINDS, "kind") or "original",
        summary=_cut(_text(named["summary"], "summary"), 500),
        slug=line(named["slug"] or defaults.get("slug"), "slug", 200),
        aliases=_few([old_path(alias) for alias in aliases if alias], "aliases"),
        cover=line(named["cover"], "cover", 500) if isinstance(named["cover"], str) else "",
        draft=_is_draft(named, lower) or bool(defaults.get("draft")),
        page=_text(named["type"], "type") == "page",
        own_key=bool(key),
        folder=defaults.get("folder"),
        dialect=str(defaults.get("dialect", "")),
    )


def decode(data: bytes, where: str, first: int = 1) -> str:
    """Text in UTF-8, with or without BOM, or in GB18030 (which holds GBK and GB2312); its first line is `first`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = error
    text = data.decode("utf-8", "replace")
    # Nearly every byte sequence is some GB18030: where only a little is not UTF-8, it is UTF-8 that was damaged.
    if text.count("\ufffd") * 2 > sum(character > "\x7f" for character in text):
        try:
            return data.decode("gb18030")
        except UnicodeDecodeError as error:
            broken = error
    line = data.count(b"\n", 0, broken.start) + first
    raise Refused(f"{where}:{line}", "既不是 UTF-8 也不是 GB18030 编码的文字")


def with_lf(text: str) -> str:
    """A text with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def without_controls(text: str, first: int = 1) -> tuple[str, list[str]]:
    """A text without control characters, and what to say where it had some; its first line is `first`."""
    found = not _is_plain(text) and _CONTROL.search(text)
    if not found:
        return text, []
    line = text.count("\n", 0, found.start()) + first
    return _CONTROL.sub("", text), [f"略去了控制字符，第一个是第 {line} 行的 U+{ord(found[0]):04X}"]


def _is_plain(text: str) -> bool:
    """Whether a text surely has nothing odd: asked in a tenth of the time that a walk over it takes."""
    return text.replace("\n", "").replace("\u3000", "").isprintable()


def shown(path: Path) -> str:
    """A path as text, also where its name is in GB18030, as old Chinese archives unpack."""
    return decode(os.fsencode(path), repr(path))


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A date in one of the usual forms, in UTC; without a zone it is in `zone`.

    ValueError or OverflowError where it is none, as the first and the last day of all, which some zones do not have.
    """
    found = _moment_in(text.strip(), zone)
    _ = found - _DAY, found + _DAY
    return found


def _moment_in(text: str, zone: ZoneInfo) -> datetime:
    found = _DATE.fullmatch(text)
    if found:
        *numbers, offset = found.groups()
        value = datetime(*(int(number or 0) for number in numbers))
        if offset:
            suffix = offset if offset[0] in "+-" else "+00:00"
            return datetime.fromisoformat(value.isoformat() + suffix).astimezone(UTC)
    elif re.fullmatch(r"\d{9,10}", text):
        return datetime.fromtimestamp(int(text), UTC)
    else:
        value = parsedate_to_datetime(text)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _first(fields: Mapping[str, object], names: Iterable[str]) -> object:
    return next((fields[name] for name in names if fields.get(name) not in (None, "", [], "~", "null")), None)


def checked(text: str, name: str) -> str:
    """A text without control characters; ValueError where it has half a character."""
    if _is_plain(text) or not _ODD.search(text):
        return text
    found = _SURROGATE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"{name} 的第 {line} 行有控制字符 U+{ord(found[0]):04X}，请删去")
    return _CONTROL.sub("", text)


def _text(value: object, name: str) -> str:
    if isinstance(value, list | dict):
        raise ValueError(f"{name} 应当是一段文字")
    return "" if value is None else checked(str(value), name).strip()


def line(value: object, name: str, limit: int) -> str:
    text = " ".join(_text(value, name).split())
    if len(text) > limit:
        raise ValueError(f"{name} 有 {len(text)} 个字，最多 {limit} 个")
    return text


def _cut(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _many(value: object, name: str, limit: int) -> list[str]:
    return [text for item in _leaves(value) if (text := line(item, name, limit))]


def _tags(value: object) -> list[str]:
    parts = [part for item in _leaves(value) for part in re.split(r"[,，、;；]", _text(item, "tags"))]
    # Dots alone and slashes around would make another address of a tag's page.
    lines = (line(part, "tags", 50).strip("/ ") for part in parts)
    return [tag.replace("/", "／") if _DOTS.search(tag) else tag for tag in lines if tag.strip(".")]


def _few(words: list[str], name: str) -> list[str]:
    different = list(dict.fromkeys(words))
    if len(different) > MOST:
        raise ValueError(f"{name} 有 {len(different)} 个，最多 {MOST} 个")
    return different


def body_of(text: str) -> str:
    """A text as it is kept; ValueError where it is too long."""
    if len(text) > LONGEST:
        raise ValueError(f"正文有 {len(text)} 个字，最多 {LONGEST} 个，请分成几篇")
    return checked(text, "body")


def _leaves(value: object) -> list[object]:
    """What stands in a list, or in lists in a list as Hexo nests categories.

    A few lines of YAML can write a list that has more than 2**64 of them.
    """
    waiting, leaves = deque([value]), []
    for _ in range(1000):
        if not waiting:
            return leaves
        item = waiting.popleft()
        if isinstance(item, list | dict):
            waiting.extendleft(reversed(item if isinstance(item, list) else list(item.values())))
        else:
            leaves.append(item)
    raise ValueError("有一项列出的东西太多，或者套得太深")


def choice(value: object, choices: Mapping[str, str], name: str) -> str:
    """What a word stands for, or nothing; ValueError where it is none of them."""
    text = _text(value, name).lower()
    if text and text not in choices:
        raise ValueError(f"{name} 是 {text!r}，应当是 {'、'.join(choices)} 之一")
    return choices.get(text, "")


def _is_draft(named: Mapping[str, object], fields: Mapping[str, object]) -> bool:
    status = _text(fields.get("status"), "status").lower()
    return (
        _truth(named["draft"], "draft")
        or not _truth(fields.get("published", True), "published")
        or any(str(fields.get(name)).lower() in TRUE for name in ("hidden", "private"))
        or str(fields.get("visibility")).lower() == "private"
        or status in ("draft", "hidden", "private", "pending", "trash")
        or _has_password(fields)
    )


def _has_password(fields: Mapping[str, object]) -> bool:
    """Whether a plugin of Hexo and the like asks for one before it shows the text."""
    return _text(fields.get("password"), "password").lower() not in ("", "false")


def _truth(value: object, name: str) -> bool:
    text = _text(value, name).lower()
    if text not in ("", "true", "false", "yes", "no", "1", "0", "on", "off"):
        if name == "published":  # there some write a date
            return True
        raise ValueError(f"{name} 是 {text!r}，应当是 true 或 false")
    return text in TRUE


def _moment(value: object, name: str, zone: ZoneInfo) -> datetime | None:
    if value in (None, ""):
        return None
    text = value.isoformat() if isinstance(value, date) else _text(value, name)
    try:
        return moment(text, zone)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name} 是 {text!r}，应当像 2025-11-10 01:33:39") from None


def web_address(value: object, name: str) -> str:
    """An address on the web, or nothing; ValueError where it is something else."""
    text = line(value, name, 2000)
    if text and not (re.match(r"https?://", text, re.IGNORECASE) and _split(text, name).hostname):
        raise ValueError(f"{name} 是 {text!r}，应当以 http:// 或 https:// 开头")
    return text


def _split(address: str, name: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        raise ValueError(f"{name} 是 {address!r}，不是有效的地址") from None


def old_path(value: str) -> str:
    """An old address as the path that a visitor asks for: no host, no escapes, one slash in front, none at the end."""
    parts = _split(value, "aliases")
    path = unquote(parts.path) + (f"?{quote(parts.query, safe='=&%+/:;,@')}" if parts.query else "")
    return "/" + re.sub(r"/{2,}", "/", path).strip("/")

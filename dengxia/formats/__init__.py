"""Content formats, a module each, and what they all give: a `Record`, or `Refused` with the place and the reason."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

KINDS = {
    "original": "original", "原创": "original",
    "reprint": "reprint", "转载": "reprint",
    "translation": "translation", "翻译": "translation",
}  # fmt: skip
FORMATS = {"markdown": "markdown", "md": "markdown", "html": "html"}
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
    r"(?:[T\s]+(\d{1,2})[:时](\d{1,2})分?(?::?(\d{1,2})(?:\.\d+)?秒?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
# What no text file holds on purpose, and XML and SQLite tools trip over.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Refused(Exception):
    """A record that cannot be taken. `str()` gives `file:line: reason`."""

    def __init__(self, where: str, reason: str):
        super().__init__(f"{where}: {reason}")


@dataclass(slots=True)
class Record:
    """One article or fixed page as a file gives it. Times are aware, or None where the file gives none.

    `own_key` tells that the record names its key itself. `fallback_date` (the file's date) serves a new article that
    has none. Pictures are looked for in `folder` (of the file) and `root` (what was seeded).
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


def record(where: str, fields: Mapping[str, object], body: str, zone: ZoneInfo, **defaults: object) -> Record:
    """Make a record of the fields of a front matter, a JSON object or a CSV row; `defaults` fill what is absent."""
    lower = {str(name).strip().lower(): value for name, value in fields.items()}
    try:
        named = {name: _first(lower, (name, *others)) for name, others in NAMES.items()}
        made = _record(where, named, lower, body, zone, defaults)
    except ValueError as error:
        raise Refused(where, str(error)) from None
    if not made.body.strip():
        raise Refused(where, "没有正文")
    return made


def _record(where: str, named: dict, lower: dict, body: str, zone: ZoneInfo, defaults: dict) -> Record:
    categories = _many(named["category"])
    address = _text(named["address"], "url")
    return Record(
        where=where,
        key=_text(named["key"], "key") or str(defaults.get("key", "")),
        title=_line(named["title"], "title", 200) or _line(defaults.get("title", ""), "title", 200),
        body=_checked(body, "body"),
        format=_choice(named["format"], FORMATS, "format") or str(defaults.get("format", "markdown")),
        date=_moment(named["date"] or defaults.get("date"), "date", zone),
        fallback_date=defaults.get("fallback_date"),
        updated=_moment(named["updated"], "updated", zone),
        category=categories[0] if categories else "",
        # One category an article: the others go on as tags.
        tags=list(dict.fromkeys(_tags(named["tags"]) + categories[1:])),
        author=_line("、".join(_many(named["author"])), "author", 100),
        editor=_line(named["editor"], "editor", 100),
        source=_line(named["source"], "source", 100),
        source_url=_web_address(named["source_url"]),
        kind=_choice(named["kind"], KINDS, "kind") or "original",
        summary=_line(named["summary"], "summary", 500),
        slug=_line(named["slug"] or defaults.get("slug"), "slug", 200),
        aliases=list(dict.fromkeys(_path(alias) for alias in [*_many(named["aliases"]), address] if alias)),
        cover=_line(named["cover"], "cover", 500) if isinstance(named["cover"], str) else "",
        draft=_is_draft(named, lower) or bool(defaults.get("draft")),
        page=_text(named["type"], "type") == "page",
        own_key=bool(named["key"]),
        folder=defaults.get("folder"),
    )


def decode(data: bytes, where: str) -> str:
    """Text of a file in UTF-8, with or without BOM, or in GB18030 (which holds GBK and GB2312)."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
    raise Refused(f"{where}:{line}", "既不是 UTF-8 也不是 GB18030 编码的文字")


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A date in one of the usual forms, in UTC; without a zone it is in `zone`. ValueError where it is none."""
    text = text.strip()
    found = _DATE.fullmatch(text)
    if found:
        *numbers, offset = found.groups()
        value = datetime(*(int(number or 0) for number in numbers))
        if offset:
            suffix = "+00:00" if offset.upper() in ("Z", "UTC") else offset
            return datetime.fromisoformat(value.isoformat() + suffix).astimezone(UTC)
    elif re.fullmatch(r"\d{9,10}", text):
        return datetime.fromtimestamp(int(text), UTC)
    else:
        value = parsedate_to_datetime(text)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _first(fields: Mapping[str, object], names: Iterable[str]) -> object:
    return next((fields[name] for name in names if fields.get(name) not in (None, "", [], "~", "null")), None)


def _checked(text: str, name: str) -> str:
    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"{name} 的第 {line} 行有控制字符 U+{ord(found[0]):04X}，请删去")
    return text


def _text(value: object, name: str) -> str:
    if isinstance(value, list | dict):
        raise ValueError(f"{name} 应当是一段文字")
    return "" if value is None else _checked(str(value), name).strip()


def _line(value: object, name: str, limit: int) -> str:
    text = " ".join(_text(value, name).split())
    if len(text) > limit:
        raise ValueError(f"{name} 有 {len(text)} 个字，最多 {limit} 个")
    return text


def _many(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _many(item)]
    if isinstance(value, dict):
        return [text for text in (_line(v, "", 100) for v in value.values()) if text]
    return [text] if (text := _line(value, "category", 200)) else []


def _tags(value: object) -> list[str]:
    if isinstance(value, list):
        return [tag for item in value for tag in _tags(item)]
    return [tag for part in re.split(r"[,，、;；]", _text(value, "tags")) if (tag := _line(part, "tag", 50))]


def _choice(value: object, choices: Mapping[str, str], name: str) -> str:
    text = _text(value, name).lower()
    if text and text not in choices:
        raise ValueError(f"{name} 是 {text!r}，应当是 {'、'.join(choices)} 之一")
    return choices.get(text, "")


def _is_draft(named: Mapping[str, object], fields: Mapping[str, object]) -> bool:
    status = str(fields.get("status", "")).lower()
    return _truth(named["draft"], "draft") or not _truth(fields.get("published", True), "published") or (
        status in ("draft", "hidden", "private", "pending", "trash")
    )  # fmt: skip


def _truth(value: object, name: str) -> bool:
    text = str(value if value is not None else "").strip().lower()
    if text not in ("", "true", "false", "yes", "no", "1", "0", "on", "off"):
        if name == "published":  # there some write a date
            return True
        raise ValueError(f"{name} 是 {text!r}，应当是 true 或 false")
    return text in ("true", "yes", "1", "on")


def _moment(value: object, name: str, zone: ZoneInfo) -> datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, date):
        value = value.isoformat()
    try:
        return moment(str(value), zone)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name} 是 {str(value)!r}，应当像 2025-11-10 01:33:39") from None


def _web_address(value: object) -> str:
    text = _line(value, "source_url", 2000)
    if text and not (re.match(r"https?://", text, re.IGNORECASE) and urlsplit(text).hostname):
        raise ValueError(f"source_url 是 {text!r}，应当以 http:// 或 https:// 开头")
    return text


def _path(value: str) -> str:
    """An old address as the path that a visitor asks for: no host, no escapes, one slash in front, none at the end."""
    parts = urlsplit(value)
    path = unquote(parts.path) + (f"?{parts.query}" if parts.query else "")
    return "/" + str(PurePosixPath(path)).strip("/.")

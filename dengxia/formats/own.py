"""A record exactly as this program writes it, beside how that is read back.

What other programs write is read leniently: tags are cut at commas, old addresses cleaned, a heading that repeats the
title dropped. What `flask export` wrote says `generator: dengxia` and is taken as it stands, with what no other program
knows: the article's number, its stage, its note, its corrections, and the related articles that editors chose (by key).
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dengxia.formats import (
    FORMATS,
    KINDS,
    Record,
    Refused,
    body_of,
    checked,
    choice,
    line,
    moment,
    web_address,
    with_lf,
)

GENERATOR = "dengxia"
STATUSES = {name: name for name in ("draft", "review", "published", "trash")}
# An article's number makes its address; larger ones would make sitemaps without end.
MOST = 10_000_000
# What YAML or TOML would not read back, or as the end of a line.
_UNPRINTABLE = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class Own(NamedTuple):
    """What only this program says of an article; `corrections` are moments and texts."""

    number: int = 0
    status: str = "published"
    note: str = ""
    corrections: Sequence[tuple[datetime, str]] = ()
    pinned: Sequence[str] = ()
    banned: Sequence[str] = ()


def wrote(fields: Mapping[str, object]) -> bool:
    """Whether this program wrote these fields."""
    return fields.get("generator") == GENERATOR


def quoted(text: str) -> str:
    """A text in quotes as JSON, YAML and TOML all read it."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def fields(record: Record, zone: ZoneInfo) -> dict[str, object]:
    """The fields of a record with `own` but its text, in their order; what is empty is left out."""
    own = record.own
    found = {
        "generator": GENERATOR,
        "type": "page" if record.page else "",
        "number": own.number,
        "key": "" if record.page else record.key,
        "title": record.title,
        "date": _written(record.date, zone),
        "updated": _written(record.updated, zone),
        "draft": own.status != "published",
        "status": own.status if own.status in ("review", "trash") else "",
        **{name: getattr(record, name) for name in ("category", "tags", "author", "editor", "source", "source_url")},
        "kind": "" if record.kind == "original" else record.kind,
        **{name: getattr(record, name) for name in ("summary", "slug", "cover", "aliases")},
        "format": "" if record.format == "markdown" else record.format,
        "note": own.note,
        "corrections": [{"at": _written(at, zone), "text": text} for at, text in own.corrections],
        "pinned": own.pinned,
        "banned": own.banned,
    }
    return {name: value for name, value in found.items() if value or name == "title"}


def record(where: str, fields: Mapping[str, object], body: str, zone: ZoneInfo, **defaults: object) -> Record:
    """The record of such fields, as a file holds them, and its text; `defaults` are more of its fields."""
    try:
        return _record(where, fields, body, zone, defaults)
    except (ValueError, OverflowError) as error:
        raise Refused(where, str(error)) from None


def _record(where: str, fields: Mapping[str, object], body: str, zone: ZoneInfo, defaults: Mapping) -> Record:
    own = _own(fields, zone)
    if own.status == "published" and not (body.strip() and fields.get("title")):
        raise ValueError("没有标题或正文，只能是草稿")
    return Record(
        where=where,
        title=_line(fields, "title", 200),
        body=body_of(with_lf(body)),
        format=choice(fields.get("format"), FORMATS, "format") or "markdown",
        date=_moment(fields, "date", zone),
        updated=_moment(fields, "updated", zone),
        category=_line(fields, "category", 50),
        tags=[tag for text in _texts(fields, "tags") if (tag := line(text, "tags", 50))],
        **{name: _line(fields, name) for name in ("author", "editor", "source", "summary", "slug", "cover")},
        source_url=web_address(fields.get("source_url"), "source_url"),
        kind=choice(fields.get("kind"), KINDS, "kind") or "original",
        aliases=[path if path.startswith("/") else f"/{path}" for path in _texts(fields, "aliases")],
        draft=own.status != "published",
        page=fields.get("type") == "page",
        own_key=True,
        own=own,
        **defaults | {"key": _text(fields, "key") or defaults["key"]},
    )


def _own(fields: Mapping[str, object], zone: ZoneInfo) -> Own:
    number = _text(fields, "number")
    if number and not (re.fullmatch("[0-9]{1,9}", number) and 0 < int(number) <= MOST):
        raise ValueError(f"number 是 {number!r}，应当是 1 到 {MOST} 的整数")
    draft = _text(fields, "draft").lower() == "true"
    corrections = fields.get("corrections") or []
    if not isinstance(corrections, list) or not all(isinstance(one, Mapping) for one in corrections):
        raise ValueError("corrections 应当是一列 at（时间）和 text（文字）")
    return Own(
        number=int(number or 0),
        status=choice(fields.get("status"), STATUSES, "status") or ("draft" if draft else "published"),
        note=_text(fields, "note"),
        corrections=[(at, _text(one, "text")) for one in corrections if (at := _moment(one, "at", zone))],
        pinned=_texts(fields, "pinned"),
        banned=_texts(fields, "banned"),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, list | dict):
        raise ValueError(f"{name} 应当是一段文字")
    return "" if value is None else checked(str(value), name)


def _line(fields: Mapping[str, object], name: str, limit: int = 500) -> str:
    return line(_text(fields, name), name, limit)


def _texts(fields: Mapping[str, object], name: str) -> list[str]:
    value = fields.get(name)
    given = value if isinstance(value, list) else [] if value is None else [value]
    return [text for item in given if (text := _text({name: item}, name))]


def _moment(fields: Mapping[str, object], name: str, zone: ZoneInfo) -> datetime | None:
    text = _text(fields, name)
    try:
        return moment(text, zone) if text else None
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name} 是 {text!r}，应当像 2025-11-10T01:33:39+08:00") from None


def _written(at: datetime | None, zone: ZoneInfo) -> str:
    """In the site's zone; in UTC where that has no such year, or had no offset of whole minutes yet."""
    if at is None:
        return ""
    try:
        local = at.astimezone(zone)
    except OverflowError:
        local = at
    return (local if local.utcoffset().seconds % 60 == 0 else at).isoformat()

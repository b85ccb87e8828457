"""What the readers of other programs' articles share."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import unescape

from dengxia.formats import Record, Refused

LONGEST_NAME = 50
NOWHERE = "http://localhost"  # of a blog that does not say where it is


def taken(where: str, make: Callable[[], Record]) -> Record | Refused:
    """What `make` gives for a row, or why it gives nothing: SQLite keeps anything in any column."""
    try:
        return make()
    except Refused as refused:
        return refused
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        return Refused(where, f"有一格里不是该有的东西（{error}）")


def next_after(after: int, last: int, where: str) -> int:
    """The number that the next rows come after; in a file that is broken they may come again without end."""
    if last <= after:
        raise Refused(where, "数据库坏了，从这里起读不下去")
    return last


def moment(seconds: int | None) -> datetime | None:
    """A moment as these tables have it; ValueError where it is none."""
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None


def words(html: str) -> str:
    """A title, a name or a summary without marks."""
    return unescape(re.sub(r"<[^<>]*>", "", html)).strip()


def whole_name(key: object, categories: Mapping[object, tuple[str, object]]) -> str:
    """A category with what it lies in, `parent/child`, as long as a name may be; `categories` gives name and parent."""
    whole, parent = categories[key]
    seen = {key}
    while parent in categories and parent not in seen:
        seen.add(parent)
        above, parent = categories[parent]
        if len(above) + 1 + len(whole) > LONGEST_NAME:
            break
        whole = f"{above}/{whole}"
    return whole


def page_slug(slug: str, id: object) -> str:
    """The address of a fixed page: its own where that has no Chinese in it."""
    return slug if re.fullmatch(r"[a-z0-9][a-z0-9-]*", slug) else f"page-{id}"

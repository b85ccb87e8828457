"""What the readers of other programs' articles share."""

import re
from collections.abc import Mapping
from html import unescape

LONGEST_NAME = 50


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

"""Links within the site that a text comes from: found in it, and pointed at where they lead now."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from dengxia.formats import Record, old_path

# What stands before an address in HTML and in Markdown.
_LINK = re.compile(
    r"(\bhref\s{0,9}=\s{0,9}[\"']?|\]\(\s{0,9}<?|^\[[^\]\n]{1,200}\]:\s{0,9}<?|<(?=https?:))((?:https?:)?/[^\s\"'<>)]+)",
    re.IGNORECASE | re.MULTILINE,
)


def own_path(address: str, home: str) -> str | None:
    """The path of an address of the old site (`home`), or None where it is of another."""
    try:
        parts = urlsplit(address)
        is_own = parts.scheme in ("", "http", "https") and _bare(parts.netloc) in ("", _bare(urlsplit(home).netloc))
        return old_path(address) if is_own else None
    except ValueError:
        return None


def links(record: Record) -> set[str]:
    """The paths on the old site that a text leads to."""
    if not record.home:
        return set()
    return {path for found in _LINK.finditer(record.body) if (path := own_path(found[2], record.home))}


def point(record: Record, places: Mapping[str, str]) -> None:
    """Let a text lead to where these paths are now."""

    def pointed(found: re.Match[str]) -> str:
        place = places.get(own_path(found[2], record.home) or "")
        fragment = found[2].partition("#")[2]
        # Of comments, which did not come along.
        kept = f"#{fragment}" if fragment and not re.match(r"comment|respond", fragment) else ""
        return found[1] + place + kept if place else found[0]

    record.body = _LINK.sub(pointed, record.body)


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")

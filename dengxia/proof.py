"""发布前检查: what somebody who reads an article once more before it is published would ask about. Never a lock."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from flask import current_app

from dengxia import derived, limits, queries, related, search, slips
from dengxia.slips import Link, Prose

FEW = 5  # findings of one kind that are told one by one
NEAR = 0.7  # shared pairs of characters from which on two texts are nearly one
AROUND = 8  # characters shown on either side of a place
_ARTICLE = re.compile(r"/article/([1-9]\d{0,14})/?")


class Text(Protocol):
    """What is checked of an article."""

    title: str
    summary: str
    body: str
    format: str
    kind: str
    source: str
    source_url: str


class Finding(NamedTuple):
    """`message` about characters `start` to `end` of a field of the form, on a line of it (from 1).

    `before`, `at` and `after` are those characters and what stands around them. A finding about the whole of a field
    has none, and line 0. `kind` is one of slips.Slip, or source, link, title or copy; `other` is the article meant.
    """

    kind: str
    message: str
    field: str
    line: int = 0
    start: int = 0
    end: int = 0
    before: str = ""
    at: str = ""
    after: str = ""
    other: queries.Row | None = None


def check(text: Text, id: int | None = None) -> list[Finding]:
    """The findings about an article (with this number, if it has one); `Refused` for a text that cannot be set."""
    prose = limits.in_time("正文", len(text.body), lambda: slips.read(text.body, text.format))
    found = [*_same_title(text.title, id), *_in_text("title", text.title, slips.read(text.title, "html"))]
    found += _in_text("summary", text.summary, slips.read(text.summary, "html"))
    if text.kind != "original" and not (text.source.strip() or text.source_url.strip()):
        kind = {"reprint": "转载", "translation": "翻译"}[text.kind]
        found.append(Finding("source", f"{kind}的文章没有写来源", "source"))
    found += _copies(text, prose, id)
    in_body = [*_in_text("body", text.body, prose), *_dead_links(text.body, prose.links, id)]
    return found + sorted(in_body, key=lambda finding: finding.start)


def _in_text(field: str, source: str, prose: Prose) -> list[Finding]:
    """The slips of a text, of each kind the first few."""
    by_kind: dict[str, list[slips.Slip]] = {}
    for slip in slips.slips(prose):
        by_kind.setdefault(slip.kind, []).append(slip)
    return [finding for some in by_kind.values() for finding in _first_few(field, source, sorted(some, key=_place))]


def _place(slip: slips.Slip) -> int:
    return slip.start


def _first_few(field: str, source: str, found: list[slips.Slip]) -> Iterator[Finding]:
    rest = len(found) - FEW
    for number, slip in enumerate(found[:FEW], 1):
        more = f"（后面还有 {rest} 处这样的）" if number == FEW and rest else ""
        yield _at(slip.kind, slip.message + more, field, source, slip.start, slip.end)


def _at(kind: str, message: str, field: str, source: str, start: int, end: int) -> Finding:
    around = source[max(0, start - AROUND) : start], source[start:end], source[end : end + AROUND]
    line = source.count("\n", 0, start) + 1
    return Finding(kind, message, field, line, start, end, *(" ".join(part.split("\n")) for part in around))


# What is asked of the database


def _dead_links(source: str, links: Iterable[Link], own: int | None) -> Iterator[Finding]:
    """Links to articles of this site that a visitor cannot see."""
    wanted = [(link, id) for link in links if (id := _linked(link.address)) and id != own]
    seen = {row.id for row in queries.titles({id for _, id in wanted})}
    for link, id in wanted:
        if id not in seen:
            message = f"链到的文章 /article/{id} 没有，或者还没有公开"
            yield _at("link", message, "body", source, link.start, link.end)


def _linked(address: str) -> int | None:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    found = _ARTICLE.fullmatch(parts.path)
    here = not parts.netloc or parts.netloc == urlsplit(current_app.config["SITE_URL"]).netloc
    return int(found[1]) if found and here else None


def _same_title(title: str, own: int | None) -> Iterator[Finding]:
    for other in queries.titles(id for id in search.titled(title) if id != own)[:1] if title.strip() else ():
        yield Finding("title", "已经有一篇同题的文章", "title", other=other)


def _copies(text: Text, prose: Prose, own: int | None) -> Iterator[Finding]:
    words = derived.words(text.title, "\n".join(paragraph for paragraph, _ in prose.paragraphs))
    mine = set(words.body.split())
    near = search.texts(related.nearest(words.terms, own))
    for id in sorted(near, key=lambda id: _shared(mine, near[id].words), reverse=True)[:1]:
        if _shared(mine, near[id].words) >= NEAR:
            for other in queries.titles([id]):
                yield Finding("copy", "正文和另一篇几乎一样", "body", other=other)


def _shared(mine: set[str], words: derived.Words) -> float:
    theirs = set(words.body.split())
    return len(mine & theirs) / max(1, len(mine | theirs))

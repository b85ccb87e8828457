"""All that follows from a text alone, for seeding and for rebuilding: HTML, length, excerpt, tokens, terms."""

import hashlib
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from dengxia import han, limits, markup, terms
from dengxia.formats import Refused
from dengxia.packing import pack


class Written(NamedTuple):
    """A text as somebody wrote it (`format`: markdown or html); `where` names it when it is refused."""

    where: str
    title: str
    source: str
    format: str


class Words(NamedTuple):
    """What search and related hold of a title and a text: tokens with blanks between, Chinese characters, terms.

    `whole` is the title as one token.
    """

    body: str
    title: str
    whole: str
    title_chars: str
    chars: str
    terms: terms.Terms


class Derived(NamedTuple):
    """A text and its safe HTML, both packed, its 字数, what lists show of it, its pictures' names, and its words.

    `page` is the article's page (`prerender.Page`) where that was made too.
    """

    source: bytes
    html: bytes
    length: int
    excerpt: str
    pictures: list[str]
    words: Words
    page: tuple | None = None


def derive(written: Written) -> Derived | Refused:
    """Everything that follows from a text, or why it cannot be set."""
    source = written.source
    try:
        html, text = limits.in_time(written.where, len(source), lambda: markup.render(source, written.format))
    except Refused as refused:
        return refused
    packed = pack(source), pack(html, source)
    shown = markup.length(text), markup.excerpt(html), markup.pictures(html)
    return Derived(*packed, *shown, words(written.title, text))


def words(title: str, text: str) -> Words:
    """The words of a title and the text without marks."""
    title, head = han.fold(title), han.fold(text[: terms.BODY])
    body = han.fold(text)
    groups = han.groups(title)
    return Words(
        tokens(han.groups(body)),
        tokens(groups),
        whole(groups),
        han.characters(title),
        han.characters(title + body),
        terms.of(title, head),
    )


def tokens(groups: Sequence[str]) -> str:
    """The tokens of some groups, with blanks between."""
    return " ".join(chain.from_iterable(map(han.tokens, groups)))


def whole(groups: Sequence[str]) -> str:
    """A title's groups as one token, which no visitor can type."""
    return "§" + hashlib.blake2b(" ".join(groups).encode(), digest_size=6).hexdigest()

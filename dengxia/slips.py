"""Slips of the pen: quotes and brackets without their other half, half-width and doubled signs between Chinese
characters, pictures without words; and where the links of a text lead.

Read is what a visitor reads: Markdown and HTML are parsed, code is left out, and each character that is left knows its
place in the source. What is doubtful is let pass: a list that often cries wolf is soon not read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape
from itertools import accumulate
from typing import NamedTuple

from markdown_it.token import Token

from dengxia import commonmark, markup
from dengxia.han import HAN
from dengxia.typeset import BLOCKS

OTHER = "\ufffc"  # stands for a picture, a piece of code or an address
_NO_PROSE = ("script", "style", "pre", "code", "kbd", "samp", "textarea", "title")
_ENDS_LINE = BLOCKS | {"br", "div", "section", "article", "body"}


class Slip(NamedTuple):
    """`source[start:end]` and what is wrong with it (`kind`: pair, half, double or picture)."""

    kind: str
    message: str
    start: int
    end: int


class Link(NamedTuple):
    """`source[start:end]` leads to this address."""

    address: str
    start: int
    end: int


class Prose:
    """What a text says: paragraphs, each with the place of every character; pictures without words; links."""

    def __init__(self) -> None:
        self.paragraphs: list[tuple[str, list[int]]] = []
        self.pictures: list[tuple[int, int]] = []
        self.links: list[Link] = []
        self._text: list[str] = []
        self._places: list[int] = []

    def add(self, text: str, place: int) -> None:
        self._text.append(text)
        self._places.extend(range(place, place + len(text)))

    def end_paragraph(self) -> None:
        if self._text:
            self.paragraphs.append(("".join(self._text), self._places))
            self._text, self._places = [], []


def read(source: str, format: str) -> Prose:
    """The prose of a text (`format`: markdown or html)."""
    prose = Prose()
    if format == "markdown":
        _Markdown(source, prose).read()
    else:
        _Html(prose, 0).read(source)
    return prose


class _Html(markup.Tags):
    """Adds the prose of HTML that stands at a place of the source."""

    def __init__(self, prose: Prose, start: int):
        super().__init__(convert_charrefs=False)
        self.prose, self.start, self.left_out = prose, start, 0
        self.link: tuple[str, int] | None = None

    def read(self, html: str) -> None:
        self.lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self.feed(html)
        self.close()
        self.prose.end_paragraph()

    def _place(self) -> int:
        line, column = self.getpos()
        return self.start + self.lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.left_out += tag in _NO_PROSE
        if tag == "img":
            self._picture(given.get("alt"))
        if tag == "a":
            self.link = (given.get("href") or "", self._place())
        if tag in _ENDS_LINE:
            self.prose.end_paragraph()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.left_out -= tag in _NO_PROSE

    def _picture(self, alt: str | None) -> None:
        place = self._place()
        self.prose.add(OTHER, place)
        if not (alt or "").strip():
            self.prose.pictures.append((place, place + len(self.get_starttag_text())))

    def handle_endtag(self, tag: str) -> None:
        self.left_out -= tag in _NO_PROSE and self.left_out > 0
        if tag == "a" and self.link:
            self.prose.links.append(Link(*self.link, self._place() + len("</a>")))
            self.link = None
        if tag in _ENDS_LINE:
            self.prose.end_paragraph()

    def handle_data(self, data: str) -> None:
        if not self.left_out:
            self.prose.add(data, self._place())

    def handle_entityref(self, name: str) -> None:
        if not self.left_out:
            self.prose.add(unescape(f"&{name};")[:1], self._place())

    def handle_charref(self, name: str) -> None:
        self.handle_entityref(f"#{name}")


class _Markdown:
    """Adds the prose of Markdown.

    The parser tells the lines of a paragraph and what it says, in order. So each piece is looked for from where the
    last one ended: what is found is never behind its true place.
    """

    def __init__(self, source: str, prose: Prose):
        self.source, self.prose, self.at = source, prose, 0
        self.lines = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]

    def read(self) -> None:
        first = -1
        for token in commonmark.parsed(self.source)[0]:
            if token.type == "html_block":
                _Html(self.prose, self.lines[token.map[0]]).read(token.content)
            elif token.type == "inline":
                # The cells of a table's row begin on one line; a note within a line tells none.
                line = token.map[0] if token.map else 0
                self.at = self.at if line == first else self.lines[line]
                first = line
                self._paragraph(token.children or [])

    def _paragraph(self, children: Sequence[Token]) -> None:
        tags, links = _Html(self.prose, 0), []
        for child in children:
            if child.type == "text" and not tags.left_out:
                is_address = links and links[-1][0] == child.content
                self._other(child.content) if is_address else self._words(child.content)
            elif child.type in ("softbreak", "hardbreak"):
                self.prose.add("\n", self.at)
            elif child.type == "image":
                start = self._other(child.meta["written"])
                if not child.content.strip():
                    self.prose.pictures.append((start, self.at))
            elif child.type in ("text", "code_inline", "math_inline"):
                self._other(child.meta.get("written", child.content))
            elif child.type == "html_inline":
                self._tag(tags, child.content)
            elif child.type == "link_open":
                links.append((child.attrs["href"], self.at))
            elif child.type == "link_close":
                if address := _ADDRESS.match(self.source, self.at):
                    self.at = address.end()
                self.prose.links.append(Link(*links.pop(), self.at))
        self.prose.end_paragraph()

    def _skip(self, text: str) -> int:
        """Where a piece begins; what comes next is looked for behind it."""
        start = self.source.find(text, self.at)
        if start < 0:
            return min(self.at, len(self.source) - 1)
        self.at = start + len(text)
        return start

    def _other(self, text: str) -> int:
        start = self._skip(text)
        self.prose.add(OTHER, start)
        return start

    def _words(self, text: str) -> None:
        if (start := self.source.find(text, self.at)) >= 0:
            self.prose.add(text, start)
            self.at = start + len(text)
            return
        # An entity or a backslash: the words stand there, but not as they are read.
        for character in text:
            if escape := _ESCAPE.match(self.source, self.at):
                self.prose.add(character, self.at)
                self.at = escape.end()
            else:
                self.prose.add(character, self._skip(character))

    def _tag(self, tags: _Html, tag: str) -> None:
        tags.start = self._skip(tag)
        tags.lines = [-tags.getpos()[1]] * (tags.getpos()[0] + 1)
        tags.feed(tag)


_ESCAPE = re.compile(r"&#?\w{1,31};|\\.")
# `](/a "title")`, `][name]`
_ADDRESS = re.compile(
    r"[*_~]{0,3}\](?:\((?:<[^>\n]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)|\[[^\]]*\])?"
)

# What is wrong


PAIRS = {"“": "”", "‘": "’", "「": "」", "『": "』", "（": "）", "《": "》", "【": "】", "(": ")", "[": "]"}
_OPENERS = {closer: opener for opener, closer in PAIRS.items()}
_TWINS = {"(": "）", "（": ")"}
_SIGN = re.compile(f"[{re.escape(''.join([*PAIRS, *_OPENERS]))}]")
# May go on for paragraphs, each of which then begins with the opener again.
_QUOTES = "“‘「『"
DEEPEST = 50  # signs that stand open at once; of more the first is given up
_FULL = dict(zip(",;:!?.", "，；：！？。", strict=True))
_HALF = re.compile(rf"(?<=[{HAN}”’」』）》])[,;:!?.](?=[ \n]?[{HAN}“‘「『（《])")
_DOUBLED = re.compile(r"[，、；：。,;](?:\s?[，、；：。])+|[，、；：。](?:\s?[,;])+|[！!]{4,}|[？?]{4,}")
_CHINESE = re.compile(f"[{HAN}]")
_LATIN = re.compile("[A-Za-z0-9]")
# 1) b) 第三） the half of a smile, and -》 of menus
_COUNTED = re.compile(
    r"(?:\d{1,3}|\b[A-Za-z]{1,2}|[一二三四五六七八九十]{1,3}|[①-⑳])[.、 ]?$|[:;=：；][-^o']?\s?$|[-=–—]$"
)
_INCHES = re.compile(r'\d"')
_INTERVAL = re.compile(r"[\[(（]\s*[-+\w.∞]+\s*[,，]\s*[-+\w.∞]+\s*[\])）]", re.ASCII)


def slips(prose: Prose) -> Iterator[Slip]:
    """The slips of a text, by kind."""
    yield from _unpaired(one for one in prose.paragraphs if _is_chinese(one[0]) or not _LATIN.search(one[0]))
    for text, places in prose.paragraphs:
        if _is_chinese(text):
            yield from _straight(text, places)
        for found in _HALF.finditer(text):
            message = f"汉字之间是半角的「{found[0]}」，全角的是「{_FULL[found[0]]}」"
            if found[0] == ".":
                message += "，人名中间的是「·」"
            yield Slip("half", message, places[found.start()], places[found.start()] + 1)
        for found in _DOUBLED.finditer(text):
            hint = "，省略号是「……」" if found[0].startswith("。。") else ""
            yield Slip("double", f"标点重复了{hint}", places[found.start()], places[found.end() - 1] + 1)
    for start, end in prose.pictures:
        yield Slip("picture", "图片没有文字说明，看不见图的人不知道它是什么", start, end)


def _is_chinese(text: str) -> bool:
    """Whether a fifth of a paragraph is Chinese; what has less is mostly code or English."""
    return 5 * len(_CHINESE.findall(text)) >= len(text)


def _unpaired(paragraphs: Iterable[tuple[str, list[int]]]) -> Iterator[Slip]:
    """Both may end paragraphs later; a quotation that goes on may begin each of them with its opener again."""
    opened: list[tuple[str, int]] = []
    for text, places in paragraphs:
        text = _INTERVAL.sub(lambda found: OTHER * len(found[0]), text)
        start = len(text) - len(text.lstrip())
        for found in _SIGN.finditer(text):
            sign, at, place = found[0], found.start(), places[found.start()]
            before, after = text[max(0, at - 6) : at], text[at + 1 : at + 2]
            if sign in _OPENERS:
                # 1) and a smile end nothing that was opened in another paragraph.
                if not (_COUNTED.search(before) and not any(place >= places[0] for _, place in opened)):
                    yield from _closed(opened, sign, place, before, after)
            elif sign == "‘" and _LATIN.match(before[-1:]):
                continue  # for the stroke of x′
            elif sign not in _QUOTES or sign not in (one for one, _ in opened):
                opened.append((sign, place))
            elif at > start:
                yield from _left_open(opened, sign)
                opened.append((sign, place))
            if len(opened) > DEEPEST:
                yield _alone(opened.pop(0))
    yield from map(_alone, opened)


def _closed(opened: list[tuple[str, int]], sign: str, place: int, before: str, after: str) -> Iterator[Slip]:
    """Take what a closing sign ends off the open ones."""
    opener = _OPENERS[sign]
    if opener in (one for one, _ in opened):
        while opened[-1][0] != opener:
            yield _alone(opened.pop())
        opened.pop()
    elif opened and _TWINS.get(opened[-1][0]) == sign:
        yield Slip("pair", f"「{opened[-1][0]}」是用「{sign}」收尾的，一个全角一个半角", opened.pop()[1], place + 1)
    elif sign == "’" and (before[-1:].isascii() or _LATIN.match(after)):
        return  # an apostrophe
    elif not (sign in ")）]》" and _COUNTED.search(before)):
        yield Slip("pair", f"「{sign}」前面没有「{opener}」", place, place + 1)


def _left_open(opened: list[tuple[str, int]], sign: str) -> Iterator[Slip]:
    """Take off what stands open since a quote that now opens again: it cannot hold itself."""
    while any(one == sign for one, _ in opened):
        yield _alone(opened.pop())


def _alone(one: tuple[str, int]) -> Slip:
    sign, place = one
    return Slip("pair", f"「{sign}」后面没有「{PAIRS[sign]}」", place, place + 1)


def _straight(text: str, places: list[int]) -> Iterator[Slip]:
    found = [place for place, sign in enumerate(text) if sign == '"']
    if len(found) % 2 and not _INCHES.search(text):
        yield Slip("pair", '这一段里「"」的个数是单数，有一个没有配上', places[found[-1]], places[found[-1]] + 1)

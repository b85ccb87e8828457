"""Markdown or HTML in, safe HTML and plain text out: the only place that sanitises.

Everything that a writer or an import gives is hostile. It passes bleach's allow-list once, when it is written, then
`_Typeset` below, which only ever narrows what bleach let through or adds attributes of our own.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import unquote

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter

from dengxia import commonmark
from dengxia.han import HAN, closes_up

BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd table thead tbody tfoot tr th td caption pre hr div figure"
    " figcaption details summary".split()
)
INLINE = frozenset(
    "a img br strong b em i u s del ins mark sub sup small code kbd samp ruby rb rt rp abbr q cite span".split()
)
_COUNTED = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CLASSES = re.compile(r"footnote(-ref|-backref)?|language-[\w+#-]{1,30}|align-(center|right)")
ALIGN = re.compile(r"text-align:\s*(center|right)\b", re.IGNORECASE)
PICTURE = re.compile(r"/media/[0-9a-f]{16,}-(\d+)x(\d+)\.(?:png|jpg|gif|webp|avif)")
# Where a summary ends, as Hexo, Hugo and Jekyll have it said, and what becomes of that.
MORE, _MORE = '<span id="more"></span>', re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_PLAYER = re.compile(
    r"<(iframe|video|audio|source)\b(?=[^>]{0,1000}?\ssrc\s{0,9}=\s{0,9}[\"']?((?:https?:)?//[^\s\"'<>]+))[^>]{0,2000}>",
    re.IGNORECASE,
)
# What stands for a picture or a player, and Markdown pictures that are none (an address with a blank).
_STAND_IN = re.compile(r"\n?〔(?:图片|视频|嵌入)(?:：[^〕]{0,500})?〕|!\[[^\]]{0,200}\]\([^)]{0,500}\)?")
_NO_WORDS = re.compile(r"<(pre|table)\b.*?</\1>", re.DOTALL)
SPACES = " \t\n\u00a0\u2002\u2003\u3000"
CODE = ("code", "kbd", "samp")
# Small signs beside or above the words: what stands before them is what a line ends with.
ASIDE = ("sup", "rt", "rp")


class Rendered(NamedTuple):
    """Safe HTML, and the text without marks (a line for each block)."""

    html: str
    text: str


class Heading(NamedTuple):
    level: int
    id: str
    text: str


def render(source: str, format: str) -> Rendered:
    """Turn text that somebody wrote (`format`: markdown or html) into safe HTML and plain text."""
    raw = commonmark.to_html(source) if format == "markdown" else source
    html = _cleaner().clean(_with_links(_without_unseen(raw))).strip()
    return Rendered(html, plain(html))


def plain(html: str) -> str:
    """The words of safe HTML, a line for each block, without readings set above characters."""
    html = re.sub(r"<r[tp]\b[^>]*>.*?</r[tp]>|<a [^>]*footnote-(?:back)?ref[^>]*>.*?</a>", "", html, flags=re.DOTALL)
    html = re.sub(r"<br ?/?>|</?(?:" + "|".join(BLOCKS) + r")\b[^>]*>", "\n", html)
    lines = unescape(re.sub(r"<[^>]+>", "", html)).split("\n")
    return "\n".join(line for line in map(str.strip, lines) if line)


def excerpt(html: str, limit: int = 110) -> str:
    """The first `limit` characters, with … where cut, of what stands before `MORE`, or of the whole.

    Of the paragraphs, or where there are none of lists and headings.
    """
    before, _, _ = html.partition(MORE)
    text = _words(before, limit) or _words(html, limit)
    return text if len(text) <= limit else text[:limit].rstrip("，、；：,;: ") + "…"


def _words(html: str, limit: int) -> str:
    text = ""
    for paragraph in re.finditer(r"<p\b[^>]*>(.*?)</p>", html, re.DOTALL):
        text += _STAND_IN.sub("", plain(paragraph[1])).replace("\n", " ").strip()
        if len(text) > limit:
            return text
    return text or " ".join(_STAND_IN.sub("", plain(_NO_WORDS.sub("", html))).split())


def length(text: str) -> int:
    """字数 as word processors count it: each Chinese character one, each Latin word or number one."""
    return len(_COUNTED.findall(text))


def contents(html: str) -> list[Heading]:
    """The headings of safe HTML, in order."""
    found = re.finditer(r'<h([2-6]) id="([\w-]+)">(.*?)</h\1>', html, re.DOTALL)
    return [Heading(int(h[1]), h[2], plain(h[3]).replace("\n", " ")) for h in found]


def first_picture(html: str) -> str:
    """The address of the first picture that lies on this site, or nothing."""
    found = PICTURE.search(html)
    return found[0] if found else ""


def _without_unseen(raw: str) -> str:
    """Drop what no browser shows; bleach would make it harmless but show its content as text."""
    ends = {found[1].lower(): found.start() for found in re.finditer(r"</(script|style|title)\b", raw, re.IGNORECASE)}
    kept, at = [], 0
    for found in re.finditer(r"<(script|style|title)\b", raw, re.IGNORECASE):
        name = found[1].lower()
        if at <= found.start() < ends.get(name, 0):
            kept.append(raw[at : found.start()])
            end = re.compile(rf"</{name}\b", re.IGNORECASE).search(raw, found.end())
            at = raw.find(">", end.start()) + 1 or len(raw)
    return "".join([*kept, raw[at:]])


def _with_links(raw: str) -> str:
    """A link in the place of each player (no page asks another host for anything), and a mark where a summary ends."""
    if "<!--" in raw:
        raw = _MORE.sub(MORE, raw, count=1)
    return _PLAYER.sub(_link_to_player, raw)


def _link_to_player(found: re.Match[str]) -> str:
    address = f"https:{found[2]}" if found[2].startswith("//") else found[2]
    kind = "嵌入" if found[1].lower() == "iframe" else "视频"
    return f'<a href="{address}">〔{kind}：{address.split("/")[2]}〕</a>'


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "div" and _SCROLL.get(name) == value:
        return True
    if name == "class":
        return all(CLASSES.fullmatch(word) for word in value.split())
    if name == "id" and tag in HEADINGS:  # read by _Typeset, then replaced
        return True
    if name == "id":
        return (tag, value) == ("span", "more") or bool(re.fullmatch(r"fn(ref)?\d*:[\w-]{1,60}", value))
    if name == "style":  # read by _Typeset for the alignment of cells and paragraphs, then dropped
        return tag in BLOCKS
    return name in _ATTRIBUTES.get(tag, ()) or name in ("title", "lang")


_ATTRIBUTES = {
    "a": ("href",),
    "img": ("src", "alt", "width", "height"),
    "th": ("colspan", "rowspan", "scope"),
    "td": ("colspan", "rowspan"),
    "ol": ("start", "reversed", "type"),
    "details": ("open",),
}


_SCROLL = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "表格"}


class _Typeset(Filter):
    """After bleach: heading levels and ids, this site's pictures only, alignment as a class, Chinese line ends."""

    def __iter__(self) -> Iterator[dict]:
        tokens = list(map(_without_entity, super().__iter__()))
        self.shift = any(token.get("name") == "h1" for token in tokens)
        self.headings = self.pictures = self.links = 0
        self.places = _places(tokens) if any(map(_leads_inside, tokens)) else {}
        self.scrolls: list[bool] = []
        self.before: dict = {}
        for token in _set_lines(tokens):
            if token["type"] in ("StartTag", "EndTag", "EmptyTag"):
                yield from self._tag(token)
            else:
                yield token
            self.before = token

    def _tag(self, token: dict) -> Iterator[dict]:
        name, start = token["name"], token["type"] != "EndTag"
        if start:
            _align(token["data"])
            # So that a tag ends at its first >, for `plain` and its like.
            token["data"] = {name: value.replace(">", "&gt;") for name, value in token["data"].items()}
        if name in HEADINGS:
            self._heading(token, start)
        special = {"img": self._picture, "a": self._link, "table": self._table}.get(name)
        yield from special(token, start) if special else [token]

    def _heading(self, token: dict, start: bool) -> None:
        # The page's title is its h1, so a text with h1 moves down a level.
        token["name"] = f"h{min(6, int(token['name'][1]) + self.shift)}"
        if start:
            self.headings += 1
            token["data"] = {(None, "id"): f"section-{self.headings}"}

    def _link(self, token: dict, start: bool) -> Iterator[dict]:
        # Inside a table HTML lets links nest.
        outermost = self.links == (0 if start else 1)
        self.links += 1 if start else -1
        if start and _leads_inside(token):
            place = self.places.get(_slug(unquote(token["data"][_HREF])))
            token["data"][_HREF] = f"#{place}" if place else token["data"][_HREF]
        if outermost:
            yield token

    def _table(self, token: dict, start: bool) -> Iterator[dict]:
        """A box that scrolls goes around a table, unless the text has it from an earlier pass."""
        if start:
            self.scrolls.append(self.before.get("data") != _attributes(_SCROLL))
            if self.scrolls[-1]:
                yield _start("div", _SCROLL)
        yield token
        if not start and self.scrolls.pop():
            yield {"type": "EndTag", "name": "div", "namespace": None}

    def _picture(self, token: dict, start: bool) -> Iterator[dict]:
        src, alt = (token["data"].get((None, name), "") for name in ("src", "alt"))
        found = PICTURE.fullmatch(src)
        if found:
            self.pictures += 1
            lazy = {"loading": "lazy"} if self.pictures > 1 else {}
            extra = {"src": src, "alt": alt, "width": found[1], "height": found[2], "decoding": "async", **lazy}
            yield _start("img", extra, type="EmptyTag")
            return
        # No page asks another host for anything: a picture elsewhere becomes a link to it.
        words = {"type": "Characters", "data": f"〔图片：{unescape(alt)}〕" if alt else "〔图片〕"}
        if src.lower().startswith(("https://", "http://")) and not self.links:
            yield _start("a", {"href": src})
            yield words
            yield {"type": "EndTag", "name": "a", "namespace": None}
        else:
            yield words


_HREF = (None, "href")


def _leads_inside(token: dict) -> bool:
    return token.get("name") == "a" and token["type"] == "StartTag" and token["data"].get(_HREF, "")[:1] == "#"


def _slug(text: str) -> str:
    """A heading's words as GitHub, Hugo and Hexo make an address of them: `1. 开始 Now` → `1-开始-now`."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", text.strip().lower()))


def _places(tokens: list[dict]) -> dict[str, str]:
    """The id that each heading gets, by its slug (a second one of the same words is -1) and by the id that it had."""
    slugs, own, times, words, number = {}, {}, Counter(), None, 0
    for token in tokens:
        if token.get("name") in HEADINGS and token["type"] == "StartTag":
            number, words = number + 1, []
            own.setdefault(_slug(token["data"].get((None, "id"), "")), f"section-{number}")
        elif token.get("name") in HEADINGS and words is not None:
            slug = _slug("".join(words))
            slugs.setdefault(f"{slug}-{times[slug]}" if times[slug] else slug, f"section-{number}")
            times[slug], words = times[slug] + 1, None
        elif words is not None:
            words.append(token.get("data") if token["type"] in ("Characters", "SpaceCharacters") else "")
    own.pop("", None)
    return slugs | own


def _start(name: str, attributes: dict[str, str], type: str = "StartTag") -> dict:
    return {"type": type, "name": name, "namespace": None, "data": _attributes(attributes)}


def _attributes(named: dict[str, str]) -> dict:
    return {(None, name): value for name, value in named.items()}


def _align(attributes: dict) -> None:
    style = ALIGN.search(attributes.pop((None, "style"), ""))
    if style:
        attributes[None, "class"] = f"align-{style[1].lower()}"


def _without_entity(token: dict) -> dict:
    """`&nbsp;` and the like as the characters that they are."""
    if token["type"] != "Entity":
        return token
    return {"type": "Characters", "data": unescape(f"&{token['name']};")}


def _set_lines(tokens: list[dict]) -> Iterator[dict]:
    """Set the lines of each stretch between blocks; what is preformatted stays."""
    stretch, pre = [], 0
    for token in tokens:
        name = token.get("name")
        if pre or name in BLOCKS or name == "br":
            yield from _set_line(stretch)
            stretch = []
            yield token
            pre += {"StartTag": 1, "EndTag": -1}.get(token["type"], 0) if name == "pre" else 0
        else:
            stretch.append(token)
    yield from _set_line(stretch)


def _set_line(tokens: list[dict]) -> Iterator[dict]:
    """Drop typed indents, and line ends between Chinese characters, also across inline marks.

    The text is taken as one, with \\0 for each mark and \\1 for each picture or piece of code (bleach leaves neither
    character in a text), and put back between them.
    """
    text, others, code, aside = [], [], 0, 0
    for token in tokens:
        name, step = token.get("name"), {"StartTag": 1, "EndTag": -1}.get(token["type"], 0)
        words = token["type"] in ("Characters", "SpaceCharacters")
        if words and not code and not aside:
            text.append(token["data"])
            continue
        text.append("\1" if name == "img" or (words and code) else "\0")
        others.append(token)
        code += step if name in CODE else 0
        aside += step if name in ASIDE else 0
    pieces = re.split("[\0\1]", _GAP.sub(_gap, "".join(text)))
    for piece, other in zip_longest(pieces, others):
        if piece:
            yield {"type": "Characters", "data": piece}
        if other:
            yield other


_GAP = re.compile(f"[\0{SPACES}]+")


def _gap(found: re.Match[str]) -> str:
    gap, text = found[0], found.string
    marks = "\0" * gap.count("\0")
    if found.start() == 0 or found.end() == len(text):
        return marks
    if "\n" not in gap:
        return gap
    if closes_up(text[found.start() - 1], text[found.end()]):
        return marks
    before = gap.partition("\n")[0].count("\0")
    return marks[:before] + "\n" + marks[before:]


def _cleaner() -> bleach.Cleaner:
    # One for each call: bleach's parser keeps state, and two threads would mix their texts.
    return bleach.Cleaner(
        tags=BLOCKS | INLINE,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "tel"},
        strip=True,
        filters=[_Typeset],
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
    )

"""Safe HTML set as a Chinese page: heading levels and ids, pictures of this site, line ends, alignment, tables.

It comes after bleach, and only ever narrows what that let through or adds attributes of our own.
"""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from itertools import zip_longest
from urllib.parse import unquote

from bleach.html5lib_shim import Filter

from dengxia import images
from dengxia.han import closes_up

BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd table thead tbody tfoot tr th td caption pre hr div figure"
    " figcaption details summary".split()
)
INLINE = frozenset(
    "a img br strong b em i u s del ins mark sub sup small code kbd samp ruby rb rt rp abbr q cite span".split()
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
ALIGN = re.compile(r"text-align:\s*(center|right)\b", re.IGNORECASE)
PICTURE = re.compile("/media/" + images.NAME.pattern)
# How wide a picture stands in the page (static/style.css): the column of text, on a telephone the screen.
SIZES = "(min-width: 45em) 684px, 100vw"
SPACES = " \t\n\u00a0\u2002\u2003\u3000"
CODE = ("code", "kbd", "samp")
# Small signs beside or above the words: what stands before them is what a line ends with.
ASIDE = ("sup", "rt", "rp")

SCROLL = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": "表格"}


class Typeset(Filter):
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
            self.scrolls.append(self.before.get("data") != _attributes(SCROLL))
            if self.scrolls[-1]:
                yield _start("div", SCROLL)
        yield token
        if not start and self.scrolls.pop():
            yield {"type": "EndTag", "name": "div", "namespace": None}

    def _picture(self, token: dict, start: bool) -> Iterator[dict]:
        src, alt = (token["data"].get((None, name), "") for name in ("src", "alt"))
        found = PICTURE.fullmatch(src)
        if found:
            self.pictures += 1
            lazy = {"loading": "lazy"} if self.pictures > 1 else {}
            extra = {"src": src, "alt": alt, "width": found[2], "height": found[3], "decoding": "async", **lazy}
            yield _start("img", extra | _srcset(src), type="EmptyTag")
            return
        # No page asks another host for anything: a picture elsewhere becomes a link to it.
        words = {"type": "Characters", "data": f"〔图片：{unescape(alt)}〕" if alt else "〔图片〕"}
        if src.lower().startswith(("https://", "http://")) and not self.links:
            yield _start("a", {"href": src})
            yield words
            yield {"type": "EndTag", "name": "a", "namespace": None}
        else:
            yield words


def _srcset(src: str) -> dict[str, str]:
    """The other forms of a picture, if there are any."""
    forms = images.forms(src.removeprefix("/media/"))
    if len(forms) == 1:
        return {}
    return {"srcset": ", ".join(f"/media/{name} {width}w" for name, width in forms.items()), "sizes": SIZES}


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

"""Markdown or HTML in, safe HTML and plain text out: the only place that sanitises.

Everything that a writer or an import gives is hostile. It passes bleach's allow-list once, when it is written, then
`_Typeset` below, which only ever narrows what bleach let through or adds attributes of our own.
"""

import re
from collections.abc import Iterator
from html import escape, unescape
from itertools import takewhile, zip_longest
from typing import NamedTuple

import bleach
import markdown
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter

from dengxia.han import HAN, closes_up

BLOCKS = frozenset(
    "p h1 h2 h3 h4 h5 h6 blockquote ul ol li dl dt dd table thead tbody tfoot tr th td caption pre hr div figure"
    " figcaption details summary".split()
)
INLINE = frozenset(
    "a img br strong b em i u s del ins mark sub sup small code kbd samp ruby rb rt rp abbr q cite span".split()
)
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CLASSES = re.compile(r"footnote(-ref|-backref)?|language-[\w+#-]{1,30}|align-(center|right)")
ALIGN = re.compile(r"text-align:\s*(center|right)\b", re.IGNORECASE)
PICTURE = re.compile(r"/media/[0-9a-f]{16,}-(\d+)x(\d+)\.(?:png|jpg|gif|webp|avif)")
SPACES = " \t\n\u00a0\u2002\u2003\u3000"
CODE = ("code", "kbd", "samp")
# Small signs beside or above the words: what stands before them is what a line ends with.
ASIDE = ("sup", "rt", "rp")
LIST_ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*+]|\d{1,9}[.)])(?P<gap> +(?=\S)|$)")
RULE = re.compile(r" {0,3}([-*_])(?: *\1){2,} *")
FENCE = re.compile(r"(?P<indent> *)(?P<mark>`{3,}|~{3,})[ {.]*(?P<language>[\w+#-]*)[^`]*")


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
    raw = _from_markdown(source) if format == "markdown" else source
    html = _cleaner().clean(_without_unseen(raw)).strip()
    return Rendered(html, plain(html))


def plain(html: str) -> str:
    """The words of safe HTML, a line for each block, without readings set above characters."""
    html = re.sub(r"<r[tp]\b[^>]*>.*?</r[tp]>|<a [^>]*footnote-(?:back)?ref[^>]*>.*?</a>", "", html, flags=re.DOTALL)
    html = re.sub(r"<br ?/?>|</?(?:" + "|".join(BLOCKS) + r")\b[^>]*>", "\n", html)
    lines = unescape(re.sub(r"<[^>]+>", "", html)).split("\n")
    return "\n".join(line for line in map(str.strip, lines) if line)


def excerpt(html: str, limit: int = 110) -> str:
    """The first `limit` characters of the paragraphs, with … where cut."""
    text = ""
    for paragraph in re.finditer(r"<p\b[^>]*>(.*?)</p>", html, re.DOTALL):
        text += plain(paragraph[1]).replace("\n", " ")
        if len(text) > limit:
            return text[:limit].rstrip("，、；：,;: ") + "…"
    return text


def length(text: str) -> int:
    """字数 as word processors count it: each Chinese character one, each Latin word or number one."""
    return len(re.findall(rf"[{HAN}]|[^\W_]+(?<![{HAN}])", re.sub(rf"([{HAN}])", r" \1 ", text)))


def contents(html: str) -> list[Heading]:
    """The headings of safe HTML, in order."""
    found = re.finditer(r'<h([2-6]) id="([\w-]+)">(.*?)</h\1>', html, re.DOTALL)
    return [Heading(int(h[1]), h[2], plain(h[3]).replace("\n", " ")) for h in found]


def first_picture(html: str) -> str:
    """The address of the first picture that lies on this site, or nothing."""
    found = PICTURE.search(html)
    return found[0] if found else ""


def _from_markdown(source: str) -> str:
    # One converter for each call: its extensions keep footnotes and references of the last text.
    return markdown.Markdown(
        extensions=["extra", "sane_lists", _AsCommonMark()],
        extension_configs={"extra": {"footnotes": {"BACKLINK_TITLE": "回到正文中注 {} 的位置"}}},
        output_format="html",
    ).convert(source)


class _Level(NamedTuple):
    """An open list item: how far its mark and its text are indented, and whether it has a number."""

    mark: int
    text: int
    numbered: bool


class _Blocks(markdown.preprocessors.Preprocessor):
    """Bring lists, fences and typed indents, as Hugo's and Hexo's writers use them, into Python-Markdown's form.

    Python-Markdown wants a blank line before a list, four spaces for each level, and no indent before a fence.
    """

    def run(self, lines: list[str]) -> list[str]:
        self.out: list[str] = []
        self.levels: list[_Level] = []
        self.apart = False  # whether the open item has gone on after an empty line
        rest = iter(lines)
        for line in rest:
            indent = len(line) - len(line.lstrip(" "))
            fence = FENCE.fullmatch(line)
            item = LIST_ITEM.match(line)
            if fence and self._open(indent):
                self._fenced(fence, rest)
            elif line.startswith(("<pre>", "<pre ")):
                self._raw(line, rest)
            elif item and self._open(indent) and self._begins(item) and not RULE.fullmatch(line):
                self._item(item, line)
            elif line.strip() and self.levels:
                self._inside(line, indent)
            else:
                # Writers who indent by hand begin a paragraph so, without a blank line.
                self.out += ["", line] if line.startswith("\u3000\u3000") else [line]
        return self.out

    def _open(self, indent: int) -> bool:
        """Whether this indent is not that of a code block."""
        return bool(self.levels) or indent < 4

    def _below_text(self) -> bool:
        return bool(self.out and self.out[-1].strip())

    def _begins(self, item: re.Match[str]) -> bool:
        """Whether an item may stand here: no year or amount at the start of a line makes a list of a paragraph."""
        if self.levels or not self._below_text():
            return True
        return bool(item["gap"]) and item["mark"] in ("-", "*", "+", "1.", "1)")

    def _fenced(self, fence: re.Match[str], rest: Iterator[str]) -> None:
        self.levels = self._above(len(fence["indent"]))
        indent, end = f" {{0,{len(fence['indent'])}}}", re.compile(f" *{fence['mark']}{fence['mark'][0]}* *")
        code = [re.sub(f"^{indent}", "", line) for line in takewhile(lambda line: not end.fullmatch(line), rest)]
        language = f' class="language-{fence["language"]}"' if fence["language"] else ""
        text = escape("\n".join(code).rstrip("\n"), quote=False)
        place = self.md.htmlStash.store(f"<pre><code{language}>{text}\n</code></pre>")
        self.out += ["", "    " * len(self.levels) + place, "", ""]

    def _raw(self, line: str, rest: Iterator[str]) -> None:
        self.levels = []
        self.out.append(line)
        while "</pre>" not in self.out[-1] and (line := next(rest, None)) is not None:
            self.out.append(line)

    def _item(self, item: re.Match[str], line: str) -> None:
        indent, numbered = len(item["indent"]), item["mark"][0].isdigit()
        other = any(level.mark == indent and level.numbered != numbered for level in self.levels)
        if self._below_text() and (self.apart or other or not self.levels):
            self.out.append("")
        self.apart = False
        self.levels = self._above(indent)
        self.out.append("    " * len(self.levels) + item["mark"].replace(")", ".") + " " + line[item.end() :])
        self.levels.append(_Level(indent, item.end(), numbered))

    def _inside(self, line: str, indent: int) -> None:
        """A line below a list item: its text goes on, or the list is over."""
        self.apart = self.apart or not self._below_text()
        if not indent and not self._below_text():
            self.levels = []
        levels = self._above(indent)
        # Four more than the item's text is code in it.
        more = indent - levels[-1].text if levels and not self._below_text() else 0
        self.out.append("    " * len(levels) + " " * (more if more >= 4 else 0) + line.lstrip(" "))

    def _above(self, indent: int) -> list[_Level]:
        return [level for level in self.levels if level.mark < indent]


class _AsCommonMark(markdown.Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:
        # Before fenced_code (25): what is fenced here, it does not see.
        md.preprocessors.register(_Blocks(md), "dengxia_blocks", 27)


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


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "div" and _SCROLL.get(name) == value:
        return True
    if name == "class":
        return all(CLASSES.fullmatch(word) for word in value.split())
    if name == "id":
        return bool(re.fullmatch(r"fn(ref)?\d*:[\w-]{1,60}", value))
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

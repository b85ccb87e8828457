"""Markdown or HTML in, safe HTML and plain text out: the only place that sanitises.

Everything that a writer or an import gives is hostile. It passes bleach's allow-list once, when it is written, then
`_Typeset` below, which only ever narrows what bleach let through or adds attributes of our own.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

import bleach
import markdown
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter

from dengxia.han import HAN, join_lines

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
INDENT = "\u3000\u00a0 \t"
LIST_ITEM = re.compile(r"( *)(?:[-*+]|\d{1,9}[.)])(?: +|$)")
FENCE = re.compile(r" *(`{3,}|~{3,})")


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
    # bleach makes these harmless but would show their content as text.
    raw = re.sub(r"<(script|style|title)\b.*?</\1\s*>|<!--.*?-->", "", raw, flags=re.IGNORECASE | re.DOTALL)
    html = _CLEANER.clean(raw).strip()
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


class _Lists(markdown.preprocessors.Preprocessor):
    """Let lists start right below a paragraph and nest by two or three spaces, as Hugo's and Hexo's writers do.

    Python-Markdown wants a blank line before a list and four spaces for each level.
    """

    def run(self, lines: list[str]) -> list[str]:
        out: list[str] = []
        indents: list[int] = []
        fence = ""
        for line in lines:
            mark = FENCE.match(line)
            if mark and (not fence or mark[1].startswith(fence)):
                fence = "" if fence else mark[1]
            item = None if fence or mark else LIST_ITEM.match(line)
            if item:
                if not indents and out and out[-1].strip() and len(item[1]) < 4:
                    out.append("")
                indents = [i for i in indents if i < len(item[1])]
                line = "    " * len(indents) + line.lstrip(" ") if len(item[1]) < 4 or indents else line
                indents.append(len(item[1]))
            elif indents and line.strip() and not line.startswith(" "):
                indents = indents if out[-1].strip() and not fence and not mark else []
            elif indents and line.strip() and not fence:
                line = "    " * len([i for i in indents if i < len(line) - len(line.lstrip(" "))]) + line.lstrip(" ")
            out.append(line)
        return out


class _AsCommonMark(markdown.Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:
        # Before fenced_code (25), which takes fenced blocks out of the text.
        md.preprocessors.register(_Lists(md), "dengxia_lists", 27)


def _allowed(tag: str, name: str, value: str) -> bool:
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


class _Typeset(Filter):
    """After bleach: heading levels and ids, this site's pictures only, alignment as a class, Chinese line ends."""

    def __iter__(self) -> Iterator[dict]:
        tokens = list(super().__iter__())
        self.shift = any(token.get("name") == "h1" for token in tokens)
        self.headings = self.pictures = self.links = 0
        for token in _set_lines(tokens):
            if token["type"] in ("StartTag", "EndTag", "EmptyTag"):
                yield from self._tag(token)
            else:
                yield token

    def _tag(self, token: dict) -> Iterator[dict]:
        name, start = token["name"], token["type"] != "EndTag"
        if name == "img":
            yield from self._picture(token["data"])
            return
        if name == "a":
            self.links += 1 if start else -1
        if name in HEADINGS:
            self._heading(token, start)
        if start:
            _align(token["data"])
        if name == "table" and start:
            yield _start("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "表格"})
        yield token
        if name == "table" and not start:
            yield {"type": "EndTag", "name": "div", "namespace": None}

    def _heading(self, token: dict, start: bool) -> None:
        # The page's title is its h1, so a text with h1 moves down a level.
        token["name"] = f"h{min(6, int(token['name'][1]) + self.shift)}"
        if start:
            self.headings += 1
            token["data"] = {(None, "id"): f"section-{self.headings}"}

    def _picture(self, attributes: dict) -> Iterator[dict]:
        src, alt = attributes.get((None, "src"), ""), attributes.get((None, "alt"), "")
        found = PICTURE.fullmatch(src)
        if found:
            self.pictures += 1
            lazy = {"loading": "lazy"} if self.pictures > 1 else {}
            extra = {"src": src, "alt": alt, "width": found[1], "height": found[2], "decoding": "async", **lazy}
            yield _start("img", extra, type="EmptyTag")
            return
        # No page asks another host for anything: a picture elsewhere becomes a link to it.
        words = {"type": "Characters", "data": f"〔图片：{alt}〕" if alt else "〔图片〕"}
        if src.startswith(("https://", "http://")) and not self.links:
            yield _start("a", {"href": src})
            yield words
            yield {"type": "EndTag", "name": "a", "namespace": None}
        else:
            yield words


def _start(name: str, attributes: dict[str, str], type: str = "StartTag") -> dict:
    return {"type": type, "name": name, "namespace": None, "data": {(None, k): v for k, v in attributes.items()}}


def _align(attributes: dict) -> None:
    style = ALIGN.search(attributes.pop((None, "style"), ""))
    if style:
        attributes[None, "class"] = f"align-{style[1].lower()}"


def _set_lines(tokens: list[dict]) -> Iterator[dict]:
    """Drop typed indents at the start of a line, and line ends between Chinese characters, also across inline marks."""
    last, pending, start, pre = "", "", True, 0
    for token in tokens:
        if token["type"] in ("Characters", "SpaceCharacters") and not pre:
            text = token["data"].lstrip(INDENT + "\n") if start else join_lines(last + pending + token["data"])
            text = text.removeprefix("" if start else last)
            kept = text.rstrip(" \t\n")
            pending = text[len(kept) :] if "\n" in text[len(kept) :] else ""
            text = text[: len(text) - len(pending)]
            if text:
                last, start = text[-1], False
                yield {"type": "Characters", "data": text}
            continue
        name = token.get("name")
        pre += {"StartTag": 1, "EndTag": -1}.get(token["type"], 0) if name == "pre" else 0
        if name not in INLINE or name in ("br", "img"):
            if pending:
                yield {"type": "SpaceCharacters", "data": pending}
            last, pending, start = "", "", name in BLOCKS or name == "br"
        yield token


_CLEANER = bleach.Cleaner(
    tags=BLOCKS | INLINE,
    attributes=_allowed,
    protocols={"http", "https", "mailto", "tel"},
    strip=True,
    filters=[_Typeset],
    css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
)

"""Markdown or HTML in, safe HTML and plain text out: the only place that sanitises.

Everything that a writer or an import gives is hostile. It passes bleach's allow-list once, when it is written, then
`typeset.py`, which only ever narrows what bleach let through.
"""

import re
from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple

import bleach
from bleach.css_sanitizer import CSSSanitizer

from dengxia import commonmark
from dengxia.han import HAN
from dengxia.typeset import BLOCKS, HEADINGS, INLINE, PICTURE, SCROLL, Typeset

_CHINESE, _OTHER = re.compile(rf"[{HAN}]+"), re.compile(r"[^\W_]+")
CLASSES = re.compile(r"footnote(-ref|-backref)?|language-[\w+#-]{1,30}|align-(center|right)")
# Where a summary ends, as Hexo, Hugo and Jekyll have it said, and what becomes of that.
MORE, _MORE = '<span id="more"></span>', re.compile(r"<!--\s*more\s*-->", re.IGNORECASE)
_PLAYER = re.compile(
    r"<(iframe|video|audio|source)\b(?=[^>]{0,1000}?\ssrc\s{0,9}=\s{0,9}[\"']?((?:https?:)?//[^\s\"'<>]+))[^>]{0,2000}>",
    re.IGNORECASE,
)
# What stands for a picture or a player, and Markdown pictures that are none (an address with a blank).
_STAND_IN = re.compile(r"\n?〔(?:图片|视频|嵌入)(?:：[^〕]{0,500})?〕|!\[[^\]]{0,200}\]\([^)]{0,500}\)?")
_NO_WORDS = re.compile(r"<(pre|table)\b.*?</\1>", re.DOTALL)


class Rendered(NamedTuple):
    """Safe HTML, and the text without marks (a line for each block)."""

    html: str
    text: str


class Heading(NamedTuple):
    level: int
    id: str
    text: str


class Tags(HTMLParser):
    """Python's reader of HTML, which stumbles over the `<![if …]>` of Word that it does not know."""

    def parse_marked_section(self, place: int, report: int = 1) -> int:
        return self.parse_bogus_comment(place, report)


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
    others = _CHINESE.sub(" ", text)
    return sum(map(len, _CHINESE.findall(text))) + len(_OTHER.findall(others))


def contents(html: str) -> list[Heading]:
    """The headings of safe HTML, in order."""
    found = re.finditer(r'<h([2-6]) id="([\w-]+)">(.*?)</h\1>', html, re.DOTALL)
    return [Heading(int(h[1]), h[2], plain(h[3]).replace("\n", " ")) for h in found]


def first_picture(html: str) -> str:
    """The address of the first picture that lies on this site, or nothing."""
    found = PICTURE.search(html)
    return found[0] if found else ""


def pictures(html: str) -> list[str]:
    """The names of this site's pictures that safe HTML shows or leads to, or that an address is of."""
    return list(dict.fromkeys(found[0].removeprefix("/media/") for found in PICTURE.finditer(html)))


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
    if tag == "div" and SCROLL.get(name) == value:
        return True
    if name == "class":
        return all(CLASSES.fullmatch(word) for word in value.split())
    if name == "id" and tag in HEADINGS:  # read by Typeset, then replaced
        return True
    if name == "id":
        return (tag, value) == ("span", "more") or bool(re.fullmatch(r"fn(ref)?\d*:[\w-]{1,60}", value))
    if name == "style":  # read by Typeset for the alignment of cells and paragraphs, then dropped
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


def _cleaner() -> bleach.Cleaner:
    # One for each call: bleach's parser keeps state, and two threads would mix their texts.
    return bleach.Cleaner(
        tags=BLOCKS | INLINE,
        attributes=_allowed,
        protocols={"http", "https", "mailto", "tel"},
        strip=True,
        filters=[Typeset],
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
    )

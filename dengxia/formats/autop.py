"""A text as WordPress keeps it, in HTML: paragraphs where blank lines stand, no marks of its editor, captions.

Every walk here goes once over the text: what is opened a thousand times and never closed takes no longer.
"""

import re
from collections import Counter
from collections.abc import Iterator

# What holds paragraphs; what holds words; what holds neither.
_HOLDERS = frozenset("blockquote div section article main aside header footer center form fieldset details".split())
_CELLS = frozenset("li dd td th".split())
_LINES = _CELLS | frozenset("p h1 h2 h3 h4 h5 h6 dt caption figcaption summary address legend".split())
_OTHERS = frozenset("ul ol dl table thead tbody tfoot tr colgroup figure iframe video audio noscript".split())
_RAW = frozenset("pre script style textarea".split())
_NAMES = "|".join(sorted(_HOLDERS | _LINES | _OTHERS | _RAW | {"hr", "col"}, key=len, reverse=True))
_TAG = re.compile(rf"<(?P<close>/?)(?P<name>{_NAMES})\b[^<>]*>|<!--", re.IGNORECASE)
_MARK = re.compile(r"<!--\s*(/?)wp:[a-z]")
_CAPTION = re.compile(r"\[(?:wp_)?caption\b([^\[\]]*)\]", re.IGNORECASE)
_CAPTION_END = re.compile(r"\[/(?:wp_)?caption\]", re.IGNORECASE)
_PICTURE = re.compile(r"\s*((?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?)(.*)", re.DOTALL | re.IGNORECASE)
_EMBED = re.compile(r"\[embed\b[^\[\]]*\]\s*(https?://[^\s\[\]\"'<>]+)\s*\[/embed\]", re.IGNORECASE)
_SHORTCODE = re.compile(r"\[([a-z][a-z0-9_-]+)(?:[\s/][^\[\]]*)?\](?!\()", re.IGNORECASE)


def to_html(text: str) -> tuple[str, Counter[str]]:
    """The text in HTML, and how often each shortcode stands in it that was left as it is."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _EMBED.sub(r'<a href="\1">\1</a>', "".join(_captioned(text)))
    shortcodes = Counter(found[1].lower() for found in _SHORTCODE.finditer(text))
    return "".join(_pieces(text)).strip(), shortcodes


def _captioned(text: str) -> Iterator[str]:
    at = 0
    for end in _CAPTION_END.finditer(text):
        before = text[at : end.start()]
        begin = next(reversed([*_CAPTION.finditer(before)]), None)
        picture = begin and _PICTURE.fullmatch(before, begin.end())
        if picture:
            told = re.search(r"\bcaption=([\"'])(.*?)\1", begin[1])
            words = picture[2].strip() or (told[2] if told else "")
            yield f"{before[: begin.start()]}\n<figure>{picture[1]}<figcaption>{words}</figcaption></figure>\n"
        else:
            yield text[at : end.end()]
        at = end.end()
    yield text[at:]


def _pieces(text: str) -> Iterator[str]:
    """Blocks of the new editor as they are; what stands between them, and all of an older text, in paragraphs."""
    ends = {name: max((found.start() for found in _closer(name).finditer(text)), default=-1) for name in ("--", *_RAW)}
    at, blocks, within = 0, 0, _Within()
    while found := _TAG.search(text, at):
        before = text[at : found.start()]
        yield before if blocks else within.set(before)
        name = (found["name"] or "--").lower()
        if name in ends and not found["close"] and found.end() <= ends[name]:
            at = _closer(name).search(text, found.end()).end()
        else:
            at = found.end()
        piece = text[found.start() : at]
        if mark := _MARK.match(piece):
            blocks = max(0, blocks + (-1 if mark[1] else not piece.endswith("/-->")))
        else:
            within.see(name, bool(found["close"]))
            yield piece
    yield text[at:] if blocks else within.set(text[at:])


def _closer(name: str) -> re.Pattern[str]:
    return re.compile("-->" if name == "--" else rf"</{name}\s*>", re.IGNORECASE)


class _Within:
    """What is open where the walk stands."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._count: Counter[str] = Counter()

    def see(self, name: str, close: bool) -> None:
        if name not in _HOLDERS | _LINES | _OTHERS:
            return
        if close or (name in _LINES and self._open and self._open[-1] == name):
            while self._count[name]:
                last = self._open.pop()
                self._count[last] -= 1
                if last == name:
                    break
        if not close:
            self._open.append(name)
            self._count[name] += 1

    def set(self, text: str) -> str:
        """Words in the paragraphs or lines that they are in here."""
        holder = self._open[-1] if self._open else ""
        paragraphs = re.split(r"\n\s*\n", text.strip())
        if not holder or holder in _HOLDERS or (holder in _CELLS and len(paragraphs) > 1):
            return "".join(f"<p>{_with_breaks(paragraph)}</p>\n" for paragraph in paragraphs if paragraph)
        return _with_breaks(text.strip("\n")) if holder in _LINES else text


def _with_breaks(text: str) -> str:
    return re.sub(r"(?:<br\s*/?>[ \t]*)?\n", "<br>\n", text)

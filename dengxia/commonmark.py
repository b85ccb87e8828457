"""Markdown as Chinese writers type it: CommonMark, and what Hugo, Hexo and Jekyll accept besides.

CommonMark alone leaves `**重点：**后文` as it stands (for the sign beside the stars), takes `List<T>` for a tag and
`##标题` for text. Raw HTML goes through; `markup.py` makes it safe.
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, backtick, image
from markdown_it.rules_inline.state_inline import Scanned
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin

from dengxia.han import HAN, SIGNS

# The elements of HTML, living and dead, and the outer ones of what may stand in it.
TAGS = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blockquote body br button"
    " canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed"
    " fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe"
    " img input ins kbd label legend li link main map mark marquee math menu meta meter nav nobr noframes noscript"
    " object ol optgroup option output p param picture plaintext pre progress q rb rp rt rtc ruby s samp script search"
    " section select slot small source span strike strong style sub summary sup svg table tbody td template textarea"
    " tfoot th thead time title tr track tt u ul var video wbr xmp".split()
)
_WIDE = re.compile(f"[{HAN}{SIGNS}]")
_TAG = re.compile(r"\s*</?([A-Za-z][A-Za-z0-9-]*)")
_ADDRESS = re.compile(r"https?://[!-~]*[A-Za-z0-9/#=&_~+%-]")
_TIGHT_HEADING = re.compile(rf"(#{{2,6}})([^#\s].*?)#*\s*|(#)([{HAN}].*?)#*\s*")
_TASK = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
# Lines by which other programs are asked for a table of contents or told attributes.
_ORDER = re.compile(r"\[toc\]|[*-] TOC|\{:[^}\n]*\}", re.IGNORECASE)
# A paragraph's indent, typed.
_INDENT = re.compile("(?:[\u3000\u2003]|&emsp;|&#12288;){2}")
# Attributes (Hugo, kramdown, Pandoc) behind a heading's words, and behind a link, picture, code or marked words.
_HEADING_BRACES = re.compile(r"\s*\{(?::\s*)?([#.][^{}\n]{0,200})\}\s*$")
_BRACES = re.compile(r"\A\{(?:[:#.]|\w+=)[^{}\n]{0,200}\}")
_BEFORE_BRACES = frozenset(["image", "link_close", "code_inline", "strong_close", "em_close", "s_close"])
# `python {1-3}`, `{.python .numbered}`, `{python}`
_LANGUAGE = re.compile(r"\s*(?:\{\.?)?([\w+#-]+)(?![\w=])")
_OPENED = re.compile(r"\(\s*")
_TELLING = re.compile(r"[!{<]")


def to_html(source: str) -> str:
    """Turn Markdown into HTML, not yet safe."""
    return _PARSER.render(source)


def with_breaks(source: str) -> str:
    """Make each line end inside a paragraph one that shows, as Hexo does by default."""
    lines = source.split("\n")
    for token in _PARSER.parse(source):
        if token.type == "paragraph_open":
            first, end = token.map
            lines[first : end - 1] = [line.rstrip() + "  " for line in lines[first : end - 1]]
    return "\n".join(lines)


def parsed(source: str) -> tuple[list[Token], list[dict]]:
    """The tokens of a text, each block's own after it, and its definitions of references (`href`, `map`: lines).

    `meta["written"]` of a picture or a piece of code is how it stands in the text; `meta["address"]` of a picture is
    where its address stands in that and what it is, unless it only refers to a definition.
    """
    env: dict = {}
    tokens = [inner for token in _PARSER.parse(source, env) for inner in (token, *(token.children or ()))]
    return tokens, [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]


def outside_code(source: str, tokens: Sequence[Token], change: Callable[[str], str]) -> str:
    """Change a text except its code; `tokens` are of `parsed(source)`."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\0{len(kept) - 1}\0"

    lines: list[str | None] = [*source.split("\n")]
    for token in tokens:
        if token.type in ("fence", "code_block"):
            first, end = token.map[0], min(token.map[1], len(lines))
            lines[first:end] = [keep("\n".join(lines[first:end])), *[None] * (end - first - 1)]
    text = "\n".join(line for line in lines if line is not None)
    spans = {token.meta["written"] for token in tokens if token.type == "code_inline"}
    for span in sorted(filter(_TELLING.search, spans), key=len, reverse=True):
        text = text.replace(span, keep(span))
    return re.sub("\0(\\d+)\0", lambda found: kept[int(found[1])], change(text))


class _State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        """Beside Chinese a run of marks may open and close wherever no space forbids it."""
        found = super().scanDelims(start, canSplitWord)
        before, after = self.src[max(0, start - 1) : start], self.src[start + found.length : start + found.length + 1]
        if canSplitWord and (_WIDE.match(before) or _WIDE.match(after)):
            return Scanned(bool(after.strip()), bool(before.strip()), found.length)
        return found


class _Inline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: dict, tokens: list[Token]) -> list[Token]:
        state = _State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def _tight_heading(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    """`##标题`, without the space that CommonMark wants; a single # only before Chinese (#include is text)."""
    start, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    found = None if state.is_code_block(line) else _TIGHT_HEADING.fullmatch(state.src[start:end])
    if found and not silent:
        marks, words = (found[1], found[2]) if found[1] else (found[3], found[4])
        state.line = line + 1
        state.push("heading_open", f"h{len(marks)}", 1).map = [line, line + 1]
        inline = state.push("inline", "", 0)
        inline.content, inline.map, inline.children = words.strip(), [line, line + 1], []
        state.push("heading_close", f"h{len(marks)}", -1)
    return bool(found)


def _order(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    """Pass over a line that asks another program for something."""
    start = state.bMarks[line] + state.tShift[line]
    found = state.src[start : start + 1] in ("[", "*", "-", "{") and not state.is_code_block(line)
    found = found and bool(_ORDER.fullmatch(state.src[start : state.eMarks[line]].rstrip()))
    if found and not silent:
        state.line = line + 1
    return found


def _indent(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    """A typed indent ends the paragraph before it; in a list, whose items writers indent as they like, it does not."""
    return silent and not state.blkIndent and bool(_INDENT.match(state.src, state.bMarks[line] + state.tShift[line]))


def _image(state: StateInline, silent: bool) -> bool:
    """Note how a picture is written, and where its address stands in that."""
    start = state.pos
    found = image(state, silent)
    if found and not silent:
        written = state.src[start : state.pos]
        meta = state.tokens[-1].meta
        meta["written"] = written
        opened = _OPENED.match(state.src, state.md.helpers.parseLinkLabel(state, start + 1, False) + 1)
        if opened and written.endswith(")"):
            address = state.md.helpers.parseLinkDestination(state.src, opened.end(), state.pos)
            if address.ok:
                meta["address"] = (opened.end() - start, address.pos - start, address.str)
    return found


def _backtick(state: StateInline, silent: bool) -> bool:
    start, count = state.pos, len(state.tokens)
    found = backtick(state, silent)
    if found and len(state.tokens) > count and state.tokens[-1].type == "code_inline":
        state.tokens[-1].meta["written"] = state.src[start : state.pos]
    return found


def _drop_braces(state: StateCore) -> None:
    """`## 题 {#id}`, `[文](/a){:target="_blank"}`: only the id of a heading is kept, for links that lead to it."""
    if "{" not in state.src:
        return
    for opened, token in pairwise(state.tokens):
        if token.type == "inline" and "{" in token.content and token.children:
            for before, child in pairwise(token.children):
                if child.type == "text" and before.type in _BEFORE_BRACES:
                    child.content = _BRACES.sub("", child.content)
            if opened.type == "heading_open" and token.children[-1].type == "text":
                _drop_heading_braces(opened, token.children[-1])


def _drop_heading_braces(opened: Token, words: Token) -> None:
    found = _HEADING_BRACES.search(words.content)
    if found:
        words.content = words.content[: found.start()]
        named = re.search(r"#([^\s.]+)", found[1])
        opened.attrs |= {"id": named[1]} if named else {}


def _link_addresses(state: StateCore) -> None:
    """Link web addresses that stand in the text: ASCII only, so that `见https://a.com/x，好` ends where it should."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        depth, out = 0, []
        for child in token.children or []:
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            if child.type == "html_inline" and child.content[:2].lower() in ("<a", "</"):
                depth += 1 if re.match("<a[ >]", child.content, re.IGNORECASE) else -(child.content.lower() == "</a>")
            out += _linked(child) if child.type == "text" and depth == 0 and "://" in child.content else [child]
        token.children = out


def _linked(token: Token) -> list[Token]:
    out, at = [], 0
    for found in _ADDRESS.finditer(token.content):
        opened, closed = Token("link_open", "a", 1, attrs={"href": found[0]}), Token("link_close", "a", -1)
        out += [_text(token.content[at : found.start()]), opened, _text(found[0]), closed]
        at = found.end()
    return [*out, _text(token.content[at:])]


def _text(words: str) -> Token:
    return Token("text", "", 0, content=words)


def _tick_tasks(state: StateCore) -> None:
    """`- [ ] 做` → ☐ 做."""
    for item, _, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if item.type == "list_item_open" and inline.type == "inline" and inline.children:
            mark = _TASK.get(inline.content[:4])
            if mark and inline.children[0].content.startswith(inline.content[:4]):
                inline.children[0].content = mark + inline.children[0].content[4:]


def _html(_renderer, tokens: Sequence[Token], index: int, _options, _env) -> str:
    """Raw HTML as it is; what only looks like it (`List<T>`) as text."""
    content = tokens[index].content
    tag = _TAG.match(content)
    return escape(content, quote=False) if tag and tag[1].lower() not in TAGS else content


def _fence(renderer: RendererHTML, tokens: Sequence[Token], index: int, options, env) -> str:
    language = _LANGUAGE.match(tokens[index].info)
    tokens[index].info = language[1] if language else ""
    return RendererHTML.fence(renderer, tokens, index, options, env)


def _verbatim(mark: str):
    return lambda _renderer, tokens, index, _options, _env: escape(f"{mark}{tokens[index].content}{mark}", quote=False)


def _note_mark(_renderer, tokens: Sequence[Token], index: int, _options, _env) -> str:
    number, again = tokens[index].meta["id"] + 1, tokens[index].meta.get("subId", 0)
    place = f"fnref:{number}-{again}" if again else f"fnref:{number}"
    return f'<sup id="{place}"><a class="footnote-ref" href="#fn:{number}">{number}</a></sup>'


def _note_back(_renderer, tokens: Sequence[Token], index: int, _options, _env) -> str:
    number, again = tokens[index].meta["id"] + 1, tokens[index].meta.get("subId", 0)
    place = f"fnref:{number}-{again}" if again else f"fnref:{number}"
    return f' <a class="footnote-backref" href="#{place}" title="回到正文中注 {number} 的位置">\u21a9\ufe0e</a>'


def _made() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True})
    inline = _Inline()
    inline.ruler, inline.ruler2 = parser.inline.ruler, parser.inline.ruler2
    parser.inline = inline
    parser.enable(["table", "strikethrough"]).use(footnote_plugin).use(deflist_plugin)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False)
    parser.block.ruler.before("heading", "tight_heading", _tight_heading, {"alt": ["paragraph", "blockquote"]})
    parser.block.ruler.before("list", "order", _order, {"alt": ["paragraph", "blockquote"]})
    parser.block.ruler.before("paragraph", "indent", _indent, {"alt": ["paragraph"]})
    parser.inline.ruler.at("image", _image)
    parser.inline.ruler.at("backticks", _backtick)
    parser.core.ruler.push("drop_braces", _drop_braces)
    parser.core.ruler.push("link_addresses", _link_addresses)
    parser.core.ruler.push("tick_tasks", _tick_tasks)
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("html_inline", _html)
    parser.add_render_rule("html_block", _html)
    parser.add_render_rule("math_inline", _verbatim("$"))
    parser.add_render_rule("math_block", lambda *given: f"<p>{_verbatim('$$')(*given)}</p>")
    parser.add_render_rule("footnote_ref", _note_mark)
    parser.add_render_rule("footnote_anchor", _note_back)
    parser.add_render_rule("footnote_open", lambda _r, t, i, _o, _e: f'<li id="fn:{t[i].meta["id"] + 1}">')
    parser.add_render_rule("footnote_block_open", lambda *_: '<div class="footnote"><hr><ol>')
    parser.add_render_rule("footnote_block_close", lambda *_: "</ol></div>")
    return parser


_PARSER = _made()

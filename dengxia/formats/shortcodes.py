"""The shortcodes of Hexo, Hugo and Jekyll that have a form in Markdown; the others stay in the text as they stand."""

import re
from collections.abc import Iterator

SIGN = re.compile(r"\{%|\{\{[<%]")
PICTURE = re.compile(r"[^\n\"'<>]+\.(?:png|jpe?g|gif|webp|avif|svg|bmp)", re.IGNORECASE)
_TAG = re.compile(
    r"\{%-?\s*(?P<tag>asset_img|(?:end)?(?:raw|codeblock|highlight))(?=[\s%-])(?P<said>[^\n]{0,1000}?)-?%\}"
    r"|\{\{[<%]\s*(?P<code>figure|/?highlight)(?=[\s>%])(?P<told>[^{}]{0,1000}?)/?\s*[>%]\}\}"
)
_CLOSERS = {"raw": "endraw", "codeblock": "endcodeblock", "{%highlight": "endhighlight", "highlight": "/highlight"}
_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|(\S+)")
_NAMED = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|`([^`]*)`|([^\s\"`]+))")


def to_markdown(text: str) -> str:
    """Turn pictures and code into Markdown; `text` has no code of Markdown's own (`commonmark.outside_code`)."""
    return "".join(_pieces(text, list(_TAG.finditer(text))))


def _pieces(text: str, tags: list[re.Match[str]]) -> Iterator[str]:
    last = {_name(tag): tag.start() for tag in tags}
    at, waiting = 0, iter(tags)
    for tag in waiting:
        closer = _CLOSERS.get(_name(tag))
        if closer and last.get(closer, -1) > tag.start():
            end = next(other for other in waiting if _name(other) == closer)
            yield text[at : tag.start()]
            yield _block(text, tag, end)
            at = end.end()
        elif picture := _picture(tag):
            yield text[at : tag.start()] + picture
            at = tag.end()
    yield text[at:]


def _name(tag: re.Match[str]) -> str:
    return "{%highlight" if tag["tag"] == "highlight" else tag["tag"] or tag["code"]


def _block(text: str, tag: re.Match[str], end: re.Match[str]) -> str:
    inner = text[tag.end() : end.start()]
    if tag["tag"] == "raw":
        return inner
    before = text[text.rfind("\n", 0, tag.start()) + 1 : tag.start()]
    indent = "" if before.strip() else before
    # \0 stands for code of Markdown's own, which may be such a fence.
    ticks = "~" * 8 if re.search("```|\0", inner) else "```"
    after = "" if text[end.end() : end.end() + 1] in ("", "\n") else "\n"
    opened = "\n" if before.strip() else ""
    return f"{opened}{ticks}{_language(tag)}\n{_lines(inner)}\n{indent}{ticks}{after}"


def _lines(inner: str) -> str:
    return re.sub(r"\A[ \t]*\n|\n[ \t]*\Z", "", inner)


def _language(tag: re.Match[str]) -> str:
    if tag["tag"] == "codeblock":
        found = re.search(r"\blang:\s*([\w+#-]+)", tag["said"])
    else:
        found = re.match(r"\s*\"?([\w+#-]+)", tag["said"] or tag["told"] or "")
    return found[1] if found else ""


def _picture(tag: re.Match[str]) -> str:
    """`{% asset_img class "x.png" 300 "题" %}` and `{{< figure src="x.png" alt="…" caption="…" >}}`, or nothing."""
    if tag["tag"] == "asset_img":
        words = [next(filter(None, word), "") for word in _WORD.findall(tag["said"])]
        place = next((n for n, word in enumerate(words) if PICTURE.fullmatch(word)), None)
        if place is not None:
            return _written(words[place], " ".join(word for word in words[place + 1 :] if not word.isdecimal()))
    elif tag["code"] == "figure":
        named = {found[1]: found[2] or found[3] or found[4] or "" for found in _NAMED.finditer(tag["told"])}
        caption = named.get("caption") or named.get("title") or ""
        alt = named.get("alt") or caption
        if "src" in named:
            return _written(named["src"], alt) + (f"<br>{caption}" if caption not in ("", alt) else "")
    return ""


def _written(address: str, alt: str) -> str:
    alt = re.sub(r"([\\\[\]`])", r"\\\1", alt)
    return f"![{alt}](<{address}>)" if re.search(r"[\s()]", address) else f"![{alt}]({address})"

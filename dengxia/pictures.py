"""Pictures that lie beside a text: found as Hugo, Hexo and Jekyll find them, copied, and the text pointed at them."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from dengxia import commonmark, files, images, markup, moved
from dengxia.formats import Record

# In the top folder of a site of Hugo, Jekyll or Hexo.
TOPS = [f"{name}.{kind}" for name in ("hugo", "config") for kind in ("toml", "yaml", "yml", "json")]
TOPS += ["_config.yml", "package.json", "config/_default"]
INSIDE = ("", "static", "source", "assets")
_HAS_SOME = re.compile(r"!\[|<img\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_NO_FILE = re.compile(r"[a-z][a-z0-9+.-]+:|/media/|#", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)")
# WordPress names so what it cut to a size.
_CUT = re.compile(r"-\d{2,4}x\d{2,4}(\.\w+)$")
_DEFINED = re.compile(r"\]:\s*(<[^>\n]*>|\S+)")


class Written(NamedTuple):
    """A picture as it stands in a text: `text[start:end]` is its address with what is around it there (`form`)."""

    text: str
    start: int
    end: int
    address: str
    form: str = "{}"

    def with_address(self, address: str) -> str:
        return self.text[: self.start] + self.form.format(address) + self.text[self.end :]


def take(record: Record, keep: Callable[[bytes], str], say: Callable[[str], object]) -> int:
    """Point a record at the copies that `keep` makes, and say what was not taken; gives how many lie on other hosts."""

    @cache
    def address(src: str) -> str:
        try:
            return _copied(src, record, keep)
        except ValueError as error:
            say(f"{record.where}: {error}")
        return src

    if record.cover:
        record.cover = address(record.cover)
    if not _HAS_SOME.search(record.body):
        return 0
    tokens, definitions = commonmark.parsed(record.body) if record.format == "markdown" else ([], [])
    found = [*_in_markdown(record.body, tokens, definitions)] if tokens else [*_in_html(record.body)]
    texts = {one.text: one.with_address(new) for one in found if (new := address(one.address)) != one.address}
    if texts:
        record.body = commonmark.outside_code(record.body, tokens, lambda text: _replaced(text, texts))
    return sum(bool(_ELSEWHERE.match(address(one.address))) for one in found)


def _replaced(text: str, texts: dict[str, str]) -> str:
    for old, new in texts.items():
        text = text.replace(old, new)
    return text


# In the text


def _in_markdown(source: str, tokens: list, definitions: list[dict]) -> Iterator[Written]:
    lines, referred = source.split("\n"), set()
    for token in tokens:
        if token.type == "image" and "address" in token.meta:
            yield Written(token.meta["written"], *token.meta["address"])
        elif token.type == "image":
            referred.add(token.attrs["src"])
        elif token.type in ("html_block", "html_inline"):
            yield from _in_html(token.content)
    for definition in definitions:
        text = "\n".join(lines[slice(*definition["map"])])
        found = _DEFINED.search(text)
        if definition["href"] in referred and found:
            yield Written(text, *found.span(1), found[1].strip("<>"))


def _in_html(text: str) -> list[Written]:
    parser = _Tags()
    parser.feed(text)
    return parser.found


class _Tags(markup.Tags):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Written] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            text, src = self.get_starttag_text(), next((value for name, value in attrs if name == "src"), None)
            place = next((found for found in _ATTRIBUTE.finditer(text) if found[1].lower() == "src"), None)
            if src and place:
                self.found.append(Written(text, *place.span(2), src, '"{}"'))


# On the disk


def _copied(src: str, record: Record, keep: Callable[[bytes], str]) -> str:
    """The address of a picture's copy, or `src` where it means no file. ValueError tells why there is none."""
    own = moved.own_path(src, record.home) if record.home and not src.startswith(("/media/", "data:")) else None
    if record.home and not (own and record.root):
        return src
    if not own and (_ELSEWHERE.match(src) or _NO_FILE.match(src)):
        return src
    data = _read(own or src, record)
    try:
        return "/media/" + keep(data)
    except ValueError as error:
        raise ValueError(f"图片 {src} 没有收入：{error}") from None


def _read(src: str, record: Record) -> bytes:
    try:
        file = _find(src, record)
        if file is None:
            raise ValueError(f"没有找到图片 {src}")
        if file.suffix.lower() == ".svg":
            raise ValueError(f"图片 {src} 没有收入：SVG 里可以有程序，请换成 PNG 或 WebP")
        with file.open("rb") as opened:
            return opened.read(images.MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"图片 {src} 没有收入：{files.unreadable(error)}") from None


def _find(src: str, record: Record) -> Path | None:
    names = dict.fromkeys(unquote(part).replace("\\", "/") for part in (re.split("[?#]", src)[0], src))
    top = record.root if record.home else _top(record)
    look = _old_places if record.home else _places
    for name in filter(None, names):
        for file in look(name, record, top) if "\0" not in name else ():
            # Not any file of the machine: only what lies in the site.
            if files.lies_in(file, top) and file.is_file():
                return file
    return None


def _places(name: str, record: Record, top: Path) -> Iterator[Path]:
    """Beside the text, in the folder named like it, and in all folders around it up to the site's own."""
    beside = record.folder.resolve()
    if not name.startswith("/"):
        yield beside / name
        yield beside / Path(record.where).stem / name
    name = re.sub(r"^(?:\.{0,2}/)+", "", name)
    for folder in (beside, *beside.parents):
        yield from (folder / inside / name for inside in INSIDE)
        if folder == top:
            return


def _old_places(name: str, record: Record, top: Path) -> Iterator[Path]:
    """In a copy of an old site's folder, of whichever one around the picture; else the picture that it was cut from."""
    parts = name.strip("/").split("/")
    for last in dict.fromkeys((parts[-1], _CUT.sub(r"\1", parts[-1]))):
        yield from (top.joinpath(*parts[start:-1], last) for start in range(len(parts)))


def _top(record: Record) -> Path:
    """The folder of the site that a text belongs to; where none shows itself, the one around what was seeded."""
    beside = record.folder.resolve()
    tops = (folder for folder in (beside, *beside.parents) if any((folder / name).exists() for name in TOPS))
    return next(tops, record.root.resolve().parent)

"""Markdown files with front matter as Hugo, Hexo, Jekyll and Pelican write it, or without."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from dengxia import commonmark
from dengxia.formats import Record, Refused, decode, own, record, shortcodes, shown, without_controls

MOST_BRACKETS = 2_000
SUFFIXES = (".md", ".markdown")
OWN_SUFFIX = ".html"  # is content only where this program wrote it
# Every value as the text that was written, so that a title 007 or a tag `no` stays what it is.
_YAML = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FENCED = re.compile(r"(---|\+\+\+|;;;)[ \t]*\r?\n(.*?)^\1[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
# Hexo also takes front matter that has a closing line only.
_CLOSED = re.compile(r"((?:(?![^\S\n]*\n)[^\n]*\n)+?)(---|;;;)[ \t]*(?:\r?\n|\Z)")
_PELICAN = re.compile(r"(?:[^\W\d][\w-]*:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*)+(?=\s*(?:\n|\Z))")
_TITLE = re.compile(r"^\"?title\"?\s*:", re.IGNORECASE | re.MULTILINE)
_FIRST_LINES = re.compile(r"\s*(\S[^\n]*)(?:\n|\Z)(=+[ \t\r]*(?:\n|\Z))?")
_MARKS = re.compile(r"[*`]|(?<!\w)_+|_+(?!\w)|\[([^\]]{0,200})\]\([^)]{0,1000}\)")
_INDENT = re.compile(r"^[ ]*\t[ \t]*", re.MULTILINE)
_JEKYLL = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})-(.+)")


def read(path: Path, key: str, zone: ZoneInfo) -> Iterator[tuple[Record, int]]:
    """The article or page in one file, with its bytes; `key` tells it from others when the file gives none."""
    data = path.read_bytes()
    where, stem = shown(path), shown(Path(path.stem))
    text, notes = without_controls(decode(data, where))
    fields, body = split(text, where)
    if own.wrote(fields):
        made = own.record(where, fields, body, zone, key=key, folder=path.parent, notes=notes)
        yield made, len(data)
        return
    named = _JEKYLL.fullmatch(stem)
    name = named[2] if named else stem if stem != "index" else shown(Path(path.absolute().parent.name))
    own_title = next((str(value) for key, value in fields.items() if str(key).lower() == "title" and value), "")
    heading, rest = _heading(body)
    # The page shows the title itself, so a text that begins with it says it once.
    if heading == (own_title or heading):
        body = rest
    defaults = {
        "key": key,
        "title": heading or name,
        "date": named[1] if named else None,
        "slug": named[2] if named else None,
        "draft": "_drafts" in path.parts,
        "folder": path.parent,
        "dialect": _dialect(path),
        "fallback_date": datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0),
    }
    made = record(where, fields, body, zone, **defaults)
    made.notes += notes
    if made.page and not made.slug:
        made.slug = name
    yield made, len(data)


def write(record: Record, zone: ZoneInfo) -> str:
    """A record with `own` as a file that `read` reads back."""
    front = "".join(_written(own.fields(record, zone)))
    if front.count("[") + front.count("{") > MOST_BRACKETS:
        front = front.replace("[", "\\u005b").replace("{", "\\u007b")
    return f"---\n{front}---\n{record.body}"


def _written(fields: Mapping[str, object]) -> Iterator[str]:
    for name, value in fields.items():
        if not isinstance(value, list | tuple):
            yield f"{name}: {_scalar(value)}\n"
            continue
        yield f"{name}:\n"
        for item in value:
            lines = (
                [f"{name}: {_scalar(text)}" for name, text in item.items()]
                if isinstance(item, dict)
                else [_scalar(item)]
            )
            yield "  - " + "\n    ".join(lines) + "\n"


def _scalar(value: object) -> str:
    return own.quoted(value) if isinstance(value, str) else json.dumps(value)


def is_own(path: Path) -> bool:
    """Whether this program wrote a file."""
    with path.open("rb") as file:
        return file.read(len(_FIRST)) == _FIRST


_FIRST = f"---\ngenerator: {own.quoted(own.GENERATOR)}\n".encode()


def settled(text: str, dialect: str) -> str:
    """Another program's Markdown in ours: shortcodes that it can say, and line ends that show (Hexo)."""
    if shortcodes.SIGN.search(text):
        tokens, _ = commonmark.parsed(text)
        text = commonmark.outside_code(text, tokens, shortcodes.to_markdown)
    return commonmark.with_breaks(text) if dialect == "hexo" else text


def _dialect(path: Path) -> str:
    return "hexo" if ("source", "_posts") in pairwise(path.absolute().parts) else "other"


def _heading(text: str) -> tuple[str, str]:
    """The words of the heading that a text begins with, or nothing, and the rest of the text."""
    found = _FIRST_LINES.match(text)
    hashes = found and re.match(r"#[ \t]+(?=\S)", found[1])
    if not hashes and not (found and found[2]):
        return "", text
    line = re.sub(r"\{[^{}]*\}\s*$", "", found[1][hashes.end() :]).rstrip().rstrip("#") if hashes else found[1]
    return _MARKS.sub(r"\1", line).strip(), text[found.end(1) + 1 if hashes else found.end() :]


def split(text: str, where: str) -> tuple[dict[str, object], str]:
    """Front matter and text apart; without front matter the first is empty."""
    if fenced := _FENCED.match(text):
        return parse(fenced[1], fenced[2], where, 2), text[fenced.end() :]
    # `{%` and `{{` begin a text.
    if text.startswith("{") and not text.startswith(("{%", "{{", "{#", "{:")):
        return _json(text, where)
    closed = _CLOSED.match(text)
    if closed and _TITLE.search(closed[1]):
        return parse(closed[2], closed[1], where, 1), text[closed.end() :]
    pelican = _PELICAN.match(text)
    if pelican and _TITLE.search(pelican[0]):
        lines = re.sub(r"\r?\n[ \t]+", " ", pelican[0]).splitlines()
        return dict(_pair(line) for line in lines), text[pelican.end() :]
    return {}, text


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


def _yaml(front: str) -> object:
    # libyaml ends the process where brackets nest too deep for its stack.
    if front.count("[") + front.count("{") > MOST_BRACKETS:
        raise ValueError(f"有 {MOST_BRACKETS} 个以上的括号")
    # YAML has no tabs in its indents, editors do.
    return yaml.load(_INDENT.sub(lambda found: found[0].replace("\t", "  "), front), Loader=_YAML)


def _hexo_json(front: str) -> object:
    # Hexo leaves the brackets out.
    return json.loads(front if front.lstrip().startswith("{") else f"{{{front}}}", strict=False)


_KINDS = {"---": ("YAML", _yaml), "+++": ("TOML", tomllib.loads), ";;;": ("JSON", _hexo_json)}


def parse(mark: str, front: str, where: str, first: int) -> dict[str, object]:
    """The fields of a front matter (`mark`: ---, +++ or ;;;) that begins at line `first` of its file."""
    kind, load = _KINDS[mark]
    try:
        found = load(front)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _refused(where, first, kind, error, front) from None
    if not isinstance(found, dict | None):
        raise Refused(f"{where}:{first}", "文件头应当是一行一项的“名称: 值”")
    return found or {}


def _json(text: str, where: str) -> tuple[dict[str, object], str]:
    try:
        found, end = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise _refused(where, 1, "JSON", error, text) from None
    return found, text[end:].lstrip().removeprefix(";;;")


def _refused(where: str, first: int, kind: str, error: Exception, text: str) -> Refused:
    """What a parser says, with its line counted from the top of the file."""
    line, reason = 0, " ".join(str(error).split())
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        line, reason = error.problem_mark.line, error.problem or reason
    elif isinstance(error, json.JSONDecodeError):
        line, reason = error.lineno - 1, error.msg
    elif isinstance(error, RecursionError):
        reason = "套得太深"
    elif found := re.fullmatch(r"(.*) \(at (?:line (\d+), .*|end of document)\)", reason):
        # tomllib has no other way to tell.
        line, reason = int(found[2]) - 1 if found[2] else text.rstrip().count("\n"), found[1]
    return Refused(f"{where}:{first + line}", f"不是有效的 {kind}（{reason}）")

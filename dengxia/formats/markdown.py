"""Markdown files with front matter as Hugo, Hexo, Jekyll and Pelican write it, or without."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from dengxia.formats import Record, Refused, decode, record

SUFFIXES = (".md", ".markdown")
# Every value as the text that was written, so that a title 007 or a tag `no` stays what it is.
_YAML = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_FENCED = re.compile(r"(---|\+\+\+)[ \t]*\r?\n(.*?)^\1[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_PELICAN = re.compile(r"(?:[A-Za-z_]+:[^\n]*\n(?:[ \t]+[^\n]+\n)*)+(?=\s*(?:\n|\Z))")
_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\r?\n|\Z)|\s*([^\s#>*\-`].*)\r?\n=+[ \t]*(?:\r?\n|\Z)")
_JEKYLL = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})-(.+)")


def read(path: Path, key: str, zone: ZoneInfo) -> Iterator[tuple[Record, int]]:
    """The article or page in one file, with its bytes; `key` tells it from others when the file gives none."""
    data = path.read_bytes()
    text = decode(data, str(path))
    fields, body = split(text, str(path))
    named = _JEKYLL.fullmatch(path.stem)
    defaults = {
        "key": key,
        "title": named[2] if named else path.stem if path.stem != "index" else path.parent.name,
        "date": named[1] if named else None,
        "slug": named[2] if named else None,
        "draft": "_drafts" in path.parts,
        "folder": path.parent,
        "fallback_date": datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0),
    }
    heading = _HEADING.match(body)
    if heading:
        words = re.sub(r"[*_`]|\[([^\]]*)\]\([^)]*\)", r"\1", heading[1] or heading[2]).strip()
        if not any(str(name).lower() == "title" and value for name, value in fields.items()):
            defaults["title"] = words
        # The page shows the title itself, so a text that begins with it says it once.
        if words in (defaults["title"], str(fields.get("title", ""))):
            body = body[heading.end() :]
    yield record(str(path), fields, body, zone, **defaults), len(data)


def split(text: str, where: str) -> tuple[dict[str, object], str]:
    """Front matter and text apart; without front matter the first is empty."""
    fenced = _FENCED.match(text)
    if fenced:
        return _parse(fenced[1], fenced[2], where), text[fenced.end() :]
    if text.startswith("{"):
        return _json(text, where)
    # Hexo also takes YAML with a closing line only.
    pelican = _PELICAN.match(text)
    if pelican and re.search(r"^title:", pelican[0], re.IGNORECASE | re.MULTILINE):
        rest = text[pelican.end() :].lstrip("\n")
        if rest.startswith("---\n"):
            return _parse("---", pelican[0], where), rest[4:]
        lines = re.sub(r"\n[ \t]+", " ", pelican[0]).splitlines()
        return dict(_pair(line) for line in lines), rest
    return {}, text


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip()


def _parse(mark: str, front: str, where: str) -> dict[str, object]:
    try:
        found = yaml.load(front, Loader=_YAML) if mark == "---" else tomllib.loads(front)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = place.line + 2 if place else 1
        raise Refused(
            f"{where}:{line}", f"文件头不是有效的 YAML（{getattr(error, 'problem', None) or error}）"
        ) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise Refused(f"{where}:{int(line[1]) + 1 if line else 1}", f"文件头不是有效的 TOML（{error}）") from None
    if not isinstance(found, dict | None):
        raise Refused(f"{where}:1", "文件头应当是一行一项的“名称: 值”")
    return found or {}


def _json(text: str, where: str) -> tuple[dict[str, object], str]:
    try:
        found, end = json.JSONDecoder(strict=False).raw_decode(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise Refused(f"{where}:{line}", f"文件头不是有效的 JSON（{error}）") from None
    return found, text[end:].removeprefix(";;;")

"""JSON Lines: one object a line, with the names of front matter and the text in `body`."""

import json
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from dengxia.formats import Record, Refused, decode, own, record, shown, without_controls

SUFFIXES = (".jsonl", ".ndjson")


def read(path: Path, key: str, zone: ZoneInfo) -> Iterator[tuple[Record | Refused, int]]:
    """The records of one file with the bytes of each; a broken line is given as `Refused` and the rest goes on."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _one(path, number, line, key, zone), len(line)
                except Refused as refused:
                    yield refused, len(line)


def _one(path: Path, number: int, line: bytes, key: str, zone: ZoneInfo) -> Record:
    where = f"{shown(path)}:{number}"
    text, notes = without_controls(decode(line, shown(path), number), number)
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(where, f"第 {error.colno} 个字起不是有效的 JSON（{error.msg}）") from None
    except (ValueError, RecursionError):
        raise Refused(where, "JSON 里有太长的数，或者套得太深") from None
    if not isinstance(fields, dict):
        raise Refused(where, "应当是一个 JSON 对象 {…}")
    body = fields.get("body")
    if not isinstance(body, str):
        raise Refused(where, "没有 body（正文）")
    if own.wrote(fields):
        return own.record(where, fields, body, zone, key=key, folder=path.parent, notes=notes)
    made = record(where, fields, body, zone, folder=path.parent)
    if not made.title:
        raise Refused(where, "没有 title（标题）")
    made.notes += notes
    # Not the line's number: a line put in above would give every article the text of its neighbour.
    made.key = made.key or f"{key}:{made.title}"
    return made


def write(record: Record, zone: ZoneInfo) -> str:
    """A record with `own` as a line that `read` reads back."""
    return json.dumps({**own.fields(record, zone), "body": record.body}, ensure_ascii=False) + "\n"

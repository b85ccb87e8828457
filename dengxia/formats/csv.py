"""CSV with the names of front matter in its first row, as Excel, WPS and databases write it."""

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from dengxia.formats import LONGEST, NAMES, Record, Refused, decode, record, shown

SUFFIXES = (".csv",)
_KNOWN = {
    "body",
    "published",
    "hidden",
    "private",
    "visibility",
    "status",
    "password",
    *NAMES,
    *(name for others in NAMES.values() for name in others),
}


def read(path: Path, key: str, zone: ZoneInfo) -> Iterator[tuple[Record | Refused, int]]:
    """The records of one file with the bytes of each; a row that is not right is given as `Refused`."""
    csv.field_size_limit(2 * LONGEST)
    names: list[str] = []
    notes: list[str] = []
    for where, row, length in _rows(path):
        try:
            if isinstance(row, Refused):
                raise row
            if not any(row):
                continue
            if names:
                made = _one(where, names, row, key, zone, path)
                made.notes, notes = notes + made.notes, []
                yield made, length
            else:
                names = _names(row, where)
                if unknown := [name for name in names if name and name not in _KNOWN]:
                    notes = [f"这些列不认识，没有放入：{'、'.join(unknown)}"]
        except Refused as refused:
            yield refused, length
            if not names:
                return


def _one(where: str, names: list[str], row: list[str], key: str, zone: ZoneInfo, path: Path) -> Record:
    if any(row[len(names) :]):
        raise Refused(where, f"有 {len(row)} 格，第一行只有 {len(names)} 格；正文里有逗号、引号或换行就要写在引号里")
    fields = {name: value for name, value in zip(names, row, strict=False) if name}
    body = fields.get("body", "")
    aliases = {name: value.split() for name, value in fields.items() if name in ("aliases", *NAMES["aliases"])}
    made = record(where, fields | aliases, body, zone, folder=path.parent)
    if not made.title:
        raise Refused(where, "没有 title（标题）")
    # Not the row's number, which changes with a row put in above.
    made.key = made.key or f"{key}:{made.title}"
    return made


def _names(row: list[str], where: str) -> list[str]:
    names = [name.strip().lower() for name in row]
    if missing := {"title", "body"} - set(names):
        raise Refused(where, f"第一行应当是各列的名字，其中没有 {'、'.join(sorted(missing, reverse=True))}")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise Refused(where, f"有两列都叫 {twice[0]}")
    return names


def _rows(path: Path) -> Iterator[tuple[str, list[str] | Refused, int]]:
    """Each row with the place where it begins and its bytes."""
    with path.open("rb") as file:
        lines = _Lines(file, _encoding(path))
        first = ""
        with suppress(UnicodeDecodeError):  # it is told when the line comes
            first = next(lines, "").strip()
        # By which Excel says what stands between the cells.
        told = first[4:] if len(first) == 5 and first.lower().startswith("sep=") else ""
        if not told:
            lines = _Lines(file, lines.encoding)
            file.seek(0)
        reader = csv.reader(lines, delimiter=told or max(",;\t", key=first.count), strict=True)
        place = file.tell()
        while True:
            where = f"{shown(path)}:{lines.number + 1}"
            try:
                row = next(reader, None)
            except UnicodeDecodeError:
                row = Refused(where, "既不是 UTF-8 也不是 GB18030 编码的文字")
            except csv.Error as error:
                row = Refused(where, f"不是有效的 CSV（{error}），多半是引号没有成对")
            if row is None:
                return
            before, place = place, file.tell()
            yield where, row, place - before


class _Lines:
    """The lines of a file; unlike a generator it goes on after one that cannot be read."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file, self.encoding, self.number = file, encoding, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._file)
        self.number += 1
        return line.decode(self.encoding)


def _encoding(path: Path) -> str:
    """Of the first line that is not UTF-8, unless that is a damaged one."""
    with path.open("rb") as lines:
        for line in lines:
            try:
                line.decode()
            except UnicodeDecodeError:
                with suppress(Refused):
                    decode(line, "")
                    return "gb18030"
    return "utf-8-sig"

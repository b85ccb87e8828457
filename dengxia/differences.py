"""Two texts side by side: by line, and within lines that are alike by character, as Chinese needs it."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

# difflib's time grows with the product of the lengths: what is longer is shown as wholly new. It takes what stands
# often in a long text for no beginning of what is the same, which bounds its time further.
MOST_LINES = 1500
MOST_CHARACTERS = 2_000_000  # compared with each other, in all
A_LINE = 1000  # what a pair of lines takes anyhow, in the same measure
ALIKE = 0.4
AROUND = 1  # lines shown on either side of a change


class Piece(NamedTuple):
    """A part of a line: "same", "old" (only in the first text) or "new" (only in the second)."""

    kind: str
    text: str


Line = list[Piece]


def lines(old: str, new: str) -> list[Line | int]:
    """The lines that differ with those around them; a number stands for so many that are the same. Blank ones not."""
    one, two = ([line for line in text.split("\n") if line.strip()] for text in (old, new))
    return list(_folded(list(_compared(one, two))))


def _compared(one: list[str], two: list[str]) -> Iterator[Line]:
    head = _same(one, two)
    tail = _same(one[head:][::-1], two[head:][::-1])
    yield from ([Piece("same", line)] for line in one[:head])
    yield from _middle(one[head : len(one) - tail], two[head : len(two) - tail])
    yield from ([Piece("same", line)] for line in one[len(one) - tail :])


def _same(one: list[str], two: list[str]) -> int:
    """How many lines are the same at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _middle(one: list[str], two: list[str]) -> Iterator[Line]:
    if max(len(one), len(two)) > MOST_LINES:
        opcodes = [("replace", 0, len(one), 0, len(two))]
    else:
        opcodes = SequenceMatcher(None, one, two).get_opcodes()
    left = MOST_CHARACTERS
    for kind, i, j, k, m in opcodes:
        if kind == "equal":
            yield from ([Piece("same", line)] for line in one[i:j])
            continue
        for a, b in zip_longest(one[i:j], two[k:m]):
            left -= A_LINE + len(a or "") * len(b or "")
            yield from _pair(a, b, left > 0)


def _pair(a: str | None, b: str | None, by_character: bool) -> Iterator[Line]:
    """Two lines that stand at the same place: as one where they are alike."""
    if a and b and by_character:
        matcher = SequenceMatcher(None, a, b)
        if matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE:
            yield list(_pieces(matcher, a, b))
            return
    yield from ([Piece(kind, line)] for kind, line in (("old", a), ("new", b)) if line)


def _pieces(matcher: SequenceMatcher, a: str, b: str) -> Iterator[Piece]:
    for kind, i, j, k, m in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", a[i:j])
        else:
            yield from (piece for piece in (Piece("old", a[i:j]), Piece("new", b[k:m])) if piece.text)


def _folded(found: list[Line]) -> Iterator[Line | int]:
    changed = [n for n, line in enumerate(found) if any(piece.kind != "same" for piece in line)]
    shown = {near for n in changed for near in range(n - AROUND, n + AROUND + 1)}
    left_out = 0
    for n, line in enumerate(found):
        if n not in shown:
            left_out += 1
            continue
        if left_out:
            yield left_out
        left_out = 0
        yield line
    if left_out:
        yield left_out

"""Two texts side by side: by line, and within lines that are alike by character, as Chinese needs it."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

# difflib's time grows with the product of the lengths: what is longer is shown as wholly new. It takes what stands
# often in a long text for no beginning of what is the same, which bounds its time further.
MOST_LINES = 1500
MOST_CHARACTERS = 3_000_000  # compared with each other, in all
LONG = 400  # characters; longer lines, as of HTML without line ends, are compared by sentence first
ALIKE = 0.4
AROUND = 1  # lines shown on either side of a change
_SENTENCE = re.compile(r"[^。！？；>]*[。！？；>]|[^。！？；>]+$")


class Piece(NamedTuple):
    """A part of a line: "same", "old" (only in the first text) or "new" (only in the second)."""

    kind: str
    text: str


Line = list[Piece]


def lines(old: str, new: str) -> list[Line | int]:
    """The lines that differ with those around them; a number stands for so many that are the same. Blank ones not."""
    one, two = ([line for line in text.split("\n") if line.strip()] for text in (old, new))
    return list(_folded(list(_Comparison().lines(one, two))))


class _Comparison:
    """A comparison that goes into characters as long as there is something left of `MOST_CHARACTERS`."""

    def __init__(self) -> None:
        self.left = MOST_CHARACTERS

    def lines(self, one: list[str], two: list[str]) -> Iterator[Line]:
        for old, new in _steps(one, two):
            if old == new:
                yield from ([Piece("same", line)] for line in old)
                continue
            for a, b in zip_longest(old, new, fillvalue=""):
                pieces = self.pieces(a, b)
                if any(piece.kind == "same" for piece in pieces):
                    yield pieces
                else:
                    yield from ([piece] for piece in pieces)

    def pieces(self, a: str, b: str) -> Line:
        """Two lines as one where they are alike, by sentence or by character; else both as they are."""
        matcher = SequenceMatcher(None, a, b)
        if a and b and matcher.quick_ratio() >= ALIKE:
            if min(len(a), len(b)) > LONG:
                steps = (("".join(old), "".join(new)) for old, new in _steps(*map(_SENTENCE.findall, (a, b))))
                return [piece for old, new in steps for piece in self._sentences(old, new)]
            self.left -= LONG + len(a) * len(b)
            if self.left > 0 and matcher.ratio() >= ALIKE:
                return [piece for _, i, j, k, m in matcher.get_opcodes() for piece in _pieces(a[i:j], b[k:m])]
        return _pieces(a, b)

    def _sentences(self, old: str, new: str) -> Line:
        return _pieces(old, new) if min(len(old), len(new)) > LONG else self.pieces(old, new)


def _steps(one: list[str], two: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """What stands at the same places of two lists, equal or not."""
    head = _same(one, two)
    tail = _same(one[head:][::-1], two[head:][::-1])
    yield one[:head], two[:head]
    old, new = one[head : len(one) - tail], two[head : len(two) - tail]
    if max(len(old), len(new)) > MOST_LINES:
        yield old, new
    else:
        for _, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
            yield old[i:j], new[k:m]
    yield one[len(one) - tail :], two[len(two) - tail :]


def _same(one: list[str], two: list[str]) -> int:
    """How many lines are the same at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _pieces(a: str, b: str) -> Line:
    if a == b:
        return [Piece("same", a)] if a else []
    return [Piece(kind, text) for kind, text in (("old", a), ("new", b)) if text]


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

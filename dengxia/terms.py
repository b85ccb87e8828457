"""What an article is about, as numbers: Chinese characters and pairs, Latin words, numbers with the character beside.

A term is a number, so that the database looks it up by its primary key; see `related.py` for what is made of them.
"""

import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from dengxia import han

BODY = 600  # characters of a body that are read: what an article is about stands at its beginning
_TOKEN = re.compile(rf"[{han.HAN}]|[a-z]+|\d+(?:[.,]\d+)*|\S")
_CHINESE = re.compile(rf"[{han.HAN}]+")
_LATIN = re.compile(r"[a-z]{2,}")


class Terms(NamedTuple):
    """The terms of an article, each once, with weights (kind × (1 + ln tf)); the first `titled` are its title's."""

    ids: array
    weights: array
    titled: int


def of(title: str, body: str) -> Terms:
    """The terms of a folded title and a folded body."""
    counts: Counter[int] = Counter()
    kinds: dict[int, float] = {}
    for term, kind in _title_terms(title):
        counts[term] += 1
        kinds[term] = kind
    titled = len(counts)
    runs = _CHINESE.findall(body)
    ones, twos = (han.codes("".join(some)) for some in ([run[:-1] for run in runs], [run[1:] for run in runs]))
    counts.update([one << 21 | two for one, two in zip(ones, twos, strict=True)])
    counts.update(map(_other, _LATIN.findall(body)))
    weights = array("d", [1.0 if count == 1 else 1 + math.log(count) for count in counts.values()])
    for place, kind in enumerate(kinds.values()):
        weights[place] *= kind
    return Terms(array("Q", counts), weights, titled)


def _pair(one: str, two: str) -> int:
    return ord(one) << 21 | ord(two)


def _other(text: str) -> int:
    return 1 << 42 | crc32(text.encode())


def _title_terms(folded: str) -> Iterable[tuple[int, float]]:
    """The terms of a title with the weights of their kinds, as tuned on headlines."""
    tokens = _TOKEN.findall(folded)
    for one, two in pairwise([*tokens, " "]):
        if han.is_han(one):
            yield ord(one), 1.0
            if han.is_han(two):
                yield _pair(one, two), 1.0
            elif two[0].isdigit():
                yield _other(one + "#"), 0.7
        elif one[0].isdigit():
            yield _other(one), 0.7
            if two != " ":
                yield _other("#" + two[0]), 0.7
        elif one.isalpha():
            yield _other(one), 2.0
        else:
            yield _other(one), 1.0

"""Where the words of a query stand in a text, marked for the page."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from markupsafe import Markup, escape

from dengxia import han

LENGTH = 90


def mark(text: str, groups: Sequence[str]) -> Markup:
    """`text`, escaped, with every place where one of the folded groups stands in <mark>."""
    out, at = [], 0
    for start, end, _ in _hits(text, groups):
        out += [escape(text[at:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        at = end
    return Markup("").join([*out, escape(text[at:])])


def snippet(text: str, groups: Sequence[str]) -> Markup:
    """The first stretch of a plain text that shows most of the groups, with the hits marked."""
    text = text.replace("\n", " ")
    hits = list(islice(_hits(text, groups), 1 if len(groups) == 1 else None))

    def different(number: int) -> int:
        last = hits[number][0] + LENGTH * 2 // 3
        return len({group for _, _, group in takewhile(lambda hit: hit[1] <= last, islice(hits, number, None))})

    first = hits[max(range(len(hits)), key=different)][0] if hits else 0
    start = max(0, first - LENGTH // 3)
    end = start + LENGTH
    # No line begins with a sign that ends something.
    shown = mark(text[start:end].lstrip("。，、；：！？）》”’ "), groups)
    return Markup("{}{}{}").format("…" if start else "", shown, "…" if end < len(text) else "")


def _hits(text: str, groups: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Start and end of each hit and its group, in order, none over another."""
    folded, places = han.fold_with_places(text)
    hits = ((hit, group) for group in dict.fromkeys(groups) for hit in re.finditer(_pattern(group), folded))
    last = 0
    for start, end, group in sorted((places[hit.start()], places[hit.end() - 1] + 1, group) for hit, group in hits):
        if start >= last:
            yield start, end, group
            last = end


def _pattern(group: str) -> str:
    # As in the index: a Latin word or a number stands alone, 15 is not found in 2015.
    first, last = group[0], group[-1]
    before = r"(?<![^\W\d_])" if first.isalpha() and not han.is_han(first) else r"(?<!\d)" if first.isdigit() else ""
    after = r"(?![^\W\d_])" if last.isalpha() and not han.is_han(last) else r"(?!\d)" if last.isdigit() else ""
    return before + re.escape(group) + after

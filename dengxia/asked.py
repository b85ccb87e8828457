"""What a visitor types into the search box, read."""

import re
import unicodedata
from itertools import islice
from typing import NamedTuple

from dengxia import han

MOST_WORDS = 10
_PIECE = re.compile(r"""(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|“(?P<curly>[^”]*)”?|(?P<plain>[^\s"“]+))""")


class Query(NamedTuple):
    """What a visitor typed: phrases and single characters that must stand in an article, and such that must not.

    A phrase is a list of groups that stand side by side; `groups` are all that are wanted, for marking.
    """

    phrases: list[list[str]]
    chars: list[str]
    no_phrases: list[list[str]]
    no_chars: list[str]
    groups: list[str]


def parse(query: str) -> Query:
    """Read words, "phrases", and -words to leave out; quotes may be Chinese or full-width."""
    found = Query([], [], [], [], [])
    for piece in islice(_PIECE.finditer(unicodedata.normalize("NFKC", query)), MOST_WORDS):
        groups = han.groups(han.fold(piece["quoted"] or piece["curly"] or piece["plain"] or ""))
        single = [group for group in groups if len(group) == 1 and han.is_han(group)]
        longer = [group for group in groups if group not in single]
        phrases = [longer] if piece["plain"] is None and longer else [[group] for group in longer]
        (found.no_phrases if piece["minus"] else found.phrases).extend(phrases)
        (found.no_chars if piece["minus"] else found.chars).extend(single)
        if not piece["minus"]:
            found.groups.extend(groups)
    return found

"""Chinese text as data: folding that makes equal what readers take for equal, and the tokens that search works on."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import opencc

# Unified ideographs with extension A and the later planes, compatibility ideographs, 〇 and 々.
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Full-width signs, and the quotes and dashes that Chinese shares with Latin.
SIGNS = "\u3000-\u303f\uff00-\uffef“”‘’—…·"

_RUN = re.compile(rf"[{HAN}]+|[^\W\d_{HAN}]+|\d+")
_LINE_END = re.compile(rf"(?<=[{HAN}{SIGNS}])[ \t]*\n[ \t]*(?=[{HAN}{SIGNS}])")


def join_lines(text: str) -> str:
    """Drop each line end between two Chinese characters or signs: there it is no space."""
    return _LINE_END.sub("", text)


class _Folding(dict):
    """One character to its folded form, found when it is first met."""

    def __missing__(self, code: int) -> str:
        form = unicodedata.normalize("NFKC", chr(code)).lower()
        self[code] = form = "".join(_simplified().get(character, character) for character in form)
        return form


@cache
def _simplified() -> dict[str, str]:
    # Character by character: OpenCC's phrases (乾隆 stays, 乾 alone becomes 干) would fold a part of a text
    # otherwise than the whole, and a substring would no longer be found.
    characters = [chr(code) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    converted = opencc.OpenCC("t2s").convert("\n".join(characters)).split("\n")
    return {old: new for old, new in zip(characters, converted, strict=True) if old != new}


_FOLDING = _Folding()


def fold(text: str) -> str:
    """NFKC, lower case, traditional to simplified; `ＡＩ與後臺` → `ai与后台`. Not always as long as `text`."""
    return unicodedata.normalize("NFC", text).translate(_FOLDING)


def fold_with_places(text: str) -> tuple[str, list[int]]:
    """The folded text and, for each of its characters, the place in `text` that it came from."""
    folded, places = [], []
    for place, character in enumerate(text):
        form = _FOLDING[ord(character)]
        folded.append(form)
        places.extend([place] * len(form))
    return "".join(folded), places


def runs(folded: str) -> Iterator[str]:
    """Stretches of one kind in folded text: Chinese characters, letters, or digits."""
    return (found[0] for found in _RUN.finditer(folded))


def is_han(run: str) -> bool:
    """Whether a run from `runs` is of Chinese characters."""
    return bool(re.match(f"[{HAN}]", run))


def tokens(text: str) -> Iterator[str]:
    """What the search index holds of a text: `买iPhone15手机` → 买 iphone 15 手机 机.

    A run of Chinese gives each pair of neighbours and its last character alone, so that every character begins
    a token (one character is found as a prefix) and every longer substring is a phrase.
    """
    for run in runs(fold(text)):
        if is_han(run):
            yield from (run[i : i + 2] for i in range(len(run)))
        else:
            yield run

"""Chinese text as data: folding that makes equal what readers take for equal, and the tokens that search works on."""

import re
import unicodedata
from array import array
from functools import cache
from operator import add

import opencc

# Unified ideographs with extension A and the later planes, compatibility ideographs, 〇 and 々.
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Full-width signs, and the quotes and dashes that Chinese shares with Latin.
SIGNS = "\u3000-\u303f\uff00-\uffef“”‘’—…·"

_RUN = re.compile(rf"[{HAN}]+|[^\W\d_{HAN}]+|\d+")
_CHARACTER = re.compile(f"[{HAN}]")
_CHARACTERS = re.compile(f"[{HAN}]+")
_PLAIN = re.compile(f"[{HAN}]{{2,}}")
_GROUP = re.compile(rf"(?:[{HAN}]|[^\W_])+")
_CHINESE = re.compile(f"[{HAN}{SIGNS}]")


def closes_up(before: str, after: str) -> bool:
    """Whether a line end between these two characters is no space, as between two Chinese characters or signs."""
    return bool(_CHINESE.match(before) and _CHINESE.match(after))


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
    places: list[int] = []
    # Few characters fold to several (… to three dots), so this is a walk from one of those to the next.
    several = "".join(character for character in set(text) if len(_FOLDING[ord(character)]) > 1)
    for found in re.finditer(f"[{re.escape(several)}]", text) if several else ():
        places += range(places[-1] + 1 if places else 0, found.start())
        places += [found.start()] * len(_FOLDING[ord(found[0])])
    places += range(places[-1] + 1 if places else 0, len(text))
    return text.translate(_FOLDING), places


def groups(folded: str) -> list[str]:
    """Stretches of letters, digits and Chinese in folded text, with no sign or space in them."""
    return _GROUP.findall(folded)


def runs(group: str) -> list[str]:
    """A group's stretches of one kind: Chinese characters, letters, or digits; `用iphone15` → 用, iphone, 15."""
    return _RUN.findall(group)


def pinyin(text: str) -> str:
    """`外汇` → `waihui`. The first call takes 0.2 s and 57 MB for a dictionary."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(text))


def is_han(run: str) -> bool:
    """Whether a run is of Chinese characters."""
    return bool(_CHARACTER.match(run))


def characters(folded: str) -> str:
    """The different Chinese characters of a text, each once."""
    # As numbers: a set of those takes half the time of one of characters.
    once = array("I", {*codes("".join(_CHARACTERS.findall(folded)))})
    return once.tobytes().decode("utf-32-le")


def codes(text: str) -> array:
    """The numbers of a text's characters, in a third of the time that `ord` takes for each."""
    return array("I", text.encode("utf-32-le"))


def tokens(group: str) -> list[str]:
    """What the search index holds of a group: `社区居民` → 社区 区居 居民; `用iphone15拍照` → 用 iphone 15 拍 拍照.

    Pairs of neighbours make every longer substring a phrase of tokens that stand side by side. Where Chinese touches
    letters or digits, its character there stands alone too, so that `15拍` is such a phrase as well.
    """
    if _PLAIN.fullmatch(group):
        return [*map(add, group, group[1:])]
    found = runs(group)
    out: list[str] = []
    for place, run in enumerate(found):
        if not is_han(run) or len(run) == 1:
            out.append(run)
            continue
        if place > 0:
            out.append(run[0])
        out.extend(map(add, run, run[1:]))
        if place < len(found) - 1:
            out.append(run[-1])
    return out

"""What an editor wants of the related articles of one: some come first, others never."""

import re

from dengxia import journal, queries, writing
from dengxia.formats import Refused
from dengxia.journal import By
from dengxia.queries import SHOWN, Row

WORDS = {True: "固定相关文章", False: "不要相关文章", None: "不再挑选相关文章"}
_NUMBER = re.compile(r"(?:.*/article/)?(\d{1,10})", re.ASCII)


def choose(by: By, article: Row, other: str, pinned: bool | None) -> None:
    """Pin another article (its number or address) to those related to one (`id`, `title`), or ban it from them.

    None leaves it to the texts again. `Refused` tells what is wrong.
    """
    number = int(found[1]) if (found := _NUMBER.fullmatch(other.strip())) else 0
    title = next((row.title for row in queries.titles([number])), "")
    if pinned is not None:
        _check(article.id, number, title, pinned)
    with writing.changing():
        writing.choose_related(article.id, number, pinned)
        journal.note(by, WORDS[pinned], f"《{article.title}》：《{title}》（{number}）")


def _check(id: int, other: int, title: str, pinned: bool) -> None:
    if not title:
        raise Refused("相关文章", "没有这一篇，或者读者看不到它；请写编号或网址，如 /article/12")
    if other == id:
        raise Refused("相关文章", "就是这一篇自己")
    known = queries.choices([id])
    if pinned and sum(known.values()) >= SHOWN and not known.get((id, other)):
        raise Refused("相关文章", f"已经固定了 {SHOWN} 篇，再多就显示不下了")

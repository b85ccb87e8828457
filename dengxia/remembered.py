"""What was written in the fields of a form before, to be offered again."""

from sqlalchemy import ColumnElement, bindparam, func, select

from dengxia.queries import ask
from models import Article, Tag

NEWEST = 300
SHOWN = 50
_FIELDS = ("author", "editor", "source", "source_url")


def _last(column: ColumnElement[int], count: int) -> ColumnElement[bool]:
    """The rows with the highest numbers, without a walk over the others."""
    return column > select(func.max(column) - count).scalar_subquery()


_newest = select(Article.author, Article.editor, Article.source, Article.source_url)
_newest = _newest.where(_last(Article.id, NEWEST)).order_by(Article.id.desc())
_newest_tags = select(Tag.name).where(_last(Tag.id, SHOWN)).order_by(Tag.id.desc())
_tags = select(Tag.name).order_by(Tag.id.desc()).limit(SHOWN)
_tags = select(Tag.name).where(Tag.folded >= bindparam("begin"), Tag.folded < bindparam("end"))
_tags = _tags.order_by(Tag.folded).limit(10)


def values() -> dict[str, list[str]]:
    """What the newest articles have in each field that remembers, and the newest tags."""
    rows = ask(_newest)
    found = {name: [value for row in rows if (value := getattr(row, name))] for name in _FIELDS}
    found["tags"] = [row.name for row in ask(_newest_tags)]
    return {name: list(dict.fromkeys(values))[:SHOWN] for name, values in found.items()}


def tags(begin: str) -> list[str]:
    """Tags that begin so, in any case."""
    folded = begin.casefold()
    return [row.name for row in ask(_tags, begin=folded, end=folded + "\U0010ffff")]

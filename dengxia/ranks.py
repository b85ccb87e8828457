"""The n-th article of a list, and how many there are, at the same cost for a thousand and for a million.

`OFFSET` walks the index (45 ms at a million) and so does `COUNT(*)`. So each list of published articles (all, a
category's, a tag's) is kept as segments of at most `LARGEST` articles in order of time, with the count of each: an
order-statistic tree of one level. A position is found by summing counts (2,000 to 4,000 segments at a million, kept
in memory between changes) and one short walk inside a segment. `writing.py` keeps the segments in the transaction
that changes the list.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert, select, tuple_, update

from dengxia.kept import kept
from models import Article, ArticleTag, Segment, db

LARGEST = 512
HALF = LARGEST // 2
ALL = "all"
# Where an article stands in a list: its time in seconds, and its id among those of one second.
Key = tuple[int, int]
FIRST: Key = (-(2**62), 0)
LAST: Key = (2**62, 2**62)


_PLACE = (Segment.start_at, Segment.start_id)


class Outline(NamedTuple):
    """The segments of a list: the key each starts at, and how many articles lie before each (one entry more)."""

    starts: list[Key]
    before: list[int]

    @property
    def total(self) -> int:
        return self.before[-1]


def of_category(id: int) -> str:
    """The name of a category's list."""
    return f"category/{id}"


def of_tag(id: int) -> str:
    """The name of a tag's list."""
    return f"tag/{id}"


@kept
def outline(name: str) -> Outline:
    """The segments of one list as they stand now."""
    rows = db.session.execute(select(*_PLACE, Segment.count).where(Segment.list == name).order_by(*_PLACE)).all()
    return Outline([(row[0], row[1]) for row in rows], [0, *accumulate(row[2] for row in rows)])


def seek(name: str, position: int) -> tuple[Key, int]:
    """Where the article stands that has `position` older ones: so many steps down (`int`) from below a key.

    Reading `key < (the key)` newest first and leaving out the steps begins with that article.
    """
    found = outline(name)
    index = bisect_right(found.before, position) - 1
    top = found.starts[index + 1] if index + 1 < len(found.starts) else LAST
    return top, found.before[index + 1] - 1 - position


def before(name: str, key: Key) -> int:
    """How many articles of a list are older than `key`."""
    found = outline(name)
    index = bisect_right(found.starts, key) - 1
    if index < 0:
        return 0
    at, id, own = _columns(name)
    walk = select(func.count()).where(*own, tuple_(at, id) >= found.starts[index], tuple_(at, id) < key)
    return found.before[index] + db.session.scalar(walk)


def keys(ids: Iterable[int]) -> dict[str, list[Key]]:
    """The lists that these articles stand in, with the articles' keys."""
    found: dict[str, list[Key]] = defaultdict(list)
    published = Article.published_at.is_not(None)
    cards = select(Article.published_at, Article.id, Article.category_id).where(Article.id.in_(ids), published)
    for at, id, category_id in db.session.execute(cards):
        found[ALL].append((at, id))
        found[of_category(category_id)].append((at, id))
    links = select(ArticleTag.published_at, ArticleTag.article_id, ArticleTag.tag_id)
    links = links.where(ArticleTag.article_id.in_(ids), ArticleTag.published_at.is_not(None))
    for at, id, tag_id in db.session.execute(links):
        found[of_tag(tag_id)].append((at, id))
    return found


def change(removed: Mapping[str, Iterable[Key]], added: Mapping[str, Iterable[Key]]) -> None:
    """Count articles out of and into lists (name → keys), after their rows have been written."""
    for step, lists in ((-1, removed), (1, added)):
        for name, keys in lists.items():
            _count(name, sorted(keys), step)


def rebuild() -> None:
    """Make every segment again from the articles."""
    db.session.execute(delete(Segment))
    lists = [ALL, *map(of_category, db.session.scalars(select(Article.category_id).distinct()))]
    lists += map(of_tag, db.session.scalars(select(ArticleTag.tag_id).distinct()))
    for name in lists:
        rows = [{"list": name, "start_at": k[0], "start_id": k[1], "count": n} for k, n in _cut(_keys(name))]
        if rows:
            db.session.execute(insert(Segment), rows)


def _keys(name: str) -> Iterator[Key]:
    at, id, own = _columns(name)
    rows = db.session.execute(
        select(at, id).where(*own, at.is_not(None)).order_by(at, id).execution_options(yield_per=5000)
    )
    return (tuple(row) for row in rows)


def _cut(keys: Iterable[Key]) -> Iterator[tuple[Key, int]]:
    start, count = FIRST, 0
    for key in keys:
        if count == HALF:
            yield start, count
            start, count = key, 0
        count += 1
    yield start, count


def _count(name: str, keys: list[Key], step: int) -> None:
    own = Segment.list == name
    newest_first = [column.desc() for column in _PLACE]
    while keys:
        row = db.session.execute(
            select(*_PLACE).where(own, tuple_(*_PLACE) <= keys[0]).order_by(*newest_first).limit(1)
        ).first()
        start = tuple(row) if row else FIRST
        if not row:
            _start_segment(name, start, 0)
        row = db.session.execute(select(*_PLACE).where(own, tuple_(*_PLACE) > start).order_by(*_PLACE).limit(1)).first()
        here = bisect_left(keys, tuple(row)) if row else len(keys)
        _grow(name, start, step * here)
        keys = keys[here:]


def _grow(name: str, start: Key, by: int) -> None:
    """Change the count of the segment at `start`; what has become too large is cut off into new segments."""
    at, id, own = _columns(name)
    count = db.session.scalar(
        update(Segment)
        .where(Segment.list == name, tuple_(*_PLACE) == start)
        .values(count=Segment.count + by)
        .returning(Segment.count)
    )
    while count > LARGEST:
        walk = select(at, id).where(*own, tuple_(at, id) >= start).order_by(at, id).offset(HALF).limit(1)
        middle = tuple(db.session.execute(walk).one())
        cut = update(Segment).where(Segment.list == name, tuple_(*_PLACE) == start).values(count=HALF)
        db.session.execute(cut)
        _start_segment(name, middle, count - HALF)
        start, count = middle, count - HALF


def _start_segment(name: str, start: Key, count: int) -> None:
    db.session.execute(insert(Segment).values(list=name, start_at=start[0], start_id=start[1], count=count))


def _columns(name: str) -> tuple[ColumnElement, ColumnElement, list[ColumnElement[bool]]]:
    """A list's columns of time (in seconds) and of ids, and the condition that makes the list."""
    kind, _, id = name.partition("/")
    if kind == "tag":
        return ArticleTag.published_at, ArticleTag.article_id, [ArticleTag.tag_id == int(id)]
    own = [Article.category_id == int(id)] if kind == "category" else []
    return Article.published_at, Article.id, own

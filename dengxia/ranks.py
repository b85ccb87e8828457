"""The n-th article of a list, and how many there are, at the same cost for a thousand and for a million.

`OFFSET` walks the index (45 ms at a million) and so does `COUNT(*)`. So each list of published articles (all, a
category's, a tag's) is kept as segments of at most `LARGEST` articles in order of time, with the count of each: an
order-statistic tree of one level. A position is found by summing counts (2,000 to 4,000 segments at a million, kept
in memory between changes) and one short walk inside a segment. `writing.py` keeps the segments in the transaction
that changes the list.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, select, text, tuple_

from dengxia.kept import kept
from dengxia.queries import ask
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


_segments = select(*_PLACE, Segment.count).where(Segment.list == bindparam("name")).order_by(*_PLACE)


@kept
def outline(name: str) -> Outline:
    """The segments of one list as they stand now."""
    rows = ask(_segments, name=name)
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
    with db.engine.connect() as connection:
        return found.before[index] + connection.scalar(walk)


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
    segments = {name: {FIRST: 0} for name in removed.keys() | added.keys()}
    known = select(Segment.list, *_PLACE, Segment.count).where(Segment.list.in_(segments))
    for name, at, id, count in db.session.execute(known):
        segments[name][at, id] = count
    changed = [row for name, counts in segments.items() for row in _changed(name, counts, removed, added)]
    if changed:
        db.session.execute(_put, changed)


_put = text(
    "INSERT INTO segment (list, start_at, start_id, count) VALUES (:list, :at, :id, :count)"
    " ON CONFLICT (list, start_at, start_id) DO UPDATE SET count = excluded.count"
)


def _changed(name: str, counts: dict[Key, int], removed: Mapping, added: Mapping) -> Iterator[dict[str, object]]:
    """The segments of a list that have another count now; what has become too large is cut into new ones."""
    starts = sorted(counts)
    touched = set()
    for step, lists in ((-1, removed), (1, added)):
        for key in lists.get(name, ()):
            start = starts[bisect_right(starts, key) - 1]
            counts[start] += step
            touched.add(start)
    for start in sorted(touched):
        count = counts[start]
        while count > LARGEST:
            yield {"list": name, "at": start[0], "id": start[1], "count": HALF}
            start, count = _further(name, start), count - HALF
        yield {"list": name, "at": start[0], "id": start[1], "count": count}


def _further(name: str, start: Key) -> Key:
    """The key that stands `HALF` behind another in a list."""
    at, id, own = _columns(name)
    walk = select(at, id).where(*own, tuple_(at, id) >= start).order_by(at, id).offset(HALF).limit(1)
    return tuple(db.session.execute(walk).one())


def rebuild() -> None:
    """Make every segment again from the articles."""
    db.session.execute(delete(Segment))
    lists = [ALL, *map(of_category, db.session.scalars(select(Article.category_id).distinct()))]
    lists += map(of_tag, db.session.scalars(select(ArticleTag.tag_id).distinct()))
    for name in lists:
        _make(name)


def join(name: str, other: str) -> None:
    """Make the segments of a list again that has taken in another one, which is no more."""
    db.session.execute(delete(Segment).where(Segment.list.in_([name, other])))
    _make(name)


def _make(name: str) -> None:
    db.session.execute(_put, [{"list": name, "at": k[0], "id": k[1], "count": n} for k, n in _cut(_keys(name))])


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


def _columns(name: str) -> tuple[ColumnElement, ColumnElement, list[ColumnElement[bool]]]:
    """A list's columns of time (in seconds) and of ids, and the condition that makes the list."""
    kind, _, id = name.partition("/")
    if kind == "tag":
        return ArticleTag.published_at, ArticleTag.article_id, [ArticleTag.tag_id == int(id)]
    own = [Article.category_id == int(id)] if kind == "category" else []
    return Article.published_at, Article.number, own

"""How many articles hold a term, and which of the newest tell of it: packed, in two tables that add up.

A batch of 1,000 articles says something new of 90,000 terms, and at 428,500 articles those stand on nearly every page
of `term`: to write these again with each batch took as long as all the rest. So what is new is added to a small table,
`new_term`, and for each article the next `MOVED` rows of it, in the order of terms, go on to `term`, where rows that
lie side by side share pages. All of that is SQL, without an object of Python for a row.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct

from sqlalchemy import delete
from sqlalchemy.engine.interfaces import DBAPICursor

from models import NewTerm, Term, db

ALL = 0  # the id of the row whose frequency is the number of articles
PLACE = -1  # the id of the row whose frequency is the term whose row is the next to go on
FIRST, LAST = 1, 2**63 - 1  # all terms are between these
NEWEST = 500  # articles kept of a term
# Reckoned at 428,500 articles: `new_term` comes to some 600,000 rows, and a batch writes 3,700 pages of both tables
# (with 24 it would be 5,500, with 64 8,200).
MOVED = 40
ENTRY = Struct("<BI")  # a posting: the weight of a term in an article, and the article's id


def frequencies(ids: Iterable[int]) -> Counter[int]:
    """How many articles hold each of these terms; most terms of a new article are new themselves."""
    return Counter({id: (old or 0) + (new or 0) for id, old, new in _both("frequency", ids)})


def newest(ids: Iterable[int]) -> dict[int, bytes]:
    """The postings of each of these terms (`ENTRY`), the newest last."""
    return defaultdict(bytes, {id: (old or b"") + (new or b"") for id, old, new in _both("postings", ids)})


def unpacked(entries: bytes) -> tuple[array, bytes]:
    """The articles of some postings, and the weights: two thirds of the time that `ENTRY` takes for each."""
    articles = bytearray(len(entries) // ENTRY.size * 4)
    for place in range(4):
        articles[place::4] = entries[place + 1 :: ENTRY.size]
    return array("I", articles), entries[:: ENTRY.size]


def _both(column: str, ids: Iterable[int]) -> Iterator[tuple]:
    columns = f"wanted.value, term.{column}, new_term.{column}"
    joined = "LEFT JOIN term ON term.id = wanted.value LEFT JOIN new_term ON new_term.id = wanted.value"
    known = "term.id IS NOT NULL OR new_term.id IS NOT NULL"
    return _cursor().execute(f"SELECT {columns} FROM {_WANTED} {joined} WHERE {known}", [_json(ids)])


def add(counts: Mapping[int, int], postings: Mapping[int, bytes], articles: int) -> None:
    """Add to the frequencies and postings of terms what so many articles add, and let older additions go on."""
    added = ((id, counts.get(id, 0), postings.get(id, b"")) for id in sorted(counts.keys() | postings.keys()))
    put(_ADD.format("new_term", "VALUES (?, ?, ?)"), added)
    cursor = _cursor()
    first = (cursor.execute(f"SELECT frequency FROM new_term WHERE id = {PLACE}").fetchone() or [FIRST])[0]
    beyond = f"SELECT id FROM new_term WHERE id >= {first} ORDER BY id LIMIT 1 OFFSET {MOVED * articles}"
    last = (cursor.execute(beyond).fetchone() or [LAST])[0]
    some = f"FROM new_term WHERE id >= {first} AND id < {last}"
    cursor.execute(_ADD.format("term", f"SELECT id, frequency, postings {some}"))
    cursor.execute(f"DELETE {some}")
    cursor.execute(f"REPLACE INTO new_term VALUES ({PLACE}, {last if last < LAST else FIRST}, x'')")


_ADD = (
    "INSERT INTO {} (id, frequency, postings) {} ON CONFLICT (id) DO UPDATE SET"
    " frequency = frequency + excluded.frequency,"
    # What || makes of two blobs is text, of which substr counts characters; of no bytes it makes NULL.
    f" postings = coalesce(substr(CAST(postings || excluded.postings AS BLOB), -{NEWEST * ENTRY.size}), x'')"
)


def remove(articles: Mapping[int, Iterable[int]]) -> None:
    """Take articles (id → the terms of each) out of the postings."""
    gone: dict[int, list[int]] = defaultdict(list)
    for article, terms in articles.items():
        for term in terms:
            gone[term].append(article)
    for table in ("term", "new_term"):
        found = [(_without(postings, gone[id]), id) for id, postings in rows("id, postings", table, "id", gone)]
        put(f"UPDATE {table} SET postings = ? WHERE id = ?", [row for row in found if row[0] is not None])


def _without(postings: bytes, articles: Iterable[int]) -> bytes | None:
    """Postings without those of these articles; None where there are none of them."""
    kept = [entry for entry in ENTRY.iter_unpack(postings) if entry[1] not in articles]
    return b"".join(ENTRY.pack(*entry) for entry in kept) if len(kept) * ENTRY.size < len(postings) else None


def clear() -> None:
    """Forget all terms."""
    for table in (Term, NewTerm):
        db.session.execute(delete(table))


def put(statement: str, values: Iterable[tuple]) -> None:
    """Run a statement for each of these. By the driver: SQLAlchemy takes longer over a row than SQLite does."""
    _cursor().executemany(statement, values)


def rows(columns: str, table: str, key: str, ids: Iterable[int]) -> Iterator[tuple]:
    """Rows by whole numbers, in the order of these."""
    return _cursor().execute(f"SELECT {columns} FROM {_WANTED} CROSS JOIN {table} ON {key} = value", [_json(ids)])


# Not in the statement itself: the driver keeps 128 statements, which would be some megabytes each.
_WANTED = "(SELECT value FROM json_each(?)) AS wanted"


def _json(ids: Iterable[int]) -> str:
    return f"[{','.join(map(str, sorted(ids)))}]"


def _cursor() -> DBAPICursor:
    return db.session.connection().connection.cursor()

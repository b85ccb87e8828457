"""What fits an article: the ten others that share most of its telling terms.

Each article keeps its `KEPT` most telling ones (tf × idf) as postings, term → articles with a weight. The score of two
articles is the sum over shared terms of weight × weight × idf^0.7: a tempered idf (0.35 on either side) and a weak norm
of length do better than the textbook's cosine. On 10,000 headlines of ten classes 0.64 of the ten related have the same
class (`benchmarks/related.py`; cosine of tf-idf 0.59). The score is the same from either side, so a new article also
enters the lists of older ones that it fits better than their last.

What an editor pins comes first and what one bans never comes, now and when the list changes (`RelatedChoice`).

Postings are packed, the newest `NEWEST` of a term in one row, and the most telling terms are read first up to `READ`
postings, so the cost does not grow with the site.
"""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import islice
from operator import mul

from sqlalchemy import delete, select
from sqlalchemy.engine.interfaces import DBAPICursor

from dengxia.queries import SHOWN
from dengxia.search import Text
from dengxia.terms import Terms
from models import Related, RelatedChoice, Term, db

KEPT = 48
NEWEST = 500
READ = 4_000
CANDIDATES = 30
NEAREST = 3
SCALE = 400  # of a weight kept in a byte
PRIOR = 500  # articles that a young site is taken to have more, so that its first statistics are not believed
COPY = 0.8  # of an article's score with itself: what comes nearer is the same text again
SAMPLE = 8  # terms of bodies are counted in one of so many articles once there are SURE articles
SURE = 300
PINNED = 2**32 - 1  # the score of what an editor pinned
ALL = 0  # the id of the row whose frequency is the number of articles


def change(old: Mapping[int, Text], new: Mapping[int, Text]) -> None:
    """Take articles (id → text) out of the postings as they stood, put them in as they stand, and relate them.

    Only what is published has a part in it.
    """
    batch = _Batch(_terms(new), _terms(old))
    for id in sorted(batch.articles):
        batch.relate(id)
    batch.write()


def _terms(texts: Mapping[int, Text]) -> dict[int, Terms]:
    return {id: text.words.terms for id, text in texts.items() if text.status == "published"}


def nearest(terms: Terms, own: int | None) -> list[int]:
    """The few published articles but its own that share most with a text, copies of it first; nothing is written."""
    id = own or 0
    batch = _Batch({id: terms}, {})
    scores = batch.scores(batch.weights[id])
    scores.pop(id, None)
    return nlargest(NEAREST, scores, key=scores.__getitem__)


def clear() -> None:
    """Forget all terms and lists."""
    db.session.execute(delete(Term))
    db.session.execute(delete(Related))


class _Batch:
    """Articles related in one transaction: what is read for them is read once and written back at the end."""

    def __init__(self, articles: Mapping[int, Terms], forgotten: Mapping[int, Terms]):
        self.articles, self.forgotten = articles, forgotten
        wanted = {ALL}.union(*(terms.ids for terms in (*articles.values(), *forgotten.values())))
        self.frequency = dict.fromkeys(wanted, 0) | dict(_rows("id, frequency", "term", "id", wanted))
        self.counted = self._count()
        known = self.frequency[ALL] + PRIOR
        # By frequency, since most terms have one of a few.
        self.idf = {count: math.log(1 + known / (count + 1)) for count in {*self.frequency.values()}}
        self.tempered = {count: idf**0.7 for count, idf in self.idf.items()}
        self.weights = {id: self._weights(terms) for id, terms in articles.items()}
        read = set().union(*self.weights.values(), *(terms.ids for terms in forgotten.values()))
        self.postings = {id: array("Q", packed) for id, packed in _rows("id, postings", "term", "id", read)}
        self.lists: dict[int, array] = {}
        self.touched: set[int] = set()
        self.relisted: set[int] = set()
        self.pinned, self.banned = self._choices()
        self._forget()

    def _count(self) -> set[int]:
        """Count the articles' terms: all of a title, those of a body in a sample."""
        counted = {ALL}
        new = {id: terms for id, terms in self.articles.items() if id not in self.forgotten}
        self.frequency[ALL] += len(new)
        for id, terms in new.items():
            step = 1 if id <= SURE else SAMPLE
            for term in terms.ids[: terms.titled]:
                self.frequency[term] += 1
            for term in terms.ids[terms.titled :] if id % step == 0 else ():
                self.frequency[term] += step
            counted.update(terms.ids if id % step == 0 else terms.ids[: terms.titled])
        return counted

    def _weights(self, terms: Terms) -> dict[int, int]:
        """The most telling terms of an article (those of its title count double) with their weights in a byte."""
        counts = [*map(self.frequency.__getitem__, terms.ids)]
        places = range(len(counts))
        if len(counts) > KEPT:
            telling = [*map(mul, terms.weights, map(self.idf.__getitem__, counts))]
            telling[: terms.titled] = [2 * value for value in telling[: terms.titled]]
            places = sorted(places, key=telling.__getitem__, reverse=True)[:KEPT]
        length = math.sqrt(sum(terms.weights[place] ** 2 * self.tempered[counts[place]] for place in places))
        scale = SCALE / (0.7 * 10 + 0.3 * length)
        return {terms.ids[place]: min(255, max(1, round(scale * terms.weights[place]))) for place in places}

    def _choices(self) -> tuple[dict[int, list[int]], dict[int, set[int]]]:
        """What editors pinned and banned, few by the nature of the thing: article → others."""
        pinned, banned = defaultdict(list), defaultdict(set)
        for choice in db.session.execute(select(RelatedChoice.__table__)):
            if choice.pinned:
                pinned[choice.article_id].append(choice.other_id)
            else:
                banned[choice.article_id].add(choice.other_id)
        return pinned, banned

    def _forget(self) -> None:
        """Take the old articles out of the postings."""
        for id, terms in self.forgotten.items():
            for term in terms.ids:
                kept = array("Q", (entry for entry in self.postings.get(term, ()) if entry >> 8 != id))
                if len(kept) < len(self.postings.get(term, ())):
                    self.postings[term] = kept
                    self.touched.add(term)

    def relate(self, id: int) -> None:
        """Find the list of an article, enter it into those of others, and add its postings."""
        weights = self.weights[id]
        best = self._best(weights)
        self._read_lists([other for _, other in best])
        self._list(id, sorted((_entry(score, other) for score, other in best), reverse=True))
        for score, other in best:
            listed, entry = self.lists[other], _entry(score, id)
            if id in self.forgotten:
                listed = array("Q", (one for one in listed if one & 0xFFFFFFFF != id))
            if len(listed) < SHOWN or entry > listed[-1]:
                self._list(other, sorted([*listed, entry], reverse=True))
        for term, weight in weights.items():
            postings = self.postings.setdefault(term, array("Q"))
            postings.append(id << 8 | weight)
            del postings[:-NEWEST]
        self.touched |= weights.keys()

    def _best(self, weights: Mapping[int, int]) -> list[tuple[float, int]]:
        """The articles with the highest scores, but for copies of the same text."""
        shares = self._shares(weights)
        limit = COPY * sum(weights[term] * share for term, share in shares.items())
        return nlargest(CANDIDATES, [(score, other) for other, score in self.scores(weights).items() if score < limit])

    def _shares(self, weights: Mapping[int, int]) -> dict[int, float]:
        return {term: weight * self.tempered[self.frequency[term]] / SCALE**2 for term, weight in weights.items()}

    def scores(self, weights: Mapping[int, int]) -> dict[int, float]:
        """The scores of all articles in the postings read."""
        shares = self._shares(weights)
        scores: dict[int, float] = {}
        score_of = scores.get  # looked up once: this loop is half of the work
        left = READ
        for term in sorted(weights, key=lambda term: -weights[term] * shares[term]):
            read = self.postings.get(term, array("Q"))[-left:]
            share = shares[term]
            for other, weight in zip(*_unpacked(read), strict=True):
                scores[other] = score_of(other, 0.0) + share * weight
            left -= len(read)
            if left <= 0:
                break
        return scores

    def _read_lists(self, ids: Iterable[int]) -> None:
        wanted = set(ids) - self.lists.keys()
        self.lists |= dict.fromkeys(wanted, array("Q"))
        rows = _rows("article_id, others", "related", "article_id", wanted)
        self.lists |= {id: array("Q", others) for id, others in rows}

    def _list(self, id: int, entries: Iterable[int]) -> None:
        pinned = self.pinned.get(id, [])
        left_out = {*pinned, *self.banned.get(id, ())}
        free = (entry for entry in entries if entry & 0xFFFFFFFF not in left_out)
        self.lists[id] = array("Q", [*(PINNED << 32 | other for other in pinned), *free][:SHOWN])
        self.relisted.add(id)

    def _packed(self, term: int) -> bytes | None:
        return self.postings[term].tobytes() if term in self.touched else None

    def write(self) -> None:
        """Put everything back that has changed."""
        # In one walk along the table, so that each of its pages is written once.
        terms = ((id, self.frequency[id], self._packed(id)) for id in sorted(self.counted | self.touched))
        _put(_PUT_TERM, terms)
        _put(_PUT_LIST, ((id, self.lists[id].tobytes()) for id in sorted(self.relisted)))


def _entry(score: float, id: int) -> int:
    # As around.unpack_others reads it.
    return round(score * 1000) << 32 | id


def _unpacked(postings: array) -> tuple[array, bytes]:
    """The articles and the weights of postings (id << 8 | weight): of the 8 bytes of each, 1 to 4 and 0."""
    packed = postings.tobytes()
    return array("I", (packed + b"\0")[1:])[::2], packed[::8]


_PUT_TERM = (
    "INSERT INTO term (id, frequency, postings) VALUES (?1, ?2, coalesce(?3, x''))"
    " ON CONFLICT (id) DO UPDATE SET frequency = excluded.frequency, postings = coalesce(?3, postings)"
)
_PUT_LIST = (
    "INSERT INTO related (article_id, others) VALUES (?, ?)"
    " ON CONFLICT (article_id) DO UPDATE SET others = excluded.others"
)


def _put(statement: str, rows: Iterable[tuple]) -> None:
    # By the driver's own cursor, like `_rows`: SQLAlchemy takes longer over a row than SQLite does.
    _cursor().executemany(statement, rows)


def _rows(columns: str, table: str, key: str, ids: Iterable[int]) -> Iterator[tuple]:
    """Rows by whole numbers, which stand in the statement itself: there may be more of them than parameters."""
    numbers, cursor = map(str, sorted(ids)), _cursor()
    while some := ",".join(islice(numbers, 10_000)):
        yield from cursor.execute(f"SELECT {columns} FROM {table} WHERE {key} IN ({some})")


def _cursor() -> DBAPICursor:
    return db.session.connection().connection.cursor()

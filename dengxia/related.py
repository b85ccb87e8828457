"""What fits an article: the ten others that share most of its telling terms.

Each article keeps its `KEPT` most telling ones (tf × idf) as postings, term → articles with a weight. The score of two
articles is the sum over shared terms of weight × weight × idf^0.7: a tempered idf (0.35 on either side) and a weak norm
of length do better than the textbook's cosine. On 10,000 headlines of ten classes 0.65 of the ten related have the same
class (`benchmarks/related.py`; cosine of tf-idf 0.59). The score is the same from either side, so a new article also
enters the lists of older ones that it fits better than their last.

Postings are packed, the newest `NEWEST` of a term in one row, and the most telling terms are read first up to `READ`
postings, so the cost does not grow with the site.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import islice
from operator import mul

from sqlalchemy import delete, text

from dengxia.queries import SHOWN
from dengxia.search import Text
from dengxia.terms import Terms
from models import Related, Term, db

KEPT = 48
NEWEST = 500
READ = 8_000
CANDIDATES = 50
SCALE = 400  # of a weight kept in a byte
PRIOR = 500  # articles that a young site is taken to have more, so that its first statistics are not believed
COPY = 0.8  # of an article's score with itself: what comes nearer is the same text again
SAMPLE = 8  # terms of bodies are counted in one of so many articles once there are SURE articles
SURE = 300
ALL = 0  # the id of the row whose frequency is the number of articles


def _entry(score: float, id: int) -> int:
    # As around.unpack_others reads it.
    return round(score * 1000) << 32 | id


def change(old: Mapping[int, Text], new: Mapping[int, Text]) -> None:
    """Take articles (id → text) out of the postings as they stood, put them in as they stand, and relate them."""
    batch = _Batch({id: text.words.terms for id, text in new.items()})
    batch.forget({id: text.words.terms.ids for id, text in old.items()})
    for id in sorted(new):
        batch.relate(id)
    batch.write()


def clear() -> None:
    """Forget all terms and lists."""
    db.session.execute(delete(Term))
    db.session.execute(delete(Related))


class _Batch:
    """Articles related in one transaction: what is read for them is read once and written back at the end."""

    def __init__(self, articles: Mapping[int, Terms]):
        self.articles = articles
        wanted = {ALL}.union(*(terms.ids for terms in articles.values()))
        self.frequency = Counter(dict(_rows("id, frequency", "term", "id", wanted)))
        self.counted = self._count()
        articles_known = self.frequency[ALL] + PRIOR
        self.idf = {term: math.log(1 + articles_known / (self.frequency[term] + 1)) for term in wanted}
        self.weights = {id: self._weights(terms) for id, terms in articles.items()}
        kept = set().union(*self.weights.values())
        self.postings = {id: array("Q", packed) for id, packed in _rows("id, postings", "term", "id", kept)}
        self.lists: dict[int, list[int]] = {}
        self.touched: set[int] = set()

    def _count(self) -> set[int]:
        """Count the articles' terms: all of a title, those of a body in a sample."""
        counted: set[int] = set()
        for id, terms in self.articles.items():
            step = 1 if id <= SURE else SAMPLE
            counts = {ALL: 1, **dict.fromkeys(terms.ids[: terms.titled], 1)}
            if id % step == 0:
                counts |= dict.fromkeys(terms.ids[terms.titled :], step)
            self.frequency.update(counts)
            counted |= counts.keys()
        return counted

    def _tempered(self, term: int) -> float:
        return self.idf[term] ** 0.7

    def _weights(self, terms: Terms) -> dict[int, int]:
        """The most telling terms of an article (those of its title count double) with their weights in a byte."""
        places = range(len(terms.ids))
        if len(places) > KEPT:
            telling = [*map(mul, terms.weights, map(self.idf.__getitem__, terms.ids))]
            telling[: terms.titled] = [2 * value for value in telling[: terms.titled]]
            places = sorted(places, key=telling.__getitem__, reverse=True)[:KEPT]
        kept = [(terms.ids[place], terms.weights[place]) for place in places]
        length = math.sqrt(sum(weight * weight * self._tempered(term) for term, weight in kept))
        norm = 0.7 * 10 + 0.3 * length
        return {term: min(255, max(1, round(SCALE * weight / norm))) for term, weight in kept}

    def forget(self, articles: Mapping[int, Iterable[int]]) -> None:
        """Take articles with these terms out of the postings."""
        wanted = set().union(*articles.values()) - self.postings.keys()
        self.postings |= {id: array("Q", packed) for id, packed in _rows("id, postings", "term", "id", wanted)}
        for id, terms in articles.items():
            for term in terms:
                kept = array("Q", (entry for entry in self.postings.get(term, ()) if entry >> 8 != id))
                if len(kept) < len(self.postings.get(term, ())):
                    self.postings[term] = kept
                    self.touched.add(term)

    def relate(self, id: int) -> None:
        """Find the list of an article, enter it into those of others, and add its postings."""
        weights = self.weights[id]
        scores, own = self._scores(weights)
        best = nlargest(CANDIDATES, ((score, other) for other, score in scores.items() if score < COPY * own))
        self._read_lists([other for _, other in best])
        self.lists[id] = [_entry(score, other) for score, other in best[:SHOWN]]
        for score, other in best:
            listed = [entry for entry in self.lists[other] if entry & 0xFFFFFFFF != id]
            self.lists[other] = sorted([*listed, _entry(score, id)], reverse=True)[:SHOWN]
        for term, weight in weights.items():
            postings = self.postings.setdefault(term, array("Q"))
            postings.append(id << 8 | weight)
            del postings[:-NEWEST]
        self.touched |= weights.keys()

    def _scores(self, weights: Mapping[int, int]) -> tuple[dict[int, float], float]:
        """The score of every article in the postings read, and that of the article with itself."""
        shares = {term: weight * self._tempered(term) / SCALE**2 for term, weight in weights.items()}
        scores: defaultdict[int, float] = defaultdict(float)
        left = READ
        for term in sorted(weights, key=lambda term: -weights[term] * shares[term]):
            read = self.postings.get(term, array("Q"))[-left:]
            share = shares[term]
            for entry in read:
                scores[entry >> 8] += share * (entry & 255)
            left -= len(read)
            if left <= 0:
                break
        return scores, sum(weights[term] * share for term, share in shares.items())

    def _read_lists(self, ids: Iterable[int]) -> None:
        wanted = set(ids) - self.lists.keys()
        self.lists |= {id: [] for id in wanted}
        rows = _rows("article_id, others", "related", "article_id", wanted)
        self.lists |= {id: list(array("Q", others)) for id, others in rows}

    def write(self) -> None:
        """Put everything back that has changed."""
        frequencies = [{"id": term, "value": self.frequency[term], "none": b""} for term in self.counted]
        postings = [{"id": term, "value": self.postings[term].tobytes()} for term in self.touched]
        lists = [{"id": id, "value": array("Q", entries).tobytes()} for id, entries in self.lists.items()]
        for statement, rows in ((_put_frequency, frequencies), (_put_postings, postings), (_put_list, lists)):
            if rows:
                db.session.execute(statement, rows)


_put_frequency = text(
    "INSERT INTO term (id, frequency, postings) VALUES (:id, :value, :none)"
    " ON CONFLICT (id) DO UPDATE SET frequency = excluded.frequency"
)
_put_postings = text(
    "INSERT INTO term (id, frequency, postings) VALUES (:id, 0, :value)"
    " ON CONFLICT (id) DO UPDATE SET postings = excluded.postings"
)
_put_list = text(
    "INSERT INTO related (article_id, others) VALUES (:id, :value)"
    " ON CONFLICT (article_id) DO UPDATE SET others = excluded.others"
)


def _rows(columns: str, table: str, key: str, ids: Iterable[int]) -> Iterator[tuple]:
    """Rows by whole numbers, which stand in the statement itself: there may be more of them than parameters."""
    numbers = map(str, sorted(ids))
    while some := ",".join(islice(numbers, 10_000)):
        yield from db.session.connection().exec_driver_sql(f"SELECT {columns} FROM {table} WHERE {key} IN ({some})")

"""What fits an article: the ten others that share most of its telling terms.

Terms are Chinese characters and pairs, Latin words, numbers with the character beside them, and in titles signs too.
Each article keeps its `KEPT` most telling ones (tf × idf) as postings, term → articles with a weight. The score of two
articles is the sum over shared terms of weight × weight × idf^0.7: a tempered idf (0.35 on either side) and a weak norm
of length do better than the textbook's cosine. On 10,000 headlines of ten classes 0.65 of the ten related have the same
class (`benchmarks/related.py`; cosine of tf-idf 0.59). The score is the same from either side, so a new article also
enters the lists of older ones that it fits better than their last.

Postings are packed, the newest `NEWEST` of a term in one row, and the most telling terms are read first up to `READ`
postings, so the cost does not grow with the site.
"""

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import islice, pairwise
from zlib import crc32

from sqlalchemy import delete, text

from dengxia import han
from dengxia.queries import SHOWN
from dengxia.search import Text
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
BODY = 600  # characters of a body that are read: what an article is about stands at its beginning
ALL = 0  # the id of the row whose frequency is the number of articles
_TOKEN = re.compile(rf"[{han.HAN}]|[a-z]+|\d+(?:[.,]\d+)*|\S")
_CHINESE = re.compile(rf"[{han.HAN}]+")
_LATIN = re.compile(r"[a-z]{2,}")


# Terms: a number each, so that the database looks them up by its primary key


def _pair(one: str, two: str) -> int:
    return ord(one) << 21 | ord(two)


def _other(text: str) -> int:
    return 1 << 42 | crc32(text.encode())


def _terms(title: str, body: str) -> tuple[dict[int, float], set[int]]:
    """Each term of an article with its weight (kind × (1 + ln tf)), and which of them stand in the title."""
    counts: Counter[int] = Counter()
    kinds: dict[int, float] = {}
    for term, kind in _title_terms(han.fold(title)):
        counts[term] += 1
        kinds[term] = kind
    in_title = set(counts)
    folded = han.fold(body[:BODY])
    counts.update(_pair(*both) for run in _CHINESE.findall(folded) for both in pairwise(run))
    counts.update(_other(word) for word in _LATIN.findall(folded))
    return {term: kinds.get(term, 1.0) * (1 + math.log(count)) for term, count in counts.items()}, in_title


def _title_terms(folded: str) -> Iterable[tuple[int, float]]:
    """The terms of a title with the weights of their kinds, as tuned on headlines."""
    tokens = _TOKEN.findall(folded)
    for one, two in pairwise([*tokens, " "]):
        if han.is_han(one):
            yield ord(one), 1.0
            if han.is_han(two):
                yield _pair(one, two), 1.0
            elif two[0].isdigit():
                yield _other(one + "#"), 0.7
        elif one[0].isdigit():
            yield _other(one), 0.7
            if two != " ":
                yield _other("#" + two[0]), 0.7
        elif one.isalpha():
            yield _other(one), 2.0
        else:
            yield _other(one), 1.0


def _entry(score: float, id: int) -> int:
    # As around.unpack_others reads it.
    return round(score * 1000) << 32 | id


def change(old: Mapping[int, Text], new: Mapping[int, Text]) -> None:
    """Take articles (id → text) out of the postings as they stood, put them in as they stand, and relate them."""
    batch = _Batch({id: _terms(text.title, text.body) for id, text in new.items()})
    batch.forget({id: _terms(text.title, text.body)[0] for id, text in old.items()})
    for id in sorted(new):
        batch.relate(id)
    batch.write()


def clear() -> None:
    """Forget all terms and lists."""
    db.session.execute(delete(Term))
    db.session.execute(delete(Related))


class _Batch:
    """Articles related in one transaction: what is read for them is read once and written back at the end."""

    def __init__(self, articles: Mapping[int, tuple[dict[int, float], set[int]]]):
        self.articles = articles
        wanted = {ALL}.union(*(terms for terms, _ in articles.values()))
        self.frequency = Counter(dict(_rows("id, frequency", "term", "id", wanted)))
        self.counted = self._count()
        articles_known = self.frequency[ALL] + PRIOR
        self.idf = {term: math.log(1 + articles_known / (self.frequency[term] + 1)) for term in wanted}
        self.weights = {id: self._weights(*terms) for id, terms in articles.items()}
        kept = set().union(*self.weights.values())
        self.postings = {id: array("Q", packed) for id, packed in _rows("id, postings", "term", "id", kept)}
        self.lists: dict[int, list[int]] = {}
        self.touched: set[int] = set()

    def _count(self) -> set[int]:
        """Count the articles' terms: all of a title, those of a body in a sample."""
        counted: set[int] = set()
        for id, (terms, in_title) in self.articles.items():
            step = 1 if id <= SURE else SAMPLE
            counts = {ALL: 1, **dict.fromkeys(in_title, 1)}
            if id % step == 0:
                counts |= dict.fromkeys(terms.keys() - in_title, step)
            self.frequency.update(counts)
            counted |= counts.keys()
        return counted

    def _tempered(self, term: int) -> float:
        return self.idf[term] ** 0.7

    def _weights(self, terms: dict[int, float], in_title: set[int]) -> dict[int, int]:
        """The most telling terms of an article (those of its title count double) with their weights in a byte."""
        if len(terms) > KEPT:
            telling = {term: weight * self.idf[term] * (1 + (term in in_title)) for term, weight in terms.items()}
            terms = {term: terms[term] for term in nlargest(KEPT, telling, key=telling.__getitem__)}
        length = math.sqrt(sum(weight * weight * self._tempered(term) for term, weight in terms.items()))
        norm = 0.7 * 10 + 0.3 * length
        return {term: min(255, max(1, round(SCALE * weight / norm))) for term, weight in terms.items()}

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

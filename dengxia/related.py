"""What fits an article: the ten others that share most of its telling terms.

Each article keeps its `KEPT` most telling ones (tf × idf) as postings, term → articles with a weight. The score of two
articles is the sum over shared terms of weight × weight × idf^0.7: a tempered idf (0.35 on either side) and a weak norm
of length do better than the textbook's cosine. On 10,000 headlines of ten classes 0.64 of the ten related have the same
class (`benchmarks/related.py`; cosine of tf-idf 0.59). The score is the same from either side, so a new article also
enters the lists of older ones that it fits better than their last.

What an editor pins comes first and what one bans never comes, now and when the list changes (`RelatedChoice`).

The newest postings of each term are kept (`postings.py`), and the most telling terms are read first, up to `READ`
postings, so the cost does not grow with the site.
"""

import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest
from operator import itemgetter, mul

from sqlalchemy import delete, select

from dengxia import postings
from dengxia.postings import ALL, ENTRY, NEWEST
from dengxia.queries import SHOWN
from dengxia.search import Text
from dengxia.terms import Terms
from models import Related, RelatedChoice, db

KEPT = 48
READ = 3_000
CANDIDATES = 30
NEAREST = 3
SCALE = 400  # of a weight kept in a byte
PRIOR = 500  # articles that a young site is taken to have more, so that its first statistics are not believed
COPY = 0.8  # of an article's score with itself: what comes nearer is the same text again
SAMPLE = 8  # terms of bodies are counted in one of so many articles once there are SURE articles
SURE = 300
PINNED = 2**32 - 1  # the score of what an editor pinned


def change(old: Mapping[int, Text], new: Mapping[int, Text]) -> None:
    """Take articles (id → text) out of the postings as they stood, put them in as they stand, and relate them.

    Only what is published has a part in it.
    """
    gone, come = _terms(old), _terms(new)
    postings.remove({id: terms.ids for id, terms in gone.items()})
    if come:
        found = _Batch(dict(sorted(come.items())), gone.keys()).find()
        lists = _Lists({*come, *(other for best in found.values() for other, _ in best)})
        for id, best in found.items():
            lists.put(id, sorted((_entry(score, other) for other, score in best), reverse=True))
            for other, score in best:
                lists.enter(other, id, score, known=id in gone)
        lists.write()


def _terms(texts: Mapping[int, Text]) -> dict[int, Terms]:
    return {id: text.words.terms for id, text in texts.items() if text.status == "published"}


def nearest(terms: Terms, own: int | None) -> list[int]:
    """The few published articles but its own that share most with a text, copies of it first; nothing is written."""
    id = own or 0
    batch = _Batch({id: terms}, ())
    scores = batch.scores(batch.weights[id])
    scores.pop(id, None)
    return nlargest(NEAREST, scores, key=scores.__getitem__)


def clear() -> None:
    """Forget all terms and lists."""
    postings.clear()
    db.session.execute(delete(Related))


class _Batch:
    """Articles related in one transaction: what is read for them is read once and written back at the end."""

    def __init__(self, articles: Mapping[int, Terms], known: Collection[int]):
        self.counts = _counts({id: terms for id, terms in articles.items() if id not in known})
        frequencies = postings.frequencies({ALL}.union(*(terms.ids for terms in articles.values())))
        frequencies.update(self.counts)
        total = frequencies[ALL] + PRIOR
        # By frequency, since most terms have one of a few.
        idf = {count: math.log(1 + total / (count + 1)) for count in {0, *frequencies.values()}}
        self.idf = defaultdict(lambda: idf[0], {term: idf[count] for term, count in frequencies.items()})
        self.weights = {id: self._weights(terms) for id, terms in articles.items()}
        read = set().union(*self.weights.values())
        self.tempered = {term: self.idf[term] ** 0.7 for term in read}
        self.postings = postings.newest(read)

    def _weights(self, terms: Terms) -> dict[int, int]:
        """The most telling terms of an article (those of its title count double) with their weights in a byte."""
        places = range(len(terms.ids))
        if len(places) > KEPT:
            telling = [*map(mul, terms.weights, map(self.idf.__getitem__, terms.ids))]
            telling[: terms.titled] = [2 * value for value in telling[: terms.titled]]
            places = sorted(places, key=telling.__getitem__, reverse=True)[:KEPT]
        kept = {terms.ids[place]: terms.weights[place] for place in places}
        length = math.sqrt(sum(weight**2 * self.idf[term] ** 0.7 for term, weight in kept.items()))
        scale = SCALE / (0.7 * 10 + 0.3 * length)
        return {term: min(255, max(1, round(scale * weight))) for term, weight in kept.items()}

    def find(self) -> dict[int, list[tuple[int, float]]]:
        """The articles that fit each one best, with scores; meanwhile each enters the postings."""
        found, added = {}, defaultdict(bytearray)
        for id, weights in self.weights.items():
            found[id] = self._best(weights)
            for term, weight in weights.items():
                entry = ENTRY.pack(weight, id)
                self.postings[term] += entry
                added[term] += entry
        postings.add(self.counts, added, len(found))
        return found

    def _best(self, weights: Mapping[int, int]) -> list[tuple[int, float]]:
        """The articles with the highest scores, but for copies of the same text."""
        scores = self.scores(weights)
        best = nlargest(CANDIDATES, scores.items(), key=itemgetter(1))
        copy = COPY * sum(self._shares(weights).values())
        if best and best[0][1] >= copy:
            others = [(other, score) for other, score in scores.items() if score < copy]
            best = nlargest(CANDIDATES, others, key=itemgetter(1))
        return best

    def _shares(self, weights: Mapping[int, int]) -> dict[int, float]:
        """What each term adds to the score of an article with itself."""
        return {term: weight * weight * self.tempered[term] / SCALE**2 for term, weight in weights.items()}

    def scores(self, weights: Mapping[int, int]) -> dict[int, float]:
        """The scores of all articles in the postings read."""
        own = self._shares(weights)
        scores: dict[int, float] = {}
        score_of = scores.get  # looked up once: this loop is half of the work
        left = READ
        for term in sorted(own, key=own.__getitem__, reverse=True):
            read = self.postings[term][-min(left, NEWEST) * ENTRY.size :]
            share = own[term] / weights[term]
            for other, weight in zip(*postings.unpacked(read), strict=True):
                scores[other] = score_of(other, 0.0) + share * weight
            left -= len(read) // ENTRY.size
            if left <= 0:
                break
        return scores


class _Lists:
    """The lists of articles as they stand, read at once, changed, and those that have changed written at once."""

    def __init__(self, ids: Collection[int]):
        found = postings.rows("article_id, others", "related", "article_id", ids)
        self.entries = dict.fromkeys(ids, array("Q")) | {id: array("Q", others) for id, others in found}
        self.changed: set[int] = set()
        self.pinned, self.banned = _choices()

    def put(self, id: int, entries: Iterable[int]) -> None:
        """Make this the list of an article, but for what an editor chose."""
        pinned = self.pinned.get(id, [])
        left_out = {*pinned, *self.banned.get(id, ())}
        free = (entry for entry in entries if entry & 0xFFFFFFFF not in left_out)
        self.entries[id] = array("Q", [*(PINNED << 32 | other for other in pinned), *free][:SHOWN])
        self.changed.add(id)

    def enter(self, id: int, other: int, score: float, known: bool) -> None:
        """Put an article (`other`) into a list that it fits better than the last there."""
        listed, entry = self.entries[id], _entry(score, other)
        if known:
            listed = array("Q", (one for one in listed if one & 0xFFFFFFFF != other))
        if len(listed) < SHOWN or entry > listed[-1]:
            self.put(id, sorted([*listed, entry], reverse=True))

    def write(self) -> None:
        """Put back what has changed, in one walk along the table, so that each of its pages is written once."""
        postings.put(_PUT_LIST, ((id, self.entries[id].tobytes()) for id in sorted(self.changed)))


def _choices() -> tuple[dict[int, list[int]], dict[int, set[int]]]:
    """What editors pinned and banned, few by the nature of the thing: article → others."""
    pinned, banned = defaultdict(list), defaultdict(set)
    for choice in db.session.execute(select(RelatedChoice.__table__)):
        if choice.pinned:
            pinned[choice.article_id].append(choice.other_id)
        else:
            banned[choice.article_id].add(choice.other_id)
    return pinned, banned


def _counts(articles: Mapping[int, Terms]) -> Counter[int]:
    """How many of these articles hold each term: all terms of titles are counted, those of bodies in a sample."""
    counts = Counter({ALL: len(articles)})
    for id, terms in articles.items():
        step = 1 if id <= SURE else SAMPLE
        counts.update(terms.ids[: terms.titled])
        if id % step == 0:
            counts.update(dict.fromkeys(terms.ids[terms.titled :], step))
    return counts


def _entry(score: float, id: int) -> int:
    # As around.unpack_others reads it.
    return round(score * 1000) << 32 | id


_PUT_LIST = (
    "INSERT INTO related (article_id, others) VALUES (?, ?)"
    " ON CONFLICT (article_id) DO UPDATE SET others = excluded.others"
)

"""Titles for what a visitor means: while typing, and where nothing was found. All with deadlines, as in `search`."""

from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from urllib.parse import unquote

from dengxia import han, queries
from dengxia.queries import PER_PAGE, Row
from dengxia.search import FEW, LONGEST_QUERY, RANK, TITLE, TITLES, VISIBLE, WORDS, phrase, quoted, rows_of, run, titled
from models import now

MOST_TERMS = 20
NEWEST = 200
SUGGEST, COUNT_ONE = 0.002, 0.001


def suggest(typed: str, limit: int = 8) -> list[Row]:
    """Titles (with their ids) for what is typed so far: that very title, such as begin with it, such as hold its words.

    Newest first among equals; of articles with one title only the newest.
    """
    groups = han.groups(han.fold(typed))
    if not groups:
        return []
    wanted = "".join(groups)
    ids, begin = titled(typed), []
    for match in _unfinished(groups):
        found, whole = rows_of(TITLES, match, PER_PAGE, SUGGEST)
        ids += found
        if not whole and not begin:
            # What stands in so many titles is found without an index.
            begin = [row.id for row in queries.newest(NEWEST) if _folded(row.title).startswith(wanted)]
        if len(ids) + len(begin) >= PER_PAGE:
            break
    rows: dict[str, Row] = {}
    for row in queries.titles(dict.fromkeys([*ids, *begin])):
        rows.setdefault(row.title, row)

    def distance(row: Row) -> tuple[bool, bool]:
        title = _folded(row.title)
        return title != wanted, not title.startswith(wanted)

    return sorted(rows.values(), key=distance)[:limit]


def _unfinished(groups: list[str]) -> Iterator[str]:
    """What to match in titles for words of which the last may not be finished, the best first."""
    last = han.runs(groups[-1])[-1]
    chinese, begins, holds = han.is_han(last), f"^{phrase(groups)}", " AND ".join(phrase([group]) for group in groups)
    # A pair of characters is a whole token. One character may begin a pair; by itself it is a token only further on.
    if not chinese or len(last) > 1:
        yield begins
    if not chinese or len(last) == 1:
        yield f"{begins} *"
    yield holds
    if not chinese:
        yield f"{holds} *"


def _folded(title: str) -> str:
    return "".join(han.groups(han.fold(title)))


def nearest(words: str, limit: int = 5) -> list[Row]:
    """Titles (with their ids) that come nearest to some words or an address.

    First what would be found with one character other or one word less; then by the rarest pairs of characters in the
    texts, and by pairs and characters in the titles, without what is less than half as near as the best.
    """
    groups = [g for g in han.groups(han.fold(unquote(words)[:LONGEST_QUERY])) if g not in _NO_WORDS]
    pairs = [_begun(token) for group in groups for token in han.tokens(group) if len(token) > 1]
    chars = han.characters("".join(groups))
    one_off = _best(WORDS, list(islice(_one_off([group for group in groups if len(group) > 1]), MOST_TERMS)))
    in_texts, in_titles = _ranks(WORDS, pairs), _ranks(TITLES, [*pairs, *quoted(chars)])
    near = {id: in_texts.get(id, 0) + in_titles.get(id, 0) for id in in_texts.keys() | in_titles.keys()}
    half = min(near.values(), default=0) / 2
    rows = queries.titles([*one_off, *(id for id in sorted(near, key=near.__getitem__) if near[id] <= half)])
    # What shares with the words only a few of their characters shares them by chance.
    found = {
        row.id: row
        for row in rows
        if row.id in one_off or row.id in in_texts or 2 * _shared(chars, row.title) >= len(chars)
    }
    return list(found.values())[:limit]


def _one_off(groups: list[str]) -> Iterator[str]:
    """What to match in the texts where one character of some words is another, or one word stands there in vain."""
    for place, group in enumerate(groups):
        others = [phrase([other]) for other in (*groups[:place], *groups[place + 1 :])]
        if others:
            yield f"({' AND '.join(others)})"
        for wrong in range(len(group)) if len(group) > 2 else ():
            halves = [half for half in (group[:wrong], group[wrong + 1 :]) if half]
            if all(len(half) > 1 for half in halves):
                # The pairs that hold the wrong character lie between the halves.
                near = f"NEAR({' '.join(phrase([half]) for half in halves)}, 3)"
                yield f"({' AND '.join([*others, near])})"


def _shared(chars: str, title: str) -> int:
    return sum(map(han.fold(title).__contains__, chars))


def _begun(token: str) -> str:
    return f'"{token}"' + (" *" if len(token) > 2 and token.isalpha() else "")


def _ranks(table: str, terms: Iterable[str]) -> dict[int, float]:
    """Articles that hold the rarest of some terms, with their bm25: the less, the better."""
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {table} MATCH ? LIMIT {FEW})"
    counts = {term: run(counted, (term,), COUNT_ONE)[0] for term in islice(dict.fromkeys(terms), MOST_TERMS)}
    some = sorted((rows[0][0] if rows else FEW, term) for term, rows in counts.items() if rows != [(0,)])
    together = accumulate(count for count, _ in some)
    rarest = [term for (_, term), total in zip(some, together, strict=True) if total <= FEW]
    if not rarest:
        return dict.fromkeys(rows_of(table, some[0][1], PER_PAGE, TITLE)[0], -1.0) if some else {}
    return _best(table, rarest)


def _best(table: str, matches: list[str]) -> dict[int, float]:
    """The articles that fit some matches best, with their bm25."""
    best = f"SELECT rowid, rank FROM {table} WHERE {table} MATCH ? AND {VISIBLE} ORDER BY rank LIMIT {PER_PAGE}"
    return dict(run(best, (" OR ".join(matches), now()), RANK)[0]) if matches else {}


_NO_WORDS = frozenset("article category tag archive page html htm php asp aspx post posts www".split())

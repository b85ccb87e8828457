"""Titles for what a visitor means: while typing, and where nothing was found. All with deadlines, as in `search`."""

from collections.abc import Iterable
from itertools import accumulate, islice
from urllib.parse import unquote

from dengxia import han, queries
from dengxia.queries import PER_PAGE, Row
from dengxia.search import FEW, RANK, TITLE, TITLES, VISIBLE, WORDS, phrase, quoted, rows_of, run, titled
from models import now

MOST_TERMS = 20
SUGGEST, COUNT_ONE = 0.003, 0.001


def suggest(typed: str, limit: int = 8) -> list[Row]:
    """Titles (with their ids) for what is typed so far: that very title, such as begin with it, such as hold its words.

    Newest first among equals; of articles with one title only the newest.
    """
    groups = han.groups(han.fold(typed))
    if not groups:
        return []
    last = han.runs(groups[-1])[-1]
    # The last word may not be finished. A pair of characters always is, and without a star is found ten times quicker.
    begun = "" if han.is_han(last) and len(last) > 1 else " *"
    held = "" if han.is_han(last) else " *"
    matches = f"^{phrase(groups)}{begun}", " AND ".join(phrase([group]) for group in groups) + held
    ids = [*titled(typed), *(id for match in matches for id in rows_of(TITLES, match, PER_PAGE, SUGGEST)[0])]
    rows: dict[str, Row] = {}
    for row in queries.titles(dict.fromkeys(ids)):
        rows.setdefault(row.title, row)
    wanted = "".join(groups)

    def distance(row: Row) -> tuple[bool, bool]:
        title = "".join(han.groups(han.fold(row.title)))
        return title != wanted, not title.startswith(wanted)

    return sorted(rows.values(), key=distance)[:limit]


def nearest(words: str, limit: int = 5) -> list[Row]:
    """Titles (with their ids) that come nearest to some words or an address.

    By the rarest of their pairs in the texts and by pairs and characters in the titles; what is less than half as near
    as the first is left out.
    """
    groups = [g for g in han.groups(han.fold(unquote(words))) if g not in _NO_WORDS]
    pairs = [_begun(token) for group in groups for token in han.tokens(group) if len(token) > 1]
    chars = han.characters("".join(groups))
    in_texts, in_titles = _ranks(WORDS, pairs), _ranks(TITLES, [*pairs, *quoted(chars)])
    near = {id: in_texts.get(id, 0) + in_titles.get(id, 0) for id in in_texts.keys() | in_titles.keys()}
    rows = queries.titles(sorted(near, key=near.__getitem__))
    # What shares with the words only a few of their characters shares them by chance.
    rows = [row for row in rows if row.id in in_texts or 2 * len(chars & _characters(row.title)) >= len(chars)]
    return [row for row in rows if near[row.id] <= near[rows[0].id] / 2][:limit]


def _characters(title: str) -> set[str]:
    return han.characters(han.fold(title))


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
    best = f"SELECT rowid, rank FROM {table} WHERE {table} MATCH ? AND {VISIBLE} ORDER BY rank LIMIT {PER_PAGE}"
    return dict(run(best, (" OR ".join(rarest), now()), RANK)[0])


_NO_WORDS = frozenset("article category tag archive page html htm php asp aspx post posts www".split())

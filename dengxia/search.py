"""Chinese full text in FTS5: with `suggestions` the only module that knows that the database is SQLite.

Four tables without text of their own (`content=''`), fed with tokens from `han.tokens`, so that the tokenizer has
only to split at spaces. `search_words` holds all text of an article, its fields kept apart by ¶; `search_titles` the
title again, to put title hits first; `search_chars` each character once, for words of one character (as prefixes of
bigrams they take 190 to 670 ms at a million articles, so 3). Only what is published is in these three, so that no
draft can come to light; `search_drafts` holds all of the rest, for the desk (`worklist.py`). §-tokens, which no visitor
can type, hold the category, the owner, of what is not published the status, and the whole title.

At a million articles, ranking 300,000 hits takes 0.4 s, and walking two long lists that never meet 0.1 s. So the newest
hits are taken first, as far as `FEW`: where that is all, they are ranked; where it is not, title hits come first and
then the newest, with a count up to `MOST`. Each step has a deadline, after which it gives what it has, and the answer
says that it is not complete. (A window of rowids would not bound FTS5: it walks on to the end.)
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from math import ceil
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import Connection, bindparam, select, text

from dengxia import derived, han, markup, queries, snippets
from dengxia.asked import Query, parse
from dengxia.derived import Words
from dengxia.packing import unpack_html
from dengxia.queries import CARD, PER_PAGE, Row
from models import Article, Body, Category, db, now, public

PREFIX = "search_"
WORDS, TITLES, CHARS, DRAFTS = "search_words", "search_titles", "search_chars", "search_drafts"
TABLES = {
    WORDS: "text, content='', tokenize='ascii'",
    TITLES: "text, content='', tokenize='ascii', columnsize=0",
    CHARS: "text, content='', tokenize='ascii', detail=none, columnsize=0",
    DRAFTS: "text, content='', tokenize='ascii'",
}
# FTS5 gathers so many bytes of tokens before it writes them, and merges so many of the lists it wrote. By itself it has
# 1 MB and 4, and writes everything again more often: a third of its time.
OPTIONS = {"hashsize": 8 * 2**20, "automerge": 8}
CACHE = 16 * 2**10  # KB of the file kept in memory during a long run of writing
LONGEST_QUERY = 200  # characters, as many as a title has at most
FEW, MOST = 2_000, 10_000
LAST_PAGE = MOST // PER_PAGE
# Seconds of this thread's own time, so that a busy machine does not cut answers short.
FIND, COUNT, TITLE, RANK, SIFT = 0.015, 0.006, 0.004, 0.008, 0.016
VISIBLE = "rowid NOT IN (SELECT id FROM article WHERE published_at > ?)"


class Text(NamedTuple):
    """What the index holds of an article: its words, its author and tags, its category's and its owner's number."""

    words: Words
    credits: str
    category: int
    owner: int | None
    status: str


class Hit(NamedTuple):
    """A found card, its title and a snippet of its text, both with the hits in <mark>."""

    card: Row
    title: Markup
    snippet: Markup


class Found(NamedTuple):
    """One page of an answer. `count` is exact unless `more`: then there are more than so many."""

    hits: Sequence[Hit]
    count: int
    more: bool
    number: int
    pages: int


# The index


def install(connection: Connection) -> None:
    """Make the search tables where there are none."""
    for name, columns in TABLES.items():
        connection.execute(text(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5({columns})"))
        known = dict(connection.execute(text(f"SELECT k, v FROM {name}_config")).all())
        for option, value in OPTIONS.items() - known.items():
            connection.execute(text(f"INSERT INTO {name} ({name}, rank) VALUES ('{option}', {value})"))


@contextmanager
def much() -> Iterator[None]:
    """A long run of writing, which changes many of the same pages again and again.

    They stay in memory, and go from the log to the file only when it holds some 128 MB, and at the end: readers look
    for each page in the log first.
    """
    _run(f"cache_size = -{CACHE}", "wal_autocheckpoint = 16000")
    yield
    _run("wal_checkpoint")


def _run(*pragmas: str) -> None:
    connection = db.session.connection()
    for pragma in pragmas:
        connection.exec_driver_sql(f"PRAGMA {pragma}")


def clear() -> None:
    """Empty the index."""
    for name in TABLES:
        db.session.execute(text(f"INSERT INTO {name} ({name}) VALUES ('delete-all')"))


def strays() -> tuple[list[int], list[int]]:
    """Articles that are not in the index, and what is in it without being one; both are walked through."""
    missing, extra = [], []
    for table, sign in ((WORDS, "NOT"), (DRAFTS, "")):
        indexed = f"SELECT id FROM {table}_docsize"
        wanted = f"SELECT id FROM article WHERE published_at IS {sign} NULL"
        missing += db.session.scalars(text(f"{wanted} EXCEPT {indexed} ORDER BY id"))
        extra += db.session.scalars(text(f"{indexed} EXCEPT {wanted} ORDER BY id"))
    return missing, extra


_these = Article.id.in_(bindparam("ids", expanding=True))
_texts = (
    select(Article.id, Article.title, Body.source, Body.html).join(Body, Body.article_id == Article.id).where(_these)
)
_cards_of = select(Article.id, Article.author, Article.category_id, Article.owner_id, Article.status).where(_these)


def texts(ids: Iterable[int], on: Connection | None = None) -> dict[int, Text]:
    """What the index holds of these articles as they stand in the database (`on`: by another than the session)."""
    rows = (on or db.session).execute(_texts, {"ids": list(ids)})
    return with_credits({row.id: derived.words(row.title, _plain(row.html, row.source)) for row in rows}, on)


def with_credits(words: Mapping[int, Words], on: Connection | None = None) -> dict[int, Text]:
    """What the index shall hold of the articles with these words."""
    tags = queries.tags(words, on)
    rows = (on or db.session).execute(_cards_of, {"ids": list(words)})
    return {id: Text(words[id], "\n".join([author, *tags[id]]), *others) for id, author, *others in rows}


def index_drafts(connection: Connection, batch: int = 500) -> None:
    """Enter what is not published and not in the index yet, in a database from before drafts were."""
    missing = f"SELECT id FROM article WHERE published_at IS NULL AND id NOT IN (SELECT id FROM {DRAFTS}_docsize)"
    ids = connection.scalars(text(missing)).all()
    for start in range(0, len(ids), batch):
        change({}, texts(ids[start : start + batch], connection), connection)


def change(old: Mapping[int, Text], new: Mapping[int, Text], on: Connection | None = None) -> None:
    """Take articles out of the index as they stood, and put them in as they stand.

    FTS5 believes what it is told to take out: with any other text the old hits would stay, and no check would see it.
    """
    connection = on or db.session.connection()
    for id, article in sorted(old.items()):
        for name, tokens in _indexed(article).items():
            connection.exec_driver_sql(
                f"INSERT INTO {name} ({name}, rowid, text) VALUES ('delete', ?, ?)", (id, tokens)
            )
    made = [(id, _indexed(article)) for id, article in sorted(new.items())]
    for name in TABLES:
        if rows := [(id, tokens[name]) for id, tokens in made if name in tokens]:
            connection.exec_driver_sql(f"INSERT INTO {name} (rowid, text) VALUES (?, ?)", rows)


def change_category(old: int, new: int) -> None:
    """Move all that the index holds of a category to another one; the articles' rows still say the old one.

    FTS5 keeps a list for each token, so to take out and put in the category's alone leaves those of the texts. Only the
    lengths (of which the ranking asks) would then be of one token: they are put aside. 10 µs an article; 2 ms to
    index one again.
    """
    connection = db.session.connection()
    lengths = f"SELECT id, sz FROM {WORDS}_docsize WHERE id IN (SELECT id FROM article WHERE category_id = ?)"
    connection.exec_driver_sql(f"CREATE TEMP TABLE lengths AS {lengths}", (old,))
    for name in TABLES:
        articles = f"FROM article WHERE category_id = ? AND published_at IS {'' if name == DRAFTS else 'NOT'} NULL"
        take_out = f"INSERT INTO {name} ({name}, rowid, text) SELECT 'delete', id, ? {articles} ORDER BY id"
        connection.exec_driver_sql(take_out, (f"§{old}", old))
        put_in = f"INSERT INTO {name} (rowid, text) SELECT id, ? {articles} ORDER BY id"
        connection.exec_driver_sql(put_in, (f"§{new}", old))
    connection.exec_driver_sql(f"REPLACE INTO {WORDS}_docsize SELECT id, sz FROM lengths")
    connection.exec_driver_sql("DROP TABLE lengths")


def _indexed(article: Text) -> dict[str, str]:
    """The tokens of an article for each table."""
    words, credits, category = article.words, han.fold(article.credits), f"§{article.category}"
    marks = f"{category} §u{article.owner}" if article.owner else category
    text = " ¶ ".join([words.body, words.title, derived.tokens(han.groups(credits)), marks])
    others = [char for char in han.characters(credits) if char not in words.chars]
    chars = " ".join([*words.chars, *others, marks])
    if article.status != "published":
        return {DRAFTS: f"{text} §{article.status} ¶ {chars}"}
    return {WORDS: text, TITLES: " ".join([words.title, *words.title_chars, words.whole, category]), CHARS: chars}


# FTS5's language


def match_all(wanted: Iterable[str], unwanted: Iterable[str]) -> str:
    """FTS5's language: all of these and none of those."""
    return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted])


def of_category(category: int | None) -> list[str]:
    """What matches a category, or (None) all."""
    return [f'"§{category}"'] if category else []


def phrase(groups: Sequence[str]) -> str:
    # Only letters and digits come out of `han.groups`, and they stand in quotes: nothing that a visitor types is ever
    # read as FTS5's language.
    return f'"{" ".join(token for group in groups for token in han.tokens(group))}"'


def quoted(chars: Iterable[str]) -> list[str]:
    return [f'"{char}"' for char in chars]


# Answering


def find(query: str, number: int = 1, category: int | None = None, newest: bool = False) -> Found:
    """Page `number` of the articles with all words of a query, best or `newest` first, of a category or of all."""
    asked = parse(query)
    found = titled(query, category)
    if asked.no_phrases or asked.no_chars:
        # A title may hold what reads as a word to leave out; it is found by itself all the same.
        if any(han.fold(row.title) == han.fold(query) for row in queries.titles(found)):
            asked = parse(han.fold(query).replace("-", " "))
        else:
            found = []
    if not asked.groups:
        return Found([], 0, False, 1, 1)
    need = number * PER_PAGE
    ids, whole = _newest_ids(asked, category, max(need, FEW) + 1)
    few = whole and len(ids) <= FEW
    count, more = (len(ids), not whole) if whole or len(ids) <= FEW else _count(asked, category, len(ids))
    if not newest:
        ids = list(dict.fromkeys([*found, *_titles_first(asked, category, _ranked(asked, ids) if few else ids)]))
    pages = max(1, ceil(min(count, MOST) / PER_PAGE))
    return Found(_hits(ids[need - PER_PAGE : need], asked.groups, newest), count, more, number, pages)


def walk(asked: Query, marks: Iterable[str]) -> tuple[str, str, list[tuple[str, str, bool]]]:
    """The table to walk and what to match there; then what the hits must hold, or must not, by another table."""
    no_phrases, no_chars = list(map(phrase, asked.no_phrases)), quoted(asked.no_chars)
    if not asked.phrases:
        rest = [(WORDS, " OR ".join(no_phrases), False)]
        match = match_all([*quoted(asked.chars), *marks], no_chars)
        return CHARS, match, [look for look in rest if look[1]]
    rest = [(CHARS, " AND ".join(quoted(asked.chars)), True), (CHARS, " OR ".join(no_chars), False)]
    match = match_all([*map(phrase, asked.phrases), *marks], no_phrases)
    return WORDS, match, [look for look in rest if look[1]]


def _newest_ids(asked: Query, category: int | None, limit: int) -> tuple[list[int], bool]:
    """The newest articles that hold what was asked, and whether these are all of them."""
    table, match, rest = walk(asked, of_category(category))
    limit = MOST + 1 if rest else limit
    ids, whole = rows_of(table, match, limit, FIND)
    whole = whole and len(ids) < limit
    for look in rest:
        ids, looked = sift(ids, *look)
        whole = whole and looked
    return ids, whole


def _count(asked: Query, category: int | None, known: int) -> tuple[int, bool]:
    """How many articles hold what was asked, as far as `MOST`; whether there are more."""
    table, match, rest = walk(asked, of_category(category))
    if rest:
        return known, True
    inner = f"SELECT 1 FROM {table} WHERE {table} MATCH ? AND {VISIBLE} LIMIT {MOST + 1}"
    rows, whole = run(f"SELECT count(*) FROM ({inner})", (match, now()), COUNT)
    return (min(rows[0][0], MOST), rows[0][0] > MOST) if whole else (known, True)


def _ranked(asked: Query, ids: Sequence[int]) -> list[int]:
    """Few hits, those that fit best first (bm25); newest first where ranking would take too long."""
    if not asked.phrases or len(ids) < 2:
        return list(ids)
    match = match_all(map(phrase, asked.phrases), [])
    rows, whole = run(f"SELECT rowid FROM {WORDS} WHERE {WORDS} MATCH ? ORDER BY rank", (match,), RANK)
    kept = set(ids)
    return [id for (id,) in rows if id in kept] if whole else list(ids)


def titled(query: str, category: int | None = None) -> list[int]:
    """The newest articles whose title is the query."""
    title = f'"{derived.whole(han.groups(han.fold(query)))}"'
    return rows_of(TITLES, match_all([title, *of_category(category)], []), PER_PAGE, TITLE)[0]


def _titles_first(asked: Query, category: int | None, ids: Sequence[int]) -> list[int]:
    """Put in front the articles with all words in the title."""
    wanted = [*map(phrase, asked.phrases), *quoted(asked.chars), *of_category(category)]
    titled, _ = rows_of(TITLES, match_all(wanted, []), FEW, TITLE)
    titled, _ = sift(titled, WORDS, " OR ".join(map(phrase, asked.no_phrases)), False)
    titled, _ = sift(titled, CHARS, " OR ".join(quoted(asked.no_chars)), False)
    first, known = set(titled), set(ids)
    return [*(id for id in ids if id in first), *(id for id in titled if id not in known), *ids]


def rows_of(table: str, match: str, limit: int, seconds: float) -> tuple[list[int], bool]:
    statement = f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND {VISIBLE} ORDER BY rowid DESC LIMIT ?"
    rows, whole = run(statement, (match, now(), limit), seconds)
    return [id for (id,) in rows], whole


def run(statement: str, values: tuple, seconds: float) -> tuple[list[tuple], bool]:
    """The rows that come within so many seconds, and whether that is all of them."""
    found = []
    with closing(db.engine.raw_connection()) as connection:
        driver = connection.driver_connection
        deadline = time.thread_time() + seconds
        driver.set_progress_handler(lambda: time.thread_time() > deadline, 200)
        try:
            for row in driver.execute(statement, values):
                found.append(row)
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return found, False
        finally:
            driver.set_progress_handler(None, 0)
    return found, True


def sift(ids: list[int], table: str, match: str, wanted: bool) -> tuple[list[int], bool]:
    """The articles of some that match, or that do not, as far as there was time; whether there was.

    A walk from the newest of them to the oldest: to look each one up takes 0.15 ms.
    """
    if not ids or not match:
        return ids, True
    among = "rowid BETWEEN ? AND ? AND +rowid IN (SELECT value FROM json_each(?)) ORDER BY rowid DESC"
    statement = f"SELECT rowid FROM {table} WHERE {table} MATCH ? AND {among}"
    rows, whole = run(statement, (match, min(ids), max(ids), json.dumps(ids)), SIFT)
    found = {id for (id,) in rows}
    last = 0 if whole else min(found, default=max(ids) + 1)
    return [id for id in ids if id >= last and (id in found) is wanted], whole


_cards = (
    select(*CARD, Body.source.label("written"), Body.html)
    .join_from(Article, Category)
    .join(Body, Body.article_id == Article.id)
    .where(public(), _these)
)


def _hits(ids: Sequence[int], groups: Sequence[str], newest: bool) -> list[Hit]:
    rows = {row.id: row for row in queries.ask_these(_cards, ids)}
    shown = [rows[id] for id in ids if id in rows]
    if newest:
        shown.sort(key=lambda row: (row.published_at, row.id), reverse=True)
    return [
        Hit(row, snippets.mark(row.title, groups), snippets.snippet(_plain(row.html, row.written), groups))
        for row in shown
    ]


def _plain(html: bytes, source: bytes) -> str:
    return markup.plain(unpack_html(html, source))

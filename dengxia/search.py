"""Chinese full text over bigrams in FTS5: the only module that knows that the database is SQLite.

`han.tokens` makes the tokens, so the tokenizer of FTS5 has only to split at spaces. The table keeps no text of its
own (`content=''`): what is taken out of the index is tokenised again from the article as it stood.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from math import ceil
from typing import NamedTuple
from urllib.parse import unquote

from markupsafe import Markup, escape
from sqlalchemy import Connection, Row, bindparam, column, func, select, table, text

from dengxia import han, markup
from dengxia.queries import CARD, PER_PAGE
from models import Article, ArticleTag, Body, Category, Tag, db, public

PREFIX = "search_"
LONGEST_QUERY = 100
MOST_WORDS = 10
LAST_PAGE = 500
SNIPPET = 90
_CREATE = "CREATE VIRTUAL TABLE IF NOT EXISTS search_index USING fts5(title, body, credits, content='', tokenize=ascii)"
_WORD = re.compile(r"""(?P<minus>-?)(?:"(?P<quoted>[^"]*)"?|“(?P<curly>[^”]*)”?|(?P<word>[^\s"“]+))""")


class Text(NamedTuple):
    """What the index holds of an article: its title, its text, and its author and tags."""

    title: str
    body: str
    credits: str


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


class Query(NamedTuple):
    """What a visitor typed: words that must all stand in an article, and words that must not."""

    words: list[str]
    without: list[str]

    @property
    def match(self) -> str:
        """The query in FTS5's language; nothing where there is no word to look for."""
        wanted = [phrase for phrase in map(_phrase, self.words) if phrase]
        unwanted = [phrase for phrase in map(_phrase, self.without) if phrase]
        return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted]) if wanted else ""


# The index


def install(connection: Connection) -> None:
    """Make the search tables where there are none."""
    connection.execute(text(_CREATE))


def clear() -> None:
    """Empty the index."""
    db.session.execute(text("INSERT INTO search_index (search_index) VALUES ('delete-all')"))


_cards = (
    select(Article.id, Article.title, Article.author, Body.html)
    .join(Body, Body.article_id == Article.id)
    .where(Article.id.in_(bindparam("ids", expanding=True)))
)
_tags = (
    select(ArticleTag.article_id, Tag.name)
    .join(Tag, Tag.id == ArticleTag.tag_id)
    .where(ArticleTag.article_id.in_(bindparam("ids", expanding=True)))
    .order_by(ArticleTag.position)
)


def texts(ids: Iterable[int]) -> dict[int, Text]:
    """What the index holds, or shall hold, of these articles as they stand in the database."""
    values = {"ids": list(ids)}
    tags = defaultdict(list)
    for id, name in db.session.execute(_tags, values):
        tags[id].append(name)
    return {
        id: Text(title, markup.plain(html), "\n".join([author, *tags[id]]))
        for id, title, author, html in db.session.execute(_cards, values)
    }


def change(old: Mapping[int, Text], new: Mapping[int, Text]) -> None:
    """Take articles out of the index as they stood, and put them in as they stand."""
    connection = db.session.connection()
    if old:
        statement = "INSERT INTO search_index (search_index, rowid, title, body, credits) VALUES ('delete', ?, ?, ?, ?)"
        connection.exec_driver_sql(statement, [_row(id, text) for id, text in old.items()])
    if new:
        statement = "INSERT INTO search_index (rowid, title, body, credits) VALUES (?, ?, ?, ?)"
        connection.exec_driver_sql(statement, [_row(id, text) for id, text in new.items()])


def _row(id: int, text: Text) -> tuple[int, str, str, str]:
    return id, *(" ".join(han.tokens(part)) for part in text)


# Questions


def parse(query: str) -> Query:
    """Read what a visitor typed: words, "phrases", -words to leave out; quotes may be Chinese or full-width."""
    words, without = [], []
    for found in islice(_WORD.finditer(unicodedata.normalize("NFKC", query)), MOST_WORDS):
        word = han.fold(found["quoted"] or found["curly"] or found["word"] or "").strip()
        if word:
            (without if found["minus"] else words).append(word)
    return Query(words, without)


def _phrase(word: str) -> str:
    """A word as an FTS5 phrase: `社区居民` → `"社区 区居 居民"`, `灯` → `"灯"*`.

    Only letters and digits come out of `han.runs`, and they stand in quotes: nothing that a visitor types is ever
    read as FTS5's language.
    """
    *before, last = list(han.runs(word)) or [""]
    tokens = list(chain.from_iterable(map(han.tokens, before)))
    single = len(last) == 1 and han.is_han(last)
    tokens += list(han.tokens(last))[: -1 if len(last) > 1 and han.is_han(last) else None]
    return f'"{" ".join(tokens)}"' + ("*" if single else "") if tokens else ""


_index = table("search_index", column("rowid"), column("search_index"))
_matching = text("search_index MATCH :match")
_in_title = Article.id.in_(select(column("rowid")).select_from(_index).where(text("search_index MATCH :in_title")))
_found = (
    select(*CARD, Body.html)
    .select_from(_index)
    .join(Article, Article.id == _index.c.rowid)
    .join(Category, Category.id == Article.category_id)
    .join(Body, Body.article_id == Article.id)
    .where(_matching, public())
    .order_by(_in_title.desc(), text("bm25(search_index, 4.0, 1.0, 2.0)"), Article.published_at.desc())
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_count = select(func.count()).select_from(_index).join(Article, Article.id == _index.c.rowid).where(_matching, public())


def find(query: str, number: int) -> Found:
    """Page `number` of the articles that hold all words of a query, those with the words in the title first."""
    parsed = parse(query)
    if not parsed.match:
        return Found([], 0, False, 1, 1)
    count = db.session.scalar(_count, {"match": parsed.match})
    values = {"match": parsed.match, "in_title": f"{{title}} : ({parsed.match})"}
    rows = db.session.execute(_found, {**values, "limit": PER_PAGE, "offset": (number - 1) * PER_PAGE})
    hits = [Hit(row, mark(row.title, parsed.words), _snippet(row, parsed.words)) for row in rows]
    return Found(hits, count, False, number, max(1, ceil(count / PER_PAGE)))


def suggest(path: str) -> list[Row]:
    """Cards that hold some word of an address that leads nowhere."""
    words = [_phrase(run) for run in han.runs(han.fold(unquote(path))) if len(run) > 1 and run not in _NO_WORDS]
    if not words:
        return []
    values = {"match": " OR ".join(words[:MOST_WORDS]), "in_title": '""', "limit": 5, "offset": 0}
    return list(db.session.execute(_found, values))


_NO_WORDS = {
    "article",
    "category",
    "tag",
    "archive",
    "page",
    "html",
    "htm",
    "php",
    "asp",
    "aspx",
    "post",
    "posts",
    "www",
}


# Showing hits


def mark(text: str, words: Sequence[str]) -> Markup:
    """`text`, escaped, with every place where a word of the query stands in <mark>."""
    out, at = [], 0
    for start, end in _places(text, words):
        out += [escape(text[at:start]), Markup("<mark>"), escape(text[start:end]), Markup("</mark>")]
        at = end
    return Markup("").join([*out, escape(text[at:])])


def _places(text: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    folded, places = han.fold_with_places(text)
    found = sorted(
        (places[at.start()], places[at.end() - 1] + 1)
        for word in words
        for at in re.finditer(_needle(word), folded)
        if at.end() > at.start()
    )
    last = 0
    for start, end in found:
        if start >= last:
            yield start, end
            last = end


def _needle(word: str) -> str:
    # As in the index: between the runs of a word any signs may stand, and a Latin word or number stands alone.
    runs = [
        re.escape(run)
        if han.is_han(run)
        else rf"(?<![^\W\d_]){re.escape(run)}(?![^\W\d_])"
        if run.isalpha()
        else rf"(?<!\d){re.escape(run)}(?!\d)"
        for run in han.runs(word)
    ]
    return r"[\W_]*".join(runs)


def _snippet(row: Row, words: Sequence[str]) -> Markup:
    text = markup.plain(row.html).replace("\n", " ")
    first = next(_places(text, words), (0, 0))[0]
    start = max(0, first - SNIPPET // 3)
    end = start + SNIPPET
    shown = mark(text[start:end], words)
    return Markup("{}{}{}").format("…" if start else "", shown, "…" if end < len(text) else "")

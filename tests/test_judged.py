"""Search as readers judge it: what must come first, and that nothing that stands in a text is missed."""

import json
import random
import time
import tomllib

import pytest
from conftest import ROOT

from dengxia import han, markup, queries, search, suggestions
from models import Article, db, public

JUDGED = tomllib.loads((ROOT / "tests/judged.toml").read_text("utf8"))
VERSES = list(map(json.loads, (ROOT / "tests/verses.jsonl").read_text("utf8").splitlines()))


@pytest.fixture(params=JUDGED)
def judged(request):
    """The queries of one site, on that site."""
    if request.param == "verses":
        request.getfixturevalue("seed")(*VERSES)
    else:
        request.getfixturevalue("sample")
    return JUDGED[request.param]


def titles(query):
    return [hit.card.title for hit in search.find(query).hits]


def everything(query):
    """The titles on all pages of the answer."""
    pages = search.find(query).pages
    return {hit.card.id for number in range(1, pages + 1) for hit in search.find(query, number).hits}


def test_there_are_enough_queries():
    assert sum(len(asked) for kinds in JUDGED.values() for asked in kinds.values()) >= 60


def test_what_must_come_first_comes_first(judged):
    answers = {query: titles(query)[:1] for query in judged["first"]}
    assert answers == {query: [title] for query, title in judged["first"].items()}


def test_what_must_be_near_the_top_is(judged):
    answers = {query: titles(query)[:3] for query in judged.get("among", {})}
    assert {query: title for query, title in judged.get("among", {}).items() if title not in answers[query]} == {}, (
        answers
    )


def test_what_comes_nearest_is_offered_where_nothing_is_found(judged):
    assert [query for query in (*judged["nearest"], *judged.get("none", ())) if titles(query)] == []
    answers = {query: [row.title for row in suggestions.nearest(query)[:1]] for query in judged["nearest"]}
    assert answers == {query: [title] for query, title in judged["nearest"].items()}
    assert [query for query in judged.get("none", ()) if suggestions.nearest(query)] == []


def test_a_title_comes_first(judged):
    for (title,) in db.session.query(Article.title).filter(public()):
        for query in (title, han.fold(title), f"“{title}”"):
            assert titles(query)[0] == title, query
        assert suggestions.suggest(title)[0].title == title


def units(text):
    """A text's stretches of letters and digits as lists of what search keeps whole: a Chinese character, a word."""
    for group in han.groups(text):
        yield [unit for run in han.runs(group) for unit in (run if han.is_han(run) else [run])]


def test_every_substring_is_found(judged):
    """20 substrings of one to eight characters from each article, as written and folded."""
    chance = random.Random(1)
    for (id,) in db.session.query(Article.id).filter(public()).all():
        article = queries.article(id)
        stretches = list(units(han.fold(f"{article.title}\n{markup.plain(article.html)}")))
        for _ in range(20):
            stretch = chance.choice(stretches)
            start = chance.randrange(len(stretch))
            piece = "".join(stretch[start : start + chance.randint(1, 8)])
            assert id in everything(piece), piece
            assert id in everything(f"“{han.fold(piece)}”"), piece


def test_a_long_address_that_is_none_is_quick(client):
    start = time.thread_time()
    assert client.get("/" + "ab/" * 20_000).status_code == 404
    assert time.thread_time() - start < 0.5

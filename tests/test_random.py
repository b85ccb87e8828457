"""随便看看: each article that shows is as likely as any other, and no list or page shows one twice."""

import random
import re
from collections import Counter
from itertools import chain

import pytest
from conftest import articles
from sqlalchemy import delete, func, select, text

import models
from dengxia import kept, listings, ranks
from models import Article, db

LISTS = 10_000


def visible_ids():
    return set(db.session.scalars(select(Article.id).where(models.public())))


def is_dense():
    """Whether `listings` draws ids, not positions."""
    return ranks.outline(ranks.ALL).total * 4 >= db.session.scalar(select(func.max(Article.id)))


def fill(seed, count, gap):
    """Articles of which some are drafts, some scheduled and some deleted, with a gap of so many ids in the middle."""
    records = [
        record | {"draft": n % 7 == 3} | ({"date": "2099-01-01"} if n % 11 == 5 else {})
        for n, record in enumerate(articles(count))
    ]
    seed(*records[: count // 2])
    db.session.execute(text("UPDATE sqlite_sequence SET seq = seq + :gap WHERE name = 'article'"), {"gap": gap})
    db.session.commit()
    seed(*records[count // 2 :])
    # Whole runs of ids too: what comes behind one must not be drawn in its place.
    db.session.execute(delete(Article).where((Article.id % 5 == 2) | Article.id.between(20, 40)))
    ranks.rebuild()
    db.session.commit()
    kept.forget()


def chi_square(drawn, among):
    """How far the draws are from uniform, in standard deviations of the chi-square distribution."""
    expected = drawn.total() / len(among)
    found = sum((drawn[id] - expected) ** 2 / expected for id in among)
    freedom = len(among) - 1
    return (found - freedom) / (2 * freedom) ** 0.5


@pytest.mark.parametrize(
    ("count", "gap", "dense"),
    [
        pytest.param(400, 300, True, id="by id"),
        pytest.param(400, 5000, False, id="by position"),
        pytest.param(70, 0, True, id="few"),
    ],
)
def test_draws_are_uniform_over_what_shows(seed, count, gap, dense):
    """Chi-square over 100,000 draws, and over those that stand first."""
    fill(seed, count, gap)
    assert is_dense() == dense
    random.seed(1)
    lists = [[card.id for card in listings.random_cards(10)] for _ in range(LISTS)]
    shown = visible_ids()
    for drawn in (Counter(chain.from_iterable(lists)), Counter(ids[0] for ids in lists)):
        assert set(drawn) == shown
        assert chi_square(drawn, shown) < 4
    assert all(len(set(ids)) == 10 for ids in lists)


@pytest.mark.parametrize("gap", [0, 5000])
def test_what_is_left_out_is_not_drawn_and_the_rest_is_uniform(seed, gap):
    fill(seed, 200, gap)
    without = set(sorted(visible_ids())[::3])
    random.seed(1)
    drawn = Counter(card.id for _ in range(2_000) for card in listings.random_cards(10, without))
    assert set(drawn) == visible_ids() - without
    assert chi_square(drawn, set(drawn)) < 4


def test_an_article_page_shows_neither_itself_nor_its_related_again(seed, app):
    seed(*articles(60, tags=["一"]))
    client = app.test_client()
    for number in range(40):
        page = client.get(f"/article/30?{number}").text
        related, drawn = (
            re.findall(r'href="/article/(\d+)"', page.partition(f"<h2>{words}</h2>")[2].partition("</section>")[0])
            for words in ("相关文章", "随便看看")
        )
        neighbours = re.findall(r'href="/article/(\d+)" rel="(?:prev|next)"', page)
        assert len(set(related)) == len(set(drawn)) == 10
        assert len(neighbours) == 2
        assert not set(drawn) & {"30", *related, *neighbours}


def test_few_articles_are_all_shown_once(seed):
    seed(*articles(4))
    assert sorted(card.id for card in listings.random_cards(10)) == [1, 2, 3, 4]

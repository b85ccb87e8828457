"""The n-th article of a list, against counting by hand."""

import random

import pytest
from conftest import articles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from dengxia import kept, listings, queries, ranks
from models import Article, Segment, db


def newest_first():
    order = (Article.published_at.desc(), Article.id.desc())
    return list(db.session.scalars(select(Article.id).where(Article.published_at.is_not(None)).order_by(*order)))


def every_page(listing):
    return [card.id for number in range(1, listing(1).pages + 1) for card in listing(number).cards]


def test_pages_hold_every_article_once(seed, monkeypatch):
    monkeypatch.setattr(ranks, "LARGEST", 8)
    monkeypatch.setattr(ranks, "HALF", 4)
    records = articles(90)
    random.Random(1).shuffle(records)
    for start in range(0, 90, 7):
        seed(*records[start : start + 7])
    assert every_page(listings.list_all) == newest_first()
    assert db.session.scalar(select(func.max(Segment.count)).where(Segment.list == ranks.ALL)) <= 8


def test_many_articles_of_one_second(seed, monkeypatch):
    monkeypatch.setattr(ranks, "LARGEST", 8)
    monkeypatch.setattr(ranks, "HALF", 4)
    seed(*articles(50, date="2024-05-01 00:00:00"))
    assert every_page(listings.list_all) == newest_first()


def test_an_article_that_moves_is_counted_once(seed):
    seed(*articles(30, category="甲", tags=["一"]))
    seed({"key": "k3", "title": "第3篇", "body": "改了", "date": "2030-01-01", "category": "乙", "tags": ["二"]})
    seed({"key": "k4", "title": "第4篇", "body": "稿", "draft": True, "category": "甲"})
    first = {row.name: row.id for row in queries.categories()}
    assert listings.list_category(first["甲"], 1).total == 28
    assert listings.list_tag(queries.tag("一").id, 1).total == 28
    assert ranks.outline(ranks.of_category(first["乙"])).total == 1  # scheduled: counted, not shown
    assert listings.list_category(first["乙"], 1).total == 0


def test_rebuild_finds_the_same(seed):
    seed(*articles(700, tags=["一"]))
    before = [listings.list_all(n).cards[0].id for n in (1, 20, 35)]
    ranks.rebuild()
    kept.forget()
    assert [listings.list_all(n).cards[0].id for n in (1, 20, 35)] == before
    assert listings.list_tag(queries.tag("一").id, 1).total == 700


@pytest.mark.parametrize("number", [0, 3])
def test_a_page_beyond_the_list_is_empty(seed, number):
    seed(*articles(25))
    assert listings.list_all(number).cards == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.integers(0, 40), min_size=1, max_size=40))
def test_positions_agree_with_sorting(seed, times, monkeypatch):
    monkeypatch.setattr(ranks, "LARGEST", 4)
    monkeypatch.setattr(ranks, "HALF", 2)
    seed(
        *(
            {"key": f"p{n}", "title": str(n), "body": "文", "date": f"2024-01-01 00:00:{t:02}"}
            for n, t in enumerate(times)
        )
    )
    assert every_page(listings.list_all) == newest_first()
    for position, id in enumerate(reversed(newest_first())):
        at = db.session.execute(select(Article.published_at).where(Article.id == id)).scalar_one()
        assert ranks.before(ranks.ALL, (at, id)) == position

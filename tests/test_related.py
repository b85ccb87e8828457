"""Related articles: what editors pin and ban, and that no article lists a copy of itself."""

import pytest
from conftest import articles
from sqlalchemy.exc import IntegrityError

from dengxia import postings, queries, rebuilding, writing
from dengxia.around import around
from dengxia.postings import ALL
from models import db

TEXTS = ["外汇中间价与结汇", "外汇结汇的额度", "外汇中间价怎么看", "武术套路与器械", "武术器械的保养"]


def related(id):
    return [row.id for row in around(queries.article(id)).related]


@pytest.fixture
def alike(seed):
    """30 articles about five things, alike in turn."""
    seed(
        *(record | {"title": f"{TEXTS[n % 5]}之{n}", "body": TEXTS[n % 5] * 3} for n, record in enumerate(articles(30)))
    )
    return seed


def test_what_is_pinned_comes_first_and_what_is_banned_never(alike):
    first, pinned = related(1)[0], 5
    assert pinned not in related(1)
    writing.choose_related(1, pinned, pinned=True)
    writing.choose_related(1, first, pinned=False)
    assert related(1)[0] == pinned
    assert first not in related(1)
    assert len(set(related(1))) == 10
    writing.choose_related(1, pinned, pinned=None)
    writing.choose_related(1, first, pinned=None)
    assert pinned not in related(1)
    assert first in related(1)


def test_what_is_banned_does_not_fill_a_short_list_either(seed):
    seed(*articles(6))
    for other in (2, 3, 4):
        writing.choose_related(1, other, pinned=False)
    assert set(related(1)) == {5, 6}


def test_choices_count_nothing_again(alike):
    known = postings.frequencies([ALL])
    writing.choose_related(1, 5, pinned=True)
    db.session.expire_all()
    assert postings.frequencies([ALL]) == known
    with pytest.raises(IntegrityError):
        writing.choose_related(1, 1, pinned=True)


def test_choices_stay_when_articles_come_and_change(alike):
    first = related(1)[0]
    writing.choose_related(1, 5, pinned=True)
    writing.choose_related(1, first, pinned=False)
    more = articles(12, title="外汇中间价与结汇之新", body=TEXTS[0])
    alike(*(record | {"key": f"new{n}", "title": f"{record['title']}{n}"} for n, record in enumerate(more)))
    alike({"key": "k0", "title": "外汇中间价与结汇之改", "body": TEXTS[0] * 2})
    list(rebuilding.rebuild())
    assert related(1)[0] == 5
    assert first not in related(1)


def test_a_new_article_enters_the_lists_of_older_ones_that_it_fits(alike):
    alike({"key": "new", "title": "器械保养另说", "body": "套路之外，武术的器械怎么保养另有门道。"})
    assert 31 in related(4)
    assert 31 not in related(1)


def test_a_copy_is_not_related(alike):
    alike({"key": "copy", "title": f"{TEXTS[0]}之0", "body": TEXTS[0] * 3})
    assert 31 not in related(1)
    assert 1 not in related(31)

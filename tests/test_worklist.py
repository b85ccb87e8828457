"""The lists of the desk: every combination of conditions, page by page."""

from itertools import product

import pytest
from conftest import NAMES, articles, sign_in
from flask_migrate import upgrade
from sqlalchemy import insert

from dengxia import search, worklist, writing
from dengxia.derived import Written, derive
from models import ROLES, STATUSES, User, db, now

BODIES = ("灯下读书的正文", "别的话", "灯")
QUERIES = {"": BODIES, "读书": BODIES[:1], "灯": (BODIES[0], BODIES[2]), "正文 灯 -别的": BODIES[:1], "没有这样的": ()}


@pytest.fixture
def many(app):
    """200 articles in all states, of two categories, two people and nobody; the rows with what tells them apart."""
    with writing.saved():
        people = [
            {"name": str(n), "folded": str(n), "role": ROLES[0], "password": "", "provisional": False} for n in (1, 2)
        ]
        db.session.execute(insert(User), people)
    rows, entries = [], []
    for n in range(200):
        state = (*STATUSES, "scheduled")[n % 5]
        row = {"state": state, "category": n % 2 + 1, "owner": (None, 1, 2)[n % 3], "body": BODIES[n % 7 % 3]}
        card = {
            "title": "题",
            "cover": "",
            "status": "published" if state == "scheduled" else state,
            "owner_id": row["owner"],
        }
        card["date"] = now() + (1000 if state == "scheduled" else -1000)
        text = derive(Written("", "题", row["body"], "markdown"))
        entries.append(writing.Entry(None, card, "乙甲"[n % 2], [], [], "markdown", text))
        rows.append(row)
    with writing.changing():
        ids = writing.enter(entries)
    return dict(zip(ids, rows, strict=True))


def walked(*asked):
    """The ids on all pages of a list."""
    ids, before = [], worklist.NEWEST
    while before:
        page = worklist.page(*asked, before=before)
        assert page.whole
        assert len(page.rows) <= worklist.PER_PAGE
        ids, before = ids + [row.id for row in page.rows], page.before
    return ids


def test_every_combination_lists_what_fits_newest_first(many):
    for state, category, owner, query in product(worklist.STATES, (None, 1, 2), (None, 1, 2), QUERIES):
        wanted = [
            id
            for id, row in sorted(many.items(), reverse=True)
            if (row["state"] == state or (state == "all" and row["state"] != "trash"))
            and category in (None, row["category"])
            and owner in (None, row["owner"])
            and row["body"] in QUERIES[query]
        ]
        assert walked(state, category, owner, query) == wanted, (state, category, owner, query)


def test_a_list_without_time_says_so_and_goes_on(many, monkeypatch):
    monkeypatch.setattr(worklist, "SECONDS", -1)
    page = worklist.page("all")
    assert not page.whole
    assert page.before is None or page.rows


def test_an_upgrade_enters_the_drafts_that_are_there(seed):
    seed(*articles(3, draft=True))
    with writing.saved():
        db.session.execute(db.text(f"DROP TABLE {search.DRAFTS}"))
    upgrade()
    assert walked("draft") == [3, 2, 1]


def test_odd_addresses_of_the_list(desk):
    client = sign_in(desk, NAMES["editor"])
    for query in (
        "owner=x",
        f"owner={'9' * 40}",
        f"before={'9' * 40}",
        "before=-1",
        "q=%22%20-",
        "q=-灯",
        "owner=1&q=灯",
    ):
        assert client.get(f"/desk/articles?{query}").status_code == 200
    for query in ("state=x", "category=x"):
        assert client.get(f"/desk/articles?{query}").status_code == 404


def test_what_comes_next_is_told_first(app, seed, monkeypatch):
    monkeypatch.setattr(worklist, "_soonest", worklist._soonest.limit(2))
    seed(*({"key": f"k{n}", "title": f"{n}", "body": "文", "date": f"{3000 - n}-01-01"} for n in range(4)))
    assert [row.title for row in worklist.soonest(None)] == ["3", "2"]
    assert worklist.soonest(7) == []

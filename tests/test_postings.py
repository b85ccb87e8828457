"""Postings in two tables: whatever has gone on from one to the other, what is read is the same."""

import zlib
from array import array

import pytest
from conftest import articles
from flask_migrate import downgrade, upgrade

from dengxia import postings, queries
from models import NewTerm, Term, db


def stored():
    """All that the two tables say: term → frequency, postings."""
    places = [id for (id,) in db.session.query(Term.id).union(db.session.query(NewTerm.id)) if id != postings.PLACE]
    frequencies, newest = postings.frequencies(places), postings.newest(places)
    return {id: (frequencies[id], newest[id]) for id in places if frequencies[id] or newest[id]}


def words(number):
    return {"key": f"k{number}", "title": f"外汇之{number}", "body": f"中间价与结汇，第{number}回。" * 2}


@pytest.mark.parametrize("moved", [0, 1, 7, 1000])
def test_what_goes_on_stays_the_same(app, moved, monkeypatch):
    monkeypatch.setattr(postings, "MOVED", moved)
    said = {1: [], 2: []}
    for number in range(1, 9):
        entry = {term: postings.ENTRY.pack(number, number) for term in said}
        postings.add({postings.ALL: 1, 1: 1, 2: 2, 2 + number: 8}, entry, 1)
        for term in said:
            said[term].append((number, number))
    assert postings.frequencies([postings.ALL, 1, 2, 3, 10, 11]) == {postings.ALL: 8, 1: 8, 2: 16, 3: 8, 10: 8}
    assert {id: list(postings.ENTRY.iter_unpack(of)) for id, of in postings.newest(said).items()} == said
    assert bool(db.session.query(Term).count()) is bool(moved)


def test_only_the_newest_are_kept(app, monkeypatch):
    entries = [postings.ENTRY.pack(1, id) for id in range(1, 2 * postings.NEWEST + 10)]
    for some in (entries[: postings.NEWEST - 5], entries[postings.NEWEST - 5 :]):
        postings.add({}, {7: b"".join(some)}, 1000)
    assert postings.newest([7]) == {7: b"".join(entries[-postings.NEWEST :])}


def test_an_article_is_taken_out_of_both(seed, monkeypatch):
    monkeypatch.setattr(postings, "MOVED", 3)
    seed(*map(words, range(6)))
    for number in (6, 7):
        seed(words(number))
    assert db.session.query(Term).count()
    known = stored()
    seed(words(2) | {"title": "武术", "body": "套路"})
    assert db.session.get_one(NewTerm, postings.ALL).frequency == 8
    seed(words(2))
    for id, (frequency, entries) in known.items():
        assert stored()[id][0] == frequency
        assert {entry[1] for entry in postings.ENTRY.iter_unpack(stored()[id][1])} == {
            entry[1] for entry in postings.ENTRY.iter_unpack(entries)
        }


def test_an_old_site_is_converted(seed):
    seed(*articles(20, body="甲**乙**😀"))
    known, text = stored(), queries.article(3)
    db.session.remove()
    downgrade(revision="0004")
    packed = dict(db.session.execute(db.text("SELECT id, postings FROM term")).all())
    assert {id: [entry & 0xFF for entry in array("Q", of)] for id, of in packed.items()} == {
        id: [entry[0] for entry in postings.ENTRY.iter_unpack(of)] for id, (_, of) in known.items()
    }
    source = db.session.scalar(db.text("SELECT source FROM body"))
    assert zlib.decompress(source).decode() == "甲**乙**😀"
    db.session.remove()
    upgrade()
    assert stored() == known
    assert queries.written(3) == "甲**乙**😀"
    assert queries.article(3).html == text.html
    seed(*articles(3, body="新的"))

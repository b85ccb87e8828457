"""Pages made when articles are written: the same as made now, and never shown when they would be made otherwise."""

import pytest
from conftest import articles
from sqlalchemy import select, update

from app import create_app
from dengxia import ahead, prerender, queries, rebuilding, transfer
from models import Body, Category, db

RICH = {
    "title": "一<二>",
    "summary": "要点",
    "body": "# 甲\n\n文\n\n# 乙\n\n# 丙",
    "tags": ["C#", "标签"],
    "author": "张三",
    "editor": "李四",
    "source": "某报",
    "source_url": "https://example.com/a",
    "kind": "reprint",
    "date": "2020-02-02",
    "updated": "2021-03-03",
    "cover": "https://example.com/c.png",
}


class Holes(dict):
    """Fills every hole with its name."""

    def __missing__(self, name):
        return b"[%s]" % name


def filled(card):
    return prerender.page(card, Holes()).decode()


@pytest.mark.parametrize("record", [RICH, {"title": "题", "body": "文", "date": "2020-01-01"}])
def test_the_page_that_was_kept_is_the_one_made_now(seed, record):
    seed(record)
    card = queries.article(1)
    assert card.page
    page = filled(card)
    assert page == filled(card._replace(page=None))
    assert page.count("[text]") == page.count("[aside]") == page.count("[neighbours]") == 1


def test_another_setting_or_name_makes_it_anew(app, seed):
    seed(RICH | {"category": "旧名"})
    assert "旧名" in app.test_client().get("/article/1").text
    db.session.execute(update(Category).values(name="新名"))
    db.session.commit()
    settings = {"SITE_NAME": "另一个名字", "SITE_TIMEZONE": "America/New_York", "SITE_DESCRIPTION": "另一句话"}
    other = create_app(settings)
    page = other.test_client().get("/article/1").text
    assert "旧名" not in page
    assert "中利blog" not in page
    assert page.count("新名") == 3
    assert page.count("另一个名字") > 3
    assert "2020-02-01 11:00:00" in page


AHEAD = [
    RICH | {"key": "1", "tags": ["Gnome", "kde"]},
    RICH | {"key": "2", "tags": ["gnome", "KDE"], "summary": ""},
    RICH | {"key": "3", "category": "综合", "draft": True},
    RICH | {"key": "4", "category": "zonghe", "date": "2099-01-01"},
    RICH | {"key": "5", "category": "新的一类"},
    RICH | {"key": "6", "title": "甲", "author": ""},
]


@pytest.mark.parametrize("cores", [1, 2])
def test_a_page_made_ahead_is_the_one_made_now(seed, monkeypatch, cores):
    monkeypatch.setattr(ahead, "_cores", lambda: cores)
    monkeypatch.setattr(transfer, "BATCH", 2)
    seed(*articles(1, key="first"))
    seed(*AHEAD)
    texts = db.session.execute(select(Body.article_id, Body.source, Body.html, Body.length)).all()
    assert kept_pages() == {**prerender.pages({text.article_id: text for text in texts}), 4: None}


def test_pages_are_made_beside(seed, monkeypatch):
    monkeypatch.setattr(ahead, "_cores", lambda: 2)
    monkeypatch.setattr(transfer, "BATCH", 10)
    seed(*articles(1, key="first"))
    made, packed = [], prerender._packed
    monkeypatch.setattr(prerender, "_packed", lambda *work: made.append(work) or packed(*work))
    seed(*articles(50, tags=["灯", "火"]))
    assert all(kept_pages().values())
    assert len(made) == 10  # of the first batch, before the process was there


def kept_pages():
    return dict(db.session.execute(select(Body.article_id, Body.page)).all())


def test_a_rebuild_makes_the_pages_again(seed):
    seed(*articles(3))
    made = queries.article(2).page
    db.session.execute(update(Body).values(page=None))
    db.session.commit()
    list(rebuilding.rebuild())
    assert queries.article(2).page == made


def test_a_mark_in_a_text_makes_no_hole(seed):
    marked = f"甲{prerender.MARK}foot{prerender.MARK}乙"
    seed(RICH)
    card = queries.article(1)._replace(title=marked, page=None)
    page = filled(card)
    assert "甲foot乙" in page
    assert page.count("[foot]") == 1


def test_a_page_without_words_follows_the_sites_description(app, seed):
    seed({"title": "图", "body": "---", "date": "2020-01-01"})
    assert f'content="{app.config["SITE_DESCRIPTION"]}"' in app.test_client().get("/article/1").text
    other = create_app({"SITE_DESCRIPTION": "另一句话"})
    assert 'content="另一句话"' in other.test_client().get("/article/1").text


@pytest.mark.parametrize(
    ("cover", "address"),
    [
        ("/media/a.png", "[site]/media/a.png"),
        ("../img/a.png", "[site]/img/a.png"),
        ("/img?u=http://x.com/y.png", "[site]/img?u=http://x.com/y.png"),
        ("//cdn.example.com/a.png", "http://cdn.example.com/a.png"),
        ("https://example.com/a.png", "https://example.com/a.png"),
    ],
)
def test_covers_have_full_addresses(seed, cover, address):
    seed(RICH)
    page = filled(queries.article(1)._replace(cover=cover, page=None))
    assert f'property="og:image" content="{address}"' in page

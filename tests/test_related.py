"""Related articles: what editors pin and ban, and that no article lists a copy of itself."""

import re

import pytest
from conftest import NAMES, articles, post, sign_in
from sqlalchemy.exc import IntegrityError

from dengxia import journal, postings, queries, rebuilding, writing
from dengxia.around import around
from dengxia.postings import ALL
from models import db

TEXTS = ["外汇中间价与结汇", "外汇结汇的额度", "外汇中间价怎么看", "武术套路与器械", "武术器械的保养"]


def choose(id, other, pinned):
    with writing.changing():
        writing.choose_related(id, other, pinned)


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
    choose(1, pinned, pinned=True)
    choose(1, first, pinned=False)
    assert related(1)[0] == pinned
    assert first not in related(1)
    assert len(set(related(1))) == 10
    choose(1, pinned, pinned=None)
    choose(1, first, pinned=None)
    assert pinned not in related(1)
    assert first in related(1)


def test_what_is_banned_does_not_fill_a_short_list_either(seed):
    seed(*articles(6))
    for other in (2, 3, 4):
        choose(1, other, pinned=False)
    assert set(related(1)) == {5, 6}


def test_choices_count_nothing_again(alike):
    known = postings.frequencies([ALL])
    choose(1, 5, pinned=True)
    db.session.expire_all()
    assert postings.frequencies([ALL]) == known
    with pytest.raises(IntegrityError):
        choose(1, 1, pinned=True)


def test_choices_stay_when_articles_come_and_change(alike):
    first = related(1)[0]
    choose(1, 5, pinned=True)
    choose(1, first, pinned=False)
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


# At the desk


@pytest.fixture
def at_desk(desk):
    """A desk with twelve articles, and a browser of an editor."""
    editor = sign_in(desk, NAMES["editor"])
    for record in articles(12):
        post(
            editor,
            "/desk/articles/new",
            title=record["title"],
            body=record["body"],
            date="2024-01-01T00:00",
            act="publish",
        )
    return desk, editor


def below(app, id):
    """The related articles that a visitor sees."""
    page = app.test_client().get(f"/article/{id}").text
    return re.findall(r'<a href="/article/(\d+)">', page.partition("相关文章")[2].partition("随便看看")[0])


def test_an_editor_pins_and_bans(at_desk):
    app, editor = at_desk
    page, path = editor.get("/desk/articles/1").text, "/desk/articles/1/related"
    assert path in page
    first, last = below(app, 1)[0], below(app, 1)[-1]
    assert post(editor, path, other=f"https://example.com/article/{last}", choice="pin").status_code == 303
    assert post(editor, path, other=first, choice="ban").status_code == 303
    assert below(app, 1)[0] == last
    assert first not in below(app, 1)
    page = editor.get(path).text
    assert page.index("不再固定") < page.index("没有出现的") < page.index(f"编号 {first}，不要")
    with app.app_context():
        assert [row.what for row in journal.entries(99)[0]][:2] == ["不要相关文章", "固定相关文章"]
    for other in (first, last):
        assert post(editor, path, other=other, choice="leave").status_code == 303
    assert below(app, 1)[0] == first
    assert "没有出现的" not in editor.get(path).text


@pytest.mark.parametrize("other", ["", "0", "1", "99", "abc", "9" * 30, "/article/99", "2 3", "-2"])
def test_what_cannot_be_chosen_comes_back_with_the_reason(at_desk, other):
    _, editor = at_desk
    answer = post(editor, "/desk/articles/1/related", other=other, choice="pin")
    assert answer.status_code == 400
    assert ("就是这一篇自己" if other == "1" else "没有这一篇") in answer.text
    assert f'value="{other}"' in answer.text


def test_no_more_are_pinned_than_are_shown(at_desk):
    _, editor = at_desk
    answers = [post(editor, "/desk/articles/1/related", other=str(n), choice="pin").status_code for n in range(2, 13)]
    assert answers == [303] * 10 + [400]
    assert post(editor, "/desk/articles/1/related", other="2", choice="pin").status_code == 303


def test_what_readers_do_not_see_any_more_can_be_let_go(at_desk):
    app, editor = at_desk
    post(editor, "/desk/articles/1/related", other="5", choice="pin")
    post(editor, "/desk/articles/5", title="撤", body="文", act="withdraw", version=1)
    assert app.test_client().get("/article/5").status_code == 404
    assert "编号 5，固定" in editor.get("/desk/articles/1/related").text
    assert post(editor, "/desk/articles/1/related", other="5", choice="leave").status_code == 303
    assert "编号 5" not in editor.get("/desk/articles/1/related").text
    assert editor.get("/desk/articles/5/related").status_code == 404
    assert post(editor, "/desk/articles/1/related", other="2", choice="love").status_code == 400

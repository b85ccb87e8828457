"""Writing at the desk: who may do what to an article, and that nothing typed or saved is lost."""

import re

import pytest
from conftest import NAMES, post, sign_in

from dengxia import manuscripts, revisions


@pytest.fixture
def author(desk):
    return sign_in(desk, NAMES["author"])


@pytest.fixture
def editor(desk):
    return sign_in(desk, NAMES["editor"])


def write(client, act="save", path="/desk/articles/new", **fields):
    """Save the form of an article; gives its number."""
    values = {
        "title": "灯下读书",
        "body": "夜里读书，灯要亮。",
        "category": "综合",
        "kind": "original",
        "format": "markdown",
    }
    answer = post(client, path, **values | {"act": act} | fields)
    assert answer.status_code == 303, re.findall('class="problem"[^>]*>([^<]+)', answer.text)
    return int(re.search(r"/articles/(\d+)", answer.location)[1])


def version(app, id):
    with app.app_context():
        return manuscripts.standing(id).row.version


def test_a_text_goes_from_the_form_to_the_reader(desk, author, editor):
    id = write(author)
    assert author.get(f"/article/{id}").status_code == 404
    write(author, "submit", f"/desk/articles/{id}", version=version(desk, id), body="夜里读书，灯要很亮。")
    write(editor, "publish", f"/desk/articles/{id}", version=version(desk, id), body="夜里读书，灯要很亮。")
    assert "灯要很亮" in desk.test_client().get(f"/article/{id}").text
    with desk.app_context():
        rows, _ = revisions.newest(id)
        assert [(row.who, row.what) for row in rows] == [("李四", "发布"), ("张三", "送审"), ("张三", "保存")]


def test_what_is_typed_is_kept_beside_the_article(desk, author):
    id = write(author)
    typed = {"article": id, "version": 1, "title": "灯下", "body": "没写完"}
    answer = post(author, "/desk/working", **typed).get_json()
    assert post(author, "/desk/working", **typed).get_json()["working"] == answer["working"]
    page = author.get(f"/desk/articles/{id}").text
    assert "有没保存的改动" in page
    assert "没写完" not in page
    assert "没写完" in author.get(f"/desk/articles/{id}?working={answer['working']}").text
    write(author, path=f"/desk/articles/{id}", version=version(desk, id), working=answer["working"])
    assert "有没保存的改动" not in author.get(f"/desk/articles/{id}").text

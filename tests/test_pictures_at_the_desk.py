"""Pictures at the desk: brought, listed, found where they are used, taken away when nothing shows them."""

import io
import re
from pathlib import Path

import pytest
from conftest import NAMES, nu_errors, post, sign_in, token_of
from PIL import Image
from sqlalchemy import select

from dengxia import album, fixed, images, queries, rebuilding, uses, writing
from dengxia.journal import By
from models import PictureUse, db

BY = By("某人")


def picture(color="red", size=(600, 400)):
    data = io.BytesIO()
    Image.new("RGB", size, color).save(data, "PNG")
    return data.getvalue()


def media(app):
    return sorted(file.name for file in Path(app.instance_path, "media").glob("*"))


def bring(client, *files, **headers):
    files = [(io.BytesIO(data), title) for title, data in files]
    return client.post("/desk/pictures", data={"csrf_token": token_of(client), "file": files}, headers=headers)


def used(app):
    return {(row.name, row.article_id) for row in db.session.execute(select(PictureUse.__table__))}


# What is shown where


def test_an_article_is_known_by_its_pictures_for_as_long_as_it_shows_them(app, seed):
    one, two, cover = (album.add(BY, picture(color), "") for color in ("red", "green", "blue"))
    record = {"key": "a", "title": "甲", "body": f"![](/media/{one})\n\n[大图](/media/{two})"}
    seed(record | {"cover": f"/media/{cover}"})
    assert used(app) == {(one, 1), (two, 1), (cover, 1)}
    seed(record | {"body": f"![](/media/{one}) `/media/{one}`"})
    assert used(app) == {(one, 1)}
    db.session.execute(PictureUse.__table__.delete())
    db.session.commit()
    seed(record | {"key": "b", "cover": f"/media/{cover}"})
    list(rebuilding.rebuild())
    assert used(app) == {(one, 1), (one, 2), (two, 2), (cover, 2)}


def test_seeded_pictures_are_known_too(seed_files, app):
    text, page = (
        "![](p.png)\n\n![](/media/0123456789abcdef-9x9.png)",
        "---\ntype: page\nslug: us\n---\n# 我们\n\n![](q.png)",
    )
    seed_files({"a.md": text, "b.md": page, "p.png": picture(), "q.png": picture("blue")})
    rows = album.page(2**62, "")[0]
    assert {row.name for row in rows} == {images.name(picture()), images.name(picture("blue"))}
    assert {row.size for row in rows} == {(Path(app.instance_path, "media") / row.name).stat().st_size for row in rows}
    assert [page.slug for page in uses.of_pages()[images.name(picture("blue"))]] == ["us"]
    assert [row.title for row in queries.showing(images.name(picture()), 9)] == ["a"]


# At the desk


def test_a_picture_is_brought_and_shown(desk):
    client = sign_in(desk, NAMES["author"])
    answer = bring(client, ("图/灯.png", picture()), ("二.png", picture("blue")), ("灯二.png", picture()))
    assert (answer.status_code, answer.location) == (303, "/desk/pictures")
    page = client.get("/desk/pictures").text
    name = images.name(picture())
    assert ("灯.png" in page, "灯二.png" in page, "图/灯" in page) == (True, False, False)
    assert f'src="/media/{next(iter(images.forms(name)))}"' in page
    page = client.get(f"/desk/pictures/{name}").text
    assert f"![](/media/{name})" in page
    assert f"600×400，{round(len(picture()) / 1024) or 1} KB" in page
    assert NAMES["author"] in page


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ([("a.svg", b"<svg/>")], "a.svg: 不是 PNG、JPEG"),
        ([("<b>.png", picture()[:99])], "&lt;b&gt;.png: 不是"),
        ([("a.png", picture()), ("b.png", b"")], "b.png: 不是"),
        ([("", b"")], "还没有选图片"),
        ([], "还没有选图片"),
    ],
)
def test_what_is_no_picture_is_refused(desk, files, problem):
    client = sign_in(desk, NAMES["author"])
    answer = bring(client, *files)
    assert (answer.status_code, problem in answer.text) == (400, True)
    answer = bring(client, *files, Accept="application/json")
    assert answer.status_code == 400
    assert answer.json["error"]


def test_the_script_is_told_the_address(desk):
    answer = bring(sign_in(desk, NAMES["author"]), ("灯.png", picture()), Accept="application/json")
    assert answer.json == {"address": f"/media/{images.name(picture())}"}


def test_a_picture_is_deleted_only_when_nothing_shows_it(desk, tmp_path):
    file = tmp_path / "a.md"
    with desk.app_context():
        free, in_text, on_page = (album.add(BY, picture(color), color) for color in ("red", "green", "blue"))
        file.write_text(f"# 甲\n\n![](/media/{in_text})", "utf8")
        desk.test_cli_runner().invoke(args=["seed", str(file)], catch_exceptions=False)
        with writing.changing():
            fixed.enter(BY, "us", "我们", "html", "", f'<p><img src="/media/{on_page}"></p>')
    author, editor = sign_in(desk, NAMES["author"]), sign_in(desk, NAMES["editor"])
    listed = editor.get("/desk/pictures?unused=1").text
    assert [name in listed for name in (free, in_text, on_page)] == [True, False, False]
    for name, where in ((in_text, "甲"), (on_page, "我们")):
        page = editor.get(f"/desk/pictures/{name}").text
        assert where in page
        assert "删掉" not in page
        answer = post(editor, f"/desk/pictures/{name}/delete")
        assert (answer.status_code, "还有文章、页面或没存的改动在用，不能删" in answer.text) == (400, True)
    assert post(author, f"/desk/pictures/{free}/delete").status_code == 403
    assert "删掉" not in author.get(f"/desk/pictures/{free}").text
    assert "删掉" in editor.get(f"/desk/pictures/{free}").text
    assert post(editor, f"/desk/pictures/{free}/delete").status_code == 303
    assert post(editor, f"/desk/pictures/{free}/delete").status_code == 404
    assert media(desk) == sorted([*images.forms(in_text), *images.forms(on_page)])
    assert "删了图片 red" in sign_in(desk, NAMES["admin"]).get("/desk/log").text
    # Brought again it is there again.
    bring(author, ("又.png", picture()))
    assert free in media(desk)


def test_an_author_is_not_told_what_others_write(desk):
    author, editor = sign_in(desk, NAMES["author"]), sign_in(desk, NAMES["editor"])
    bring(editor, ("灯.png", picture()))
    name = images.name(picture())
    post(editor, "/desk/articles/new", title="还没有人知道的", body=f"![](/media/{name})", act="save")
    assert "还没有人知道的" in editor.get(f"/desk/pictures/{name}").text
    page = author.get(f"/desk/pictures/{name}?before=-{'9' * 30}").text
    assert ("还没有人知道的" in page, "别人的一篇文章" in page) == (False, True)


def test_a_picture_in_a_working_copy_stays(desk):
    author, editor = sign_in(desk, NAMES["author"]), sign_in(desk, NAMES["editor"])
    bring(author, ("灯.png", picture()))
    name = images.name(picture())
    post(author, "/desk/working", title="题", body=f"![](/media/{name})", version=0)
    assert post(editor, f"/desk/pictures/{name}/delete").status_code == 400
    assert name in media(desk)


def test_a_picture_is_replaced_wherever_it_is_shown(desk, monkeypatch):
    editor = sign_in(desk, NAMES["editor"])
    bring(editor, ("旧.png", picture()))
    old, new = images.name(picture()), images.name(picture("blue"))
    for title in ("甲", "乙", "丙"):
        fields = {"title": title, "body": f"![图](/media/{old})", "cover": f"/media/{old}", "act": "publish"}
        assert post(editor, "/desk/articles/new", **fields).status_code == 303
    post(editor, "/desk/articles/3", version=1, act="trash")
    with desk.app_context(), writing.changing():
        fixed.enter(BY, "us", "我们", "markdown", f"![](/media/{old})", f'<p><img src="/media/{old}"></p>')

    def replace(data):
        fields = {"csrf_token": token_of(editor), "file": (io.BytesIO(data), "新.png")}
        return editor.post(f"/desk/pictures/{old}/replace", data=fields)

    assert "不是 PNG" in replace(b"<svg/>").text
    assert "就是现在的这一张" in replace(picture()).text
    monkeypatch.setattr(album, "AT_ONCE", 2)
    assert "再换一次" in replace(picture("blue")).text
    answer = replace(picture("blue"))
    assert (answer.status_code, answer.location) == (303, f"/desk/pictures/{new}")
    for path in ("/article/1", "/article/2", "/us"):
        page = editor.get(path).text
        assert (f'src="/media/{new}"' in page, old in page) == (True, False)
    assert "换图片" in editor.get("/desk/articles/1/revisions").text
    with desk.app_context():
        assert [row.title for row in queries.showing(old, 9)] == ["丙"]


def test_lists_go_on_where_a_page_ends(desk, clock, monkeypatch):
    monkeypatch.setattr(album, "PER_PAGE", 2)
    monkeypatch.setattr(album, "LOOKED_AT", 2)
    client = sign_in(desk, NAMES["editor"])
    for title in "一二三四五":
        bring(client, (f"{title}.png", picture(size=(9, 1 + "一二三四五".index(title)))))
        clock(1 if title in "三四" else 0)
    for path in ("/desk/pictures", "/desk/pictures?unused=1"):
        shown = []
        while path:
            page = client.get(path).text
            shown += re.findall(r"(\w)\.png</a>", page)
            path = (re.findall(r'<a href="([^"]+)">更早的', page) or [""])[0].replace("&amp;", "&")
        assert (shown[:2], sorted(shown)) == (["五", "四"], sorted("一二三四五"))
    assert client.get("/desk/pictures?before=x").status_code == 200
    assert "还没有图片" in client.get("/desk/pictures?before=0-a").text


def test_the_nu_checker_accepts_the_pages(desk, tmp_path):
    client = sign_in(desk, NAMES["editor"])
    pages = {"none": client.get("/desk/pictures").text}
    bring(client, ("一 <b>.png", picture()))
    pages |= {"some": client.get("/desk/pictures").text, "unused": client.get("/desk/pictures?unused=1").text}
    pages["one"] = client.get(f"/desk/pictures/{images.name(picture())}").text
    assert nu_errors(pages, tmp_path) == ""

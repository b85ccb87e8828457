"""Categories, fixed pages, links, old addresses and settings, as they are kept at the desk."""

import json
import re
import sqlite3
import time
from contextlib import closing
from html import unescape
from itertools import chain
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import NAMES, PASSWORD, articles, look_with_scripts, nu_errors, post, served, sign_in
from playwright.sync_api import expect

from app import create_app
from dengxia import fixed, journal, kept, queries, ranks, rebuilding, search, writing
from models import db

ADMIN, EDITOR = NAMES["admin"], NAMES["editor"]


@pytest.fixture
def fill(desk, tmp_path):
    """`fill(record, …)` seeds the desk's site."""

    def run(*records):
        file = tmp_path / "content.jsonl"
        file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf8")
        assert desk.test_cli_runner().invoke(args=["seed", str(file)], catch_exceptions=False).exit_code == 0

    return run


@pytest.fixture
def editor(desk):
    return sign_in(desk, EDITOR)


@pytest.fixture
def admin(desk):
    return sign_in(desk, ADMIN)


def said(app):
    """What the log says, newest first, without who and when."""
    with app.app_context():
        return [f"{row.what} {row.about}" for row in journal.entries(2**62)[0] if row.what != "登录"]


def found(app, *args, **kwargs):
    """The titles of an answer of the search."""
    with app.app_context():
        return [str(hit.card.title) for hit in search.find(*args, **kwargs).hits]


def refused(client, path, fields, words, stays):
    """What is wrong is said, and what was typed is there again."""
    answer = post(client, path, **fields)
    assert answer.status_code == 400, fields
    assert words in answer.text
    assert stays in answer.text


def names(app):
    with app.app_context():
        return [row.name for row in queries.categories()]


# The front page


def test_the_front_page_tells_each_what_waits(desk, editor, admin):
    author = sign_in(desk, NAMES["author"])
    text = {"body": "文", "format": "markdown", "category": "综合", "kind": "original"}
    for title, act in (("待审的", "submit"), ("没写完的", "save"), ("要退的", "submit")):
        assert post(author, "/desk/articles/new", title=title, act=act, **text).status_code == 303
    answer = post(editor, "/desk/articles/3", title="要退的", act="return", note="缺来源", version=1, **text)
    assert answer.status_code == 303, answer.text
    later = {"title": "定时的", "act": "publish", "date": "2099-01-01T00:00:00"}
    assert post(editor, "/desk/articles/new", **text | later).status_code == 303
    post(author, "/desk/working", title="半篇")
    told = ("待审的", "没写完的", "退回：缺来源", "定时的", "半篇", "等着审的", "最近改过的", "最近的事", "备份")

    def has(client):
        page = client.get("/desk").text
        return [words for words in told if words in page]

    assert has(author) == ["没写完的", "退回：缺来源", "半篇"]
    assert has(editor) == ["待审的", "没写完的", "定时的", "等着审的", "最近改过的"]
    assert has(admin) == [*has(editor), "最近的事", "备份"]
    assert "2099-01-01 00:00:00" in editor.get("/desk").text


def test_the_front_page_tells_of_the_last_backup(desk, admin, tmp_path, clock):
    assert "还没有备份过" in admin.get("/desk").text
    file = tmp_path / "b.tar"
    assert desk.test_cli_runner().invoke(args=["backup", str(file)]).exit_code == 0
    assert "最近一次是今天" in admin.get("/desk").text
    assert str(file) in admin.get("/desk").text
    Path(desk.instance_path, "last_backup.json").write_text(
        json.dumps({"at": int(time.time()) - 9 * 86400, "path": "b"})
    )
    assert 'class="problem">最近一次是 9 天前' in admin.get("/desk").text


# Categories


def test_a_category_is_made_with_its_pinyin_and_moved(desk, editor):
    for name in ("外汇", "武术", "餐饮"):
        assert post(editor, "/desk/categories", name=name, in_nav="on").status_code == 303
    assert "/category/waihui" in editor.get("/").text
    post(editor, "/desk/categories/3/move", step="up")
    post(editor, "/desk/categories/1/move", step="up")  # it is the first
    assert names(desk) == ["外汇", "餐饮", "武术"]
    post(editor, "/desk/categories/1/move", step="down")
    assert names(desk) == ["餐饮", "外汇", "武术"]
    assert said(desk)[:3] == ["挪动分类 外汇", "挪动分类 餐饮", "添加分类 餐饮（canyin）"]


def test_a_category_is_refused_and_what_was_typed_stays(desk, editor):
    post(editor, "/desk/categories", name="外汇")
    post(editor, "/desk/categories", name="武术", slug="jiu")
    post(editor, "/desk/categories/2", name="武术", slug="wushu")
    for fields, words in [
        ({"name": " "}, "名字: 不能空着"),
        ({"name": "长" * 51}, "最多 50"),
        ({"name": "外汇", "slug": "forex"}, "已经是分类 外汇"),
        ({"name": "WAIHUI"}, "已经是分类 外汇"),
        ({"name": "新", "slug": "waihui"}, "已经是分类 外汇"),
        ({"name": "新", "slug": "Wai Hui"}, "小写字母"),
        ({"name": "新", "slug": "jiu"}, "旧地址"),
        ({"name": "新", "slug": "a" * 61}, "最多 60"),
    ]:
        for path in ("/desk/categories", *(["/desk/categories/1"] if "外汇" not in words else [])):
            refused(editor, path, {"description": "typed<", **fields}, words, "typed&lt;")
    assert names(desk) == ["外汇", "武术"]


def test_a_changed_address_leads_on(desk, editor, fill, tmp_path):
    fill(*articles(45, category="外汇"))
    reader = desk.test_client()
    assert post(editor, "/desk/categories/1", name="汇市", slug="forex", in_nav="on").status_code == 303
    for rest in ("", "/page/2", "/feed.xml"):
        answer = reader.get(f"/category/waihui{rest}")
        assert (answer.status_code, answer.location) == (301, f"/category/forex{rest}")
        assert reader.get(answer.location).status_code == 200
    assert reader.get("/category/forex/page/9").status_code == 404
    assert reader.get("/category/never/page/2").status_code == 404
    assert "汇市" in reader.get("/article/1").text
    assert said(desk)[0] == "改分类 外汇（waihui） → 汇市（forex）"
    # Back again: what was its address is no old address any more.
    post(editor, "/desk/categories/1", name="汇市", slug="waihui")
    assert reader.get("/category/forex/page/2").location == "/category/waihui/page/2"
    assert reader.get("/category/waihui").status_code == 200
    # Content that goes on saying the old name or address means this category.
    fill(*({"title": f"新{name}", "body": "文", "category": name} for name in ("外汇", "waihui", "forex")))
    Path(tmp_path, "again").mkdir()
    Path(tmp_path, "again/site.toml").write_text('[[category]]\nslug = "forex"\nname = "外汇"\n', "utf8")
    desk.test_cli_runner().invoke(args=["seed", str(tmp_path / "again")], catch_exceptions=False)
    assert names(desk) == ["汇市"]


def merged(desk, editor, fill):
    """A site in which 乙 was merged into 甲; three articles of 乙 are published, one is a draft, one scheduled."""
    common = {"tags": ["标"], "body": "同样的话，各有各的长短。"}
    fill(
        *(
            {"key": f"a{n}", "title": f"甲{n}", "category": "一类", "date": f"2024-01-{n + 1:02}", **common}
            for n in range(4)
        ),
        *(
            {"key": f"b{n}", "title": f"乙{n}", "category": "二类", "date": f"2024-02-{n + 1:02}", **common}
            for n in range(3)
        ),
        {"key": "d", "title": "乙稿", "category": "二类", "draft": True, **common},
        {"key": "f", "title": "乙将来", "category": "二类", "date": "2099-01-01", **common},
    )
    assert post(editor, "/desk/categories/2/merge?into=1").status_code == 303
    return desk.test_client()


def test_a_merge_moves_articles_lists_and_the_search(desk, editor, fill):
    reader = merged(desk, editor, fill)
    assert names(desk) == ["一类"]
    assert reader.get("/category/erlei").location == "/category/yilei"
    assert reader.get("/category/erlei/page/2").location == "/category/yilei/page/2"
    page = reader.get("/category/yilei").text
    assert re.findall(r"<h2><a[^>]*>(.*?)</a>", page) == ["乙2", "乙1", "乙0", "甲3", "甲2", "甲1", "甲0"]
    assert "/category/yilei" in reader.get("/article/5").text
    assert "二类（erlei） → 一类（yilei）" in said(desk)[0]
    asked = [
        ("同样",),
        ("乙",),
        ("同", 1, 1),
        ("同样", 1, 1),
        ("同样", 1, 1, True),
        ("乙2", 1, 1),
        ("同样 -乙1", 1, 1),
    ]
    answers = [found(desk, *query) for query in asked]
    assert len(answers[3]) == 7
    with desk.app_context():
        outline = ranks.outline(ranks.of_category(1))
        list(rebuilding.rebuild())
        assert ranks.outline(ranks.of_category(1)) == outline
        assert ranks.outline(ranks.of_category(2)).total == 0
    assert [found(desk, *query) for query in asked] == answers


def test_what_was_merged_can_be_changed_without_traces_in_the_index(desk, editor, fill):
    merged(desk, editor, fill)
    fill({"key": "b1", "title": "换了", "body": "别的话", "category": "二类"})
    assert names(desk) == ["一类"]
    assert len(found(desk, "同样", 1, 1)) == 6
    assert found(desk, "别的", 1, 1) == ["换了"]
    before = index(desk)
    with desk.app_context():
        list(rebuilding.rebuild())
    assert index(desk) == before


def index(app):
    """How many articles the search index holds under each token, and their lengths."""
    with closing(sqlite3.connect(Path(app.instance_path, "dengxia.db"))) as database:
        found = {"lengths": database.execute(f"SELECT id, sz FROM {search.WORDS}_docsize").fetchall()}
        for name in search.TABLES:
            database.execute(f"CREATE VIRTUAL TABLE temp.v_{name} USING fts5vocab('main', '{name}', 'row')")
            found[name] = database.execute(f"SELECT term, doc FROM v_{name}").fetchall()
        return found


def test_a_merge_asks_first_and_says_how_long(desk, editor, fill):
    fill({"title": "一", "body": "文", "category": "一类"}, {"title": "二", "body": "文", "category": "二类"})
    page = editor.get("/desk/categories/2/merge?into=1").text
    assert "把「二类」并入「一类」？" in page
    assert "1 篇" in page
    assert "大约要 1 秒" in page
    assert names(desk) == ["一类", "二类"]
    assert post(editor, "/desk/categories/2/merge?into=2").status_code == 400
    for path in ("/desk/categories/2/merge", "/desk/categories/2/merge?into=9", "/desk/categories/9/merge?into=1"):
        assert editor.get(path).status_code == 404


def test_a_merge_keeps_no_reader_waiting(desk, editor, fill, monkeypatch):
    """While it runs, pages come as they were before."""
    fill({"title": "一", "body": "文", "category": "甲"}, {"title": "二", "body": "文", "category": "乙"})
    other = create_app({"TESTING": True}).test_client()
    seen, join = [], ranks.join

    def read_meanwhile(*args):
        join(*args)
        seen.extend(other.get(path).status_code for path in ("/category/yi", "/search?q=二", "/article/2"))

    monkeypatch.setattr(ranks, "join", read_meanwhile)
    assert post(editor, "/desk/categories/2/merge?into=1").status_code == 303
    assert seen == [200] * 3
    with other.application.app_context():
        db.engine.dispose()


def test_only_an_empty_category_is_deleted(desk, editor, fill):
    fill({"title": "稿", "body": "文", "category": "甲", "draft": True})
    post(editor, "/desk/categories", name="空")
    assert post(editor, "/desk/categories/1/delete").status_code == 400
    assert "删去分类「空」？" in editor.get("/desk/categories/2/delete").text
    assert names(desk) == ["甲", "空"]
    assert post(editor, "/desk/categories/2/delete").status_code == 303
    assert names(desk) == ["甲"]
    assert said(desk)[0] == "删除分类 空（kong）"
    assert editor.get("/desk/categories/2").status_code == 404


# Fixed pages


PAGE = {"slug": "about", "title": "关于", "format": "markdown", "source": "\n\n第一行<script>x</script>"}


def seen(client, slug="about"):
    return re.search(r'name="seen" value="(\d+)"', client.get(f"/desk/pages/{slug}/edit").text)[1]


def test_a_page_is_shown_made_changed_deleted_and_found_again(desk, editor):
    look = post(editor, "/desk/pages/add", do="look", **PAGE)
    assert "<p>第一行</p>" in look.text
    assert '<textarea id="source" name="source" rows="16" required>\n\n\n第一行&lt;script&gt;' in look.text
    assert editor.get("/about").status_code == 404
    assert post(editor, "/desk/pages/add", do="save", **PAGE).status_code == 303
    assert "第一行" in desk.test_client().get("/about").text
    answer = post(
        editor,
        "/desk/pages/about/edit",
        do="save",
        seen=seen(editor),
        **PAGE | {"source": "<b>二</b>", "format": "html"},
    )
    assert answer.status_code == 303
    assert "<b>二</b>" in desk.test_client().get("/about").text
    old = re.search(r"/desk/pages/about/edit\?old=\d+", editor.get("/desk/pages/about/edit").text)[0]
    assert "第一行&lt;script&gt;" in editor.get(old).text
    assert "删去页面「关于」？" in editor.get("/desk/pages/about/delete").text
    assert post(editor, "/desk/pages/about/delete").status_code == 303
    assert desk.test_client().get("/about").status_code == 404
    old = re.search(r"/desk/pages/add\?old=\d+", editor.get("/desk/pages").text)[0]
    assert "&lt;b&gt;二&lt;/b&gt;" in editor.get(old).text
    for odd in ("99", "x", "-1", "9" * 30, ""):
        assert editor.get(f"/desk/pages/add?old={odd}").status_code == 404
    assert said(desk)[:3] == ["删除页面 关于（/about）", "改页面 关于（/about）", "添加页面 关于（/about）"]


def test_a_page_is_refused_and_what_was_typed_stays(desk, editor, fill):
    fill({"title": "一", "body": "文", "aliases": ["/old"]})
    post(editor, "/desk/pages/add", do="save", **PAGE | {"slug": "taken"})
    for fields, words in [
        ({"slug": "desk"}, "网站已有的地址"),
        ({"slug": "Über"}, "小写字母"),
        ({"slug": "taken"}, "/taken 已经有一页了"),
        ({"slug": "old"}, "旧地址"),
        ({"title": " "}, "都要写"),
        ({"source": " \n"}, "都要写"),
        ({"title": "长" * 201}, "最多 200"),
    ]:
        fields = PAGE | {"do": "save", "source": "我写的", "title": "我的题"} | fields
        stays = "我写的" if fields["source"] == "我写的" else "我的题"
        refused(editor, "/desk/pages/add", fields, words, stays)


def test_two_who_save_one_page(desk, editor, admin):
    post(editor, "/desk/pages/add", do="save", **PAGE)
    stale = seen(editor)
    post(admin, "/desk/pages/about/edit", do="save", seen=stale, **PAGE | {"source": "她的"})
    # Looking does not make it right to save.
    looked = post(editor, "/desk/pages/about/edit", do="look", seen=stale, **PAGE | {"source": "我的"}).text
    assert f'name="seen" value="{stale}"' in looked
    answer = post(editor, "/desk/pages/about/edit", do="save", seen=stale, **PAGE | {"source": "我的"})
    assert answer.status_code == 400
    assert "别人存过这一页" in answer.text
    assert "<pre>她的</pre>" in answer.text
    assert "\n我的</textarea>" in answer.text
    again = re.search(r'name="seen" value="(\d+)"', answer.text)[1]
    assert post(editor, "/desk/pages/about/edit", do="save", seen=again, **PAGE | {"source": "我的"}).status_code == 303
    with desk.app_context():
        texts = [fixed.old_text(row.id).source for row in fixed.old_texts("about")]
    assert texts == ["她的", PAGE["source"]]


def test_what_is_typed_for_a_page_that_was_deleted_stays(desk, editor, admin):
    post(editor, "/desk/pages/add", do="save", **PAGE)
    stale = seen(editor)
    post(admin, "/desk/pages/about/delete")
    answer = post(editor, "/desk/pages/about/edit", do="save", seen=stale, **PAGE | {"source": "我的"})
    assert answer.status_code == 400
    assert "已经被删去了" in answer.text
    assert "\n我的</textarea>" in answer.text
    assert 'action="/desk/pages/add"' in answer.text


def test_seeding_keeps_the_text_of_the_desk(desk, editor, fill):
    post(editor, "/desk/pages/add", do="save", **PAGE | {"source": "写在编辑台"})
    fill({"title": "关于", "body": "写在文件", "slug": "about", "type": "page"})
    with desk.app_context():
        assert [fixed.old_text(row.id).source for row in fixed.old_texts("about")] == ["写在编辑台"]


# 友情链接


def test_links(desk, editor):
    for name in ("甲", "乙"):
        assert post(editor, "/desk/links", name=name, url=f"https://{name}.example/").status_code == 303
    post(editor, "/desk/links/2/move", step="up")
    post(editor, "/desk/links/1", name="甲<", url="http://a.example/")
    foot = re.search(r'class="friends">.*', desk.test_client().get("/").text)[0]
    assert re.findall(r">([^<>]+)</a>", foot) == ["乙", "甲&lt;"]
    assert "删去链接「乙」？" in editor.get("/desk/links/2/delete").text
    post(editor, "/desk/links/2/delete")
    assert said(desk)[:2] == [
        "删除链接 乙（https://乙.example/）",
        "改链接 甲（https://甲.example/） → 甲<（http://a.example/）",
    ]


def test_a_link_is_refused_and_what_was_typed_stays(desk, editor):
    post(editor, "/desk/links", name="甲", url="https://a.example")
    post(editor, "/desk/links", name="丙", url="https://c.example")
    for name, url, words in [
        ("甲", "javascript:alert(1)", "http://"),
        ("甲", "https://", "http://"),
        ("甲", "https://[", "不是有效的地址"),
        ("甲", "", "都要写"),
        ("", "https://b.example", "都要写"),
        ("乙", "https://a.example", "已经有了，名字是 甲"),
        ("长" * 51, "https://b.example", "最多 50"),
    ]:
        for path in ("/desk/links", "/desk/links/2"):
            refused(editor, path, {"name": name, "url": url}, words, f'value="{url}"')
    for path in ("/desk/links/9", "/desk/links/9/delete"):
        assert editor.get(path).status_code == 404


# Old addresses


def test_an_old_address_is_added_found_and_deleted(desk, admin, fill):
    fill({"title": "一", "body": "文", "category": "甲"})
    for path, target, leads in [
        ("https://old.example/2019/旧.html?a=1", "1", "/article/1"),
        ("/?p=7", "/article/1", "/article/1"),
        ("/article/123.html", "http://localhost/article/1", "/article/1"),
        ("/news/", "甲", "/category/jia"),
        ("news", "/category/jia", "/category/jia"),
        ("/article/99", "jia", "/category/jia"),
    ]:
        assert post(admin, "/desk/redirects", old=path, target=target).status_code == 303
        asked = path.removeprefix("https://old.example")
        answer = desk.test_client().get(asked if asked[0] == "/" else f"/{asked}")
        assert (answer.status_code, answer.location) == (301, leads)
        page = admin.get("/desk/redirects").text
        address = re.search(r'href="(/desk/redirects/delete\?path=[^"]+)"', page)[1]
        assert "删去旧地址 /" in admin.get(address).text
        assert post(admin, address).status_code == 303
        assert admin.get(address).status_code == 404


def test_an_old_address_is_refused(desk, admin, fill):
    fill(
        {"title": "一", "body": "文", "category": "甲", "aliases": ["/known"]},
        {"title": "稿", "body": "文", "category": "甲", "draft": True},
        {"title": "关于", "body": "文", "slug": "about", "type": "page"},
    )
    for path, target, words in [
        ("/", "1", "打得开"),
        ("/article/1", "1", "打得开"),
        ("/article/2", "1", "打得开"),
        ("/category/jia", "1", "打得开"),
        ("/category/jia/page/3", "1", "打得开"),
        ("/about", "1", "打得开"),
        ("/archive", "1", "打得开"),
        ("/search?q=a", "1", "打得开"),
        ("/desk/log", "1", "打得开"),
        ("/desk/sign-out", "1", "打得开"),
        ("/static/style.css", "1", "打得开"),
        ("/known", "1", "已经转到 一"),
        ("/new", "9", "没有第 9 号文章"),
        ("/new", "", "不是文章的号码"),
        ("/new", "/nothing", "不是文章的号码"),
        ("/new", "9" * 30, "不是文章的号码"),
        ("https://[", "1", "不是有效的地址"),
        ("", "1", "打得开"),
    ]:
        refused(admin, "/desk/redirects", {"old": path, "target": target}, words, f'value="{path}"')


def test_old_addresses_are_paged_and_found_by_how_they_begin(desk, admin, fill):
    aliases = [[f"/old/{n:03}-{m}" for m in range(40)] for n in range(3)]
    fill(*(record | {"aliases": some} for record, some in zip(articles(3), aliases, strict=True)))
    listed, address = [], "/desk/redirects"
    while address:
        page = admin.get(address).text
        listed += re.findall(r"<li>(/old/\S+)", page)
        following = re.search(r'href="(/desk/redirects\?after=[^"]+)"', page)
        address = following and following[1]
    assert listed == sorted(chain(*aliases))
    page = admin.get(f"/desk/redirects?prefix={quote('/old/001-3')}").text
    assert len(re.findall(r"<li>/old/001-3", page)) == len(re.findall("<li>/old", page)) == 11
    assert "没有这样的" in admin.get("/desk/redirects?prefix=/zzz").text


# Settings


def form(client):
    """The settings as the page shows them."""
    page = client.get("/desk/settings").text
    fields = dict(re.findall(r'name="([A-Z_]+)" type="\w+"\s+value="([^"]*)"', page))
    fields = {name: unescape(value) for name, value in fields.items()}
    return fields | dict.fromkeys(re.findall(r'type="checkbox" name="([A-Z_]+)" checked', page), "on")


def test_settings_show_at_once_here_and_within_a_second_elsewhere(desk, admin, fill, monkeypatch):
    fill(*articles(5))
    other = create_app({"TESTING": True})
    reader, elsewhere = desk.test_client(), other.test_client()
    assert "中利blog" in elsewhere.get("/article/1").text
    changed = form(admin) | {"SITE_NAME": "灯<下>", "SITE_ICP": "京ICP备1号", "ARTICLES_A_PAGE": "2"}
    changed |= {"SITE_TIMEZONE": "America/New_York", "REPRINT_CANONICAL": "on"}
    assert post(admin, "/desk/settings", **changed).status_code == 303
    time.sleep(kept.CHECK_SECONDS)
    for client in (reader, elsewhere):
        for path in ("/", "/article/1", "/manifest.webmanifest"):
            assert "灯" in client.get(path).text
            assert "中利blog" not in client.get(path).text
        home = client.get("/").text
        assert "京ICP备1号" in home
        assert "共3页" in home
        assert "2023-12-31 11:00:00" in client.get("/article/1").text
    assert form(admin) == changed
    assert "改设置 ARTICLES_A_PAGE：20 → 2" in said(desk)
    assert "改设置 SITE_NAME：中利blog → 灯<下>" in said(desk)
    # Back to the default: nothing of it is kept.
    post(admin, "/desk/settings", **changed | {"SITE_NAME": "中利blog"})
    with desk.app_context():
        rows = db.session.execute(db.text("SELECT name FROM setting ORDER BY name")).scalars().all()
    assert rows == ["ARTICLES_A_PAGE", "REPRINT_CANONICAL", "SITE_ICP", "SITE_TIMEZONE"]
    count = len(said(desk))
    post(admin, "/desk/settings", **changed | {"SITE_NAME": "中利blog"})
    assert len(said(desk)) == count
    with other.app_context():
        db.engine.dispose()


def test_a_new_process_and_the_commands_know_the_settings(desk, admin, fill):
    post(admin, "/desk/settings", **form(admin) | {"SITE_TIMEZONE": "America/New_York", "SITE_NAME": "新名字"})
    for settings in ({}, {"PAGE_CACHE_BYTES": 0}):
        other = create_app({"TESTING": True, **settings})
        assert "新名字" in other.test_client().get("/search?q=").text
        with other.app_context():
            db.engine.dispose()
    other = create_app({"TESTING": True})
    file = Path(desk.instance_path, "a.md")
    file.write_text("---\ntitle: 题\ndate: 2024-01-01 00:00:00\n---\n文", "utf8")
    other.test_cli_runner().invoke(args=["seed", str(file)], catch_exceptions=False)
    with other.app_context():
        assert queries.article(1).published_at == 1704085200
        db.engine.dispose()


def test_what_the_server_fixes_wins_and_is_shown(desk, admin, monkeypatch):
    post(
        admin,
        "/desk/settings",
        **form(admin) | {"SITE_NAME": "编辑台", "SITE_ICP": "编辑台", "SITE_DESCRIPTION": "编辑台"},
    )
    Path(desk.instance_path, "config.toml").write_text('SITE_NAME = "文件"\n', "utf8")
    monkeypatch.setenv("FLASK_SITE_ICP", "环境")
    app = create_app({"TESTING": True})
    client = sign_in(app, ADMIN)
    page = client.get("/desk/settings").text
    assert "文件\n" in page
    assert "config.toml 里" in page
    assert "环境变量 FLASK_SITE_ICP 里" in page
    assert form(client).keys() == {"SITE_DESCRIPTION", "SITE_POLICE", "SITE_TIMEZONE", "ARTICLES_A_PAGE"}
    assert form(client)["SITE_DESCRIPTION"] == "编辑台"
    post(client, "/desk/settings", **form(client) | {"SITE_NAME": "偷改"})
    assert "文件" in app.test_client().get("/").text
    assert "SITE_NAME" not in said(app)[0]
    with app.app_context():
        db.engine.dispose()


def test_a_setting_is_refused_and_what_was_typed_stays(desk, admin):
    before = form(admin)
    for name, value, words in [
        ("SITE_NAME", " ", "网站的名字：不能空着"),
        ("SITE_NAME", "长" * 201, "最多 200 个"),
        ("SITE_NAME", "a\ufdd0b", "一行字"),
        ("SITE_TIMEZONE", "../../etc/passwd", "没有这个时区"),
        ("SITE_TIMEZONE", "Mars/Olympus", "没有这个时区"),
        ("ARTICLES_A_PAGE", "0", "1 到 100"),
        ("ARTICLES_A_PAGE", "101", "1 到 100"),
        ("ARTICLES_A_PAGE", "多", "应当是整数"),
        ("ARTICLES_A_PAGE", "9" * 5000, "应当是整数"),
    ]:
        refused(admin, "/desk/settings", before | {"SITE_POLICE": "typed", name: value}, words, 'value="typed"')
    with desk.app_context():
        assert not db.session.execute(db.text("SELECT 1 FROM setting")).all()


def test_what_is_stored_and_will_not_do_is_left_alone(desk):
    with desk.app_context(), writing.changing():
        db.session.execute(db.text("INSERT INTO setting VALUES ('SITE_TIMEZONE', '\"Mars\"'), ('GONE', '1')"))
    assert desk.test_client().get("/").status_code == 200
    assert desk.config["SITE_TIMEZONE"] == "Asia/Shanghai"


# In a browser


def test_the_nu_checker_accepts_these_pages(desk, admin, tmp_path, fill):
    fill({"title": "一", "body": "文", "category": "甲", "aliases": ["/old"]}, {"title": "二", "body": "文"})
    post(admin, "/desk/pages/add", do="save", **PAGE)
    post(admin, "/desk/links", name="甲", url="https://a.example")
    paths = ["", "/categories", "/categories/1", "/categories/1/merge?into=2", "/pages", "/pages/add", "/links"]
    paths += ["/links/1", "/links/1/delete", "/redirects", "/settings", "/people/1/disable"]
    pages = {f"page{number}": admin.get(f"/desk{path}").text for number, path in enumerate(paths)}
    pages["looked"] = post(admin, "/desk/pages/about/edit", do="look", seen="1", **PAGE).text
    pages["conflict"] = post(admin, "/desk/pages/about/edit", do="save", seen="1", **PAGE).text
    post(admin, "/desk/pages/about/edit", do="save", seen=seen(admin), **PAGE | {"source": "又"})
    pages["old"] = admin.get("/desk/pages/about/edit").text
    assert nu_errors(pages, tmp_path) == ""


def test_an_admin_keeps_the_site_by_keyboard_without_scripts(desk, browser):
    context, scripted = browser.new_context(java_script_enabled=False), browser.new_context()
    page = context.new_page()
    page.set_viewport_size({"width": 360, "height": 800})
    main = page.get_by_role("main")

    def tab_to(locator):
        """Go on with the Tab key until something has the focus."""
        for _ in range(60):
            if locator.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no way to {locator}")

    def go(name):
        tab_to(page.get_by_text("网站", exact=True))
        page.keyboard.press("Enter")
        tab_to(page.get_by_role("navigation").get_by_role("link", name=name, exact=True))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        look_with_scripts(page, scripted)

    def fill_in(label, text):
        tab_to(main.get_by_label(label))
        page.keyboard.insert_text(text)

    def press(name, role="button"):
        tab_to(main.get_by_role(role, name=name, exact=True))
        page.keyboard.press("Enter")

    with served(desk.instance_path) as address:
        page.goto(f"{address}/desk")
        fill_in("名字", ADMIN)
        fill_in("密码", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk")
        go("分类")
        for name in ("外汇", "武术"):
            fill_in("名字", name)
            page.keyboard.press("Enter")
            expect(main.get_by_role("link", name=name)).to_be_visible()
        press("武术上移")
        expect(main.get_by_role("link").first).to_have_text("武术")
        press("外汇", "link")
        look_with_scripts(page, scripted)
        press("删去这个分类", "link")
        expect(page.get_by_role("heading", level=1)).to_have_text("删去分类「外汇」？")
        look_with_scripts(page, scripted)
        press("删去")
        expect(main.get_by_role("link", name="外汇")).to_have_count(0)
        go("固定页")
        press("添加一页", "link")
        look_with_scripts(page, scripted)
        fill_in("标题", "关于")
        fill_in("地址", "about")
        fill_in("正文", "## 我们\n\n灯下的人")
        press("预览")
        expect(main.get_by_role("heading", name="我们")).to_be_visible()
        press("保存")
        expect(main.get_by_role("link", name="关于")).to_be_visible()
        press("关于", "link")
        look_with_scripts(page, scripted)
        go("友情链接")
        go("旧地址")
        go("设置")
        fill_in("网站的名字", "灯")
        page.keyboard.press("Enter")
        expect(page.locator(".masthead")).to_contain_text("灯")
    context.close()
    scripted.close()

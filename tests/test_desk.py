"""Writing at the desk: who may do what to an article, and that nothing typed or saved is lost."""

import html
import json
import re
import time
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import NAMES, PASSWORD, nu_errors, post, served, sign_in, token_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from app import create_app
from dengxia import (
    editing,
    journal,
    listings,
    manuscripts,
    people,
    postings,
    queries,
    rebuilding,
    revisions,
    search,
    writing,
)
from dengxia.derived import Written, derive
from dengxia.journal import TERMINAL, By
from dengxia.manuscripts import Manuscript
from dengxia.postings import ENTRY
from models import db

FORM = {"title": "灯下读书", "body": "夜里读书，灯要亮。", "kind": "original", "format": "markdown"}


@pytest.fixture
def author(desk):
    return sign_in(desk, NAMES["author"])


@pytest.fixture
def editor(desk):
    return sign_in(desk, NAMES["editor"])


def write(client, act="save", id=None, **fields):
    """Save the form of an article, new or as it stands; gives its number."""
    answer = send(client, act, id, **fields)
    assert answer.status_code == 303, answer.text
    return int(re.search(r"/articles/(\d+)", answer.location)[1])


def send(client, act="save", id=None, **fields):
    path = f"/desk/articles/{id or 'new'}"
    seen = {"version": re.search(r'name="version" value="(\d+)"', client.get(path).text)[1]}
    return post(client, path, **FORM | seen | {"act": act} | fields)


def revisions_of(app, id):
    with app.app_context():
        rows, _ = revisions.newest(id)
        return [(row.who, row.what, revisions.one(id, row.id)[1].body) for row in rows]


def typed_in(page):
    """What stands in the form of a page."""
    body = re.search(r'<textarea id="body"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)[1]
    return html.unescape(body)


def import_one(app, tmp_path, *args, **fields):
    """Seed one article, the same one each time; gives its number."""
    file = tmp_path / "one.jsonl"
    record = {"key": "k", "title": "外来的", "body": "外来的正文。", "date": "2024-01-01"} | fields
    file.write_text(json.dumps(record, ensure_ascii=False), "utf8")
    assert app.test_cli_runner().invoke(args=["seed", str(file), *args], catch_exceptions=False).exit_code == 0
    with app.app_context():
        return queries.origins(["k"])["k"].article_id


# From the form to the reader


def test_a_text_goes_from_the_form_to_the_reader(desk, author, editor):
    id = write(author)
    reader = desk.test_client()
    assert reader.get(f"/article/{id}").status_code == 404
    write(author, "submit", id, body="夜里读书，灯要很亮。")
    write(editor, "return", id, body="夜里读书，灯要很亮。", note=" 写长\n一点 ")
    assert "写长 一点" in author.get(f"/desk/articles/{id}").text
    write(author, "submit", id, body="夜里读书，灯要很亮很亮。")
    assert "写长 一点" not in editor.get(f"/desk/articles/{id}").text
    write(editor, "publish", id, body="夜里读书，灯要很亮很亮。")
    assert "灯要很亮很亮" in reader.get(f"/article/{id}").text
    said = [(who, what) for who, what, _ in revisions_of(desk, id)]
    assert said == [("李四", "发布"), ("张三", "送审"), ("李四", "退回"), ("张三", "送审"), ("张三", "保存")]
    with desk.app_context():
        log = [(row.who, row.what, row.about) for row in journal.entries(9999)[0]]
    assert ("李四", "发布", f"《灯下读书》（{id}）") in log


def test_every_field_comes_back_as_it_was_saved(desk, editor):
    fields = {
        "title": "<题>", "body": "\n第一行\n\n<script>", "category": "综合", "tags": "读书，Go", "kind": "reprint",
        "source": "某报", "source_url": "https://a.example/1", "author": "甲", "editor": "乙", "summary": "摘要",
        "cover": "/media/a.jpg", "aliases": "/old/1.html\n/old/2", "date": "2024-05-01T08:30:15", "format": "html",
    }  # fmt: skip
    id = write(editor, "publish", **fields)
    with desk.app_context():
        known = manuscripts.standing(id)
        assert manuscripts.typed(known.text) == fields
        assert known.row.date == 1714523415
    for path in ("/old/1.html", "/old/2"):
        assert desk.test_client().get(path).location == f"/article/{id}"
    write(editor, "save", id, **fields | {"aliases": "/old/2"})
    assert desk.test_client().get("/old/1.html").status_code == 404
    page = editor.get("/desk/articles/new").text
    assert all(f'<option value="{value}">' in page for value in ("某报", "https://a.example/1", "Go"))
    assert editor.get("/desk/tags?q=GO").get_json() == ["Go"]


def test_a_save_that_changes_nothing_is_none(desk, author):
    id = write(author)
    write(author, "save", id)
    with desk.app_context():
        assert manuscripts.standing(id).row.version == 1
    assert len(revisions_of(desk, id)) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "标题: 还没有写"),
        ({"title": "长" * 201}, "标题: 有 201 个字，最多 200 个"),
        ({"body": " \n"}, "没有正文"),
        ({"category": "没有的"}, "分类: 没有叫「没有的」的分类"),
        ({"kind": "stolen"}, "类型: "),
        ({"source_url": "javascript:alert(1)"}, "来源链接: "),
        ({"cover": "javascript:alert(1)"}, "封面: "),
        ({"summary": "长" * 501}, "摘要: 有 501 个字"),
        ({"date": "昨天"}, "发布时间: 应当像"),
        ({"date": "9999-12-31T99:00"}, "发布时间: 应当像"),
        ({"tags": "，".join(map(str, range(60)))}, "标签: 有 60 个"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_comes_back(author, fields, words):
    fields = {"body": "写了一夜的正文", **fields}
    for id in (None, write(author)):
        answer = send(author, "save", id, **fields)
        assert answer.status_code == 400
        assert words in html.unescape(answer.text)
        assert typed_in(answer.text) == fields["body"]


def test_an_old_address_leads_to_one_article(desk, author):
    write(author, aliases="/old/1")
    answer = send(author, aliases="/old/1")
    assert answer.status_code == 400
    assert "旧地址: /old/1 已经通到别处" in answer.text


# Times


def test_times_are_those_of_the_site(site, staffed_site):
    app = site(staffed_site, SITE_TIMEZONE="Europe/Berlin")
    client = sign_in(app, NAMES["editor"])
    answer = send(client, "publish", date="2026-03-29T02:30")
    assert answer.status_code == 400
    assert "没有这个时刻" in answer.text
    id = write(client, "publish", date="2025-10-26T02:30:00")  # the first of two
    with app.app_context():
        assert manuscripts.standing(id).row.date == 1761438600
        # The second one, as an import may have it, stays what it is.
        with writing.saved():
            db.session.execute(db.text("UPDATE article SET date = date + 3600"))
    write(client, "save", id, date="2025-10-26T02:30:00", body="别的")
    with app.app_context():
        assert manuscripts.standing(id).row.date == 1761442200


def test_what_is_scheduled_waits_for_its_time(desk, editor, clock):
    with desk.app_context():
        later = manuscripts.typed(Manuscript("", "", date=int(time.time()) + 60))["date"]
    id = write(editor, "publish", date=later)
    reader = desk.test_client()
    assert reader.get(f"/article/{id}").status_code == 404
    clock(61)
    assert reader.get(f"/article/{id}").status_code == 200


def test_an_empty_time_is_that_of_publishing(desk, editor, clock):
    id = write(editor)
    clock(1000)
    write(editor, "publish", id)
    clock(1000)
    write(editor, "save", id, body="改了的正文")
    with desk.app_context():
        row = manuscripts.standing(id).row
        assert (row.published_at, row.updated_at) == (int(time.time()) - 1000, int(time.time()))


# Who may


def test_an_author_keeps_to_drafts_of_their_own(desk, author, editor):
    with desk.app_context():
        people.add(TERMINAL, "赵六", "author", PASSWORD)
    other, id = sign_in(desk, "赵六"), write(author)
    copy = post(author, "/desk/working", article=id, **FORM).get_json()["working"]
    own = f"/desk/articles/{id}"
    for path in (own, f"{own}/revisions", f"{own}/revisions/1"):
        assert other.get(path).status_code == 403
        assert author.get(path).status_code == 200
    for path in (own, f"{own}/revisions/1", "/desk/working"):
        assert post(other, path, **FORM, article=id, version=1).status_code == 403
    assert post(other, f"/desk/working/{copy}/forget").status_code == 404
    assert own not in other.get("/desk/articles?owner=1").text
    for act in ("publish", "return", "withdraw", "restore", "purge", "junk"):
        assert send(author, act, id).status_code == 403
    assert send(author, "publish").status_code == 403
    write(author, "submit", id)
    assert send(author, "save", id, body="偷换").status_code == 403
    write(author, "recall", id)
    write(author, "submit", id)
    write(editor, "publish", id)
    assert send(author, "save", id, body="偷换").status_code == 403
    assert send(author, "trash", id).status_code == 403
    assert "发布以后由编辑来改" in author.get(own).text


def test_only_an_admin_purges_and_is_asked_first(desk, author, editor):
    admin, id = sign_in(desk, NAMES["admin"]), write(author)
    path = f"/desk/articles/{id}/purge"
    assert admin.get(path).status_code == 404
    write(editor, "trash", id)
    assert editor.get(path).status_code == 403
    assert "清除《灯下读书》" in admin.get(path).text
    post(author, "/desk/working", article=id, version=1, title="灯下", body="没写完")
    assert post(editor, path).status_code == 403
    assert post(admin, path).status_code == 303
    assert admin.get(f"/desk/articles/{id}").status_code == 404
    with desk.app_context():
        counts = [db.session.execute(db.text(f"SELECT count(*) FROM {t}")).scalar() for t in ("article", "revision")]
        assert counts == [0, 0]
        assert journal.entries(9999)[0][0].what == "清除"
    # What somebody was writing meanwhile is theirs still.
    copy = re.search(r"/desk/articles/new\?working=\d+", author.get("/desk/articles/new").text)[0]
    assert typed_in(author.get(copy).text) == "没写完"
    answer = post(author, f"/desk/articles/{id}", **FORM, version=2)
    assert typed_in(author.get(answer.location).text) == FORM["body"]


# Two people


def test_the_second_to_save_sees_both_texts_and_decides(desk, author, editor):
    id = write(author, body="第一段。\n\n第二段说灯。")
    path = f"/desk/articles/{id}"
    write(editor, "save", id, body="第一段。\n\n第二段说灯火。")
    mine = {**FORM, "body": "第一段。\n\n第二段说油灯。", "title": "我的题"}
    answer = post(author, path, **mine, version=1, act="submit")
    assert answer.status_code == 409
    assert "李四保存过这篇文章" in answer.text
    assert "第二段说<ins>油</ins>灯<del>火</del>。" in answer.text
    assert typed_in(answer.text).replace("\r", "") == mine["body"]
    assert "第二段说灯火。</textarea>" in answer.text
    # What was typed is kept even if the page is closed now.
    assert "第二段说油灯" in author.get(re.search(r"/desk/articles/\d+\?working=\d+", author.get(path).text)[0]).text
    seen = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    assert post(author, path, **mine, version=seen, act="save").status_code == 303
    assert [(who, body[-6:]) for who, _, body in revisions_of(desk, id)] == [
        ("张三", "二段说油灯。"), ("李四", "二段说灯火。"), ("张三", "第二段说灯。"),
    ]  # fmt: skip


def test_of_two_who_save_at_once_one_wins(desk, author):
    id, together, came = write(author), Barrier(2), []

    def save(body):
        with desk.app_context():
            known, person = manuscripts.standing(id), editing.Person(1, By(body))
            together.wait()
            try:
                editing.change(person, known, 1, replace(known.text, body=body), editing.Step())
                came.append(body)
            except editing.Conflict as conflict:
                came.append(conflict.theirs.text.body)

    threads = [Thread(target=save, args=(body,)) for body in ("甲", "乙")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert came in (["甲", "甲"], ["乙", "乙"])
    assert [body for _, _, body in revisions_of(desk, id)] == [came[0], FORM["body"]]


def test_theirs_may_be_taken(desk, author, editor):
    id = write(author)
    write(editor, "save", id, body="编辑的")
    answer = post(author, f"/desk/articles/{id}", **FORM | {"body": "我的"}, version=1)
    forget = re.search(r'action="(/desk/working/\d+/forget)"', answer.text)[1]
    page = author.get(post(author, forget).location).text
    assert typed_in(page) == "编辑的"
    assert "没保存的改动" not in page


def test_what_was_imported_is_kept_and_an_import_is_no_silent_winner(desk, editor, tmp_path):
    id = import_one(desk, tmp_path, format="html", body="<p>外来的正文。</p>")
    assert '<option value="html" selected>' in editor.get(f"/desk/articles/{id}").text.replace("\n", "")
    write(editor, "save", id, body="<p>编辑改过。</p>", format="html")
    assert [(who, body) for who, _, body in revisions_of(desk, id)] == [
        ("李四", "<p>编辑改过。</p>"), ("", "<p>外来的正文。</p>"),
    ]  # fmt: skip
    assert import_one(desk, tmp_path, format="html", body="<p>外来的正文。</p>") == id
    assert "编辑改过" in desk.test_client().get(f"/article/{id}").text
    page = editor.get(f"/desk/articles/{id}").text
    import_one(desk, tmp_path, "--overwrite", body="又一次外来的正文。")
    seen = re.search(r'name="version" value="(\d+)"', page)[1]
    assert post(editor, f"/desk/articles/{id}", **FORM, version=seen).status_code == 409
    write(editor, "save", id)
    assert [body for _, _, body in revisions_of(desk, id)][:2] == [FORM["body"], "又一次外来的正文。"]


def test_a_revision_is_shown_and_restored_as_a_new_one(desk, author):
    id = write(author, body="甲乙丙丁。", tags="一")
    write(author, "save", id, body="甲乙丙戊。", tags="二")
    path = f"/desk/articles/{id}/revisions"
    newest, first = re.findall(rf"{path}/(\d+)", author.get(path).text)
    assert "甲乙丙<del>丁</del><ins>戊</ins>。" in author.get(f"{path}/{newest}").text
    assert "最早的一号" in author.get(f"{path}/{first}").text
    page = author.get(f"{path}/{first}?with=now").text
    assert "甲乙丙<del>丁</del><ins>戊</ins>。" in page
    assert post(author, f"{path}/{first}", version=1).status_code == 409
    seen = re.search(r'name="version" value="(\d+)"', page)[1]
    assert post(author, f"{path}/{first}", version=seen).status_code == 303
    assert [body for _, _, body in revisions_of(desk, id)] == ["甲乙丙丁。", "甲乙丙戊。", "甲乙丙丁。"]
    with desk.app_context():
        assert manuscripts.standing(id).text.tags == ["一"]
    assert author.get(f"{path}/999").status_code == 404
    other = write(author)
    assert author.get(f"/desk/articles/{other}/revisions/{first}").status_code == 404


# Working copies


def test_what_is_typed_is_kept_beside_the_article(desk, author, editor):
    id = write(author)
    path, typed = f"/desk/articles/{id}", {"article": id, "version": 1, "title": "灯下", "body": "没写完"}
    copy = post(author, "/desk/working", **typed).get_json()["working"]
    assert post(author, "/desk/working", **typed, working=copy).get_json()["working"] == copy
    page = author.get(path).text
    assert "有没保存的改动" in page
    assert typed_in(page) == FORM["body"]
    assert "有没保存的改动" not in editor.get(path).text
    assert typed_in(author.get(f"{path}?working={copy}").text) == "没写完"
    assert typed_in(editor.get(f"{path}?working={copy}").text) == FORM["body"]
    write(author, "save", id, working=copy)
    assert "有没保存的改动" not in author.get(path).text


def test_nothing_but_its_own_save_takes_a_working_copy(author):
    id = write(author)
    path = f"/desk/articles/{id}"
    typed = {"article": id, "version": 1, **FORM}
    first = post(author, "/desk/working", **typed | {"body": "昨天写的"}).get_json()["working"]
    # Another window, and what is done to the article elsewhere.
    second = post(author, "/desk/working", **typed | {"body": "今天写的"}).get_json()["working"]
    post(author, "/desk/articles/bulk", act="tag", tags="灯", id=id)
    write(author, "save", id, body="今天写的", working=second)
    assert re.findall(r"\?working=(\d+)", author.get(path).text) == [str(first)]
    assert typed_in(author.get(f"{path}?working={first}").text) == "昨天写的"


def test_an_act_without_text_that_comes_too_late_takes_none(author):
    id = write(author, "submit")
    answer = post(author, f"/desk/articles/{id}", act="recall", version=0)
    assert answer.status_code == 409
    assert "再按一次" in answer.text
    assert typed_in(answer.text) == FORM["body"]
    assert "有没保存的改动" not in author.get(f"/desk/articles/{id}").text


def test_typing_goes_on_when_the_article_is_purged(desk, author):
    id, admin = write(author), sign_in(desk, NAMES["admin"])
    typed = {"article": id, "version": 1, **FORM}
    copy = post(author, "/desk/working", **typed | {"body": "写到一半"}).get_json()["working"]
    write(admin, "trash", id)
    post(admin, f"/desk/articles/{id}/purge")
    kept = post(author, "/desk/working", **typed | {"body": "写到一半，接着写"}, working=copy)
    assert kept.get_json()["working"] == copy
    answer = post(author, f"/desk/articles/{id}", **typed | {"body": "写完了"}, working=copy, act="save")
    assert typed_in(author.get(answer.location).text) == "写完了"


def test_moments_that_differ_are_shown_whole(author):
    id = write(author, date="2030-01-02T03:04:05")
    write(author, "save", id, date="2026-11-24T21:13:16")
    page = author.get(f"/desk/articles/{id}/revisions/2").text
    assert "<del>2030-01-02 03:04:05</del>" in page
    assert "<ins>2026-11-24 21:13:16</ins>" in page


def test_the_front_page_names_an_article_once(editor):
    id = write(editor, title="改了又改")
    for n in range(3):
        write(editor, "save", id, title="改了又改", body=f"第 {n} 次")
    edited = editor.get("/desk").text.split("最近改过的")[1]
    assert edited.count("改了又改") == 1


def test_what_is_typed_of_new_articles_is_kept_too(desk, author):
    one = post(author, "/desk/working", title="第一篇", body="一").get_json()["working"]
    two = post(author, "/desk/working", title="第二篇", body="二").get_json()["working"]
    assert post(author, "/desk/working", working=one, title="第一篇", body="一一").get_json()["working"] == one
    page = author.get("/desk/articles/new").text
    assert "《第一篇》" in page
    assert "《第二篇》" in page
    assert typed_in(author.get(f"/desk/articles/new?working={one}").text) == "一一"
    post(author, f"/desk/working/{two}/forget")
    write(author, working=one)
    assert "有没保存的改动" not in author.get("/desk/articles/new").text


def test_a_working_copy_of_an_older_text_leads_to_a_conflict(author, editor):
    id = write(author)
    copy = post(author, "/desk/working", article=id, version=1, **FORM | {"body": "旧的"}).get_json()["working"]
    write(editor, "save", id, body="新的")
    page = author.get(f"/desk/articles/{id}?working={copy}").text
    seen = re.search(r'name="version" value="(\d+)"', page)[1]
    assert post(author, f"/desk/articles/{id}", **FORM | {"body": "旧的"}, version=seen).status_code == 409


def test_a_very_long_text_is_kept(author):
    assert post(author, "/desk/working", title="长", body="灯" * 900_000).status_code == 200


def test_without_a_session_a_script_is_told_in_json(desk, author):
    answer = desk.test_client().post("/desk/working", data=FORM, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.get_json()) == (401, {"status": 401})


def test_an_old_address_is_none_of_the_sites_own(editor):
    id = write(editor, title="还没有发布")
    for path in ("/", "/desk/articles", "/feed.xml", "/page/2", f"/article/{id}"):
        answer = send(editor, aliases=path)
        assert (answer.status_code, "是网站自己的地址" in answer.text) == (400, True), path
    assert send(editor, aliases="/2019/old.html\n/article/99999").status_code == 303


@pytest.mark.parametrize(
    ("path", "long"),
    [
        ("/desk/pages/add", "source"),
        ("/desk/pages/about/edit", "source"),
        ("/desk/articles/1/corrections", "text"),
        ("/desk/articles/new", "body"),
    ],
)
def test_long_texts_of_all_kinds_outlast_the_session(desk, path, long):
    answer = desk.test_client().post(path, data={"title": "题", long: "写了一夜的字"})
    assert answer.status_code == 401
    shown = rf'<textarea id="{long}" name="{long}"[^>]*>\n写了一夜的字</textarea>'
    assert re.search(shown, answer.text)


def test_what_is_sent_after_the_session_has_ended_is_not_lost(desk, author):
    id = write(author)
    path, fields = f"/desk/articles/{id}", FORM | {"body": "一夜写的\n\n<正文>", "version": 1, "act": "save"}
    stale = {**fields, "csrf_token": token_of(author)}
    browser = desk.test_client()
    answer = browser.post(path, data=stale)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert typed_in(answer.text) == fields["body"]
    assert post(browser, "/desk/sign-in", name=NAMES["author"], password=PASSWORD).status_code == 303
    answer = browser.post(path, data=stale)
    assert answer.status_code == 400
    again = dict(re.findall(r'<textarea name="(\w+)" hidden>\n([^<]*)</textarea>', answer.text))
    again["csrf_token"] = re.search(r'name="csrf_token" value="([^"]+)"', answer.text[answer.text.index("<main") :])[1]
    assert browser.post(path, data={**again, "body": typed_in(answer.text)}).status_code == 303
    assert revisions_of(desk, id)[0][2] == "一夜写的\n\n<正文>"
    stranger = {"Origin": "https://evil.example"}
    assert "<textarea" not in desk.test_client().post(path, data=stale, headers=stranger).text


# In public


def shown(app):
    """Where readers meet articles: titles on the lists, and what search and the tag's count say."""
    reader = app.test_client()
    with app.app_context():
        tag = queries.tag("灯火")
        counts = listings.visible(), listings.list_tag(tag.id, 1).total, search.find("独一无二").count
    pages = ("/", "/category/zonghe", "/archive/2024/05", "/feed.xml", "/article/2")
    return [f"第{n}稿" for n in (1, 2) if all(f"第{n}稿" in reader.get(page).text for page in pages)], counts


def vocabulary():
    """Everything that the search index holds."""
    with db.engine.connect() as connection:
        found = {}
        for name in search.TABLES:
            connection.exec_driver_sql(f"CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, {name}, instance)")
            found[name] = set(connection.exec_driver_sql("SELECT term, doc FROM temp.v"))
            connection.exec_driver_sql("DROP TABLE temp.v")
    return found


def derived_rows():
    """What follows from the articles: the search index, the counts of the lists, and who holds which terms."""
    segments = "SELECT list, sum(count) FROM segment GROUP BY list HAVING sum(count) > 0"
    counts = sorted(db.session.execute(db.text(segments)).all())
    terms = db.session.scalars(db.text("SELECT id FROM term UNION SELECT id FROM new_term")).all()
    holders = {
        id: {entry[1] for entry in ENTRY.iter_unpack(held)} for id, held in postings.newest(terms).items() if held
    }
    return vocabulary(), counts, holders


def test_articles_leave_and_enter_what_readers_see(desk, editor):
    common = {"tags": "灯火", "body": "独一无二的正文", "date": "2024-05-02T00:00"}
    one = write(editor, "publish", title="第1稿", **common)
    write(editor, "publish", title="第2稿", **common)
    assert shown(desk) == (["第1稿", "第2稿"], (2, 2, 2))
    for steps in (["withdraw", "publish"], ["trash", "restore", "publish"]):
        for act in steps:
            write(editor, act, one, title="第1稿", **common)
            assert shown(desk) == ((["第1稿", "第2稿"], (2, 2, 2)) if act == "publish" else (["第2稿"], (1, 1, 1)))
            assert desk.test_client().get(f"/article/{one}").status_code == (200 if act == "publish" else 404)
            with desk.app_context():
                before = derived_rows()
                list(rebuilding.rebuild())
                assert derived_rows() == before


def test_publishing_is_seen_by_every_process_within_a_second(desk, editor):
    other = create_app({"TESTING": True}).test_client()
    assert "灯下读书" not in other.get("/").text
    id = write(editor, "publish")
    time.sleep(1.01)
    assert "灯下读书" in other.get("/").text
    write(editor, "withdraw", id)
    time.sleep(1.01)
    assert "灯下读书" not in other.get("/").text
    with other.application.app_context():
        db.engine.dispose()


def test_saving_a_draft_leaves_the_kept_pages(desk, author, editor):
    def version():
        with desk.app_context():
            return db.session.execute(db.text("SELECT number FROM content_version")).scalar()

    before = version()
    id = write(author)
    write(author, "submit", id)
    write(editor, "trash", id)
    assert version() == before


# Several at once


def test_several_are_changed_at_once_and_what_was_not_is_said(desk, author, editor):
    mine, theirs = [write(author, title=f"甲{n}") for n in range(2)], write(editor, title="乙")
    page = post(author, "/desk/articles/bulk", act="trash", id=[*mine, theirs, 999])
    assert "2 篇好了" in page.text
    assert f"第 {theirs} 号》：没有这篇文章，或者它不是你的" in page.text
    assert "2 篇没有做" in page.text
    page = post(author, "/desk/articles/bulk", act="publish", id=mine)
    assert "回收站里的文章，你不能发布" in page.text
    post(editor, "/desk/articles/bulk", act="restore", id=mine)
    page = post(editor, "/desk/articles/bulk", act="publish", id=[*mine, theirs])
    assert "3 篇好了" in page.text
    page = post(editor, "/desk/articles/bulk", act="tag", tags="新，甲", id=[*mine, theirs])
    assert "3 篇好了" in page.text
    assert "本来就是这样" in post(editor, "/desk/articles/bulk", act="tag", tags="新", id=mine).text
    with desk.app_context():
        assert listings.list_tag(queries.tag("新").id, 1).total == 3
        writing.put_categories([{"slug": "b", "name": "别处", "description": "", "in_nav": True}])
    assert "3 篇好了" in post(editor, "/desk/articles/bulk", act="move", category="别处", id=[*mine, theirs]).text
    assert desk.test_client().get("/category/b").text.count('<h2><a href="/article/') == 3
    assert revisions_of(desk, theirs)[0][:2] == ("李四", "移到分类「别处」")
    for fields in ({"act": "move", "category": "没有"}, {"act": "tag"}, {"act": "trash", "id": []}, {"act": "x"}):
        assert post(editor, "/desk/articles/bulk", **{"id": mine, **fields}).status_code == 400


# Nothing is lost


BODIES = st.sampled_from(["甲。", "乙。", "丙，丁。", "甲乙\n\n丙丁。"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["save", "stale", "restore", "trash", "untrash", "publish", "import"]), BODIES),
    max_size=8,
)


def import_over(id, body):
    """What seeding does to an article whose file has changed."""
    text = derive(Written("", "题", body, "markdown"))
    card = {"title": "题", "cover": "", "status": "published", "date": 1}
    with writing.changing():
        writing.enter([writing.Entry(id, card, "综合", [], [], "markdown", text, "k", b"")])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_text_ever_saved_is_found_again(desk, steps):
    with desk.app_context():
        person = editing.Person(people.named(NAMES["editor"]).id, By("李四"))
        id = editing.begin(person, Manuscript("题", "始。"), editing.Step())
        saved, seen = {"始。"}, manuscripts.standing(id).row.version
        for kind, body in steps:
            known = manuscripts.standing(id)
            acts, version = editing.acts(known.row.status, False, True, True), known.row.version
            text = replace(known.text, body=body)
            if kind in ("save", "stale") and "save" in acts:
                try:
                    editing.change(person, known, seen if kind == "stale" else version, text, editing.Step())
                    saved.add(body)
                except editing.Conflict as conflict:
                    assert seen != version
                    assert conflict.theirs.text == known.text
            elif kind == "restore" and "save" in acts:
                rows, _ = revisions.newest(id)
                text = revisions.one(id, rows[len(body) % len(rows)].id)[1]
                text = replace(text, status=known.text.status)
                editing.change(person, known, version, text, editing.Step())
            elif kind == "import":
                import_over(id, body)
            elif (act := {"untrash": "restore"}.get(kind, kind)) in acts:
                editing.change(person, known, version, known.text, editing.Step(act))
            seen = version
        rows, _ = revisions.newest(id)
        kept = {revisions.one(id, row.id)[1].body for row in rows} | {manuscripts.standing(id).text.body}
        assert saved <= kept


# In a browser


@pytest.fixture
def pages(desk, author, editor):
    """The address of each page about articles, with something on it."""
    id = write(author, body="第一段。\n\n第二段。", tags="读书，灯")
    write(author, "submit", id, body="第一段。\n\n第二段改了。")
    write(editor, "return", id, body="第一段。\n\n第二段改了。", note="再写长一点")
    trashed = write(editor, title="一篇不要了的文章，标题写得很长很长，好看看换行")
    write(editor, "trash", trashed)
    write(editor, "publish", title="定时的", date="2099-01-01T00:00")
    post(editor, "/desk/working", article=id, title="没写完", body="没写完")
    return {
        "list": "/desk/articles",
        "trash": "/desk/articles?state=trash",
        "nothing": "/desk/articles?q=没有这样的",
        "new": "/desk/articles/new",
        "form": f"/desk/articles/{id}",
        "history": f"/desk/articles/{id}/revisions",
        "revision": f"/desk/articles/{id}/revisions/2?with=now",
        "purge": f"/desk/articles/{trashed}/purge",
    }


def test_the_nu_checker_accepts_the_pages_about_articles(desk, pages, author, editor, tmp_path):
    admin = sign_in(desk, NAMES["admin"])
    texts = {name: admin.get(path).text for name, path in pages.items()}
    texts["author's"] = author.get(pages["form"]).text
    texts["copies"] = editor.get(pages["form"]).text
    texts["conflict"] = post(editor, pages["form"], **FORM, version=1).text
    texts["wrong"] = send(editor, title="", body="<b>").text
    texts["bulk"] = post(author, "/desk/articles/bulk", act="trash", id=[1, 2, 3]).text
    texts["ended"] = desk.test_client().post(pages["form"], data=FORM).text
    texts["checked"] = post(editor, "/desk/articles/new/check", **FORM | {"body": "你好,世界。"}).text
    id = write(editor, "publish")
    post(editor, f"/desk/articles/{id}/corrections", text="原文说三，应当是四。")
    texts["corrections"] = editor.get(f"/desk/articles/{id}/corrections").text
    texts["related"] = editor.get(f"/desk/articles/{id}/related").text
    texts["corrected"] = editor.get(f"/article/{id}").text
    assert nu_errors(texts, tmp_path) == ""


def test_a_story_in_a_browser_without_scripts(desk, pages, browser):
    """Written with the keyboard alone on a telephone; each page once more with scripts, which axe needs."""
    context, scripted = browser.new_context(java_script_enabled=False), browser.new_context()
    page, other = context.new_page(), scripted.new_page()
    complaints = []
    # What has no address comes from axe itself.
    other.on("console", lambda message: complaints.append(message.text) if message.location["url"] else None)
    page.set_viewport_size({"width": 360, "height": 800})

    def look(path):
        for scheme, width in (("light", 360), ("dark", 1280)):
            other.set_viewport_size({"width": width, "height": 800})
            other.emulate_media(color_scheme=scheme)
            other.goto(path)
            found = Axe().run(other)
            assert found.violations_count == 0, found.generate_report()
            assert other.evaluate("document.documentElement.scrollWidth") <= width

    with served(desk.instance_path) as address:
        page.goto(f"{address}/desk/articles/new")
        expect(page.locator("[name=name]")).to_be_focused()
        page.keyboard.type(NAMES["admin"])
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_label("标题")).to_be_visible()
        scripted.add_cookies(context.cookies())
        for path in pages.values():
            look(address + path)
        page.get_by_label("标题").focus()
        page.keyboard.type("键盘写的")
        page.keyboard.press("Tab")
        page.keyboard.type("一段正文。")
        page.get_by_role("button", name="发布").press("Enter")
        page.wait_for_url("**done=publish")
        expect(page.get_by_role("status")).to_have_text("发布：好了")
        page.get_by_role("link", name="看网页").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("键盘写的")
    assert complaints == []
    context.close()
    scripted.close()

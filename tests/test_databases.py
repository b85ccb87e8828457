"""Typecho and Z-BlogPHP from databases that their own pages wrote (1.3.0 and 1.7.5, articles of ours)."""

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from test_seed import counts, everything, picture, rows

from dengxia import images, queries
from dengxia.formats import NAMES, LeftOut, Record, Refused, databases, jsonl

SAMPLES = Path(__file__).parent / "samples"
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(params=["typecho", "zblog"])
def program(request):
    return request.param


@pytest.fixture
def changed(tmp_path):
    """`changed(name, statement, …)` gives the records of a sample by title, after these statements."""

    def make(name, *statements):
        file = tmp_path / "a.db"
        shutil.copy(SAMPLES / f"{name}.db", file)
        database = sqlite3.connect(file)
        with database:
            for statement in statements:
                database.execute(statement)
        database.close()
        found = [one for one, _ in databases.read(file, "k", ZONE)]
        return {one.title if isinstance(one, Record) else one.args[1]: one for one in found}

    return make


def test_articles(program, changed):
    found = changed(program)
    first = found["开灯"]
    assert (first.category, first.tags, first.author) == ("技术/网页", ["灯", "夜读"], "zhou")
    assert first.date == datetime(2020, 5, 1, 4, tzinfo=UTC)
    assert first.updated > first.date
    assert (first.slug, first.key, first.own_key) == ("kai-deng", "k:3", False)
    assert first.where.endswith("a.db:3")
    assert found["将来"].date.year == 2099
    assert (found["关于"].page, found["关于"].slug) == (True, "about")
    assert not any(found[title].draft for title in ("开灯", "将来", "关于"))
    hidden = ["草稿", "私密", "待审"] + ["隐藏", "密码"] * (program == "typecho")
    assert all(found[title].draft for title in hidden)


def test_typecho_texts(changed):
    found = changed("typecho")
    assert (found["开灯"].format, found["开灯"].dialect) == ("markdown", "hexo")
    assert found["开灯"].body.startswith("**灯下**读书。\n\n![灯](")
    assert (found["旧写法"].format, found["旧写法"].body) == ("html", "<p>第一段</p>\n<p>第二段 <b>粗</b></p>")
    assert [type(one) for one in found.values()].count(LeftOut) == 1
    assert found["密码"].tally == {"有密码的文章，成了草稿": 1}


@pytest.mark.parametrize("status", ["'PRIVATE'", "'members'", "NULL"])
def test_only_what_typecho_shows_is_public(changed, status):
    found = changed("typecho", f"UPDATE typecho_contents SET status = {status} WHERE cid = 3")["开灯"]
    assert (found.draft, sum(found.tally.values())) == (True, 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE typecho_contents SET created = 'soon' WHERE cid = 3",
        "UPDATE typecho_contents SET created = 99999999999999 WHERE cid = 3",
        "UPDATE typecho_contents SET text = x'ff00' WHERE cid = 3",
        "UPDATE typecho_contents SET type = NULL WHERE cid = 3",
        "UPDATE zbp_post SET log_PostTime = 99999999999999 WHERE log_ID = 3",
        "UPDATE zbp_post SET log_Status = 'x' WHERE log_ID = 3",
        "UPDATE zbp_post SET log_Title = x'ff' WHERE log_ID = 3",
    ],
)
def test_what_is_no_date_and_no_text_costs_its_article_only(changed, statement):
    found = changed("typecho" if "typecho" in statement else "zblog", statement)
    [bad] = [one for one in found.values() if isinstance(one, Refused) and not isinstance(one, LeftOut)]
    assert re.match(r".*a\.db:3: 有一格里不是该有的东西", str(bad))
    assert "私密" in found


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("typecho", "ALTER TABLE typecho_users RENAME COLUMN screenName TO shown"),
        ("zblog", "UPDATE zbp_config SET conf_Value = x'ff'"),
    ],
)
def test_tables_of_another_version_are_refused_in_one_line(changed, name, statement):
    with pytest.raises(Refused, match=r"a\.db: 它的表和 Typecho、Z-BlogPHP 的不一样"):
        changed(name, statement)


@pytest.mark.parametrize(
    ("name", "statement"),
    [("typecho", "DELETE FROM typecho_options"), ("zblog", "UPDATE zbp_config SET conf_Value = NULL")],
)
def test_a_blog_that_does_not_say_where_it_is(changed, name, statement):
    assert changed(name, statement)["开灯"].home == "http://localhost"


@pytest.mark.parametrize(("name", "table"), [("typecho", "typecho_contents"), ("zblog", "zbp_post")])
def test_a_broken_file_has_an_end(tmp_path, name, table):
    """The last row of the table has a number that came before: without an end its rows would come again."""
    file = shutil.copy(SAMPLES / f"{name}.db", tmp_path / "a.db")
    with closing(sqlite3.connect(file)) as database:
        [page] = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        [size] = database.execute("PRAGMA page_size").fetchone()
    data = bytearray(file.read_bytes())
    start = (page - 1) * size
    while data[start] == 5:  # the page on the right below
        start = (int.from_bytes(data[start + 8 : start + 12]) - 1) * size
    count = int.from_bytes(data[start + 3 : start + 5])
    cell = start + int.from_bytes(data[start + 6 + 2 * count : start + 8 + 2 * count])
    while data[cell] & 0x80:  # its length
        cell += 1
    data[cell + 1] = 1
    file.write_bytes(data)
    with pytest.raises(Refused, match="数据库坏了"):
        list(databases.read(file, "k", ZONE))


PHP = 'a:1:{s:4:"post";a:3:{s:3:"url";s:24:"%s";s:6:"widget";s:14:"Widget_Archive";}}'


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/archives/[cid:digital]/", "/archives/3"),
        ("/archives/[slug].html", "/archives/kai-deng.html"),
        ("/[year:digital:4]/[month:digital:2]/[day:digital:2]/[slug].html", "/2020/05/01/kai-deng.html"),
        ("/[category]/[slug].html", "/tech/kai-deng.html"),
        ("/[directory:split:0]/[cid].html", "/tech/3.html"),
    ],
)
@pytest.mark.parametrize("table", ['{"post": {"url": "%s"}}', PHP])
def test_typecho_addresses(changed, table, rule, path):
    value = (table % rule).replace("'", "''")
    found = changed("typecho", f"UPDATE typecho_options SET value = '{value}' WHERE name = 'routingTable'")
    assert found["开灯"].aliases == [path, f"/index.php{path}"]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("{%host%}?id={%id%}", None),
        ("{%host%}post/{%id%}.html", "/post/3.html"),
        ("{%host%}{%category%}/{%alias%}.html", "/web/kai-deng.html"),
        ("{%host%}{%year%}/{%month%}/{%day%}/{%author%}/{%id%}/", "/2020/05/01/zhou/3"),
    ],
)
@pytest.mark.parametrize("old", [False, True])
def test_zblog_addresses(changed, old, rule, path):
    """The site's own rule, and the one that always answers; options a row each, or in one row as before 1.6."""
    value = f's:{len(rule)}:"{rule}";'
    statements = [f"UPDATE zbp_config SET conf_Value = '{value}' WHERE conf_Key = 'ZC_ARTICLE_REGEX'"]
    if old:
        statements = [
            "DELETE FROM zbp_config",
            "ALTER TABLE zbp_config DROP COLUMN conf_Key",
            f"INSERT INTO zbp_config (conf_Name, conf_Value) VALUES ('system', 's:16:\"ZC_ARTICLE_REGEX\";{value}')",
        ]
    assert changed("zblog", *statements)["开灯"].aliases == [*filter(None, [path]), "/?id=3"]


def test_zblog_addresses_without_alias(changed):
    rule = 's:20:"{%host%}{%alias%}.html";'
    found = changed("zblog", f"UPDATE zbp_config SET conf_Value = '{rule}' WHERE conf_Key = 'ZC_ARTICLE_REGEX'")
    assert found["无别名"].aliases[0] == "/无别名.html"


def test_zblog_summaries(changed):
    found = changed("zblog", "UPDATE zbp_post SET log_Intro = '<p>另写的摘要。</p>' WHERE log_ID = 4")
    assert (found["开灯"].summary, found["无别名"].summary) == ("", "另写的摘要。")


def test_other_prefix(changed):
    names = ("contents", "metas", "relationships", "options", "users")
    renames = [f"ALTER TABLE typecho_{name} RENAME TO my_{name}" for name in names]
    assert "开灯" in changed("typecho", *renames)


def test_moving_in(app, tmp_path, program):
    old = tmp_path / "old"
    for place in ("usr/uploads/2020/05", "zb_users/upload/2020/05"):
        (old / place).mkdir(parents=True)
        (old / place / "lamp.png").write_bytes(picture())
    before = (SAMPLES / f"{program}.db").read_bytes()

    def seed():
        arguments = ["seed", str(SAMPLES / f"{program}.db"), "--media", str(old)]
        return app.test_cli_runner().invoke(args=arguments, catch_exceptions=False)

    result = seed()
    assert counts(result) == ((9 if program == "typecho" else 7), 0, 0, 0)
    assert "在别的网站上" not in result.output  # it was taken in
    client = app.test_client()
    [first] = rows("SELECT id FROM article WHERE title = '开灯'")
    [second] = rows("SELECT id FROM article WHERE title IN ('旧写法', '无别名')")
    html = queries.article(first).html
    assert f'<a href="/article/{second}">后一篇</a>' in html
    assert f'<img src="/media/{images.name(picture())}" alt="灯"' in html
    path = "/index.php/archives/3/" if program == "typecho" else "/?id=3"
    assert client.get(path).location == f"/article/{first}"
    assert client.get("/about").status_code == 200
    assert len(rows("SELECT id FROM article WHERE status = 'published'")) == 3
    everywhere = everything()
    assert counts(seed())[:2] == (0, 0)
    assert everything() == everywhere
    assert (SAMPLES / f"{program}.db").read_bytes() == before


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("other.db", "other.db: 不是 Typecho 或 Z-BlogPHP 的数据库"),
        ("broken.db", "broken.db: 数据库读不了（file is not a database）"),
        (
            "mysql+pymysql://someone:secret@127.0.0.1:9/blog",
            "mysql+pymysql://someone:***@127.0.0.1:9/blog: 数据库读不了",
        ),
        ("nothing://", "nothing://: 数据库读不了"),
        ("mysql+pymysql://a:secret@host:port/blog", "数据库的地址: 应当像 mysql"),
    ],
)
def test_refused_in_one_line(app, tmp_path, monkeypatch, path, reason):
    monkeypatch.chdir(tmp_path)
    sqlite3.connect("other.db").execute("CREATE TABLE x_contents (id)").connection.close()
    Path("broken.db").write_bytes(b"none" * 1000)
    result = app.test_cli_runner().invoke(args=["seed", path], catch_exceptions=False)
    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith(reason), result.output
    assert "secret" not in result.output


def test_without_the_driver(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pymysql", None)
    with pytest.raises(Refused, match="pip install pymysql"):
        list(databases.read("mysql+pymysql://a@127.0.0.1/b", "", ZONE))


def test_databases_in_a_folder_are_passed_over(seed_files):
    content = (SAMPLES / "typecho.db").read_bytes()
    assert counts(seed_files({"a.md": "文", "old.db": content})) == (1, 0, 0, 0)


# DedeCMS and EmpireCMS: what the questions in the docs give


@pytest.mark.parametrize("name", ["dedecms", "empirecms"])
def test_questions_ask_for_names_that_are_known(name):
    text = (SAMPLES.parents[1] / f"docs/move-in-{name}.md").read_text("utf8")
    asked = re.findall(r"^  '(\w+)', ", text, re.MULTILINE)
    assert {"key", "title", "body", "format", "date", "author", "source", "editor", "aliases"} <= set(asked)
    assert set(asked) <= {"body", *NAMES}


@pytest.mark.parametrize(("name", "columns"), [("dedecms", "arcrank money corank"), ("empirecms", "groupid userfen")])
def test_what_only_members_read_is_asked_for_as_drafts(name, columns):
    text = (SAMPLES.parents[1] / f"docs/move-in-{name}.md").read_text("utf8")
    [asked] = re.findall(r"^  'draft', (.*),$", text, re.MULTILINE)
    assert all(f".{column} = 0" in asked for column in columns.split())


def test_answers_are_taken_as_they_come():
    """As MariaDB gave them."""
    dede, waiting, empire = (found for found, _ in jsonl.read(SAMPLES / "mysql.jsonl", "", ZONE))
    assert (dede.key, dede.category, dede.tags) == ("dede:7", "新闻/外汇", ["灯", "书"])
    assert (dede.author, dede.source, dede.editor) == ("张三", "某报", "李四")
    assert dede.date == datetime(2020, 5, 1, 4, tzinfo=UTC)
    assert dede.aliases == ["/plus/view.php?aid=7", "/news/fx/2020/0501/7.html"]
    assert dede.body == '<p>正文\n第二行 "引" \\ 反</p>\n<p><img src="/uploads/a.png"></p>'
    assert (waiting.draft, dede.draft, waiting.editor) == (True, False, "")
    assert (empire.updated - empire.date).seconds == 3600
    assert empire.aliases == ["/e/action/ShowInfo.php?classid=2&id=5", "/news/fx/2020-05-01/5.html"]

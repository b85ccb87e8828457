"""Seeding: what goes in, what stays out and how that is said, and that doing it twice is doing it once."""

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from conftest import articles
from flask_migrate import upgrade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import text

from dengxia import images, markup, queries
from models import db, now

ROOT = Path(__file__).parent.parent
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rows(statement):
    """The rows of a query, a plain value for each where there is one column."""
    found = [tuple(row) for row in db.session.execute(text(statement))]
    db.session.rollback()
    return [row[0] if len(row) == 1 else row for row in found]


def everything():
    """What stands in every table."""
    tables = rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return {table: rows(f'SELECT * FROM "{table}"') for table in tables}


def counts(result):
    """created, updated, unchanged, skipped, as the last line says them."""
    line = result.output.strip().split("\n")[-1]
    said = r"(?:（只是试算）)?新增 created (\d+)，更新 updated (\d+)，未变 unchanged (\d+)，跳过 skipped (\d+)"
    found = re.fullmatch(said + r"(?:（第 \d+ 次放入，撤销用 flask seed --undo \d+）)?", line)
    return tuple(map(int, found.groups()))


def said(result):
    """The lines before the last, each with its place and in Chinese."""
    lines = result.output.strip().split("\n")[:-1]
    assert all(re.match(r"\S.*: .*[\u4e00-\u9fff]", line) for line in lines), lines
    return lines


def at(*moment):
    return int(datetime(*moment, tzinfo=SHANGHAI).timestamp())


def picture(color="red", kind="PNG"):
    data = io.BytesIO()
    Image.new("RGB", (4, 3), color).save(data, kind)
    return data.getvalue()


def media(app):
    return sorted(file.name for file in Path(app.instance_path, "media").glob("*"))


ONE = {"key": "a", "title": "甲", "body": "甲文", "date": "2024-01-01"}
TWO = {"key": "b", "title": "乙", "body": "乙文", "date": "2024-01-02"}
BAD = {"key": "c", "title": "丙", "body": "丙文", "date": "昨天"}


# Counts and exits


def test_created_unchanged_updated(seed):
    assert counts(seed(ONE, TWO)) == (2, 0, 0, 0)
    before = everything()
    assert counts(seed(ONE, TWO)) == (0, 0, 2, 0)
    assert everything() == before
    result = seed(ONE, {**TWO, "title": "乙二"}, {**ONE, "key": "c"})
    assert (counts(result), result.exit_code) == ((1, 1, 1, 0), 0)
    assert rows("SELECT title FROM article ORDER BY id") == ["甲", "乙二", "甲"]


def test_broken_record_is_named_and_the_rest_goes_in(seed, tmp_path):
    result = seed(ONE, BAD, TWO)
    assert (counts(result), result.exit_code) == ((2, 0, 0, 1), 1)
    assert said(result) == [f"{tmp_path}/content.jsonl:2: date 是 '昨天'，应当像 2025-11-10 01:33:39"]


def test_strict_changes_nothing(seed_files, tmp_path, app):
    before = everything()
    files = {"a.md": "![](a.png)", "a.png": picture(), "site.toml": '[[category]]\nslug = "x"\nname = "甲"'}
    result = seed_files(files | {"z.md": "---\ndate: 昨天\n---\n文"}, args=["--strict"])
    assert result.exit_code == 1
    assert result.output == (f"{tmp_path}/posts/z.md: date 是 '昨天'，应当像 2025-11-10 01:33:39（什么都没有写）\n")
    assert everything() == before
    assert not media(app)


@pytest.mark.parametrize("bad", ["---\ntype: page\nslug: search\n---\n文", "> " * 3000 + "文", "# 只有题"])
def test_strict_finds_what_seeding_would(seed_files, monkeypatch, bad):
    monkeypatch.setattr(markup, "render", lambda *text: (_ for _ in ()).throw(RecursionError)) if "> >" in bad else None
    before = everything()
    assert seed_files({"a.md": "文", "b.md": bad}, args=["--strict"]).exit_code == 1
    assert everything() == before


def test_strict_with_nothing_wrong(seed):
    assert counts(seed(ONE, args=["--strict"])) == (1, 0, 0, 0)


def test_dry_run_changes_nothing(seed_files, app):
    before = everything()
    files = {
        "a.md": "---\ncategory: 新\n---\n![](a.png)",
        "a.png": picture(),
        "about.md": "---\ntype: page\n---\n文",
        "b.md": "---\ndate: 昨天\n---\n文",
        "site.toml": '[[category]]\nslug = "x"\nname = "甲"',
    }
    result = seed_files(files, args=["--dry-run"])
    assert (counts(result), result.exit_code) == ((2, 0, 0, 1), 1)
    assert "只是试算" in result.output
    assert everything() == before
    assert not media(app)


@pytest.mark.parametrize("args", [["没有.md"], ["有.md", "没有"]])
def test_missing_path(app, tmp_path, monkeypatch, args):
    monkeypatch.chdir(tmp_path)
    Path("有.md").write_text("文", "utf8")
    result = app.test_cli_runner().invoke(args=["seed", *args], catch_exceptions=False)
    assert (result.exit_code, result.output) == (2, f"没有这个文件或文件夹：{args[-1]}\n")
    assert not rows("SELECT id FROM article")


def test_format(app, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("# 题\n文", "utf8")
    run = app.test_cli_runner().invoke
    result = run(args=["seed", str(file)])
    assert said(result) == [f"{file}: 认不出是什么内容，请用 --format 指明：markdown、jsonl、csv、wxr、database"]
    assert counts(run(args=["seed", "--format", "markdown", str(file)])) == (1, 0, 0, 0)


def test_named_twice_goes_in_once(app, tmp_path):
    (tmp_path / "posts").mkdir()
    file = tmp_path / "posts/a.md"
    file.write_text("文", "utf8")
    paths = [str(file.parent), str(file), f"{tmp_path}/posts/../posts"]
    assert counts(app.test_cli_runner().invoke(args=["seed", *paths])) == (1, 0, 0, 0)


def test_without_a_database(site, tmp_path):
    app = site(tmp_path)
    result = app.test_cli_runner().invoke(args=["seed"])
    assert (result.exit_code, result.output) == (
        1,
        "数据库还没有建立：请先运行 flask db upgrade（make run 会自动运行它）\n",
    )


# Categories, aliases


def test_categories(seed):
    names = ["外汇", "外匯", "", None, "AI 与 写作", "…", "waihui"]
    for some in names[:-1], names[-1:]:
        seed(*({"key": str(name), "title": "题", "body": "文", "category": name} for name in some))
    found = rows("SELECT c.name, c.slug FROM article JOIN category AS c ON c.id = category_id ORDER BY article.id")
    assert [name for name, _ in found[:-1]] == ["外汇", "外匯", "综合", "综合", "AI 与 写作", "…"]
    slugs = dict(found)
    assert {slugs["外汇"], slugs["外匯"]} == {"waihui", "waihui-2"}
    assert found[-1][1] == "waihui"
    assert slugs["综合"] == "zonghe"
    assert all(re.fullmatch("[a-z0-9-]+", slug) for slug in slugs.values())


def test_category_for_what_has_none(seed):
    seed(ONE, {**TWO, "category": "武术"}, args=["--category", " 外汇 "])
    assert rows("SELECT name FROM article JOIN category ON category.id = category_id") == ["外汇", "武术"]


def test_aliases(seed, app):
    seed({**ONE, "aliases": ["/old/a.html", "旧/"], "url": "https://old.example/b?p=1"}, {**TWO, "aliases": ["/old/b"]})
    client = app.test_client()
    for path in ("/old/a.html", "/旧", "/b?p=1"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (301, "/article/1"), path
    # Not from another article, neither in a later run nor in the same.
    seed({**TWO, "aliases": ["/old/a.html", "/old/c"]}, {**ONE, "key": "c", "aliases": ["/old/c"]})
    assert [client.get(path).location for path in ("/old/a.html", "/old/c")] == ["/article/1", "/article/2"]
    # What led somewhere goes on leading there.
    seed(ONE)
    assert client.get("/old/a.html").location == "/article/1"


# Dates


def test_drafts_and_the_future(seed, app):
    ahead = datetime.fromtimestamp(now() + 3600, SHANGHAI).isoformat()
    seed(ONE, {**TWO, "draft": True}, {**TWO, "key": "c", "date": ahead})
    client = app.test_client()
    assert [client.get(f"/article/{n}").status_code for n in (1, 2, 3)] == [200, 404, 404]
    assert rows("SELECT status FROM article") == ["published", "draft", "published"]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-01-01 08:30:00", at(2024, 1, 1, 8, 30)),
        ("2024-01-01T08:30:00+00:00", at(2024, 1, 1, 16, 30)),
        ("1970-01-01 08:00:00", 0),
        ("1969-12-31", at(1969, 12, 31)),
    ],
)
def test_dates(seed, date, expected):
    seed({**ONE, "date": date})
    assert rows("SELECT date FROM article") == [expected]


def test_date_of_the_file(seed_files, tmp_path):
    file = tmp_path / "posts/a.md"
    seed_files({"a.md": "文"})
    os.utime(file, (1_000_000_000, 1_000_000_000))
    assert counts(seed_files({})) == (0, 0, 1, 0)
    seed_files({"a.md": "新文"})
    assert rows("SELECT count(*) FROM article") == [1]
    (tmp_path / "posts/b.md").write_text("文", "utf8")
    os.utime(tmp_path / "posts/b.md", (1_000_000_000, 1_000_000_000))
    seed_files({})
    assert rows("SELECT date FROM article WHERE title = 'b'") == [1_000_000_000]


def test_update_keeps_id_and_date(seed):
    undated = {"key": "a", "title": "甲", "body": "文"}
    seed(undated, TWO, {**ONE, "key": "c", "draft": True}, {**ONE, "key": "d", "date": "2999-01-01"})
    before = rows("SELECT id, date FROM article")
    changed = {"body": "新文"}
    seed(
        undated | changed,
        {**TWO, **changed, "updated": "2024-02-01"},
        {**ONE, "key": "c"},
        {**ONE, "key": "d", "date": "2999-01-01"} | changed,
    )
    assert rows("SELECT id, date FROM article") == before
    seen, told, draft, ahead = rows("SELECT updated_at FROM article ORDER BY id")
    assert seen >= before[0][1]
    assert (told, draft, ahead) == (at(2024, 2, 1), None, None)


# Pictures


@pytest.mark.parametrize(
    ("post", "source", "place"),
    [
        ("a.md", "![图](p.png)", "p.png"),
        ("a.md", '<img alt="图" src="p.png">', "p.png"),
        ("a.md", "![图][p]\n\n[p]: p.png", "p.png"),
        ("a.md", "![图](%E5%9B%BE.png?x=1)", "图.png"),
        ("a.md", "![图](a/p.png '题')", "a/p.png"),
        ("a.md", "![图](p.png)", "a/p.png"),
        ("b/a.md", "![图](../p.png)", "p.png"),
        ("b/index.md", "![图](p.png)", "b/p.png"),
        ("a.md", "![图](/images/p.png)", "images/p.png"),
        ("a.md", "![图](/images/p.png)", "static/images/p.png"),
        ("a.md", "![图](/images/p.png)", "../static/images/p.png"),
        ("a.md", "![图](/images/p.png)", "../source/images/p.png"),
        ("a.md", "![图](p.PNG)", "p.PNG"),
        ("a.md", "![图](p(1).png)", "p(1).png"),
        ("a.md", "![图](<p 1.png>)", "p 1.png"),
        ("a.md", "![图](p.png#center)", "p.png"),
        ("a.md", "![图](.\\\\p.png)", "p.png"),
        ("a.md", "![图](b\\p.png)", "b/p.png"),
        ("a.md", "> 引\n> ![图](p.png)", "p.png"),
        ("a.md", "|a|\n|-|\n|![图](p.png)|", "p.png"),
        ("a.md", "![图]\n\n> [图]: <p 1.png> '题'", "p 1.png"),
        ("a.md", "<img data-src='x' alt=图 SRC = p.png>", "p.png"),
        ("a.md", "<div>\n<img alt=图 src=p.png></div>", "p.png"),
        ("a.md", "---\nformat: html\n---\n<![if x]><p><img alt='图' src='p.png'/>", "p.png"),
        ("a.md", "{% asset_img p.png 图 %}", "a/p.png"),
        ("c/a.md", "![图](a/p.png)", "a/p.png"),
        ("c/d/a.md", "![图](images/p.png)", "../static/images/p.png"),
        ("c/d/a.md", "![图](images/p.png)", "assets/images/p.png"),
        ("c/d/a.md", "![图](/images/p.png)", "c/images/p.png"),
        ("c/d/a.md", "![图](../images/p.png)", "c/d/images/p.png"),
    ],
)
def test_pictures(seed_files, app, post, source, place):
    result = seed_files({post: source, place: picture()})
    assert not said(result)
    name = images.name(picture())
    assert media(app) == [name]
    assert f'<img src="/media/{name}" alt="图" width="4" height="3"' in queries.article(1).html
    with app.test_client().get(f"/media/{name}") as answer:
        assert answer.data == picture()


def test_a_picture_is_served_in_each_width(seed_files, app):
    data = io.BytesIO()
    Image.new("RGB", (1700, 10)).save(data, "JPEG")
    seed_files({"a.md": "![](p.jpg)", "p.jpg": data.getvalue()})
    [srcset] = re.findall(r'srcset="([^"]+)"', queries.article(1).html)
    addresses = dict(one.split() for one in srcset.split(", "))
    assert list(addresses.values()) == ["480w", "960w", "1600w", "1700w"]
    for address, width in addresses.items():
        with app.test_client().get(address) as answer:
            assert Image.open(io.BytesIO(answer.data)).width == int(width[:-1])
            assert answer.mimetype == ("image/webp" if address.endswith(".webp") else "image/jpeg")
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_brackets_in_the_words_of_a_picture(seed_files, app):
    seed_files({"a.md": "![一 [二] 三](p.png)", "p.png": picture()})
    assert f'<img src="/media/{images.name(picture())}" alt="一 [二] 三"' in queries.article(1).html


CODE = [
    "```\n![](p.png)\n```",
    "一\n\n    ![](p.png)",
    "`![](p.png)`",
    "`` `<img src=p.png>` ``",
    "<!-- ![](p.png) -->",
]


@pytest.mark.parametrize("code", CODE)
@pytest.mark.parametrize("beside", [{}, {"p.png": picture()}])
def test_code_is_no_picture(seed_files, code, beside):
    beside = beside and {**beside, "b.md": "![](p.png)"}
    assert not said(seed_files({"a.md": code} | beside))
    assert queries.written(1) == code


def test_code_beside_a_picture_stays(seed_files):
    seed_files({"a.md": "`![](p.png)` 是 ![](p.png)", "p.png": picture()})
    assert queries.written(1) == f"`![](p.png)` 是 ![](/media/{images.name(picture())})"


@pytest.mark.parametrize("mark", ["hugo.toml", "config.yaml", "_config.yml", "package.json", "config/_default/a.toml"])
def test_pictures_from_the_top_of_a_site(seed_files, tmp_path, app, mark):
    top = tmp_path / "posts/x"
    top.mkdir(parents=True)
    files = {f"x/{mark}": "", "x/source/images/p.png": picture(), "static/q.png": picture("blue")}
    files["x/source/a/b/c.md"] = "![](/images/p.png) ![](/q.png)"
    assert [line.split(": ")[1] for line in said(seed_files(files))] == ["没有找到图片 /q.png"]
    assert media(app) == [images.name(picture())]


def test_pictures_elsewhere_are_counted(seed_files):
    texts = {"a.md": "![](https://a.example/b.png) ![](//a.example/b.png)", "b.md": "<img src='HTTP://a.example/c'>"}
    lines = seed_files(texts).output.split("\n")
    assert lines[0] == "3 张图片在别的网站上，正文里只留了链接"
    assert "created 2" in lines[1]


def test_hexo_breaks_at_line_ends(seed_files):
    seed_files({"source/_posts/a.md": "一\n二", "posts/b.md": "一\n二"})
    assert [queries.article(n).html for n in (1, 2)] == ["<p>一二</p>", "<p>一<br>二</p>"]


def test_control_characters_are_told(seed_files, tmp_path):
    assert said(seed_files({"a.md": "文\x08\n\x07"})) == [
        f"{tmp_path}/posts/a.md: 略去了控制字符，第一个是第 1 行的 U+0008"
    ]


def test_cover(seed_files):
    seed_files({"a.md": "---\ncover: p.png\n---\n文", "p.png": picture()})
    assert rows("SELECT cover FROM article") == [f"/media/{images.name(picture())}"]


def test_same_picture_is_kept_once(seed_files, app):
    seed_files(
        {"a.md": "![](p.png)\n\n![](q.png)", "b/b.md": "![](p.png)"}
        | dict.fromkeys(["p.png", "q.png", "b/p.png"], picture())
    )
    assert len(media(app)) == 1


def test_picture_that_comes_later(seed_files, app):
    assert len(said(seed_files({"a.md": "![](p.png)"}))) == 1
    assert counts(seed_files({"p.png": picture()})) == (0, 1, 0, 0)
    assert "/media/" in queries.article(1).html


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"p.png": b"<html>"}, "没有收入：不是 PNG、JPEG"),
        ({"p.png": picture()[:40]}, "没有收入：不是 PNG、JPEG"),
        ({"a.md": "![](p.svg)", "p.svg": b"<svg/>"}, "图片 p.svg 没有收入：SVG 里可以有程序"),
        ({}, "没有找到图片 p.png"),
    ],
)
def test_picture_refused(seed_files, tmp_path, app, files, reason):
    result = seed_files({"a.md": "![](p.png)"} | files)
    assert (counts(result), result.exit_code) == ((1, 0, 0, 0), 0)
    [line] = said(result)
    assert line.startswith(f"{tmp_path}/posts/a.md: ")
    assert reason in line
    assert not media(app)


@pytest.mark.parametrize(
    "address",
    [
        "../../outside/o.png",
        "/../../outside/o.png",
        "%2e%2e/%2e%2e/outside/o.png",
        "..%2f..%2foutside%2fo.png",
        "{}/o.png",
        "link.png",
        "linked/o.png",
        "loop.png",
        "%00.png",
        "a" * 300 + ".png",
        "p.png/x.png",
    ],
)
def test_pictures_outside_are_not_taken(seed_files, tmp_path, app, address):
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    (outside / "o.png").write_bytes(picture())
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "link.png").symlink_to("/etc/hostname")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "linked").symlink_to(outside)
    address = address.replace("outside", outside.name).replace("{}", str(outside))
    result = seed_files({"a.md": f"![]({address})", "p.png": picture()})
    assert counts(result) == (1, 0, 0, 0)
    assert len(said(result)) == 1
    assert not media(app)


# Keys


def test_key_twice_in_one_run(seed, tmp_path):
    result = seed(ONE, TWO, {**ONE, "title": "别的"})
    assert (counts(result), result.exit_code) == ((2, 0, 0, 1), 1)
    assert said(result) == [f"{tmp_path}/content.jsonl:3: key 'a' 在前面已经出现过"]
    assert rows("SELECT title FROM article") == ["甲", "乙"]


def test_same_title_without_key(seed):
    twins = [{"title": "甲", "body": f"第{n}篇"} for n in range(3)]
    assert counts(seed(*twins)) == (3, 0, 0, 0)
    before = everything()
    assert counts(seed(*twins)) == (0, 0, 3, 0)
    assert everything() == before


def test_many_of_one_title_take_no_long_time(seed):
    assert counts(seed(*[{"title": "甲", "body": "文"}] * 3000, args=["--dry-run"])) == (3000, 0, 0, 0)


def test_folders_with_the_same_names(seed_files):
    assert counts(seed_files({"a/index.md": "文", "b/index.md": "文", "index.md": "文"})) == (3, 0, 0, 0)
    assert rows("SELECT title FROM article ORDER BY title") == ["a", "b", "posts"]


# Files


def test_passed_over(seed_files):
    names = ["_index.md", "a/_index.zh.md", ".hidden/a.md", "node_modules/a.md", "a/.a.md", "a.txt", "README"]
    assert counts(seed_files(dict.fromkeys(names, "文") | {"a/b.MD": "文"})) == (1, 0, 0, 0)


def test_unreadable_files(seed_files, tmp_path):
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "broken.md").symlink_to("nowhere.md")
    (folder / "loop.jsonl").symlink_to("loop.jsonl")
    (folder / "outside.md").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.md")
    with open(bytes(folder) + b"/\xff\xff.md", "wb"):  # noqa: PTH123
        pass
    result = seed_files({"a.md": "文", "b": "文"})
    assert (counts(result), result.exit_code) == ((1, 0, 0, 5), 1)
    assert len(said(result)) == 5


def test_folder_without_permission(seed_files, tmp_path, monkeypatch):
    """Permissions do not bind root, who may run the tests: the folder's own listing is made to fail."""
    scandir = os.scandir

    def closed(path):
        if str(path).endswith("/posts/c"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", closed)
    result = seed_files({"a.md": "文", "c/b.md": "文"})
    assert (counts(result), result.exit_code) == ((1, 0, 0, 1), 1)
    assert said(result)[0].startswith(f"{tmp_path}/posts/c: 读不了")


def test_names_in_gb18030(app, tmp_path):
    folder = tmp_path / "posts"
    folder.mkdir()
    with open(bytes(folder) + "/灯下.md".encode("gb18030"), "wb") as file:  # noqa: PTH123
        file.write("正文".encode())
    assert counts(app.test_cli_runner().invoke(args=["seed", str(folder)])) == (1, 0, 0, 0)
    assert rows("SELECT key, title FROM origin JOIN article ON id = article_id") == [("posts/灯下.md", "灯下")]


# Pages and site.toml


def test_pages(seed_files, app):
    files = {
        "about.md": "---\ntype: page\ntitle: 关于\n---\n文",
        "contact/index.md": "---\nlayout: page\ntitle: 联系\n---\n文",
    }
    assert counts(seed_files(files)) == (2, 0, 0, 0)
    before = everything()
    assert counts(seed_files({})) == (0, 0, 2, 0)
    assert everything() == before
    assert counts(seed_files({"about.md": "---\ntype: page\ntitle: 关于\n---\n新"})) == (0, 1, 1, 0)
    assert "<p>新</p>" in app.test_client().get("/about").text
    assert app.test_client().get("/contact").status_code == 200
    assert not rows("SELECT id FROM article")


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("slug: search", "slug 'search' 不能作页面的地址"),
        ("slug: 关于", "slug '关于' 不能作页面的地址"),
        ("slug: a/b", "不能作页面的地址"),
        ("slug: x", "在前面已经出现过"),
        ("slug: y\ndraft: true", "页面没有草稿"),
    ],
)
def test_pages_refused(seed_files, front, reason):
    page = "---\ntype: page\ntitle: 页\n{}\n---\n文"
    result = seed_files({"a.md": page.format("slug: x"), "b.md": page.format(front)})
    assert (counts(result), result.exit_code) == ((1, 0, 0, 1), 1)
    assert reason in said(result)[0]
    assert rows("SELECT slug FROM page") == ["x"]


def test_nothing_of_a_page_that_is_not_taken_comes_in(seed_files, app):
    page = "---\ntype: page\ntitle: 页\nslug: x\npassword: 一二三\n---\n![](p.png)"
    result = seed_files({"a.md": page, "p.png": picture()})
    assert "《页》是草稿、私密或有密码，没有放入" in said(result)[0]
    assert "成了草稿" not in result.output
    assert not list(Path(app.instance_path).glob("media/*"))


SITE = """
[[category]]
slug = "waihui"
name = "外汇"
description = "一句"
in_nav = true

[[category]]
slug = "wushu"
name = "武术"

[[link]]
name = "馆"
url = "https://example.com/"
"""


def test_site(seed_files):
    result = seed_files({"site.toml": SITE, "a.md": "---\ncategory: 外汇\n---\n文"})
    assert counts(result) == (1, 0, 0, 0)
    categories = rows("SELECT slug, name, description, in_nav, position FROM category ORDER BY id")
    assert categories == [("waihui", "外汇", "一句", 1, 0), ("wushu", "武术", "", 0, 1)]
    assert rows("SELECT name, url FROM link") == [("馆", "https://example.com/")]
    before = everything()
    seed_files({})
    assert everything() == before
    seed_files({"site.toml": SITE.replace("一句", "两句").replace("武术", "拳术")})
    assert rows("SELECT name, description FROM category") == [("外汇", "两句"), ("拳术", "")]


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        ('[[category]]\nslug = "a"\nname = ', ":3", "不是有效的 TOML"),
        ('[[category]]\nslug = "a"', "", "缺少 name"),
        ('[[category]]\nslug = "a"\nname = "甲"\ncolor = "red"', "", "color = 'red'：没有这一项"),
        ('[[category]]\nslug = "a"\nname = 1', "", "类型不对"),
        ('[[category]]\nslug = "甲"\nname = "甲"', "", "分类 甲 的 slug 只能用"),
        ('[[category]]\nslug = "a"\nname = "甲"\n' * 2, "", "slug = 'a' 写了 2 次"),
        ('[[category]]\nslug = "a"\nname = "甲"\n[[category]]\nslug = "b"\nname = "甲"', "", "name = '甲' 写了 2 次"),
        ('[[category]]\nslug = "other"\nname = "综合"', "", "分类 综合 已经有了，它的 slug 是 zonghe"),
        ("category = 5", "", "每一项应当写成"),
        ('category = ["a"]', "", "每一项应当写成"),
        ('[[categories]]\nslug = "a"', "", "没有 categories 这一项"),
        ('[[link]]\nname = "馆"\nurl = "javascript:alert(1)"', "", "链接 馆 的 url 应当以 http"),
        ('[[link]]\nname = "馆"\nurl = "https://a.example"\n' * 2, "", "写了 2 次"),
        ('[settings]\nSITE_TIMEZONE = "Mars"', "", "settings 的 SITE_TIMEZONE：没有这个时区"),
        ('[settings]\nSECRET_KEY = "x"', "", "settings 的 SECRET_KEY：编辑台里没有这一项"),
        (b"\xff\xff", ":1", "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_site_refused(seed, seed_files, tmp_path, content, place, reason):
    """As a whole, and the articles go in."""
    seed(ONE)
    result = seed_files({"site.toml": content, "a.md": "文"})
    assert (counts(result), result.exit_code) == ((1, 0, 0, 1), 1)
    [line] = said(result)
    assert line.startswith(f"{tmp_path}/posts/site.toml{place}: ")
    assert reason in line
    assert rows("SELECT name FROM category") == ["综合"]


# Twice is once, and memory


WORDS = st.text(alphabet="灯下读书abc <>&*_[]()#`|\\-\n", min_size=1, max_size=40).filter(str.strip)
RECORD = st.fixed_dictionaries(
    {"title": st.sampled_from(["甲", "乙", "丙 丁"]), "body": WORDS},
    optional={
        "key": st.sampled_from("abcd"),
        "date": st.sampled_from(["2024-01-01", "2999-01-01", "1970-01-01 08:00", "昨天"]),
        "category": st.sampled_from(["外汇", "外匯", "waihui", "武术"]),
        "tags": st.lists(st.sampled_from(["灯", "书", "夜"]), max_size=3),
        "aliases": st.lists(st.sampled_from(["/a", "/b", "c.html"]), max_size=2),
        "draft": st.booleans(),
        "format": st.sampled_from(["html", "markdown"]),
        "type": st.just("page"),
        "slug": st.sampled_from(["x", "y"]),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(records=st.lists(RECORD, max_size=8), data=st.data())
def test_twice_is_once(seed, records, data):
    # A database that other examples have filled serves as well.
    first = seed(*records)
    before = everything()
    second = seed(*records)
    assert everything() == before
    assert counts(second)[:2] == (0, 0)
    assert counts(second)[3] == counts(first)[3]
    keyed = [record for record in records if "key" in record and "type" not in record]
    own = list({record["key"]: record for record in reversed(keyed)}.values())
    seed(*data.draw(st.permutations(own)))
    assert everything() == before


MEMORY = """
import re, sys
from pathlib import Path
from app import create_app
result = create_app().test_cli_runner().invoke(args=["seed", sys.argv[1]], catch_exceptions=False)
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
print(result.output, int(peak) // 1024)
"""


def test_memory_does_not_grow(site, empty_site, tmp_path):
    peaks = []
    for count in (1_000, 8_000):
        app = site(empty_site)
        for old in Path(app.instance_path).glob("dengxia.db*"):
            old.unlink()
        with app.app_context():
            upgrade()
            db.engine.dispose()
        file = tmp_path / f"{count}.jsonl"
        with file.open("w") as lines:
            lines.writelines(json.dumps(record) + "\n" for record in articles(count, date="2024-01-01"))
        run = subprocess.run([sys.executable, "-c", MEMORY, file], cwd=ROOT, capture_output=True, text=True, check=True)
        assert f"created {count}，" in run.stdout
        peaks.append(int(run.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 25
    assert peaks[1] < 200


def test_two_folders_of_one_name_do_not_overwrite_each_other(seed_files):
    post = "---\ntitle: {}\ndate: {}\n---\n{}"
    one, other = "清早的集市上，卖豆腐的老人先开口。", "电动车充电，别把插座拉到床边。"
    assert seed_files({"a.md": post.format("一", "2020-01-01", one)}).exit_code == 0
    for title, date in (("二", "2021-01-01"), ("二", "2020-01-01"), ("一", "2021-01-01")):
        result = seed_files({"a.md": post.format(title, date, other)})
        assert (result.exit_code, "原来是《一》" in result.output) == (1, True)
    assert seed_files({"a.md": post.format("改了题目", "2021-01-01", f"{one}又添一句。")}).exit_code == 0
    assert seed_files({"a.md": f"---\nkey: posts/a.md\ntitle: 二\n---\n{other}"}).exit_code == 0
    assert (queries.article(1).title, queries.article(2)) == ("二", None)


def test_too_much_is_refused_in_one_line(seed, seed_files):
    many = [str(n) for n in range(51)]
    assert "tags 有 51 个" in seed({"title": "题", "body": "文", "tags": many}).output
    assert "aliases 有 51 个" in seed({"title": "题", "body": "文", "aliases": many}).output
    assert "正文有" in seed({"title": "题", "body": "文" * 1_000_001}).output
    assert "括号" in seed_files({"a.md": f"---\ntitle: 题\ntags: {'[' * 30_000}\n---\n文"}).output


def test_tags_have_addresses_of_their_own(seed):
    seed({"title": "题", "body": "文", "tags": ["..", "/前", "甲/乙", ".NET", "../x", "x/page/2"]})
    assert queries.tags([1])[1] == ["前", "甲/乙", ".NET", "..／x", "x／page／2"]


def test_an_empty_path_is_no_path(app):
    result = app.test_cli_runner().invoke(args=["seed", ""])
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)


def test_places_without_a_character_go(seed):
    seed({"title": "题\uffff", "body": "文\ufffe"})
    assert queries.article(1).title == "题"


def test_an_error_of_the_driver_itself_is_one_line(app, seed):
    db.session.execute(text("ALTER TABLE term RENAME TO gone"))
    db.session.commit()
    result = seed(*articles(2))
    assert result.exit_code == 1
    assert result.output == "数据库写不了：no such table: term（已写完的批次都在，其余没有写）\n"


def test_what_was_seeded_is_in_the_file_itself(app, seed, tmp_path):
    """Not in the log beside it: there readers look for every page."""
    seed(*articles(30))
    copy = shutil.copy(Path(app.instance_path, "dengxia.db"), tmp_path / "copy.db")
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT count(*) FROM article").fetchone() == (30,)

"""WordPress's export: what comes along, what stays out and is said, and files that mean no good."""

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from test_seed import counts, everything, picture, rows

from dengxia import images, queries, transfer
from dengxia.formats import LeftOut, Record, Refused, autop, wxr

SAMPLE = Path(__file__).parent / "samples/wordpress.xml"
ZONE = ZoneInfo("Asia/Shanghai")
HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><link>http://old.example</link>
"""
ITEM = """<item><title>{title}</title><guid>http://old.example/?p={n}</guid><wp:post_id>{n}</wp:post_id>
<wp:post_date>2020-01-01 08:00:00</wp:post_date><wp:post_type>post</wp:post_type>{more}
<content:encoded><![CDATA[{body}]]></content:encoded></item>
"""


def item(n=1, title="题", body="文", more=""):
    return ITEM.format(n=n, title=title, body=body, more=more)


def export(*items, tail="</channel></rss>"):
    return HEAD + "".join(items) + tail


@pytest.fixture
def read(tmp_path):
    """`read(text or bytes)` reads an export and gives records and refusals."""

    def make(data):
        file = tmp_path / "a.xml"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        return [found for found, _ in wxr.read(file, "a.xml", ZONE)]

    return make


@pytest.fixture
def move(app, tmp_path):
    """`move(args)` seeds the sample."""
    return lambda *args: app.test_cli_runner().invoke(args=["seed", str(SAMPLE), *args], catch_exceptions=False)


def test_all_that_comes_along():
    found = [found for found, _ in wxr.read(SAMPLE, "", ZONE)]
    first, second, draft, ahead, private, locked = (one for one in found if isinstance(one, Record) and not one.page)
    assert (first.title, first.author, first.summary) == ("第一篇 – 开灯", "周明", "开灯的事。")
    assert first.date == datetime(2020, 5, 1, 4, tzinfo=UTC)
    assert first.updated == datetime(2020, 5, 2, 4, tzinfo=UTC)
    assert (first.category, first.tags) == ("技术 & 工具/网页", ["灯", "技术 & 工具"])
    assert first.aliases == ["/2020/05/kai-deng", "/?p=7"]
    assert first.cover.endswith("/lamp.png")
    assert (first.key, first.own_key, first.format) == ("https://old.example/?p=7", True, "html")
    assert second.author == "li"
    assert second.date == datetime(2020, 6, 1, tzinfo=UTC)
    assert [one.draft for one in (first, second, draft, ahead, private, locked)] == [
        False,
        False,
        True,
        False,
        True,
        True,
    ]
    assert [one.slug for one in found if isinstance(one, Record) and one.page] == ["about", "page-3"]
    assert [one.args[1] for one in found if isinstance(one, LeftOut)] == [
        "没有放入的回收站里的文章",
        "没有放入的 nav_menu_item（不是文章，也不是页面）",
    ]


def test_moving_in(move, app):
    result = move()
    assert (counts(result), result.exit_code) == ((8, 0, 0, 0), 0)
    for line in (
        "私密的文章，成了草稿：1",
        "有密码的文章，成了草稿：1",
        "没有放入的回收站里的文章：1",
        "没有放入的评论：2",
        "短代码 [gallery]，原样留在文字里：1",
    ):
        assert line in result.output.splitlines()
    client = app.test_client()
    ids = dict(rows("SELECT key, article_id FROM origin"))
    first, second = (ids[f"https://old.example/?p={n}"] for n in (7, 9))
    for path in ("/2020/05/kai-deng/", "/?p=7", "/2020/05/kai-deng"):
        answer = client.get(path)
        assert (answer.status_code, answer.location) == (301, f"/article/{first}"), path
    html = queries.article(first).html
    assert f'<a href="/article/{second}#how">后一篇</a>' in html  # it came later
    assert f'<a href="/article/{second}">它</a>' in html
    assert "<figcaption>一盏灯</figcaption>" in html
    assert '[gallery ids="8,9"]' in html
    other = queries.article(second).html
    assert '<a href="/about">关于</a>' in other
    assert "https://old.example/tag/lamp/" in other
    assert client.get("/about").status_code == client.get("/page-3").status_code == 200
    assert rows("SELECT status, count(*) FROM article GROUP BY status") == [("draft", 3), ("published", 3)]
    assert [client.get(f"/article/{ids[f'https://old.example/?p={n}']}").status_code for n in (10, 11, 12, 13)] == [
        404
    ] * 4
    assert not rows("SELECT id FROM article WHERE updated_at > 1700000000")


def test_moving_in_twice_is_once(move):
    move()
    before = everything()
    assert counts(move()) == (0, 0, 8, 0)
    assert everything() == before


def test_dry_run(move):
    before = everything()
    result = move("--dry-run")
    assert counts(result) == (8, 0, 0, 0)
    assert "私密的文章，成了草稿：1" in result.output
    assert everything() == before


@pytest.mark.parametrize("place", ["wp-content/uploads/2020/05", "2020/05", ""])
def test_pictures_of_the_old_site(move, tmp_path, place):
    folder = tmp_path / "old" / place
    folder.mkdir(parents=True)
    (folder / "lamp.png").write_bytes(picture())
    result = move("--media", str(tmp_path / "old"))
    assert "没有找到" not in result.output
    [row] = rows("SELECT id, cover FROM article WHERE cover <> ''")
    assert row[1] == f"/media/{images.name(picture())}"
    assert f'<img src="{row[1]}" alt="灯"' in queries.article(row[0]).html


def test_pictures_that_are_not_there(move, tmp_path):
    (tmp_path / "old").mkdir()
    assert "没有找到图片 /wp-content/uploads/2020/05/lamp-300x200.png" in move("--media", str(tmp_path / "old")).output
    result = move("--media", str(tmp_path / "nothing"))
    assert (result.exit_code, result.output) == (2, f"没有这个文件或文件夹：{tmp_path}/nothing\n")
    (tmp_path / "file").touch()
    result = move("--media", str(tmp_path / "file"))
    assert (result.exit_code, result.output) == (2, f"--media 应当是文件夹：{tmp_path}/file\n")


def test_pictures_outside_the_folder_are_not_taken(app, seed_files, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    text = export(item(body='<img src="/../secret.png"><img src="http://old.example/%2e%2e/secret.png">'))
    result = seed_files({"a.xml": text}, args=["--media", str(tmp_path / "old")])
    assert "没有找到图片" in result.output
    assert not list(Path(app.instance_path, "media").glob("*"))


def test_report_of_what_was_not_taken(app, move, tmp_path, seed_files):
    move("--report", str(tmp_path / "report.jsonl"))
    lines = (tmp_path / "report.jsonl").read_text("utf8").splitlines()
    assert len(lines) == 2
    assert f'{{"file": "{SAMPLE}", "record": "1' in lines[0]
    assert lines[0].endswith('"reason": "没有放入的回收站里的文章"}')


def test_other_xml_in_a_folder_is_passed_over(seed_files):
    assert counts(seed_files({"sitemap.xml": "<urlset/>", "a.xml": export(item())})) == (1, 0, 0, 0)


def test_wxr_1_0(read):
    more = "<category><![CDATA[新闻]]></category><category domain='category' nicename='x'>新闻</category>"
    more += "<category domain='tag' nicename='y'><![CDATA[灯]]></category>"
    [found] = read(export(item(more=more)).replace("export/1.2/", "export/1.0/"))
    assert (found.category, found.tags) == ("新闻", ["灯"])


def test_gb18030_and_control_characters(read):
    text = export(item(body="文\x08字\ufffe"), item(2))
    assert read(text.encode())[0].body == "<p>文字</p>"
    assert read(text.replace('"UTF-8"', '"GBK"').encode("gb18030"))[0].body == "<p>文字</p>"


# What means no good


BOMB = "<!DOCTYPE rss [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 10}'>" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "doctype",
    [
        BOMB + "]>",
        "<!DOCTYPE rss [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE rss SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        "<!DOCTYPE rss [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]>",
    ],
)
def test_entities_are_refused(read, doctype):
    [refused] = read(export(item(body="&x;&i;")).replace("?>\n", f"?>\n{doctype}\n", 1))
    assert "DOCTYPE" in str(refused)


@pytest.mark.parametrize(
    ("text", "taken", "reason"),
    [
        (export(item(), "<a>" * 200), 1, "套得太深"),
        (export(item(), f"<a b='{'x' * 2**23}{'x' * 2**17}'/>"), 1, "有一个标签长过 8 MB"),
        (export(item(), item(2))[:-200], 1, "读不下去"),
        (export(item(), "<item><title>&nbsp;</title></item>"), 1, "读不下去（undefined entity）"),
        (export(item(), "</item>"), 1, "读不下去（mismatched tag）"),
        (export(item(), item(2, body="文" * 2_000_001), item(3)), 2, "最多 2000000 个"),
        (export(item(), item(2, body=""), item(3)), 2, "没有正文"),
        (export(item(), item(2, more="<wp:status>trash</wp:status>"), item(3)), 2, "回收站"),
    ],
)
def test_broken_files(read, text, taken, reason):
    """What stands before the break is taken, and the break is told with its line."""
    found = read(text)
    assert sum(isinstance(one, Record) for one in found) == taken
    [refused] = (one for one in found if isinstance(one, Refused))
    assert reason in str(refused)
    assert refused.parts()[1].isdecimal()


def test_no_export_is_told(read):
    with pytest.raises(Refused, match="不是 WordPress 导出的文件"):
        read("<rss/>")


@pytest.mark.parametrize(
    "piece", ["<pre>", "<!--", "<!-- wp:a", "[caption]", "[a ", "<br", "\n", " ", "<div>", "<p>", "</p>", "[/caption]"]
)
def test_long_texts_take_no_long_time(piece):
    begin = time.process_time()
    autop.to_html(piece * 50_000)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一\n二\n\n三", "<p>一<br>\n二</p>\n<p>三</p>"),
        ("一<br />\n二", "<p>一<br>\n二</p>"),
        ("<p>一\n二</p>\n\n三", "<p>一<br>\n二</p><p>三</p>"),
        ("<div>一\n\n二</div>", "<div><p>一</p>\n<p>二</p>\n</div>"),
        ("<ul>\n<li>一</li>\n<li>二</li>\n</ul>", "<ul>\n<li>一</li>\n<li>二</li>\n</ul>"),
        ("<ul><li>一<li>二</ul>三", "<ul><li>一<li>二</ul><p>三</p>"),
        ("<table><tr><td>一\n\n二</td></tr></table>", "<table><tr><td><p>一</p>\n<p>二</p>\n</td></tr></table>"),
        ("一\n<h2>题</h2>\n二", "<p>一</p>\n<h2>题</h2><p>二</p>"),
        ("<pre>一\n\n二</pre>", "<pre>一\n\n二</pre>"),
        ('<!-- wp:x {"a":1} -->\n<p>一</p>\n<!-- /wp:x -->', "<p>一</p>"),
        ("<!-- wp:x /-->一\n\n二", "<p>一</p>\n<p>二</p>"),
        ("[embed]https://a.example/b[/embed]", '<p><a href="https://a.example/b">https://a.example/b</a></p>'),
        (
            '[caption caption="灯"]<img src="a.png" />[/caption]',
            '<figure><img src="a.png" /><figcaption>灯</figcaption></figure>',
        ),
        ("[caption]无图[/caption]", "<p>[caption]无图[/caption]</p>"),
    ],
)
def test_paragraphs(text, expected):
    assert autop.to_html(text)[0] == expected


# Memory


MEMORY = """
import re, sys
from pathlib import Path
from zoneinfo import ZoneInfo
from dengxia.formats import wxr
count = sum(1 for _ in wxr.read(Path(sys.argv[1]), "", ZoneInfo("UTC")))
print(count, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def large(file, megabytes):
    """A made-up export: each article has a picture as its cover, a page of text and three comments."""
    comment = "<wp:comment><wp:comment_content>好文章</wp:comment_content></wp:comment>" * 3
    cover = "<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>{}</wp:meta_value></wp:postmeta>"
    body = "灯下读书，夜深人静。" * 1000
    attachment = "<item><wp:post_id>{}</wp:post_id><wp:post_type>attachment</wp:post_type>"
    attachment += (
        "<wp:attachment_url>http://old.example/wp-content/uploads/2020/01/picture-{}.png</wp:attachment_url></item>"
    )
    with file.open("w", encoding="utf8") as out:
        out.write(HEAD)
        n = 0
        while out.tell() < megabytes * 2**20:
            n += 2
            out.write(item(n, f"第{n}篇", body, cover.format(n + 1) + comment) + attachment.format(n + 1, n + 1))
        out.write("</channel></rss>")
    return n // 2


def test_memory_does_not_grow(tmp_path):
    peaks = []
    for megabytes in (6, 60):
        count = large(tmp_path / "a.xml", megabytes)
        run = [sys.executable, "-c", MEMORY, tmp_path / "a.xml"]
        found = subprocess.run(
            run, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True
        ).stdout.split()
        assert int(found[0]) == count
        peaks.append(int(found[1]))
    assert peaks[1] - peaks[0] < 8


def test_links_are_pointed_after_a_break(move, monkeypatch):
    """Broken off before the second look at the file: the next run brings what was missing."""
    take, looks = transfer._take, []

    def broken_off(*arguments):
        looks.append(arguments)
        if len(looks) == 2:
            raise KeyboardInterrupt
        take(*arguments)

    monkeypatch.setattr(transfer, "_take", broken_off)
    assert move().exit_code == 130
    [first, second] = rows("SELECT id FROM article WHERE title LIKE '第%' ORDER BY id")
    assert f"/article/{second}" not in queries.written(first)
    monkeypatch.setattr(transfer, "_take", take)
    assert counts(move()) == (0, 2, 6, 0)  # the other leads to a page that came later
    assert f"/article/{second}#how" in queries.written(first)

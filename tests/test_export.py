"""Content out and in again: the same site, the same bytes, and nothing of anybody else's touched."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import articles
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from test_images import photograph
from test_seed import counts, rows

from app import create_app
from dengxia import export, fixed, images, queries, search, upkeep, writing
from dengxia.journal import TERMINAL
from models import Correction, db


@pytest.fixture
def other(app, empty_site, tmp_path, monkeypatch):
    """A second site, without content."""
    shutil.copytree(empty_site, tmp_path / "other")
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path / "other"))
    made = create_app({"TESTING": True})
    yield made
    with made.app_context():
        db.engine.dispose()


def run(app, *args, **options):
    return app.test_cli_runner().invoke(args=[*map(str, args)], catch_exceptions=False, **options)


def files_in(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# Every table of content with what a row says, but: row numbers (an article's own is kept) and `position`, which only
# order; `version`, which counts writes; `owner_id`, `edited_at`, which tell of the desk; digests, which tell of a file.
QUESTIONS = {
    "article": "SELECT a.id, status, date, published_at, updated_at, title, summary, excerpt, kind, author, editor,"
    " a.source, source_url, a.slug, cover, note, name, format, hex(b.source), hex(html), length"
    " FROM article a JOIN category c ON c.id = category_id JOIN body b ON b.article_id = a.id ORDER BY a.id",
    "category": "SELECT slug, name, description, in_nav FROM category ORDER BY category.position, id",
    "correction": "SELECT article_id, at, text FROM correction ORDER BY article_id, id",
    "link": "SELECT name, url FROM link ORDER BY position, id",
    "origin": "SELECT key, article_id FROM origin ORDER BY key",
    "page": "SELECT slug, title, format, source, html, updated_at FROM page ORDER BY id",
    "redirect": "SELECT path, article_id, slug FROM redirect LEFT JOIN category ON id = category_id ORDER BY path",
    "related_choice": "SELECT article_id, other_id, pinned FROM related_choice ORDER BY article_id, other_id",
    "setting": "SELECT name, value FROM setting ORDER BY name",
    "tag": "SELECT article_id, position, name, published_at FROM article_tag JOIN tag ON tag.id = tag_id ORDER BY 1, 2",
}


def content():
    """What the site says, table by table."""
    return {table: rows(question) for table, question in QUESTIONS.items()}


def test_every_table_is_either_content_or_known_not_to_be():
    derived = {"body", "article_tag", "related", "term", "new_term", "segment", "content_version", "picture_use"}
    desk = {"revision", "working_copy", "user", "recovery_code", "attempt", "log", "picture", "old_page"}
    runs = {"run", "replaced", "replaced_page"}
    assert db.metadata.tables.keys() == QUESTIONS.keys() | derived | desk | runs


def empty(app):
    with app.app_context(), writing.changing():
        search.clear()
        for table in reversed(db.metadata.sorted_tables):
            if table.name != "content_version":
                # To make a slug of a category's name takes a process.
                others = table.c.name != "综合" if table.name == "category" else text("true")
                db.session.execute(table.delete().where(others))


PIECES = ['"', "'", ":", ": ", "#", " #", "- ", "---", "\n---\n", "+++", ";;;", "...", "\r\n", "\n", "  ", "\t", "　　"]
PIECES += [
    "%41",
    "%",
    "?",
    "&",
    "&amp;",
    "<b>",
    "</p>",
    "[",
    "]",
    "{",
    "}",
    "{{< figure src=a >}}",
    "{% raw %}",
    "![](p.png)",
]
PIECES += [
    "~",
    "null",
    "true",
    "007",
    "2024-01-01",
    "!",
    "*",
    "`",
    "\\",
    "\\n",
    "|",
    ">",
    "@",
    ",",
    "，",
    "、",
    "/",
    ".",
    "..",
]
PIECES += [
    "灯",
    "灯下",
    "😀",
    "𠮷",
    "é",
    "e\u0301",
    "\u200b",
    "\u2028",
    "\x85",
    "\ufeff",
    "\ufdd0",
    "\ufffe",
    "\x00",
    "\x7f",
]
PIECES += ["# 题\n", "<!--more-->", "generator: dengxia", "\u202e", "A"]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
SAID = HOSTILE.map(lambda text: f"{text}文{text}")
RECORD = st.fixed_dictionaries(
    {"title": SAID, "body": SAID},
    optional={
        **dict.fromkeys(("author", "editor", "source", "summary", "slug", "cover"), HOSTILE),
        "categories": st.lists(HOSTILE, max_size=3),
        "tags": st.lists(HOSTILE, max_size=3),
        "aliases": st.lists(HOSTILE, max_size=3),
        "key": SAID,
        "date": st.sampled_from(
            ["2024-01-01", "2999-01-01", "1900-01-01", "0001-01-02T00:00:00Z", "9999-12-30T23:59:59Z"]
        ),
        "updated": st.sampled_from(["2024-01-02 03:04:05", "2024-01-01", "1970-01-01"]),
        "draft": st.booleans(),
        "format": st.sampled_from(["html", "markdown"]),
        "kind": st.sampled_from(["reprint", "translation"]),
        "source_url": HOSTILE.map(lambda text: f"https://a.example/{text}"),
    },
)
PAGE = st.fixed_dictionaries(
    {"title": SAID, "body": SAID, "type": st.just("page"), "slug": st.sampled_from(["x", "b", "a-b"])},
    optional={"format": st.sampled_from(["html", "markdown"])},
)


def at_the_desk(data):
    """What somebody does at the desk: other stages, notes, corrections, choices, a new article, an old address."""
    ids = rows("SELECT id FROM article")
    number = st.sampled_from(ids)
    with writing.saved():
        for id in data.draw(st.lists(number, max_size=3, unique=True)):
            stage, note = data.draw(st.sampled_from(["review", "trash", "draft"])), data.draw(HOSTILE)
            note = note.translate(dict.fromkeys(map(ord, "\ufdd0\ufffe\x00\x7f\ufeff"))).replace("\x00", "")
            values = {"id": id, "stage": stage, "note": note}
            db.session.execute(text("UPDATE article SET status = :stage, note = :note WHERE id = :id"), values)
            db.session.execute(text("UPDATE article_tag SET published_at = NULL WHERE article_id = :id"), values)
            if stage == "draft":
                db.session.execute(text("UPDATE article SET title = '' WHERE id = :id"), values)
        for id in data.draw(st.lists(number, max_size=2)):
            db.session.execute(text("DELETE FROM origin WHERE article_id = :id"), {"id": id})
            db.session.add(
                Correction(
                    article_id=id,
                    at=data.draw(st.integers(0, 2**33)),
                    text=data.draw(st.sampled_from(["“一”：误\n作二", " --- "])),
                )
            )
        db.session.execute(text("INSERT INTO redirect (path, category_id) SELECT '/旧 %类?a=1', min(id) FROM category"))
    upkeep.change_settings(TERMINAL, {"SITE_NAME": data.draw(st.sampled_from(['“灯”"下"\\', "中利blog", " # = ["]))})
    for one, two in pairwise(ids):
        if (pinned := data.draw(st.sampled_from([True, False, None]))) is not None:
            with writing.changing():
                writing.choose_related(one, two, pinned)


# To shrink what failed would take minutes.
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate])
@given(records=st.lists(RECORD, min_size=1, max_size=6), pages=st.lists(PAGE, max_size=2), data=st.data())
def test_seeding_what_was_exported_gives_the_same_site(app, other, seed, tmp_path, records, pages, data):
    empty(app)
    seed(*records, *pages)
    if rows("SELECT id FROM article"):
        at_the_desk(data)
    format = data.draw(st.sampled_from(export.FORMATS))
    folders = [tmp_path / name for name in ("out", "again")]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    assert run(app, "export", "--format", format, folders[0]).exit_code == 0
    wanted = content()
    result = run(app, "seed", folders[0])
    assert counts(result)[:2] == (0, 0), result.output
    assert content() == wanted
    empty(other)
    with other.app_context():
        result = run(other, "seed", folders[0])
        assert counts(result)[3] == 0, result.output
        assert content() == wanted
        run(other, "export", "--format", format, folders[1])
    assert files_in(folders[1]) == files_in(folders[0])


# The folder


@pytest.fixture
def exported(app, seed, tmp_path):
    """A site of three articles and a page, and a function that exports it and gives the files."""
    page = {"key": "", "title": "关于", "body": "文", "type": "page", "slug": "about"}
    seed(*articles(2), {"title": "网页", "body": "<p>文</p>", "format": "html", "date": "2024-05-01"}, page)

    def made(*args):
        result = run(app, "export", *args, tmp_path / "out")
        assert result.exit_code == 0, result.output
        return files_in(tmp_path / "out")

    return made


def test_what_stands_where(exported):
    assert sorted(exported()) == [
        ".dengxia-export",
        "articles/00000/00000001.md",
        "articles/00000/00000002.md",
        "articles/00000/00000003.html",
        "pages/001-about.md",
        "site.toml",
    ]
    assert sorted(exported("--format", "jsonl")) == [".dengxia-export", "content.jsonl", "site.toml"]


def test_a_second_export_differs_where_the_content_does(exported, seed, tmp_path):
    before = exported()
    touched = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in before}
    seed(*articles(1, author="改"))
    after = exported()
    assert [name for name in after if after[name] != before[name]] == ["articles/00000/00000001.md"]
    same = [name for name in after if name[0] != "." and after[name] == before[name]]
    assert all((tmp_path / "out" / name).stat().st_mtime_ns == touched[name] for name in same)


def test_only_what_export_wrote_is_removed(exported, tmp_path):
    exported()
    out = tmp_path / "out"
    foreign = [out / name for name in ("README.md", "articles/00000/note.md", "media/x.png", ".git/config")]
    for file in foreign:
        file.parent.mkdir(exist_ok=True)
        file.write_text("别人的")
    with writing.saved():
        db.session.execute(text("DELETE FROM article WHERE id = 2"))
    names = exported()
    assert "articles/00000/00000002.md" not in names
    assert all(file.read_text() == "别人的" for file in foreign)


def test_a_list_from_elsewhere_removes_nothing_outside(exported, tmp_path):
    exported()
    (tmp_path / "mine.md").write_text("文")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/mine.md").write_text("文")
    (tmp_path / "out/media").symlink_to(tmp_path / "pages")
    with (tmp_path / "out/.dengxia-export").open("a") as names:
        names.write("../mine.md\nmedia/mine.md\n/etc/hostname\n")
    exported()
    assert (tmp_path / "mine.md").exists()
    assert (tmp_path / "pages/mine.md").exists()


def test_no_file_of_somebody_else_is_written_over(app, exported, tmp_path):
    exported()
    place = tmp_path / "out/pages/002-x.md"
    place.write_text("别人的")
    with writing.changing():
        fixed.enter(TERMINAL, "x", "题", "markdown", "文", "文")
    result = run(app, "export", tmp_path / "out")
    assert (result.exit_code, place.read_text()) == (1, "别人的")
    assert result.output == f"{place}: 不是导出写的文件，没有覆盖；请移开它再导出（什么都没有改）\n"


@pytest.mark.parametrize("name", ["folder", "file"])
def test_what_is_no_export_is_refused(app, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/mine").write_text("文")
    (tmp_path / "file").write_text("文")
    result = run(app, "export", tmp_path / name)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert (tmp_path / "folder/mine").read_text() == "文"


def test_an_export_that_broke_off_is_known_as_ours(exported, tmp_path):
    before = exported()
    out = tmp_path / "out"
    (out / ".dengxia-export").rename(out / ".dengxia-export.part")
    (out / "articles/00000/00000009.md").write_text("断了")
    with (out / ".dengxia-export.part").open("a") as names:
        names.write("articles/00000/00000009.md\n")
    lines = sorted((out / ".dengxia-export.part").read_text().splitlines())
    (out / ".dengxia-export.part").write_text("\n".join(lines))
    assert exported() == before


def test_a_picture_of_any_name(exported, app):
    media = Path(app.instance_path, "media")
    media.mkdir(exist_ok=True)
    for name in ("图 1.png", "a\nb.png", "\udcff.png"):
        (media / name).write_bytes(b"x")
    before = exported()
    assert before["media/图 1.png"] == b"x"
    assert exported() == before


def test_pictures_go_along(app, other, seed_files, tmp_path):
    data = photograph()
    seed_files({"a.md": "![](p.jpg)", "p.jpg": data})
    run(app, "export", tmp_path / "out")
    name = images.name(data)
    kept = Path(app.instance_path, "media")
    assert (tmp_path / "out/media" / name).read_bytes() == (kept / name).read_bytes()
    (tmp_path / "out/media/bad.png").write_text("不是图片")
    (tmp_path / "out/media/other.jpg").write_bytes((kept / name).read_bytes())
    with other.app_context():
        result = run(other, "seed", tmp_path / "out")
        assert "bad.png: 名字不像" in result.output
        assert "other.jpg: 名字不像" in result.output
        assert queries.written(1) == f"![](/media/{name})"
    assert sorted(file.name for file in (tmp_path / "other/media").iterdir()) == sorted(images.forms(name))


# In again


def test_numbers_are_kept_where_they_are_free(app, other, seed, tmp_path):
    seed(*articles(3))
    with writing.saved():
        db.session.execute(text("DELETE FROM article WHERE id = 1"))
    run(app, "export", tmp_path / "out")
    (tmp_path / "own.jsonl").write_text('{"title": "自己的", "body": "文"}\n' * 2, "utf8")
    with other.app_context():
        run(other, "seed", tmp_path / "own.jsonl")
        assert counts(run(other, "seed", tmp_path / "out"))[0] == 2
        assert rows("SELECT id, title FROM article") == [(1, "自己的"), (2, "自己的"), (3, "第2篇"), (4, "第1篇")]


OWN = '---\ngenerator: "dengxia"\n{}\n---\n文'


@pytest.mark.parametrize(
    ("front", "reason"),
    [
        ("title: 题\nsource_url: javascript:alert(1)", "source_url"),
        ("title: 题\nnumber: 99999999", "number 是 '99999999'"),
        ("title: 题\nnumber: 一", "number 是 '一'"),
        ("title: 题\nstatus: gone", "status"),
        ("title: 题\ncorrections: 一", "corrections 应当是"),
        ("title: 题\ndate: 昨天", "date 是 '昨天'"),
        ("title: 题\nauthor: [一]", "author 应当是一段文字"),
        ("date: 2024-01-01", "没有标题或正文"),
        (f"title: {'题' * 201}", "title 有 201 个字"),
    ],
)
def test_what_somebody_spoilt_is_refused(seed_files, front, reason):
    result = seed_files({"a.md": OWN.format(front)})
    assert (counts(result), result.exit_code) == ((0, 0, 0, 1), 1)
    assert reason in result.output


def test_a_page_of_html_is_content_only_where_it_is_ours(seed_files):
    texts = {"a.html": OWN.format("title: 题\nformat: html"), "b.html": "---\ntitle: 别的\n---\n<p>文</p>"}
    assert counts(seed_files(texts)) == (1, 0, 0, 0)
    assert rows("SELECT title FROM article") == ["题"]


def test_what_is_changed_by_hand_goes_in(app, seed, tmp_path):
    seed(*articles(2))
    run(app, "export", tmp_path / "out")
    file = tmp_path / "out/articles/00000/00000001.md"
    file.write_text(file.read_text("utf8").replace("正文0", "新的\r\n正文"), "utf8")
    assert counts(run(app, "seed", tmp_path / "out")) == (0, 1, 1, 0)
    assert queries.written(1) == "新的\n正文"
    assert rows("SELECT count(*) FROM article") == [2]

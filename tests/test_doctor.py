"""`flask doctor`: a line for each thing, what is wrong is found, and what is derived can be made again."""

import json
from pathlib import Path

import pytest
from conftest import articles
from sqlalchemy import text
from test_export import run
from test_seed import picture

from dengxia import doctor, keeping, search, writing
from models import db


@pytest.fixture
def well(app, seed_files):
    """A site with nothing to say against it."""
    seed_files(
        {"a.md": "# 题\n![](p.png)", "b.md": "# 另一题\n正文", "c.md": "---\ndraft: true\n---\n稿", "p.png": picture()}
    )
    keeping.backup(Path(app.instance_path, "one.tar"))
    return app


def wrong(app, *args):
    """The lines of what is wrong, and the exit status."""
    db.session.remove()
    result = run(app, "doctor", *args)
    lines = result.output.splitlines()
    assert all(line[0] in "✓✗重" for line in lines), result.output
    return [line for line in lines if line[0] == "✗"], result.exit_code


def change(*statements):
    with writing.saved():
        for statement in statements:
            db.session.execute(text(statement))


def test_all_is_well(well):
    assert wrong(well) == ([], 0)


def test_an_empty_site_is_well(app):
    assert wrong(app) == ([], 0)


DERIVED = {
    "搜索：缺 1": ["DELETE FROM search_words_docsize WHERE id = 1"],
    "搜索：缺 1 项（3": ["DELETE FROM search_drafts_docsize"],
    "搜索：多 1": ["INSERT INTO search_words (rowid, text) VALUES (9, '文')"],
    "相关文章：缺 1": ["DELETE FROM related WHERE article_id = 1"],
    "列表的页数：不对": ["UPDATE segment SET count = 9 WHERE list = 'all'"],
}


@pytest.mark.parametrize("words", DERIVED)
def test_what_is_derived_is_found_and_made_again(well, words):
    change(*DERIVED[words])
    [line], status = wrong(well)
    assert status == 1
    assert line.startswith(f"✗ {words}")
    assert line.endswith("flask doctor --repair")
    assert wrong(well, "--repair") == ([], 0)
    assert search.find("正文").count == 1


def test_a_site_is_well_when_an_article_is_removed(well):
    with writing.changing():
        writing.remove_articles([1])
    assert wrong(well) == ([], 0)


def test_what_points_to_nothing(well):
    change("PRAGMA foreign_keys = OFF")
    db.session.remove()
    db.session.connection().exec_driver_sql("PRAGMA foreign_keys = OFF")
    db.session.execute(text("INSERT INTO redirect (path, article_id) VALUES ('/x', 99)"))
    db.session.commit()
    lines, status = wrong(well, "--repair")
    assert status == 1
    assert lines == ["✗ 数据库的完整：redirect 的第 1 行指向没有的 article。flask restore 最近的备份"]


def test_a_file_that_is_broken(well):
    db.session.remove()
    change("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    place = keeping.database()
    data = bytearray(place.read_bytes())
    data[-8192:] = b"\xff" * 8192
    place.write_bytes(data)
    lines, status = wrong(well)
    assert status == 1
    assert lines[0].startswith("✗ 数据库的完整")


@pytest.mark.parametrize("database", [b"", b"no database at all" * 100])
def test_no_database(well, database):
    db.session.remove()
    db.engine.dispose()
    for end in ("-wal", "-shm"):
        Path(f"{keeping.database()}{end}").unlink(missing_ok=True)
    keeping.database().write_bytes(database)
    lines, status = wrong(well)
    assert status == 1
    assert lines[0].startswith("✗ 数据库的结构")


def test_the_machine(well, monkeypatch, clock):
    instance = Path(well.instance_path)
    (instance / "secret_key").chmod(0o644)
    (instance / "config.toml").write_text('site_name = "灯"', "utf8")
    next((instance / "media").iterdir()).unlink()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 5 * 2**20}))
    monkeypatch.setattr(well, "root_path", str(instance))
    (instance / "templates").mkdir()
    sheet = '<link rel="stylesheet" href="https://cdn.example/a.css"><a href="https://fine.example">好</a>'
    (instance / "templates/base.html").write_text(sheet, "utf8")
    clock(30 * 86_400)
    monkeypatch.setattr(doctor.schema, "problem", lambda: "")
    lines, status = wrong(well)
    assert status == 1
    starts = [
        "权限：secret_key 别人",
        "设置：config.toml 里的 site_name",
        "磁盘：只剩 5 MB",
        "网页不用别的网站：base.html 要用 cdn",
    ]
    starts += ["图片：缺 1 项", "备份：最近一次是 30 天前"]
    assert [line[2 : 2 + len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_without_a_backup(app, seed):
    seed(*articles(1))
    [line], status = wrong(app)
    assert (line[:10], status) == ("✗ 备份：还没有做过"[:10], 1)


def test_a_picture_that_is_not_used_is_told(well):
    change("DELETE FROM article WHERE id = 1")
    result = run(well, "doctor")
    assert "图片（1 张没有用到）" in result.output


def test_last_backup_that_makes_no_sense(app):
    for said in ("", "{", json.dumps({"at": 1}), json.dumps({"at": "x", "path": "y"}), "[]"):
        Path(app.instance_path, "last_backup.json").write_text(said)
        assert keeping.last_backup() is None

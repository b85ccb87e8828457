"""Runs of seeding: an edit at the desk is never overwritten, a break loses nothing, and a run can be taken back."""

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import articles
from test_seed import ONE, TWO, counts, everything, rows, said

from dengxia import editing, manuscripts, queries, rebuilding, revisions, runs, search, transfer
from dengxia.journal import By
from models import db

ROOT = Path(__file__).parent.parent
# What a run leaves behind when it is taken back: numbers that are not given again, the log, names of tags.
TRACES = {"sqlite_sequence", "log", "content_version", "tag", "segment", "new_term", "term"}


@pytest.fixture
def undo(app):
    """`undo(3)` takes a run back."""

    def run(number):
        return app.test_cli_runner().invoke(args=["seed", "--undo", str(number)], catch_exceptions=False)

    return run


def edit(id, **changes):
    """Save an article at the desk."""
    known = manuscripts.standing(id)
    db.session.rollback()
    step = editing.Step("save")
    editing.change(editing.Person(1, By("某人")), known, known.row.version, replace(known.text, **changes), step)


def site():
    """All tables but the traces, and what a search finds."""
    tables = {name: found for name, found in everything().items() if name not in TRACES and "search_" not in name}
    return tables, [hit.card.title for hit in search.find("文", 1).hits]


def run_of(result):
    return int(result.output.split("（第 ")[1].split(" ")[0])


# At the desk


def test_an_edit_at_the_desk_is_kept_and_told(seed, tmp_path):
    seed(ONE, TWO)
    edit(1, body="在编辑台写的")
    result = seed({**ONE, "body": "文件里的"}, {**TWO, "body": "新文"})
    assert (counts(result), result.exit_code) == ((0, 1, 0, 1), 1)
    line = f"{tmp_path}/content.jsonl:1: 《甲》在编辑台改过，没有动它；要换成这里的，请加 --overwrite"
    assert said(result) == [line]
    assert (queries.written(1), queries.written(2)) == ("在编辑台写的", "新文")
    assert counts(seed({**ONE, "body": "文件里的"}, args=["--dry-run"])) == (0, 0, 0, 1)


def test_an_edit_beside_a_file_that_did_not_change(seed):
    seed(ONE)
    edit(1, body="在编辑台写的")
    assert counts(seed(ONE)) == (0, 0, 1, 0)
    assert queries.written(1) == "在编辑台写的"


@pytest.mark.parametrize("body", ["甲文", "文件里的"])
def test_overwriting_keeps_the_edit_as_a_revision(seed, body):
    seed(ONE)
    edit(1, body="在编辑台写的")
    record = {**ONE, "body": body}
    assert counts(seed(record, args=["--overwrite"])) == (0, 1, 0, 0)
    assert queries.written(1) == body
    newest, _ = revisions.newest(1)
    assert [revisions.one(1, row.id)[1].body for row in newest][:2] == [body, "在编辑台写的"]
    assert counts(seed(record, args=["--overwrite"])) == (0, 0, 1, 0)
    assert counts(seed({**ONE, "body": "再改"})) == (0, 1, 0, 0)


def test_an_edit_while_seeding_is_kept(seed, monkeypatch):
    """Between the comparison of a record and its writing."""
    seed(ONE)
    begin = runs.begin

    def edited_meanwhile(what):
        edit(1, body="在编辑台写的")
        return begin(what)

    monkeypatch.setattr(transfer.runs, "begin", edited_meanwhile)
    assert counts(seed({**ONE, "body": "文件里的"}, TWO)) == (1, 0, 0, 1)
    assert queries.written(1) == "在编辑台写的"


# Taking back


def test_what_a_run_made_goes(seed, undo, app):
    seed(ONE)
    before = site()
    made = seed(*articles(205, category="新", tags=["一"], aliases=["/old"]), {**TWO, "draft": True})
    assert counts(made) == (206, 0, 0, 0)
    result = undo(run_of(made))
    assert result.output == "撤销了第 2 次放入：移除 removed 206，恢复 restored 0，保留 kept 0\n"
    assert result.exit_code == 0
    assert site() == before
    assert app.test_client().get("/old").status_code == 404
    assert search.find("正文", 1).count == 0
    assert list(rebuilding.rebuild()) == [1]
    assert counts(seed(*articles(3)))[0] == 3


def test_what_a_run_changed_is_as_it_was(seed, undo):
    full = {**ONE, "tags": ["一", "二"], "category": "旧", "aliases": ["/a"], "summary": "摘", "updated": "2024-05-01"}
    seed(full, {**TWO, "draft": True})
    before = site()
    changed = {"title": "题", "body": "新文", "category": "新", "tags": ["三"], "aliases": ["/b"], "date": "2025-01-01"}
    result = seed(full | changed, TWO | changed | {"draft": False})
    assert counts(result) == (0, 2, 0, 0)
    assert "removed 0，恢复 restored 2，" in undo(run_of(result)).output

    def told(found):
        tables, hits = found
        tables["article"] = [row[:16] for row in tables["article"]]  # what follows is the version
        return [tables[name] for name in ("article", "origin", "redirect", "category")], hits

    assert told(site()) == told(before)
    assert queries.written(1) == "甲文"
    assert queries.tags([1])[1] == ["一", "二"]
    assert counts(seed(full, {**TWO, "draft": True})) == (0, 0, 2, 0)


def test_an_edit_since_is_kept_and_named(seed, undo):
    result = seed(ONE, TWO)
    edit(2, body="在编辑台写的")
    back = undo(run_of(result))
    assert (back.exit_code, "removed 1，恢复 restored 0，保留 kept 1" in back.output) == (1, True)
    assert "《乙》（2）在编辑台改过，没有动它" in back.output
    assert rows("SELECT title FROM article") == ["乙"]
    assert "没有这一次" in undo(run_of(result)).output


def test_an_overwritten_edit_comes_back(seed, undo):
    seed(ONE)
    edit(1, body="在编辑台写的")
    undo(run_of(seed({**ONE, "body": "文件里的"}, args=["--overwrite"])))
    assert queries.written(1) == "在编辑台写的"
    assert counts(seed({**ONE, "body": "文件里的"})) == (0, 0, 0, 1)


def test_runs_go_back_one_after_the_other(seed, undo):
    for body in ("一", "二", "三"):
        seed({**ONE, "body": body})
    refused = undo(1)
    assert refused.exit_code == 1
    assert "又由第 2 次放入改过，请先撤销第 2 次" in refused.output
    assert "可以撤销的有 第 3 次（" in refused.output
    assert queries.written(1) == "三"
    for number, expected in ((3, "二"), (2, "一")):
        assert undo(number).exit_code == 0
        assert queries.written(1) == expected
    undo(1)
    assert not rows("SELECT id FROM article")
    assert rows("SELECT what FROM log ORDER BY id") == ["撤销放入"] * 3


def test_pages_go_back(seed_files, undo, app):
    page = "---\ntype: page\ntitle: 页\n---\n{}"
    seed_files({"a.md": page.format("一")})
    result = seed_files({"a.md": page.format("二"), "b.md": page.format("新")})
    assert "removed 1，恢复 restored 1" in undo(run_of(result)).output
    assert "<p>一</p>" in app.test_client().get("/a").text
    assert app.test_client().get("/b").status_code == 404


def test_a_run_that_changes_nothing_has_no_number(seed):
    seed(ONE)
    assert "次放入" not in seed(ONE).output
    assert "次放入" not in seed(TWO, args=["--dry-run"]).output
    assert len(runs.latest()) == 1


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["9"], "第 9 次放入: 没有这一次，或者已经撤销了"),
        (["9" * 20], f"第 {'9' * 20} 次放入: 没有这一次，或者已经撤销了"),
        (["1", "x"], "--undo 不能和要放入的文件一起写"),
    ],
)
def test_undo_refused(app, seed, args, reason):
    seed(ONE)
    result = app.test_cli_runner().invoke(args=["seed", "--undo", *args], catch_exceptions=False)
    assert result.exit_code in (1, 2)
    assert result.output.startswith(reason)
    assert len(result.output.splitlines()) == 1


# Breaks


def test_seeding_goes_on_after_any_break(app, tmp_path):
    """Killed at random moments after each batch: whole batches or nothing, and seeding again brings the rest."""
    file = tmp_path / "all.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in articles(700, date="2024-01-01", category="新")))
    code = "import sys; from app import create_app; create_app().test_cli_runner().invoke(args=['seed', sys.argv[1]])"
    made = [0]
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", code, file], cwd=ROOT)
        while process.poll() is None and rows("SELECT count(*) FROM article")[0] == made[-1]:
            time.sleep(0.02)
        time.sleep(random.random() / 2)
        process.kill()
        process.wait()
        made.append(rows("SELECT count(*) FROM article")[0])
        assert made[-1] == rows("SELECT count(*) FROM body")[0] == rows("SELECT count(*) FROM origin")[0]
        assert rows("PRAGMA integrity_check") == ["ok"]
    assert made == sorted(made)
    assert made[1] > 0
    result = app.test_cli_runner().invoke(args=["seed", str(file)], catch_exceptions=False)
    assert counts(result) == (700 - made[-1], 0, made[-1], 0)
    assert search.find("正文699", 1).count == 1

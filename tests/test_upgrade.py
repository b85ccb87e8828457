"""Databases of every released schema, opened by today's program: every text is there, and a failure changes nothing.

`databases/NNNN.db.gz` is what the program of that schema made of `databases/content.jsonl` and `site.toml`.
"""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from conftest import ROOT
from flask_migrate import upgrade
from sqlalchemy import text
from test_export import run
from test_seed import rows

from dengxia import keeping, queries, schema, search
from models import db

DATABASES = ROOT / "tests/databases"
RELEASED = sorted(file.name[:4] for file in DATABASES.glob("*.db.gz"))
CONTENT = [json.loads(line) for line in (DATABASES / "content.jsonl").read_text("utf8").splitlines()]
ARTICLES = [record for record in CONTENT if "key" in record]


@pytest.fixture(params=RELEASED)
def old(request, site, tmp_path):
    """An app on the database of an old schema, in its context."""
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "dengxia.db").write_bytes(gzip.decompress((DATABASES / f"{request.param}.db.gz").read_bytes()))
    app = site(folder)
    with app.app_context():
        yield app


def check_content():
    for number, record in enumerate(ARTICLES, 1):
        assert queries.written(number) == record["body"]
        card = db.session.execute(text("SELECT * FROM article WHERE id = :id"), {"id": number}).mappings().one()
        same = ("title", "author", "editor", "source", "source_url", "summary")
        assert {name: card[name] for name in same} == {name: record.get(name, "") for name in same}
        assert card["status"] == ("draft" if "draft" in record else "published")
        assert queries.tags([number])[number] == (["Go"] if record.get("tags") == ["go"] else record.get("tags", []))
    assert [row.name for row in queries.categories()] == ["读书", "武术", "综合"]
    assert [row.name for row in queries.links()] == ["国家图书馆"]
    assert queries.page("about").source == CONTENT[-1]["body"]
    assert queries.redirect("/old/lamp.html").article_id == 1


def test_a_database_of_every_schema_that_was_released_is_there(app):
    assert RELEASED == ["0001", "0002", "0003"]
    assert set(RELEASED) < set(schema.revisions())


def test_old_databases_are_brought_up_to_date(old, request):
    assert "flask db upgrade" in schema.problem()
    upgrade()
    assert schema.problem() == ""
    with db.engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: kind != "table" or not name.startswith(search.PREFIX)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, db.metadata) == []
    check_content()
    assert [hit.card.id for hit in search.find("要紧的话").hits] == [1]
    client = old.test_client()
    assert [client.get(f"/article/{n}").status_code for n in (1, 2, 3, 4)] == [200, 200, 404, 404]
    assert client.get("/").status_code == 200
    before = next(Path(old.instance_path, "backups").glob("before-upgrade-*.tar"))
    assert f'"revision": "{request.node.callspec.params["old"]}"'.encode() in before.read_bytes()
    assert [line for line in run(old, "doctor").output.splitlines() if line[0] == "✗"] == [
        "✗ 权限：dengxia.db 别人也能读写。" + f"在 {old.instance_path} 里 chmod o-rwx、chown 成网站的用户",
        "✗ 备份：还没有做过。flask backup --to 文件夹 --keep 14，最好每天自动做",
    ]
    # Seeding what it was made of, it knows all of it again.
    assert "未变 unchanged 5" in run(old, "seed", DATABASES).output


def test_a_backup_of_an_old_schema_is_restored(old):
    upgrade()
    copy = next(Path(old.instance_path, "backups").glob("before-upgrade-*.tar"))
    db.session.execute(text("DELETE FROM article"))
    db.session.commit()
    db.session.remove()
    assert run(old, "restore", copy).exit_code == 0
    assert schema.problem() == ""
    check_content()


def test_an_upgrade_that_fails_changes_nothing(old, monkeypatch):
    tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
    before = rows(tables), rows("SELECT * FROM article"), rows("SELECT * FROM alembic_version")
    monkeypatch.setattr("dengxia.search.install", lambda _: (_ for _ in ()).throw(KeyError("at the end")))
    db.session.remove()
    with pytest.raises(KeyError):
        upgrade()
    assert (rows(tables), rows("SELECT * FROM article"), rows("SELECT * FROM alembic_version")) == before
    monkeypatch.undo()
    db.session.remove()
    assert "是旧的" in schema.problem()


def test_no_upgrade_without_its_backup(old, monkeypatch):
    monkeypatch.setattr(keeping, "problems_of", lambda _: ["坏了"])
    with pytest.raises(SystemExit, match="没有升级"):
        upgrade()
    assert "是旧的" in schema.problem()


def test_the_command_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert not (tmp_path / "backups").exists()
    # With its log, which may stay behind.
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("dengxia.db*")} == {0o600}

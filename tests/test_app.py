"""Settings, the secret key, the schema, and what is said when one of them is wrong."""

import re
import sqlite3
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import upgrade

from app import create_app
from dengxia import health, search, settings
from models import db

ROOT = Path(__file__).parent.parent


@pytest.fixture
def instance(tmp_path, monkeypatch):
    """An empty instance folder that the app will use."""
    monkeypatch.setenv("FLASK_INSTANCE_PATH", str(tmp_path))
    return tmp_path


def test_settings_come_from_the_file_and_then_the_environment(instance, monkeypatch):
    (instance / "config.toml").write_text('SITE_NAME = "文件"\nSITE_ICP = "京ICP备1号"\n', "utf8")
    monkeypatch.setenv("FLASK_SITE_NAME", "环境")
    monkeypatch.setenv("FLASK_REPRINT_CANONICAL", "true")
    config = create_app().config
    assert (config["SITE_NAME"], config["SITE_ICP"], config["REPRINT_CANONICAL"]) == ("环境", "京ICP备1号", True)
    assert config["SITE_TIMEZONE"] == "Asia/Shanghai"


def test_a_number_may_be_a_name(instance, monkeypatch):
    monkeypatch.setenv("FLASK_SITE_NAME", "2049")
    assert create_app().config["SITE_NAME"] == "2049"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_TIMEZONE", "Mars/Olympus"),
        ("SITE_TIMEZONE", "../../etc/passwd"),
        ("SITE_URL", "example.com"),
        ("SITE_URL", "https://example.com/blog"),
        ("SITE_URL", "https://["),
        ("SITE_URL", "https://.."),
        ("SITE_URL", "https://a.com:99999"),
        ("SQLALCHEMY_DATABASE_URI", "sqlite+junk:///x"),
        ("SITE_URL", "https://a:b@example.com"),
        ("PAGE_CACHE_BYTES", "-5"),
        ("SQLALCHEMY_DATABASE_URI", "mysql://localhost/x"),
        ("REPRINT_CANONICAL", "maybe"),
        ("PAGE_CACHE_BYTES", "many"),
        ("PAGE_CACHE_BYTES", "true"),
        ("SQLALCHEMY_DATABASE_URI", "not a database"),
    ],
)
def test_a_malformed_value_stops_the_start_with_one_line(instance, monkeypatch, name, value):
    monkeypatch.setenv(f"FLASK_{name}", value)
    with pytest.raises(SystemExit) as stopped:
        create_app()
    assert re.fullmatch(f".*{name}.*", str(stopped.value))


def test_a_broken_file_stops_the_start_with_one_line(instance):
    (instance / "config.toml").write_text("SITE_NAME = 没有引号", "utf8")
    with pytest.raises(SystemExit, match=r"config\.toml.*TOML"):
        create_app()


def test_the_key_is_made_once_and_is_the_owners(instance):
    key = create_app().config["SECRET_KEY"]
    assert len(key) >= 32
    assert create_app().config["SECRET_KEY"] == key
    assert stat.S_IMODE((instance / "secret_key").stat().st_mode) == 0o600


def test_without_a_database_commands_say_what_to_do(instance):
    app = create_app()
    for command in ("seed", "rebuild"):
        result = app.test_cli_runner().invoke(args=[command])
        assert result.exit_code == 1
        assert "flask db upgrade" in result.output
        assert len(result.output.splitlines()) == 1
    assert not (instance / "dengxia.db").exists()
    answer = app.test_client().get("/")
    assert (answer.status_code, "flask db upgrade" in answer.text) == (503, True)
    assert app.test_client().get("/healthz").status_code == 503


def test_a_file_that_is_no_database_is_said(instance):
    (instance / "dengxia.db").write_bytes(b"no database at all" * 100)
    result = create_app().test_cli_runner().invoke(args=["seed"])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "dengxia.db" in result.output


def test_an_error_of_ours_is_in_the_log_under_the_number_on_its_page(site, empty_site, monkeypatch, caplog):
    app = site(empty_site, PROPAGATE_EXCEPTIONS=False)
    monkeypatch.setitem(app.view_functions, "reading.find", lambda: 1 / 0)
    answer = app.test_client().get("/search?q=%0aforged line")
    number = re.search(r"编号: (\w{8})", answer.text)[1]
    assert answer.status_code == 500
    [record] = caplog.records
    assert record.getMessage().startswith(f"{number} GET '/search?q=%0aforged")
    assert "ZeroDivisionError" in caplog.text
    assert "编号" not in app.test_client().get("/nothing/here").text


def test_healthz_tells_the_disk(app, monkeypatch):
    client = app.test_client()
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok")
    monkeypatch.setattr(health, "ROOM", 2**60)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert re.fullmatch(r"磁盘只剩 \d+ MB：请腾出地方", answer.text)


def test_a_short_key_is_no_key(instance):
    (instance / "secret_key").touch()
    with pytest.raises(SystemExit, match="secret_key"):
        create_app()


def test_a_locked_database_is_said_in_one_line(app, tmp_path):
    db.session.execute(db.text("PRAGMA busy_timeout = 10"))
    other = sqlite3.connect(db.engine.url.database)
    other.execute("BEGIN IMMEDIATE")
    (tmp_path / "a.md").write_text("# 题\n\n文", "utf8")
    result = app.test_cli_runner().invoke(args=["seed", str(tmp_path / "a.md")])
    other.close()
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "数据库写不了" in result.output


def test_flask_run_stops_without_a_database(instance):
    command = [sys.executable, "-m", "flask", "run", "--port", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "flask db upgrade" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_old_or_newer_database_is_refused(app):
    for change, words in (
        ("UPDATE alembic_version SET version_num = 'of tomorrow'", "更新的程序"),
        ("UPDATE alembic_version SET version_num = '0001'", "是旧的"),
        ("DELETE FROM alembic_version", "还没有建立"),
    ):
        db.session.execute(db.text(change))
        db.session.commit()
        assert words in app.test_cli_runner().invoke(args=["seed"]).output


def test_models_and_migrations_agree(app):
    with db.engine.connect() as connection:
        options = {"include_name": lambda name, kind, parents: kind != "table" or not name.startswith(search.PREFIX)}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, db.metadata) == []


def test_migrations_are_a_line_in_the_order_of_their_names(app):
    """The schema is known by the names of the files, see `dengxia/schema.py`."""
    scripts = [*ScriptDirectory(str(ROOT / "migrations")).walk_revisions()]
    files = sorted((ROOT / "migrations/versions").glob("*.py"), reverse=True)
    assert [(script.revision, script.path) for script in scripts] == [(f.name[:4], str(f)) for f in files]


def test_a_server_loads_no_commands_and_then_looks_for_garbage(instance):
    code = """
import app, gc, sys
assert not gc.isenabled()
made = app.create_app()
assert gc.isenabled()
assert not {"alembic", "dengxia.cli"} & sys.modules.keys()
assert made.test_cli_runner().invoke(args=["seed", "--help"]).exit_code == 0
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_upgrading_twice_changes_nothing(app):
    tables = db.session.execute(db.text("SELECT sql FROM sqlite_master ORDER BY name")).all()
    upgrade()
    assert db.session.execute(db.text("SELECT sql FROM sqlite_master ORDER BY name")).all() == tables


@pytest.mark.parametrize("document", ["docs/settings.md"])
def test_every_setting_is_documented(document):
    text = (ROOT / document).read_text("utf8")
    for name, default, meaning in settings.SETTINGS:
        assert f"| `{name}` | `{default!r}` | {meaning} |" in text


def test_every_dependency_is_documented():
    text = (ROOT / "docs/dependencies.md").read_text("utf8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    names = [re.match(r"[\w-]+", name)[0] for name in wanted]
    assert [name for name in names if f"**{name}**" not in text] == []


def test_readme_and_docs_name_no_missing_file():
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        text = re.sub(r"`[^`]*`", "", document.read_text("utf8"))
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (document.parent / target).exists(), f"{document}: {target}"

"""Killed at any moment, with no room left, locked out: nothing is lost, and one line says what to do."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from conftest import ROOT, articles
from test_export import run
from test_seed import everything, rows

from dengxia import keeping
from models import db

ROUNDS = 200


def test_killed_at_random_moments_nothing_is_lost():
    command = [sys.executable, ROOT / "tests/crash.py", str(ROUNDS)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, f"{ROUNDS} rounds, nothing lost\n"), ended.stderr


# What a command says, run by a process of its own that may not do everything.
COMMAND = """
import os, resource, sys
from app import create_app
import flask_migrate
from dengxia import ahead, cli  # nobody may not read where they lie
ahead._cores = lambda: 1
limit, *args = sys.argv[1:]
if limit == "nobody":
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    result = create_app().test_cli_runner().invoke(args=args)
    sys.stdout.write(result.output)
    sys.exit(result.exit_code if isinstance(result.exception, SystemExit) else repr(result.exception))
except SystemExit as error:
    sys.exit(error.code)
"""


def limited(limit, folder, *args):
    """The lines that a command says which may not write longer files than `limit` bytes, or is run by nobody."""
    environment = {**os.environ, "FLASK_INSTANCE_PATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", COMMAND, str(limit), *map(str, args)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended
    lines = (ended.stdout + ended.stderr).splitlines()
    assert len(lines) == 1, lines
    assert any("\u4e00" <= character <= "\u9fff" for character in lines[0]), lines
    return lines[0]


@pytest.fixture
def much(tmp_path):
    """A file of many articles."""
    records = ({**one, "key": f"m{n}", "body": f"正文{n} " * 500} for n, one in enumerate(articles(300)))
    return write(tmp_path / "much.jsonl", records)


def write(file, records):
    """Write records as JSON Lines; gives the file."""
    file.write_text("".join(json.dumps(record) + "\n" for record in records), "utf8")
    return file


def test_a_full_disk(app, seed, much, tmp_path):
    seed(*articles(3))
    before = everything()
    db.session.remove()
    db.engine.dispose()
    folder, size = Path(app.instance_path), keeping.database().stat().st_size
    assert "磁盘" in limited(size // 2, folder, "seed", much)
    assert "磁盘" in limited(size // 2, folder, "backup", tmp_path / "one.tar")
    assert not (tmp_path / "one.tar").exists()
    assert "限额" in limited(1000, folder, "export", "--format", "jsonl", tmp_path / "out")
    assert everything() == before
    assert run(app, "seed", much).exit_code == 0
    assert run(app, "backup", tmp_path / "one.tar").exit_code == 0
    changed = everything()
    db.session.remove()
    db.engine.dispose()
    assert "限额" in limited(size // 2, folder, "restore", tmp_path / "one.tar")
    assert everything() == changed
    assert run(app, "export", "--format", "jsonl", tmp_path / "out").exit_code == 0
    assert rows("SELECT count(*) FROM article") == [303]


def test_a_locked_database(app, seed, tmp_path):
    seed(*articles(3))
    db.session.remove()
    with closing(sqlite3.connect(keeping.database())) as other:
        other.execute("BEGIN IMMEDIATE")
        db.session.execute(db.text("PRAGMA busy_timeout = 10"))
        seed_more = ["seed", write(tmp_path / "more.jsonl", articles(5))]
        for args in (["rebuild"], seed_more):
            result = run(app, *args)
            assert (result.exit_code, len(result.output.splitlines())) == (1, 1), result.output
            assert "占着" in result.output
        # Reading goes on.
        assert run(app, "backup", tmp_path / "one.tar").exit_code == 0


@pytest.fixture
def theirs(app, seed):
    """A site of another user, in a folder that everybody may look into."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    seed(*articles(3))
    db.session.remove()
    db.engine.dispose()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = Path(shutil.copytree(app.instance_path, Path(folder, "instance")))
        place.chmod(0o755)
        yield place


def test_a_folder_that_is_not_ours(theirs, much):
    assert "secret_key: 密钥读不了" in limited("nobody", theirs, "rebuild")
    (theirs / "secret_key").chmod(0o644)
    assert "检查权限" in limited("nobody", theirs, "rebuild")
    (theirs / "dengxia.db").chmod(0o644)
    assert "检查权限" in limited("nobody", theirs, "rebuild")
    shutil.chown(theirs, "nobody")
    theirs.chmod(0o500)
    assert "检查权限" in limited("nobody", theirs, "backup", theirs / "one.tar")

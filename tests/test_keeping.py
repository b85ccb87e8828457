"""Backups: whole or not at all, made while the site goes on, and back again; what is damaged changes nothing."""

import io
import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from conftest import articles
from test_export import run
from test_seed import counts, everything, picture, rows

from dengxia import images, keeping, queries, transfer
from models import db


@pytest.fixture
def filled(app, seed_files):
    """An app with one article, a picture and a configuration."""
    seed_files({"a.md": "# 题\n![](p.png)", "p.png": picture()})
    Path(app.instance_path, "config.toml").write_text('SITE_NAME = "灯"\n', "utf8")
    return app


@pytest.fixture
def file(filled, tmp_path):
    """A backup of it."""
    target = tmp_path / "one.tar"
    assert run(filled, "backup", target).exit_code == 0
    return target


def members(file):
    with tarfile.open(file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def packed(target, files):
    """Write a tar file of these names with their bytes, or what is to be said of them."""
    with tarfile.open(target, "w") as tar:
        for name, content in files:
            member = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            member.name, member.size = name, 0 if member is content else len(content)
            tar.addfile(member, None if member is content else io.BytesIO(content))
    return target


# Made


def test_what_is_in_it(filled, file):
    name = images.name(picture())
    found = members(file)
    assert list(found) == ["dengxia.db", "config.toml", f"media/{name}", "backup.json"]
    assert found[f"media/{name}"] == picture()
    facts = json.loads(found["backup.json"])
    assert (facts["revision"], facts["rows"]["article"]) == (keeping.schema.revisions()[-1], 1)
    assert file.stat().st_mode & 0o077 == 0
    last = keeping.last_backup()
    assert last.path == str(file)
    assert [left.name for left in file.parent.glob(".keeping*")] == []


def test_a_picture_of_any_name(filled, tmp_path):
    names = ["图 1.png", "a\nb.png", "\udcff.png"]
    for name in names:
        Path(filled.instance_path, "media", name).write_bytes(b"x")
    assert run(filled, "backup", tmp_path / "one.tar").exit_code == 0
    for name in names:
        Path(filled.instance_path, "media", name).unlink()
    db.session.remove()
    assert run(filled, "restore", tmp_path / "one.tar").exit_code == 0
    assert all(Path(filled.instance_path, "media", name).read_bytes() == b"x" for name in names)


def test_made_while_others_write_and_read(filled, tmp_path):
    with closing(sqlite3.connect(keeping.database())) as writer, closing(sqlite3.connect(keeping.database())) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM article").fetchone() == (1,)
        writer.execute("UPDATE article SET title = '写到一半'")
        assert run(filled, "backup", tmp_path / "one.tar").exit_code == 0
        writer.commit()
    (tmp_path / "copy.db").write_bytes(members(tmp_path / "one.tar")["dengxia.db"])
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT title FROM article").fetchall() == [("题",)]


def test_names_by_date_and_only_the_newest_are_kept(filled, tmp_path, clock):
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "dengxia-20200101-000000.tar").touch()
    (folder / "mine.tar").touch()
    for _ in range(3):
        clock(1)
        assert run(filled, "backup", "--to", folder, "--keep", 2).exit_code == 0
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 3
    assert names[-1] == "mine.tar"
    assert "dengxia-20200101-000000.tar" not in names


@pytest.mark.parametrize("args", [[], ["a.tar", "--to", "b"], ["a.tar", "--keep", "2"]])
def test_a_wrong_command_is_said(app, args):
    result = run(app, "backup", *args)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)


def test_another_file_is_not_written_over(filled, file):
    assert run(filled, "backup", file).exit_code == 0
    file.write_text("别的")
    result = run(filled, "backup", file)
    assert (result.exit_code, file.read_text()) == (1, "别的")


def test_a_broken_database_gives_no_backup(filled, tmp_path):
    with closing(sqlite3.connect(keeping.database())) as connection:
        connection.execute("INSERT INTO redirect (path, article_id) VALUES ('/x', 99)")
        connection.commit()
    result = run(filled, "backup", tmp_path / "one.tar")
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "flask doctor" in result.output
    assert not list(tmp_path.glob("*.tar"))


# Back again


def test_back_again(filled, file, seed):
    before = everything()
    shutil.rmtree(Path(filled.instance_path, "media"))
    seed(*articles(3))
    changed = everything()
    db.session.remove()
    result = run(filled, "restore", file)
    assert result.exit_code == 0, result.output
    assert everything() == before
    assert Path(filled.instance_path, "media", images.name(picture())).read_bytes() == picture()
    kept = next(Path(filled.instance_path).glob("dengxia.db.replaced-*"))
    db.session.remove()
    db.engine.dispose()
    kept.replace(keeping.database())
    assert everything() == changed


def test_into_an_empty_folder(filled, file):
    before = everything()
    db.session.remove()
    db.engine.dispose()
    for place in Path(filled.instance_path).iterdir():
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert run(filled, "restore", file).exit_code == 0
    assert everything() == before
    config = Path(filled.instance_path, "config.toml")
    assert (config.read_text("utf8"), config.stat().st_mode & 0o777) == ('SITE_NAME = "灯"\n', 0o600)


def test_the_configuration_of_this_machine_stays(filled, file):
    Path(filled.instance_path, "config.toml").write_text('SITE_NAME = "新"\n', "utf8")
    assert run(filled, "restore", file).exit_code == 0
    assert Path(filled.instance_path, "config.toml").read_text("utf8") == 'SITE_NAME = "新"\n'


def test_the_log_of_the_old_one_is_not_taken_for_the_new_ones(filled, file, seed):
    """A process that was killed leaves what it wrote in the log beside the database."""
    before = everything()
    seed(*articles(3))
    place = keeping.database()
    left = {end: Path(f"{place}{end}").read_bytes() for end in ("-wal", "-shm")}
    assert left["-wal"]
    db.session.remove()
    db.engine.dispose()
    for end, data in left.items():
        Path(f"{place}{end}").write_bytes(data)
    assert run(filled, "restore", file).exit_code == 0
    assert everything() == before
    kept = next(Path(filled.instance_path).glob("dengxia.db.replaced-*"))
    with closing(sqlite3.connect(kept)) as old:
        assert old.execute("SELECT count(*) FROM article").fetchone() == (4,)


def test_not_while_somebody_has_it_open(filled, file, seed):
    seed(*articles(3))
    before = everything()
    with closing(sqlite3.connect(keeping.database())) as other:
        other.execute("SELECT count(*) FROM article").fetchone()
        result = run(filled, "restore", file)
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert "先停下" in result.output
    assert everything() == before
    assert not list(Path(filled.instance_path).glob("*replaced*"))


def test_in_the_place_of_a_broken_one(filled, file):
    before = everything()
    db.session.remove()
    db.engine.dispose()
    keeping.database().write_bytes(b"broken" * 5000)
    Path(f"{keeping.database()}-wal").write_bytes(b"broken")
    assert run(filled, "restore", file).exit_code == 0
    assert everything() == before
    kept = next(Path(filled.instance_path).glob("dengxia.db.replaced-*[0-9]"))
    assert kept.read_bytes() == b"broken" * 5000
    assert Path(f"{kept}-wal").read_bytes() == b"broken"


def damaged(file):
    """Files that are no backup (any more), each with what they are."""
    data, parts = file.read_bytes(), list(members(file).items())
    facts = json.loads(parts[-1][1])

    def told(**changes):
        return [*parts[:-1], ("backup.json", json.dumps({**facts, **changes}).encode())]

    link = tarfile.TarInfo()
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    yield "text", "文".encode()
    yield "empty", b""
    yield "cut", data[: len(data) // 2]
    yield "cut before the list", data[: data.rindex(b"backup.json")]
    yield "one bit", data[:20_000] + bytes([data[20_000] ^ 1]) + data[20_001:]
    yield "no list", parts[:-1]
    yield "two lists", [*parts, parts[-1]]
    yield "something behind", [*parts, ("media/x.png", b"x")]
    yield "twice", [parts[0], *parts]
    yield "outside", [("../x", b"x"), *parts]
    yield "absolute", [("/etc/x", b"x"), *parts]
    yield "hidden", [("media/.x", b"x"), *parts]
    yield "link", [("media/x", link), *parts]
    yield "no database", told(files={})[1:]
    yield "rows", told(rows={})
    yield "newer", told(form=2)
    yield "list of a list", [*parts[:-1], ("backup.json", b"[" * 100_000)]


def test_what_is_damaged_is_refused_and_changes_nothing(filled, file, tmp_path):
    before = everything()
    db.session.remove()
    place = set(Path(filled.instance_path).iterdir())
    for number, (what, content) in enumerate(damaged(file)):
        bad = tmp_path / f"{number}.tar"
        packed(bad, content) if isinstance(content, list) else bad.write_bytes(content)
        result = run(filled, "restore", bad)
        assert (result.exit_code, len(result.output.splitlines())) == (1, 1), (what, result.output)
        assert result.output.startswith(str(bad)), what
    assert everything() == before
    assert {path for path in Path(filled.instance_path).iterdir() if "-wal" not in path.name} >= {
        path for path in place if "-wal" not in path.name and "-shm" not in path.name
    }
    assert not list(Path(filled.instance_path).glob(".keeping*"))
    assert not list(tmp_path.glob("x*"))


def test_a_backup_of_a_newer_program_is_refused(filled, tmp_path):
    with closing(sqlite3.connect(keeping.database())) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        keeping.backup(tmp_path / "one.tar")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    result = run(filled, "restore", tmp_path / "one.tar")
    assert result.exit_code == 1
    assert "更新的程序备份（9999）" in result.output


def test_a_missing_file_is_said(app, tmp_path):
    result = run(app, "restore", tmp_path / "none.tar")
    assert (result.exit_code, result.output) == (
        1,
        f"{tmp_path / 'none.tar'}: 没有这个文件，或者不许读（什么都没有改）\n",
    )


def test_no_backup_and_no_export_without_the_pictures(filled, tmp_path):
    media = Path(filled.instance_path, "media")
    shutil.rmtree(media)
    media.touch()
    for command in ("backup", "export"):
        result = run(filled, command, tmp_path / command)
        assert (result.exit_code, result.output) == (1, f"{media}: 写不了：那里是文件，不是文件夹\n")
    assert not (tmp_path / "backup").exists()


# By itself


def copies(app):
    return sorted(Path(app.instance_path, "backups").glob("before-seed-*.tar"))


def test_before_much_is_seeded(app, seed, clock):
    seed(*articles(101))
    assert not copies(app), "there was nothing to keep"
    seed(*articles(100, author="甲"))
    assert not copies(app), "not so much"
    for number in range(5):
        clock(1)
        result = seed(*articles(150, author=str(number)))
        assert "放入之前的备份" in result.output
    assert len(copies(app)) == keeping.AUTOMATIC
    seed(*articles(150, author="4"))
    seed(*articles(150, author="5"), args=["--dry-run"])
    seed(*articles(150, author="5"), args=["--no-backup"])
    assert len(copies(app)) == keeping.AUTOMATIC
    assert counts(seed(*articles(150, author="5")))[2] == 150
    db.session.remove()
    assert run(app, "restore", copies(app)[-1]).exit_code == 0
    assert {row.author for row in queries.newest(200)} == {"3"}
    assert rows("SELECT count(*) FROM article") == [150]
    assert keeping.last_backup() is None, "the pictures are not in it"


def test_long_texts_are_much_before_they_are_many(app, seed, monkeypatch):
    monkeypatch.setattr(transfer, "BYTES", 5_000)
    seed(*articles(3))
    assert "放入之前的备份" in seed(*articles(110, body="长" * 400)).output
    db.session.remove()
    assert run(app, "restore", copies(app)[-1]).exit_code == 0
    assert len(queries.newest(200)) == 3


def test_a_setting_turns_it_off(site, empty_site, tmp_path):
    app = site(empty_site, BACKUP_BEFORE=False)
    file = tmp_path / "content.jsonl"
    with app.app_context():
        for author in ("甲", "乙"):
            file.write_text("".join(json.dumps(one) + "\n" for one in articles(150, author=author)), "utf8")
            assert run(app, "seed", file).exit_code == 0
        assert not copies(app)

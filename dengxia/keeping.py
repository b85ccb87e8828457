"""Backups: made while the site goes on, checked before they are called one, and brought back.

In one (a file of `archive`) are the database as it stood at one moment, the pictures, and `config.toml`. The secret key
is not in it: without it sessions end, and with it whoever
finds a backup could make some.

Besides search this knows that the database is SQLite, for what no other way can do: a copy at one moment, its checks.
"""

import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy import create_engine

from dengxia import archive, files, schema, search
from dengxia.archive import CONFIG, DATABASE
from dengxia.formats import Refused, shown
from models import db, now

_DATED = "%Y%m%d-%H%M%S"
AUTOMATIC = 3  # of each kind of those made before something else, so many are kept


class Last(NamedTuple):
    """The newest backup of the whole site that was made and checked: when (seconds), and where."""

    at: int
    path: str


def backup(target: Path, pictures: bool = True) -> None:
    """Write a backup to a file, named so only when it was read again and found whole. Raises `Refused`."""
    if target.exists() and not archive.is_one(target):
        raise Refused(shown(target), "已经有这个文件，又不是备份，没有覆盖")
    with _room(target.parent) as folder:
        copy, partial = folder / DATABASE, folder / "backup.tar"
        _copy_database(copy)
        if problems := problems_of(copy):
            raise Refused(DATABASE, f"数据库坏了（{problems[0]}），没有写备份；请运行 flask doctor")
        facts = {"at": now(), "revision": revision_of(copy), "rows": _counts(copy)}
        archive.pack(partial, _members(copy, pictures), facts)
        copy.unlink()
        archive.unpack(partial)
        partial.replace(target)
        files.flush(target.parent)
    if pictures:
        last = Last(now(), str(target.resolve()))
        files.replace(_last_file(), [json.dumps(last._asdict(), ensure_ascii=False).encode()])


def _members(copy: Path, pictures: bool) -> Iterator[tuple[str, Path]]:
    """What goes into a backup, by its name there."""
    instance = Path(current_app.instance_path)
    yield DATABASE, copy
    if (instance / CONFIG).is_file():
        yield CONFIG, instance / CONFIG
    for picture in files.listed(instance / "media") if pictures else ():
        if picture.is_file():
            yield f"media/{picture.name}", picture


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """A folder in another to work in; what a process left there that was killed goes after a day."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".keeping-*"):
        if now() - left.stat().st_mtime > 86_400:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".keeping-", dir=folder) as name:
        yield Path(name)


def dated(folder: Path, kind: str = "dengxia") -> Path:
    """The name in a folder that a backup made now has."""
    return folder / f"{kind}-{time.strftime(_DATED, time.localtime(now()))}.tar"


def rotate(folder: Path, keep: int, kind: str = "dengxia") -> list[Path]:
    """Remove the backups with names of `dated` but for the newest ones; gives those removed."""
    named = re.compile(rf"{re.escape(kind)}-\d{{8}}-\d{{6}}\.tar")
    old = sorted(file for file in folder.iterdir() if named.fullmatch(file.name))[:-keep]
    for file in old:
        file.unlink()
    return old


def before(what: str) -> Path:
    """Keep a copy of the database (pictures are never changed) before something is done to it; gives the file."""
    folder = Path(current_app.instance_path, "backups")
    target = dated(folder, f"before-{what}")
    backup(target, pictures=False)
    rotate(folder, AUTOMATIC, f"before-{what}")
    return target


def last_backup() -> Last | None:
    """The newest backup of the whole site, if there was one."""
    try:
        last = Last(**json.loads(_last_file().read_text("utf8")))
        return last._replace(at=int(last.at))
    except (OSError, ValueError, TypeError):
        return None


def _last_file() -> Path:
    return Path(current_app.instance_path, "last_backup.json")


def database() -> Path:
    """The file of the database."""
    return Path(db.engine.url.database)


# The database


def _copy_database(target: Path) -> None:
    """As it stands at one moment; readers and writers go on."""
    with _opened(database()) as live, closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous = OFF")
        live.backup(copy)
        # One file: without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def problems_of(file: Path) -> list[str]:
    """What is wrong with a database: its pages and indexes, what points to nothing, the search index."""
    try:
        with _opened(file) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
            lost = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
            found += [f"{table} 的第 {row} 行指向没有的 {parent}" for table, row, parent, _ in lost]
            made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            for name in made & search.TABLES.keys():
                connection.execute(f"INSERT INTO {name} ({name}) VALUES ('integrity-check')")
            connection.rollback()
    except sqlite3.DatabaseError as error:
        return [schema.reason(error)]
    return found


def _counts(file: Path) -> dict[str, int]:
    """How many rows each table has, but for those of search."""
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search@_%' ESCAPE '@'"
    with _opened(file) as connection:
        names = [name for (name,) in connection.execute(f"{tables} AND name NOT LIKE 'sqlite@_%' ESCAPE '@'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(names)}


def revision_of(file: Path) -> str:
    """The revision of a database's schema, or nothing."""
    with _opened(file) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return ""
        return str(next(connection.execute("SELECT version_num FROM alembic_version"), [""])[0])


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    # To read and write, also where it is only read: what a process that was killed had begun is taken back first.
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, timeout=15)) as connection:
        yield connection


# Back again


def restore(file: Path) -> tuple[str, Path | None]:
    """Put a backup in the place of the site; gives its schema's revision, and where the old database is kept.

    Everything is checked, and brought up to today's schema, before the one rename that changes the site. Pictures only
    come to those that are there, since their names tell their content. Raises `Refused`.
    """
    if not (file.is_file() and os.access(file, os.R_OK)):
        raise Refused(shown(file), "没有这个文件，或者不许读")
    instance, target = Path(current_app.instance_path), database()
    with _room(target.parent) as folder:
        facts = archive.unpack(file, folder)
        new = folder / DATABASE
        _check_unpacked(file, new, facts)
        if (revision := revision_of(new)) != schema.revisions()[-1]:
            upgrade(new)
        for found in (*folder.glob("media/*"), *folder.glob(CONFIG)):
            place = instance / found.relative_to(folder)
            if not place.exists():
                files.replace(place, [found.read_bytes()])
                if place.name == CONFIG:
                    place.chmod(0o600)  # it may hold a key or a password
        db.session.remove()
        db.engine.dispose()
        return revision, _swap(new, target)


def _check_unpacked(file: Path, new: Path, facts: dict) -> None:
    if problems := problems_of(new):
        raise Refused(shown(file), f"备份里的数据库坏了（{problems[0]}）")
    if facts.get("rows") != _counts(new):
        raise Refused(shown(file), "备份坏了：数据库的行数和它的清单不一样")
    if (revision := revision_of(new)) not in schema.revisions():
        raise Refused(shown(file), f"由更新的程序备份（{revision}），请换用新的程序")


def upgrade(file: Path) -> None:
    """Bring a database that is not in use up to today's schema."""
    from alembic import command  # here: a server never needs it
    from alembic.config import Config

    folder = Path(current_app.root_path, "migrations")
    config = Config(str(folder / "alembic.ini"))
    config.set_main_option("script_location", str(folder))
    config.attributes["engine"] = engine = create_engine(f"sqlite:///{file}")
    try:
        command.upgrade(config, "head")
    finally:
        engine.dispose()


def _swap(new: Path, target: Path) -> Path | None:
    """Let `new` be the database; gives what the old one is called now. Raises `Refused` where somebody has it open.

    Whatever is in the old one's log goes into it first: SQLite would take a log that lies there for the new one's.
    """
    logs = [target.with_name(target.name + end) for end in ("-wal", "-shm")]
    kept = None
    with _alone(target):
        # It knows who may sign in: as open as the old one, or to its owner only.
        new.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o600)
        if target.exists():
            kept = target.with_name(f"{target.name}.replaced-{time.strftime(_DATED, time.localtime(now()))}")
            kept.hardlink_to(target)
        for log in filter(Path.exists, logs):
            # Only there where the old one is broken.
            log.rename(f"{kept}{log.name.removeprefix(target.name)}") if kept else log.unlink()
        new.replace(target)
        files.flush(target.parent)
    return kept


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Nobody else has a database open meanwhile, and it is one file without a log."""
    if not file.exists():
        yield
        return
    with closing(sqlite3.connect(file, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise Refused(shown(file), "网站还开着，或者有别的命令在用；请先停下它们再恢复") from None
        except sqlite3.DatabaseError:
            pass  # it is broken, which may be why somebody restores
        yield

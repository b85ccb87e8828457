"""Blogs straight from their database: an SQLite file, or MySQL and MariaDB by an address that SQLAlchemy knows.

Nothing is written there. Which program's it is shows in its tables.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, MetaData, Table, create_engine, inspect, make_url
from sqlalchemy.exc import ArgumentError, SAWarning, SQLAlchemyError

from dengxia.formats import Record, Refused, shown, typecho, zblog

SUFFIXES = (".db", ".sqlite", ".sqlite3")


def read(path: Path | str, key: str, zone: ZoneInfo) -> Iterator[tuple[Record | Refused, int]]:
    """The articles and pages of a blog with the length of each; `path` is a file or an address."""
    where, address = _address(path)
    if isinstance(address, URL):
        key = f"{address.host}/{address.database}"
    try:
        engine = create_engine(address)
        with engine.connect() as connection:
            for program in (typecho, zblog):
                if tables := _tables(connection, program.TABLES):
                    yield from program.read(connection, tables, where, key, zone)
                    return
        raise Refused(where, "不是 Typecho 或 Z-BlogPHP 的数据库")
    except ImportError:
        raise Refused(where, "没有安装读它的程序：MySQL 和 MariaDB 要先运行 .venv/bin/pip install pymysql") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise Refused(where, f"它的表和 Typecho、Z-BlogPHP 的不一样（{error}）") from None
    except (SQLAlchemyError, RuntimeError) as error:
        raise Refused(where, f"数据库读不了（{getattr(error, 'orig', None) or type(error).__name__}）") from None


def _address(path: Path | str) -> tuple[str, URL | str]:
    """How a place is named to people, without a password, and how to SQLAlchemy.

    A file is taken for a copy that nobody writes to, so that nothing is put beside it either.
    """
    if isinstance(path, Path):
        return shown(path), f"sqlite:///file:{quote(str(path.absolute()))}?immutable=1&uri=true"
    try:
        url = make_url(path)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        raise Refused("数据库的地址", "应当像 mysql+pymysql://用户:密码@主机/库名") from None
    return url.render_as_string(), url


def _tables(connection: Connection, names: tuple[str, ...]) -> dict[str, Table]:
    """The tables of these names, whatever stands before them (typecho_contents), or nothing."""
    found = set(inspect(connection).get_table_names())
    prefixes = sorted(name.removesuffix(names[0]) for name in found if name.endswith(names[0]))
    for prefix in prefixes:
        if all(f"{prefix}{name}" in found for name in names):
            with warnings.catch_warnings():
                # int(10) is no type of SQLite's; only the names of the columns are wanted.
                warnings.simplefilter("ignore", SAWarning)
                return {name: Table(f"{prefix}{name}", MetaData(), autoload_with=connection) for name in names}
    return {}

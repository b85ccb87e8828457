"""Whether the database is there and has the tables that this program needs."""

from pathlib import Path

from flask import current_app
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from models import db

UPGRADE = "请先运行 flask db upgrade（make run 会自动运行它）"


def problem() -> str:
    """What is wrong with the database's schema and what to do, in one line; nothing when it fits."""
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return f"数据库还没有建立：{UPGRADE}"
    # Not by Alembic, which a server would load for this alone: the files are named by their revisions, in their order.
    files = Path(current_app.root_path, "migrations/versions").glob("*_*.py")
    revisions = sorted(file.name.partition("_")[0] for file in files)
    try:
        with db.engine.connect() as connection:
            made = inspect(connection).has_table("alembic_version")
            current = connection.scalar(text("SELECT version_num FROM alembic_version")) if made else None
    except DatabaseError as error:
        return f"数据库 {url.database} 打不开，或者不是数据库（{error.orig}）"
    if current is None:
        return f"数据库还没有建立：{UPGRADE}"
    if current == revisions[-1]:
        return ""
    if current in revisions:
        return f"数据库的结构是旧的：{UPGRADE}"
    return f"数据库由更新的程序建立（{current}）：请换用新的程序"

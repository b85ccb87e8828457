"""Whether the database is there and has the tables that this program needs."""

from pathlib import Path

from flask import current_app
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from models import db

UPGRADE = "请先运行 flask db upgrade（make run 会自动运行它）"


# What the driver says, as far as somebody can do something about it.
REASONS = {
    "database or disk is full": "磁盘满了，请先腾出地方",
    "readonly database": "文件或文件夹是只读的，或者属于别的用户，请检查权限",
    "unable to open": "文件或文件夹不许读写，请检查权限",
    "database is locked": "有别的程序一直占着它，请过一会儿再试",
    "not a database": "不是数据库，或者已经坏了；有备份就运行 flask restore",
    "malformed": "已经坏了；有备份就运行 flask restore",
    "disk I/O error": "磁盘读写出错：也许满了，也许超过了限额，也许坏了",
}


def reason(error: Exception) -> str:
    """What an error of the database means, and what to do."""
    return next((words for sign, words in REASONS.items() if sign in str(error)), str(error))


def revisions() -> list[str]:
    """The revisions that this program knows, oldest first."""
    # Not by Alembic, which a server would load for this alone: the files are named by their revisions, in their order.
    files = Path(current_app.root_path, "migrations/versions").glob("*_*.py")
    return sorted(file.name.partition("_")[0] for file in files)


def problem() -> str:
    """What is wrong with the database's schema and what to do, in one line; nothing when it fits."""
    url = db.engine.url
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        return f"数据库还没有建立：{UPGRADE}"
    known = revisions()
    try:
        with db.engine.connect() as connection:
            made = inspect(connection).has_table("alembic_version")
            current = connection.scalar(text("SELECT version_num FROM alembic_version")) if made else None
    except DatabaseError as error:
        return f"数据库 {url.database} 打不开：{reason(error.orig)}"
    if current is None:
        return f"数据库还没有建立：{UPGRADE}"
    if current == known[-1]:
        return ""
    if current in known:
        return f"数据库的结构是旧的：{UPGRADE}"
    return f"数据库由更新的程序建立（{current}）：请换用新的程序"

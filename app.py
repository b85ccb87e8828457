"""The whole app on one screen: settings, database, doors, errors. The first file to read."""

import gc
import importlib
import os
import re
import secrets
import sqlite3
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import ArgumentError

from dengxia import (
    auth,
    cache,
    cli,
    desk,
    desk_articles,
    desk_corrections,
    desk_lists,
    desk_pictures,
    desk_preview,
    desk_revisions,
    errors,
    feeds,
    files,
    reading,
    schema,
    security,
)
from models import db

# Name, default, meaning. A value comes from here, then instance/config.toml, then the environment (FLASK_<name>).
SETTINGS = (
    ("SITE_NAME", "中利blog", "网站的名字"),
    ("SITE_DESCRIPTION", "把有用的事写清楚。", "一句话的介绍"),
    ("SITE_URL", "", "网站的正式地址，如 https://example.com；空着就用访问者所用的地址"),
    ("SITE_TIMEZONE", "Asia/Shanghai", "没有写时区的时间算哪个时区，页面上的时间也是"),
    ("SITE_ICP", "", "ICP 备案号，写在每页的页脚"),
    ("SITE_POLICE", "", "公安备案号，写在每页的页脚"),
    ("REPRINT_CANONICAL", False, "转载的文章把 canonical 指向原文"),
    ("PAGE_CACHE_BYTES", 32 * 2**20, "每个进程为访客留存网页的内存；0 为不留存"),
    ("BACKUP_BEFORE", True, "升级数据库、放入一百篇以上之前，先在 instance/backups 里备份数据库"),
    ("SQLALCHEMY_DATABASE_URI", "sqlite:///dengxia.db", "数据库；相对路径从 instance 文件夹算起"),
)


_SITE = re.compile(r"https?://\w([\w.-]*\w)?(:\d{1,5})?", re.ASCII)


def create_app(overrides: dict | None = None) -> Flask:
    """Make the app; `overrides` are settings that win over every other source."""
    folder = os.environ.get("FLASK_INSTANCE_PATH")
    app = Flask(__name__, instance_path=str(Path(folder).resolve()) if folder else None)
    _configure(app, overrides or {})
    app.json.ensure_ascii = False
    db.init_app(app)
    # Alembic takes as long to load as Flask and SQLAlchemy together, and only who gives commands needs it.
    if "flask_migrate" in sys.modules or click.get_current_context(silent=True):
        importlib.import_module("flask_migrate").Migrate(app, db)
    app.url_map.converters["number"] = reading.Number
    # The doors of the desk have one blueprint.
    ours = desk, desk_articles, desk_lists, desk_revisions, desk_corrections, desk_pictures, desk_preview
    for bp in dict.fromkeys(door.bp for door in (reading, feeds, *ours)):
        app.register_blueprint(bp)
    errors.install(app)
    auth.install(app)
    cache.install(app, reading.direct)
    security.install(app)
    cli.install(app)
    _check_schema(app)
    # What is loaded now lives as long as the process: walking it again and again is a quarter of a page's time.
    gc.freeze()
    return app


def _configure(app: Flask, overrides: dict) -> None:
    defaults = {name: default for name, default, _ in SETTINGS}
    app.config.from_mapping(defaults)
    app.config.from_mapping(auth.CONFIG)
    file = Path(app.instance_path, "config.toml")
    try:
        if file.exists():
            app.config.from_file(file, tomllib.load, text=False)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        sys.exit(f"{file}: 不是有效的 TOML（{error}）")
    except OSError as error:
        sys.exit(f"{file}: 读不了（{error.strerror}）")
    app.config.from_prefixed_env()
    for name, default in defaults.items():
        # from_prefixed_env reads JSON, which would make a number of a name like 2049.
        if isinstance(default, str) and not isinstance(app.config[name], str) and f"FLASK_{name}" in os.environ:
            app.config[name] = os.environ[f"FLASK_{name}"]
    app.config.from_mapping(overrides)
    for name, default in defaults.items():
        if reason := _malformed(name, app.config[name], default):
            sys.exit(f"设置 {name} = {app.config[name]!r} 不对：{reason}")
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _secret_key(Path(app.instance_path, "secret_key"))


def _malformed(name: str, value: object, default: object) -> str:
    """What is wrong with a setting, or nothing."""
    if type(value) is not type(default):
        return {str: "应当是文字", bool: "应当是 true 或 false", int: "应当是整数"}[type(default)]
    try:
        if name == "SITE_TIMEZONE":
            ZoneInfo(value)
        if name == "SQLALCHEMY_DATABASE_URI" and make_url(value).drivername != "sqlite":
            return "目前只能用 SQLite，应当像 sqlite:///dengxia.db"
        if name == "SITE_URL" and value and not (_SITE.fullmatch(value) and urlsplit(value).port != 0):
            return "应当像 https://example.com，末尾没有斜线"
        if isinstance(value, int) and value < 0:
            return "不能是负数"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "没有这个时区或端口"
    except ArgumentError:
        return "应当像 sqlite:///dengxia.db"
    return ""


def _secret_key(file: Path) -> bytes:
    """The key of this site, made at its first start and readable by its owner only."""
    try:
        if not file.exists():
            files.create(file, secrets.token_hex(32).encode(), mode=0o600)
        key = file.read_bytes()
    except OSError as error:
        sys.exit(f"{file}: 密钥读不了也写不了（{error.strerror}），请检查 instance 文件夹的权限")
    if len(key) < 32:
        sys.exit(f"{file}: 密钥太短，请删去这个文件，再启动时会重新生成")
    return key


@event.listens_for(Engine, "connect")
def _set_up_sqlite(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout = 15000")
        # Of a new file only. A text of 500 characters does not fill pages of 4 KB well: 1.3 times its bytes, here 1.1.
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        # A large write leaves a large WAL file behind, which is cut back to this.
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # FULL: a save that was acknowledged survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Of the file, 8 MB in memory (the upper levels of every tree, at a million articles) and nothing mapped: that
        # would save 2 µs for each of a page's 25 leaves, and fill a small server's memory with the file.
        connection.execute("PRAGMA cache_size = -8192")


def _check_schema(app: Flask) -> None:
    """`flask run` stops with a clear line when the database is missing or old; any other server answers 503 with it."""
    context = click.get_current_context(silent=True)
    if context and context.info_name == "run":
        with app.app_context():
            if problem := schema.problem():
                raise click.ClickException(problem)

    @app.before_request
    def refuse():
        if not app.extensions.get("schema_is_right"):
            if problem := schema.problem():
                return problem + "\n", 503, {"Content-Type": "text/plain; charset=utf-8"}
            app.extensions["schema_is_right"] = True
        return None

"""The whole app on one screen: settings, database, doors, errors. The first file to read."""

import gc

# Loading makes hardly any garbage: to look for it takes a sixth of the start. `create_app` enables it again.
gc.disable()

import importlib
import os
import secrets
import sqlite3
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from dengxia import (
    auth,
    cache,
    desk,
    desk_articles,
    desk_corrections,
    desk_lists,
    desk_pages,
    desk_pictures,
    desk_preview,
    desk_related,
    desk_revisions,
    desk_site,
    errors,
    feeds,
    files,
    kept,
    reading,
    schema,
    security,
)
from dengxia.settings import DEFAULTS, malformed
from models import db


def create_app(overrides: dict | None = None) -> Flask:
    """Make the app; `overrides` are settings that win over every other source."""
    folder = os.environ.get("FLASK_INSTANCE_PATH")
    app = Flask(__name__, instance_path=str(Path(folder).resolve()) if folder else None)
    _configure(app, overrides or {})
    app.json.ensure_ascii = False
    db.init_app(app)
    app.cli = _Commands(app.name)
    # Alembic takes as long to load as Flask and SQLAlchemy together, and only who gives commands needs it.
    if "flask_migrate" in sys.modules or click.get_current_context(silent=True):
        importlib.import_module("flask_migrate").Migrate(app, db)
    app.url_map.converters["number"] = reading.Number
    # The doors of the desk have one blueprint.
    at_desk = desk, desk_articles, desk_lists, desk_revisions, desk_corrections, desk_preview, desk_related
    of_site = desk_pages, desk_pictures, desk_site
    for bp in dict.fromkeys(door.bp for door in (reading, feeds, *at_desk, *of_site)):
        app.register_blueprint(bp)
    errors.install(app)
    auth.install(app)
    cache.install(app, reading.direct)
    security.install(app)
    _check_schema(app)
    # What is loaded now lives as long as the process: walking it again and again is a quarter of a page's time.
    gc.freeze()
    gc.enable()
    return app


class _Commands(AppGroup):
    """The commands, loaded when one is asked for: what reads and writes files is a tenth of all there is to load."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        importlib.import_module("dengxia.cli").install(self)
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        importlib.import_module("dengxia.cli").install(self)
        return super().list_commands(ctx)


def _configure(app: Flask, overrides: dict) -> None:
    app.config.from_mapping(DEFAULTS)
    app.config.from_mapping(auth.CONFIG)
    file = Path(app.instance_path, "config.toml")
    try:
        written = tomllib.loads(file.read_text("utf8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        sys.exit(f"{file}: 不是有效的 TOML（{error}）")
    except OSError as error:
        sys.exit(f"{file}: 读不了（{error.strerror}）")
    app.config.from_mapping(written)
    app.config.from_prefixed_env()
    for name, default in DEFAULTS.items():
        # from_prefixed_env reads JSON, which would make a number of a name like 2049.
        if isinstance(default, str) and not isinstance(app.config[name], str) and f"FLASK_{name}" in os.environ:
            app.config[name] = os.environ[f"FLASK_{name}"]
    app.config.from_mapping(overrides)
    for name in DEFAULTS:
        if reason := malformed(name, app.config[name]):
            sys.exit(f"设置 {name} = {app.config[name]!r} 不对：{reason}")
    app.extensions["fixed_settings"] = {
        **dict.fromkeys(written, str(file)),
        **{name: f"环境变量 FLASK_{name}" for name in DEFAULTS if f"FLASK_{name}" in os.environ},
        **dict.fromkeys(overrides, "启动网站的程序"),
    }
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _secret_key(Path(app.instance_path, "secret_key"))


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
        # Settings that were changed at the desk count from now on; a database that fails is for the page to say.
        with suppress(SQLAlchemyError):
            kept.content()
        return None

"""How Alembic reaches the app's database; run by `flask db …`, never by hand."""

from contextlib import suppress

from alembic import context
from alembic.runtime.migration import MigrationContext
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from dengxia import keeping, schema, search
from dengxia.formats import Refused
from models import db

# Another one than the site's while a backup is brought back.
engine = context.config.attributes.get("engine", db.engine)


def include_name(name, kind, parents):
    """Search tables are derived: `search.install` makes them, no migration knows them."""
    return kind != "table" or not name.startswith(search.PREFIX)


def back_up():
    """Keep a copy of a site with content before its schema changes."""
    if engine is not db.engine or not current_app.config["BACKUP_BEFORE"]:
        return
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current in (None, context.script.get_current_head()):
            return
        # Not by `queries`, which ask for what old schemas do not have.
        filled = connection.scalar(text("SELECT EXISTS (SELECT 1 FROM article) OR EXISTS (SELECT 1 FROM page)"))
    if filled:
        print(f"升级之前的备份在 {keeping.before('upgrade')}")


def upgrade():
    with engine.connect() as connection:
        # One transaction for all: of an upgrade that breaks off nothing stays.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            include_name=include_name,
            **{
                name: value
                for name, value in current_app.extensions["migrate"].configure_args.items()
                if name not in ("render_as_batch", "compare_type")
            },
        )
        context.run_migrations()
        search.install(connection)
        if MigrationContext.configure(connection).get_current_revision() == context.script.get_current_head():
            search.index_drafts(connection)
        connection.commit()


try:
    if engine is db.engine:
        # It knows who may sign in. What SQLite lays beside it gets its mode, so it has to have it from the first moment.
        with suppress(OSError):  # SQLite says it in better words
            keeping.database().touch(mode=0o600)
    back_up()
    upgrade()
except DatabaseError as error:
    raise SystemExit(f"数据库 {engine.url.database}: {schema.reason(error.orig)}") from None
except Refused as refused:
    raise SystemExit(f"{refused}（没有升级）") from None
except OSError as error:
    raise SystemExit(f"{error.filename}: 升级之前的备份没有写成（{error.strerror}），没有升级") from None

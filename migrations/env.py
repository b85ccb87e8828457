"""How Alembic reaches the app's database; run by `flask db …`, never by hand."""

from alembic import context
from flask import current_app
from sqlalchemy.exc import DatabaseError

from dengxia import search
from models import db


def include_name(name, kind, parents):
    """Search tables are derived: `search.install` makes them, no migration knows them."""
    return kind != "table" or not name.startswith(search.PREFIX)


try:
    db.engine.connect().close()
except DatabaseError as error:
    raise SystemExit(f"数据库 {db.engine.url.database} 打不开，或者不是数据库（{error.orig}）") from None

with db.engine.connect() as connection:
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
    with context.begin_transaction():
        context.run_migrations()
    search.install(connection)
    connection.commit()

"""texts in GB 18030

Pages of articles, which were packed with what the program knows, are made when they are asked for; `flask rebuild` makes
them all at once.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 12:35:00

"""
import zlib

from alembic import op


# revision identifiers, used by Alembic.
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    _recode('utf8', 'gb18030')


def downgrade():
    _recode('gb18030', 'utf8')


def _recode(old, new):
    connection = op.get_bind().connection.driver_connection
    connection.create_function('text', 1, lambda packed: _recoded(packed, b'', b'', old, new))
    connection.create_function('html', 2, lambda packed, source: _recoded_html(packed, source, old, new))
    op.execute('UPDATE body SET source = text(source), html = html(html, source), page = NULL')
    op.execute('UPDATE revision SET content = text(content)')
    op.execute('UPDATE working_copy SET content = text(content)')


def _recoded(packed, old_known, new_known, old, new):
    text = zlib.decompressobj(zdict=old_known).decompress(packed).decode(old)
    packer = zlib.compressobj(zdict=new_known)
    return packer.compress(text.encode(new)) + packer.flush()


def _recoded_html(packed, source, old, new):
    known = zlib.decompress(source)
    return _recoded(packed, known, known.decode(old).encode(new), old, new)

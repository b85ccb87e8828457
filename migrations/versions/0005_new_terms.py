"""what is new of terms in a table of its own, postings of five bytes

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24 12:00:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('new_term',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('frequency', sa.BigInteger(), nullable=False),
    sa.Column('postings', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_new_term'))
    )
    # The number of articles stands there from now on.
    op.execute('INSERT INTO new_term SELECT id, frequency, postings FROM term WHERE id = 0')
    op.execute('DELETE FROM term WHERE id = 0')
    _convert(_shorter)


def downgrade():
    op.execute('DELETE FROM new_term WHERE id < 0')
    op.execute('INSERT INTO term SELECT id, frequency, postings FROM new_term WHERE true ON CONFLICT (id) DO UPDATE SET'
        ' frequency = term.frequency + excluded.frequency,'
        ' postings = coalesce(substr(CAST(term.postings || excluded.postings AS BLOB), -2500), x\'\')')
    op.drop_table('new_term')
    _convert(_longer)


def _convert(change):
    # Copied in order, the rows fill their pages, which changes had left a third empty.
    op.get_bind().connection.driver_connection.create_function('converted', 1, change, deterministic=True)
    op.create_table('converted_term',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('frequency', sa.Integer(), nullable=False),
    sa.Column('postings', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_term'))
    )
    op.execute('INSERT INTO converted_term SELECT id, frequency, converted(postings) FROM term ORDER BY id')
    op.drop_table('term')
    op.rename_table('converted_term', 'term')


def _shorter(postings):
    """Of 8 bytes, a little-endian id << 8 | weight, the first 5."""
    kept = bytearray(len(postings) // 8 * 5)
    for place in range(5):
        kept[place::5] = postings[place::8]
    return bytes(kept)


def _longer(postings):
    filled = bytearray(len(postings) // 5 * 8)
    for place in range(5):
        filled[place::8] = postings[place::5]
    return bytes(filled)

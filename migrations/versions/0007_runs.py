"""runs of seeding, and what each replaced

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-24 12:50:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_run')),
    sqlite_autoincrement=True
    )
    op.create_table('replaced',
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('before', sa.Integer(), nullable=True),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=True),
    sa.Column('edited_at', sa.BigInteger(), nullable=True),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_replaced_article_id_article'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_replaced_run_id_run'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'article_id', name=op.f('pk_replaced'))
    )
    op.create_index(op.f('ix_replaced_article_id'), 'replaced', ['article_id'], unique=False)
    op.create_index(op.f('ix_replaced_before'), 'replaced', ['before', 'run_id'], unique=False)
    op.create_table('replaced_page',
    sa.Column('run_id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('written_at', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.JSON(none_as_null=True), nullable=True),
    sa.ForeignKeyConstraint(['run_id'], ['run.id'], name=op.f('fk_replaced_page_run_id_run'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('run_id', 'slug', name=op.f('pk_replaced_page'))
    )
    # Not batch_alter_table: that would copy the table.
    op.add_column('origin', sa.Column('run_id', sa.Integer(), nullable=True))
    op.create_index(op.f('ix_origin_run_id'), 'origin', ['run_id', 'article_id'], unique=False, sqlite_where=sa.text('run_id IS NOT NULL'))


def downgrade():
    op.drop_index(op.f('ix_origin_run_id'), table_name='origin')
    op.drop_column('origin', 'run_id')
    for name in ('replaced_page', 'replaced', 'run'):
        op.drop_table(name)

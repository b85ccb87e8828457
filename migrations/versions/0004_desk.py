"""the desk: versions, revisions, working copies, corrections, pictures, settings

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24 11:50:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('picture',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_picture'))
    )
    op.create_table('old_page',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.String(), nullable=False),
    sa.Column('removed', sa.Boolean(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('source', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint("format IN ('markdown', 'html')", name=op.f('ck_old_page_format')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_old_page')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_old_page_removed', 'old_page', ['removed', 'id'], unique=False, sqlite_where=sa.text('removed = 1'))
    op.create_index(op.f('ix_old_page_slug_id'), 'old_page', ['slug', 'id'], unique=False)
    op.create_index(op.f('ix_picture_at_name'), 'picture', ['at', 'name'], unique=False)
    op.create_table('setting',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_setting'))
    )
    op.create_table('correction',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_correction_article_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction'))
    )
    op.create_index(op.f('ix_correction_article_id'), 'correction', ['article_id'], unique=False)
    op.create_table('picture_use',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_picture_use_article_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('name', 'article_id', name=op.f('pk_picture_use')),
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_picture_use_article_id'), 'picture_use', ['article_id'], unique=False)
    op.create_table('revision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.String(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_revision_article_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_revision_article_id_id'), 'revision', ['article_id', 'id'], unique=False)
    op.create_table('working_copy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('saved_at', sa.BigInteger(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_working_copy_article_id_article'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_working_copy_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_working_copy')),
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_working_copy_article_id'), 'working_copy', ['article_id'], unique=False)
    op.create_index(op.f('ix_working_copy_user_id_article_id'), 'working_copy', ['user_id', 'article_id'], unique=False)
    # Not batch_alter_table: that would copy the table.
    op.add_column('article', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('article', sa.Column('owner_id', sa.Integer(), nullable=True))
    op.add_column('article', sa.Column('edited_at', sa.BigInteger(), nullable=True))
    op.add_column('article', sa.Column('note', sa.String(), server_default='', nullable=False))


def downgrade():
    for name in ('note', 'edited_at', 'owner_id', 'version'):
        op.drop_column('article', name)
    for name in ('working_copy', 'revision', 'picture_use', 'correction', 'setting', 'old_page', 'picture'):
        op.drop_table(name)

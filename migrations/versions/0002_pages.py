"""pages of articles, choices of related ones

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 09:10:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    # Not batch_alter_table: that would copy the table.
    op.add_column('body', sa.Column('page', sa.LargeBinary(), nullable=True))
    op.create_table('related_choice',
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('other_id', sa.Integer(), nullable=False),
    sa.Column('pinned', sa.Boolean(), nullable=False),
    sa.CheckConstraint('article_id <> other_id', name=op.f('ck_related_choice_another')),
    sa.ForeignKeyConstraint(['article_id'], ['article.id'], name=op.f('fk_related_choice_article_id_article'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['other_id'], ['article.id'], name=op.f('fk_related_choice_other_id_article'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('article_id', 'other_id', name=op.f('pk_related_choice'))
    )
    op.create_index(op.f('ix_related_choice_other_id'), 'related_choice', ['other_id'], unique=False)


def downgrade():
    op.drop_table('related_choice')
    op.drop_column('body', 'page')

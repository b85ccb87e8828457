"""people, their attempts to sign in, the log

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 10:20:00

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('user',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('folded', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('password', sa.String(), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('session', sa.Integer(), nullable=False),
    sa.Column('totp', sa.String(), nullable=False),
    sa.Column('totp_step', sa.BigInteger(), nullable=False),
    sa.Column('disabled', sa.Boolean(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("role IN ('author', 'editor', 'admin')", name=op.f('ck_user_role')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('folded', name=op.f('uq_user_folded'))
    )
    op.create_table('recovery_code',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_recovery_code_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'digest', name=op.f('pk_recovery_code'))
    )
    op.create_table('attempt',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_attempt'))
    )
    op.create_index(op.f('ix_attempt_last_at'), 'attempt', ['last_at'], unique=False)
    op.create_table('log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('who', sa.String(), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_log')),
    sqlite_autoincrement=True
    )


def downgrade():
    op.drop_table('log')
    op.drop_index(op.f('ix_attempt_last_at'), table_name='attempt')
    op.drop_table('attempt')
    op.drop_table('recovery_code')
    op.drop_table('user')

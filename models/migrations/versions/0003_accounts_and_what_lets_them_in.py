"""accounts and what lets them in"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=True),
    sa.Column('email_key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=True),
    sa.Column('email_verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('password_hash', sa.String(), nullable=True),
    sa.Column('is_hidden', sa.Boolean(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('digested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('moderator_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('suspended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("digest IN ('OFF', 'DAILY', 'WEEKLY')", name=op.f('account_digest_known')),
    sa.CheckConstraint('(email IS NULL) = (email_key IS NULL)', name=op.f('account_email_has_key')),
    sa.CheckConstraint('deleted_at IS NULL OR (email IS NULL AND password_hash IS NULL)', name=op.f('account_nobody_is_left')),
    sa.PrimaryKeyConstraint('id', name=op.f('account_pkey')),
    sa.UniqueConstraint('email_key', name=op.f('account_email_key_key'))
    )
    op.create_table('attempts',
    sa.Column('key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('attempts_pkey'))
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index('attempts_by_end', ['until'], unique=False)

    op.create_table('mail',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('recipient', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('mail_pkey'))
    )
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.create_index('mail_by_due', ['due_at'], unique=False)

    op.create_table('access',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('token_hash', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('scopes', sa.String(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('SESSION', 'API')", name=op.f('access_kind_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('access_account_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('access_pkey')),
    sa.UniqueConstraint('token_hash', name=op.f('access_token_hash_key'))
    )
    with op.batch_alter_table('access', schema=None) as batch_op:
        batch_op.create_index('access_by_account', ['account_id', 'id'], unique=False)

    op.create_table('identity',
    sa.Column('issuer', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('subject', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('provider', sa.String(), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('identity_account_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('identity_pkey'))
    )
    with op.batch_alter_table('identity', schema=None) as batch_op:
        batch_op.create_index('identity_by_account', ['account_id'], unique=False)

    op.create_table('one_time_code',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purpose', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('about_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_hash', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('address', sa.String(), nullable=True),
    sa.Column('tries_left', sa.Integer(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("purpose IN ('VERIFY_EMAIL', 'CHANGE_EMAIL', 'RESET_PASSWORD', 'CLAIM')", name=op.f('one_time_code_purpose_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('one_time_code_account_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('account_id', 'purpose', 'about_id', name=op.f('one_time_code_pkey'))
    )
    with op.batch_alter_table('one_time_code', schema=None) as batch_op:
        batch_op.create_index('one_time_code_by_hash', ['code_hash'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('one_time_code', schema=None) as batch_op:
        batch_op.drop_index('one_time_code_by_hash')

    op.drop_table('one_time_code')
    with op.batch_alter_table('identity', schema=None) as batch_op:
        batch_op.drop_index('identity_by_account')

    op.drop_table('identity')
    with op.batch_alter_table('access', schema=None) as batch_op:
        batch_op.drop_index('access_by_account')

    op.drop_table('access')
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.drop_index('mail_by_due')

    op.drop_table('mail')
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.drop_index('attempts_by_end')

    op.drop_table('attempts')
    op.drop_table('account')

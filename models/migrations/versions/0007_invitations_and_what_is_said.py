"""invitations and what is said"""

import importlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

first = importlib.import_module("models.migrations.versions.0004_follows_claims_and_what_happened")
before = importlib.import_module("models.migrations.versions.0006_the_order_in_which_it_happened")
COLUMNS = ("invitation_id", "conversation_id", "message_id")
KINDS = (before.KINDS[1], f"{before.KINDS[1]}, 'INVITATION', 'MESSAGE'")


def fix(columns):
    """These columns of events are never rewritten."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP TRIGGER event_fixed{' ON event' if postgresql else ''}")
    statement = next(one for one in (first.POSTGRESQL if postgresql else first.SQLITE) if "event_fixed" in one)
    op.execute(statement.replace(first.FIXED, columns))


def upgrade() -> None:
    op.create_table('block',
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('blocked_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('account_id <> blocked_id', name=op.f('block_another')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('block_account_id_fkey')),
    sa.ForeignKeyConstraint(['blocked_id'], ['account.id'], name=op.f('block_blocked_id_fkey')),
    sa.PrimaryKeyConstraint('account_id', 'blocked_id', name=op.f('block_pkey'))
    )
    op.create_table('invitation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('sender_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recipient_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('message', sa.Text(), nullable=False),
    sa.Column('works', sa.Text(), nullable=False),
    sa.Column('topics', sa.Text(), nullable=False),
    sa.Column('word', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state IN ('PENDING', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'EXPIRED')", name=op.f('invitation_state_known')),
    sa.ForeignKeyConstraint(['recipient_id'], ['account.id'], name=op.f('invitation_recipient_id_fkey')),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('invitation_researcher_id_fkey')),
    sa.ForeignKeyConstraint(['sender_id'], ['account.id'], name=op.f('invitation_sender_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('invitation_pkey'))
    )
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.create_index('invitation_by_recipient', ['recipient_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('invitation_by_researcher', ['researcher_id'], unique=False)
        batch_op.create_index('invitation_by_sender', ['sender_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('invitation_open_once', ['sender_id', 'recipient_id'], unique=True, postgresql_where=sa.text("state = 'PENDING'"), sqlite_where=sa.text("state = 'PENDING'"))
        batch_op.create_index('invitation_pending', ['expires_at'], unique=False, postgresql_where=sa.text("state = 'PENDING'"), sqlite_where=sa.text("state = 'PENDING'"))

    op.create_table('conversation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('invitation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitation.id'], name=op.f('conversation_invitation_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('conversation_pkey')),
    sa.UniqueConstraint('invitation_id', name=op.f('conversation_invitation_id_key'))
    )
    op.create_table('message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('conversation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sender_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('message_conversation_id_fkey')),
    sa.ForeignKeyConstraint(['sender_id'], ['account.id'], name=op.f('message_sender_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('message_pkey')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index('message_by_conversation', ['conversation_id', 'id'], unique=False)
        batch_op.create_index('message_by_sender', ['sender_id', 'id'], unique=False)

    op.create_table('participant',
    sa.Column('conversation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_read_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('participant_account_id_fkey')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('participant_conversation_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('conversation_id', 'account_id', name=op.f('participant_pkey'))
    )
    with op.batch_alter_table('participant', schema=None) as batch_op:
        batch_op.create_index('participant_by_account', ['account_id', 'conversation_id'], unique=False)

    op.create_table('report',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reporter_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('accused_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('invitation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name=op.f('report_state_known')),
    sa.CheckConstraint('(invitation_id IS NULL) <> (message_id IS NULL)', name=op.f('report_about_one')),
    sa.ForeignKeyConstraint(['accused_id'], ['account.id'], name=op.f('report_accused_id_fkey')),
    sa.ForeignKeyConstraint(['invitation_id'], ['invitation.id'], name=op.f('report_invitation_id_fkey')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('report_message_id_fkey')),
    sa.ForeignKeyConstraint(['reporter_id'], ['account.id'], name=op.f('report_reporter_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('report_pkey'))
    )
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.create_index('report_by_reporter', ['reporter_id'], unique=False)
        batch_op.create_index('report_by_state', ['state', 'created_at', 'id'], unique=False)
        batch_op.create_index('report_of_invitation_once', ['invitation_id', 'reporter_id'], unique=True)
        batch_op.create_index('report_of_message_once', ['message_id', 'reporter_id'], unique=True)

    for name in COLUMNS:
        op.add_column("event", sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    op.create_index("event_of_conversation_by_position", "event", ["conversation_id", "position"])
    before.known_kinds(*KINDS)
    fix(f"{first.FIXED}, {', '.join(COLUMNS)}")


def downgrade() -> None:
    fix(first.FIXED)
    before.forget("INVITATION", "MESSAGE")
    before.known_kinds(*reversed(KINDS))
    op.drop_index("event_of_conversation_by_position", "event")
    for name in COLUMNS:
        op.drop_column("event", name)

    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.drop_index('report_of_message_once')
        batch_op.drop_index('report_of_invitation_once')
        batch_op.drop_index('report_by_state')
        batch_op.drop_index('report_by_reporter')

    op.drop_table('report')
    with op.batch_alter_table('participant', schema=None) as batch_op:
        batch_op.drop_index('participant_by_account')

    op.drop_table('participant')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index('message_by_sender')
        batch_op.drop_index('message_by_conversation')

    op.drop_table('message')
    op.drop_table('conversation')
    with op.batch_alter_table('invitation', schema=None) as batch_op:
        batch_op.drop_index('invitation_pending', postgresql_where=sa.text("state = 'PENDING'"), sqlite_where=sa.text("state = 'PENDING'"))
        batch_op.drop_index('invitation_open_once', postgresql_where=sa.text("state = 'PENDING'"), sqlite_where=sa.text("state = 'PENDING'"))
        batch_op.drop_index('invitation_by_sender')
        batch_op.drop_index('invitation_by_researcher')
        batch_op.drop_index('invitation_by_recipient')

    op.drop_table('invitation')
    op.drop_table('block')

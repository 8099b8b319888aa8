"""follows claims events"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FIXED = "kind, at, account_id, actor_id, claim_id, action, from_state, to_state, note"
KINDS = ("researcher", "topic", "institution")
TELLS = "CASE {row}.kind WHEN 'researcher' THEN 'Researcher ' WHEN 'topic' THEN 'Topic ' ELSE 'Institution ' END || {row}.subject_id"
NOTIFIES = """INSERT INTO event (kind, at, account_id, actor_id, subject_kind, subject_id)
    SELECT 'NEW_FOLLOWER', NEW.created_at, claim.account_id, NEW.account_id, NEW.kind, NEW.subject_id FROM claim
    WHERE NEW.kind = 'researcher' AND claim.researcher_id = NEW.subject_id AND claim.state IN ('APPROVED', 'CONTESTED')
    AND claim.account_id <> NEW.account_id ON CONFLICT DO NOTHING;"""


def counts(row, step):
    return " ".join(
        f"UPDATE {kind} SET follower_count = follower_count {step} WHERE {row}.kind = '{kind}' AND id = {row}.subject_id;"
        for kind in KINDS
    )


def tells_sqlite(row):
    return f"""INSERT INTO change (subject) VALUES ({TELLS.format(row=row)});
    DELETE FROM change WHERE id <= (SELECT max(id) FROM change) - 10000;"""


SQLITE = (
    f"CREATE TRIGGER follow_added AFTER INSERT ON follow BEGIN {counts('NEW', '+ 1')} {tells_sqlite('NEW')} {NOTIFIES} END",
    f"CREATE TRIGGER follow_removed AFTER DELETE ON follow BEGIN {counts('OLD', '- 1')} {tells_sqlite('OLD')} END",
    "CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    f"CREATE TRIGGER event_fixed BEFORE UPDATE OF {FIXED} ON event"
    " BEGIN SELECT RAISE(ABORT, 'events are never rewritten'); END",
)
POSTGRESQL = (
    f"""CREATE FUNCTION follow_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        {counts('NEW', '+ 1')} PERFORM pg_notify('peergraph', {TELLS.format(row='NEW')}); {NOTIFIES}
    ELSE
        {counts('OLD', '- 1')} PERFORM pg_notify('peergraph', {TELLS.format(row='OLD')});
    END IF;
    RETURN NULL; END $$""",
    "CREATE TRIGGER follow_counted AFTER INSERT OR DELETE ON follow FOR EACH ROW EXECUTE FUNCTION follow_counted()",
    """CREATE FUNCTION event_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'events are never rewritten'; END $$""",
    f"CREATE TRIGGER event_fixed BEFORE UPDATE OF {FIXED} ON event FOR EACH ROW EXECUTE FUNCTION event_for_ever()",
    "CREATE TRIGGER event_kept BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_for_ever()",
    "CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON event EXECUTE FUNCTION event_for_ever()",
)


def upgrade() -> None:
    op.create_table('event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject_kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=True),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('claim_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('action', sa.String(), nullable=True),
    sa.Column('from_state', sa.String(), nullable=True),
    sa.Column('to_state', sa.String(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('NEW_WORK', 'NEW_FOLLOWER', 'CLAIM', 'ACCOUNT')", name=op.f('event_kind_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('event_pkey')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index('event_by_actor', ['actor_id', 'id'], unique=False)
        batch_op.create_index('event_by_addressee', ['account_id', 'id'], unique=False)
        batch_op.create_index('event_by_claim', ['claim_id', 'id'], unique=False)
        batch_op.create_index('event_by_new_work', ['work_id'], unique=False, postgresql_where=sa.text("kind = 'NEW_WORK'"), sqlite_where=sa.text("kind = 'NEW_WORK'"))
        batch_op.create_index('event_new_follower_once', ['subject_id', 'actor_id'], unique=True, postgresql_where=sa.text("kind = 'NEW_FOLLOWER'"), sqlite_where=sa.text("kind = 'NEW_FOLLOWER'"))
        batch_op.create_index('event_new_work_once', ['subject_kind', 'subject_id', 'work_id'], unique=True, postgresql_where=sa.text("kind = 'NEW_WORK'"), sqlite_where=sa.text("kind = 'NEW_WORK'"))

    op.create_table('follow',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('researcher', 'topic', 'institution')", name=op.f('follow_kind_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('follow_account_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('follow_pkey')),
    sa.UniqueConstraint('account_id', 'kind', 'subject_id', name='follow_once'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('follow', schema=None) as batch_op:
        batch_op.create_index('follow_by_account', ['account_id', 'id'], unique=False)
        batch_op.create_index('follow_by_subject', ['kind', 'subject_id', 'id'], unique=False)

    op.create_table('claim',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('method', sa.String(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=True),
    sa.Column('statement', sa.Text(), nullable=True),
    sa.Column('evidence_url', sa.Text(), nullable=True),
    sa.Column('email', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("method IN ('ORCID', 'EMAIL', 'EVIDENCE')", name=op.f('claim_method_known')),
    sa.CheckConstraint("state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED', 'CONTESTED', 'REVOKED')", name=op.f('claim_state_known')),
    sa.CheckConstraint('level BETWEEN 2 AND 4', name=op.f('claim_level_known')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('claim_account_id_fkey')),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('claim_researcher_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('claim_pkey'))
    )
    with op.batch_alter_table('claim', schema=None) as batch_op:
        batch_op.create_index('claim_by_account', ['account_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('claim_by_researcher', ['researcher_id'], unique=False)
        batch_op.create_index('claim_by_state', ['state', 'created_at', 'id'], unique=False)
        batch_op.create_index('claim_held_by_account', ['account_id'], unique=True, postgresql_where=sa.text("state IN ('APPROVED', 'CONTESTED')"), sqlite_where=sa.text("state IN ('APPROVED', 'CONTESTED')"))
        batch_op.create_index('claim_held_of_researcher', ['researcher_id'], unique=True, postgresql_where=sa.text("state IN ('APPROVED', 'CONTESTED')"), sqlite_where=sa.text("state IN ('APPROVED', 'CONTESTED')"))
        batch_op.create_index('claim_open_once', ['account_id', 'researcher_id'], unique=True, postgresql_where=sa.text("state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW')"), sqlite_where=sa.text("state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW')"))

    op.create_table('detached',
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.CheckConstraint("reason IN ('DISOWNED', 'SUPPRESSED')", name=op.f('detached_reason_known')),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('detached_researcher_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('researcher_id', 'work_id', name=op.f('detached_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('detached', schema=None) as batch_op:
        batch_op.create_index('detached_by_work', ['work_id'], unique=False)

    # In place: SQLite would add a foreign key only by copying the table, and to drop the old one empties, by cascade,
    # whatever refers to it.
    op.add_column('researcher', sa.Column('own_institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
    op.add_column('researcher', sa.Column('affiliation_withheld', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('researcher', sa.Column('suppressed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('authorship', sa.Column('detached_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))

    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    op.drop_column('authorship', 'detached_id')
    for column in ('suppressed_at', 'affiliation_withheld', 'own_institution_id'):
        op.drop_column('researcher', column)

    with op.batch_alter_table('detached', schema=None) as batch_op:
        batch_op.drop_index('detached_by_work')

    op.drop_table('detached')
    with op.batch_alter_table('claim', schema=None) as batch_op:
        batch_op.drop_index('claim_open_once', postgresql_where=sa.text("state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW')"), sqlite_where=sa.text("state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW')"))
        batch_op.drop_index('claim_held_of_researcher', postgresql_where=sa.text("state IN ('APPROVED', 'CONTESTED')"), sqlite_where=sa.text("state IN ('APPROVED', 'CONTESTED')"))
        batch_op.drop_index('claim_held_by_account', postgresql_where=sa.text("state IN ('APPROVED', 'CONTESTED')"), sqlite_where=sa.text("state IN ('APPROVED', 'CONTESTED')"))
        batch_op.drop_index('claim_by_state')
        batch_op.drop_index('claim_by_researcher')
        batch_op.drop_index('claim_by_account')

    op.drop_table('claim')
    with op.batch_alter_table('follow', schema=None) as batch_op:
        batch_op.drop_index('follow_by_subject')
        batch_op.drop_index('follow_by_account')

    op.drop_table('follow')
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index('event_new_work_once', postgresql_where=sa.text("kind = 'NEW_WORK'"), sqlite_where=sa.text("kind = 'NEW_WORK'"))
        batch_op.drop_index('event_new_follower_once', postgresql_where=sa.text("kind = 'NEW_FOLLOWER'"), sqlite_where=sa.text("kind = 'NEW_FOLLOWER'"))
        batch_op.drop_index('event_by_claim')
        batch_op.drop_index('event_by_addressee')
        batch_op.drop_index('event_by_actor')

    op.drop_table('event')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION follow_counted")
        op.execute("DROP FUNCTION event_for_ever")

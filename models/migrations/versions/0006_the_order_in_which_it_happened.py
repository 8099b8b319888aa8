"""the order in which it happened"""

import importlib

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = ("'NEW_WORK', 'NEW_FOLLOWER', 'CLAIM', 'ACCOUNT'", "'NEW_WORK', 'NEW_FOLLOWER', 'CLAIM', 'ACCOUNT', 'FOLLOWERS'")
before = importlib.import_module("models.migrations.versions.0004_follows_claims_and_what_happened")

CHANGED = "INSERT INTO event (kind, at, subject_kind, subject_id) SELECT 'FOLLOWERS', {at}, 'researcher', {row}.subject_id WHERE {row}.kind = 'researcher';"


def followed_sqlite(moment, row, step, tail=""):
    at = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
    return (
        f"CREATE TRIGGER follow_{moment[0]} AFTER {moment[1]} ON follow BEGIN {before.counts(row, step)}"
        f" {before.tells_sqlite(row)} {CHANGED.format(at=at, row=row)} {tail} END"
    )


SQLITE = (
    "DROP TRIGGER follow_added",
    "DROP TRIGGER follow_removed",
    followed_sqlite(("added", "INSERT"), "NEW", "+ 1", before.NOTIFIES),
    followed_sqlite(("removed", "DELETE"), "OLD", "- 1"),
    # One writes at a time here, so ids are in the order of commits.
    "CREATE TRIGGER event_placed AFTER INSERT ON event BEGIN UPDATE event SET position = NEW.id WHERE id = NEW.id; END",
)
POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION follow_counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        {before.counts('NEW', '+ 1')} PERFORM pg_notify('peergraph', {before.TELLS.format(row='NEW')}); {before.NOTIFIES}
        {CHANGED.format(at='clock_timestamp()', row='NEW')}
    ELSE
        {before.counts('OLD', '- 1')} PERFORM pg_notify('peergraph', {before.TELLS.format(row='OLD')});
        {CHANGED.format(at='clock_timestamp()', row='OLD')}
    END IF;
    RETURN NULL; END $$""",
    """CREATE FUNCTION event_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('peergraph', 'Event');
    RETURN NULL; END $$""",
    "CREATE TRIGGER event_told AFTER INSERT ON event EXECUTE FUNCTION event_told()",
)


def known_kinds(old, new):
    """The CHECK of event.kind in place: SQLite knows no other way but a copy, and with the table its triggers would go."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("event_kind_known"), "event", type_="check")
        op.create_check_constraint(op.f("event_kind_known"), "event", f"kind IN ({new})")
        return
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar()
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'event'",
        (f"kind IN ({old})", f"kind IN ({new})"),
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = RESET")


def upgrade() -> None:
    op.add_column("event", sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
    known_kinds(*KINDS)
    op.execute("UPDATE event SET position = id")
    op.create_index("event_by_position", "event", ["position"], unique=True)
    op.create_index("event_addressed_by_position", "event", ["account_id", "position"])
    for name, columns, where in (
        ("event_of_followers_by_position", ["subject_id", "position"], sa.text("kind = 'FOLLOWERS'")),
        ("event_unplaced", ["id"], sa.text("position IS NULL")),
    ):
        op.create_index(name, "event", columns, postgresql_where=where, sqlite_where=where)
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER event_told ON event")
        op.execute("DROP FUNCTION event_told")
        op.execute(before.POSTGRESQL[0].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    else:
        for name in ("event_placed", "follow_added", "follow_removed"):
            op.execute(f"DROP TRIGGER {name}")
        for statement in before.SQLITE[:2]:
            op.execute(statement)
    forget("FOLLOWERS")
    for name in ("event_unplaced", "event_of_followers_by_position", "event_addressed_by_position", "event_by_position"):
        op.drop_index(name, "event")
    known_kinds(*reversed(KINDS))
    op.drop_column("event", "position")


def forget(*kinds):
    """Delete what an earlier version does not know, which a trigger refuses to anybody else."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(f"DROP TRIGGER event_kept{' ON event' if postgresql else ''}")
    op.execute(f"DELETE FROM event WHERE kind IN ({', '.join(map(repr, kinds))})")
    op.execute(next(one for one in (before.POSTGRESQL if postgresql else before.SQLITE) if "event_kept" in one))

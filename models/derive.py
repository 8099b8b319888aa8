"""Derived tables: what follows from the works held, never from what a source says of a person; and the search index.

Only what is marked stale is derived anew, set by set in the database. Both databases run the same text.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.sql.elements import TextClause

from models.columns import Instant
from models.database import tell_changes
from models.derivation import RESEARCHERS, SOURCES_AND_INSTITUTIONS, TEMPORARY, TOPICS
from models.indexing import index_stale

_BUMP = text(
    "INSERT INTO data_version (id, version, stamped_at) VALUES (1, 1, :now)"
    " ON CONFLICT (id) DO UPDATE SET version = data_version.version + 1, stamped_at = excluded.stamped_at"
).bindparams(bindparam("now", type_=Instant))

DERIVED = ("year_activity", "collaboration", "researcher_topic")


def derive(connection: Connection) -> int | None:
    """Derive what is stale and bump the data version, in the caller's transaction.

    The new version; None, and nothing changed, when nothing is stale.
    """
    if connection.scalar(text("SELECT 1 FROM stale LIMIT 1")) is None:
        return None
    now = datetime.now(UTC)
    for statement in (*RESEARCHERS, *TOPICS, *SOURCES_AND_INSTITUTIONS):
        connection.execute(_prepared(statement, now))
    for table in TEMPORARY:
        connection.execute(text(f"DROP TABLE {table}"))
    index_stale(connection)
    connection.execute(text("DELETE FROM stale"))
    connection.execute(_BUMP, {"now": now})
    tell_changes(connection)
    return int(connection.scalar(text("SELECT version FROM data_version")) or 0)


def _prepared(statement: str, now: datetime) -> TextClause:
    prepared = text(statement)
    return prepared.bindparams(bindparam("now", now, type_=Instant)) if ":now" in statement else prepared

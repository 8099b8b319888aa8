"""Bylines without somebody: works that are not theirs, or whose page is gone. Both databases run the same text.

What follows from the works is derived anew at once; while an import is under way, at its end. Everything here runs in a
thread, on an SQLAlchemy connection that holds the transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from models.database import tell_changes
from models.derive import derive

# Works are those that `detached` lists for the researcher with this reason, or one of them.
_THOSE = (
    "SELECT work_id FROM detached WHERE researcher_id = :researcher AND reason = :reason"
    " AND work_id = coalesce(:work, work_id)"
)
_LIST_ALL = (
    "INSERT INTO detached (researcher_id, work_id, reason)"
    " SELECT DISTINCT researcher_id, work_id, :reason FROM authorship"
    " WHERE researcher_id = :researcher AND work_id = coalesce(:work, work_id) ON CONFLICT DO NOTHING"
)
_STALE = (
    "INSERT INTO stale (kind, id) SELECT 'researcher', found.id FROM (SELECT researcher_id AS id FROM authorship"
    f" WHERE work_id IN ({_THOSE}) AND researcher_id IS NOT NULL UNION SELECT CAST(:researcher AS BIGINT)) AS found"
    " WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO stale (kind, id) SELECT DISTINCT 'topic', topic_id FROM work_topic"
    f" WHERE work_id IN ({_THOSE}) ON CONFLICT DO NOTHING",
)
_DETACH = (
    "UPDATE authorship SET detached_id = researcher_id, researcher_id = NULL"
    f" WHERE researcher_id = :researcher AND work_id IN ({_THOSE})"
)
_ATTACH = (
    "UPDATE authorship SET researcher_id = detached_id, detached_id = NULL"
    f" WHERE detached_id = :researcher AND work_id IN ({_THOSE})"
)
_FORGET = (
    "DELETE FROM detached WHERE researcher_id = :researcher AND reason = :reason AND work_id = coalesce(:work, work_id)"
)


def detach(connection: Connection, researcher: int, reason: str, work: int | None = None) -> bool:
    """Take the researcher out of the byline of the work, or of all; whether any is out of it now."""
    given = {"researcher": researcher, "reason": reason, "work": work}
    _run(connection, (_LIST_ALL, *_STALE, _DETACH), given)
    return connection.execute(text(_THOSE), given).first() is not None


def attach(connection: Connection, researcher: int, reason: str, work: int | None = None) -> None:
    """Put the researcher back where they were taken out for this reason."""
    _run(connection, (*_STALE, _ATTACH, _FORGET), {"researcher": researcher, "reason": reason, "work": work})


def _run(connection: Connection, statements: tuple[str, ...], given: dict[str, Any]) -> None:
    importing = connection.scalar(text("SELECT 1 FROM stale LIMIT 1"))  # an import derives what it has marked, and this
    for statement in statements:
        connection.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    if importing is None:
        derive(connection)
    tell_changes(connection)

"""Pages that are gone at somebody's wish; bylines keep the name as printed."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import Connection, bindparam
from sqlmodel import col

from models import Claim, Detached, Event, Researcher
from models.claim import HELD_STATES
from models.columns import Instant, Key, now
from models.detached import NO_WORK
from resolvers.bylines import attach, detach
from resolvers.checked import checked_text
from resolvers.reads import is_any_of, select
from resolvers.refused import Declined, Refused
from resolvers.viewers import Viewer
from resolvers.writing import Writer

_LOCKED = (
    select(Researcher.id, Researcher.suppressed_at)
    .where(col(Researcher.id) == bindparam("researcher", type_=Key))
    .with_for_update(key_share=True)
)
_OWNER = select(Claim.account_id).where(
    is_any_of(Claim.state, HELD_STATES), col(Claim.researcher_id) == bindparam("researcher", type_=Key)
)
_SUPPRESS = (
    sqlalchemy.update(Researcher)
    .where(col(Researcher.id) == bindparam("record", type_=Key))
    .values(suppressed_at=bindparam("moment", type_=Instant))
)
_MARK = sqlalchemy.insert(Detached).values(
    researcher_id=bindparam("record", type_=Key), work_id=NO_WORK, reason="SUPPRESSED"
)


async def suppress_profile(
    writer: Writer, viewer: Viewer, researcher_id: int, note: str | None, *, suppressed: bool
) -> None:
    """Let a page be gone, or come back: by its owner, or by a moderator. Bylines keep the names.

    Raises Declined (NOT_FOUND, INVALID_INPUT), Refused (FORBIDDEN).
    """
    note = checked_text(note, "note")

    def rule(connection: Connection) -> None:
        researcher = connection.execute(_LOCKED, {"researcher": researcher_id}).one_or_none()
        owner = connection.scalar(_OWNER, {"researcher": researcher_id})
        if owner != viewer.id and not viewer.moderator:
            raise Refused("FORBIDDEN", "This takes the record's owner or a moderator.")
        if researcher is None:
            raise Declined("NOT_FOUND", "There is no record with this id.", "researcherId", steps=("SEARCH",))
        if (researcher.suppressed_at is not None) == suppressed:
            return
        moment = now() if suppressed else None
        connection.execute(_SUPPRESS, {"record": researcher_id, "moment": moment})
        if suppressed:
            connection.execute(_MARK, {"record": researcher_id})
            detach(connection, researcher_id, "SUPPRESSED")
        else:
            attach(connection, researcher_id, "SUPPRESSED")
        connection.execute(
            sqlalchemy.insert(Event).values(
                kind="ACCOUNT",
                at=now(),
                account_id=owner if owner != viewer.id else None,
                actor_id=viewer.id,
                subject_kind="researcher",
                subject_id=researcher_id,
                action="SUPPRESS" if suppressed else "RESTORE",
                note=note,
            )
        )

    await writer.in_thread(rule)

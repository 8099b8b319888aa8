"""What the owner of a claimed record says of themselves, and which works are theirs; no import overwrites it."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Connection, bindparam, literal_column, or_
from sqlmodel import col

from models import Affiliation, Claim, Detached, Event, Institution, Researcher
from models.claim import HELD_STATES
from models.columns import Instant, Key, now
from models.database import subject
from models.researcher import COLLABORATION_STATUSES
from resolvers.bylines import attach, detach
from resolvers.checked import checked_line, checked_link, checked_text
from resolvers.claim_states import LOCKS
from resolvers.reads import Many, is_any_of, select
from resolvers.refused import Declined, Refused
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

detached_by_researcher = Many(
    select(Detached).where(col(Detached.reason) == "DISOWNED").order_by(col(Detached.work_id)),
    key=col(Detached.researcher_id),
)

_HELD = select(Claim.researcher_id).where(
    is_any_of(Claim.state, HELD_STATES), col(Claim.account_id) == bindparam("account", type_=Key)
)
_AFFILIATED = select(Institution.id).where(
    col(Institution.id) == bindparam("institution", type_=Key),
    or_(
        col(Institution.id).in_(
            select(Affiliation.institution_id).where(col(Affiliation.researcher_id) == bindparam("researcher"))
        ),
        col(Institution.id).in_(select(Researcher.institution_id).where(col(Researcher.id) == bindparam("researcher"))),
    ),
)


async def update_profile(writer: Writer, viewer: Viewer, **values: Any) -> int:
    """The record that the viewer has, with these columns set; a None takes back what was said.

    Raises Declined (NOT_CLAIMED, INVALID_INPUT).
    """
    if values.get("headline"):
        values["headline"] = checked_line(values["headline"], "headline")
    if values.get("homepage_url"):
        values["homepage_url"] = checked_link(values["homepage_url"], "homepageUrl")
    if "collaboration_status" in values:
        assert values["collaboration_status"] in COLLABORATION_STATUSES

    async def rule(write: Transaction) -> int:
        researcher = await _held(write, viewer)
        institution = values.get("own_institution_id")
        if institution is not None:
            known = await write.value(_AFFILIATED, institution=institution, researcher=researcher)
            if known is None:
                message = "The record is not affiliated with this institution."
                raise Declined("NOT_FOUND", message, "institutionId", steps=("CORRECT_SOURCE",))
        if values:
            await write.rows(_setting(tuple(sorted(values))), researcher=researcher, **_named(values))
            await write.tell(subject("Researcher", researcher))
        return researcher

    return await writer.write(rule)


async def _held(write: Transaction, viewer: Viewer) -> int:
    found: int | None = await write.value(_HELD, account=viewer.id)
    if found is None:
        raise Declined("NOT_CLAIMED", "You have claimed no record.", steps=("CLAIM",))
    await write.rows(LOCKS[0], researcher=found)
    return found


_SETTINGS: dict[tuple[str, ...], Any] = {}


def _setting(names: tuple[str, ...]) -> Any:
    if names not in _SETTINGS:
        columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        _SETTINGS[names] = (
            sqlalchemy.update(Researcher).where(col(Researcher.id) == bindparam("researcher")).values(**columns)
        )
    return _SETTINGS[names]


def _named(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


async def disown_work(writer: Writer, viewer: Viewer, work_id: int) -> int:
    """The record of the viewer, without the work. Raises Declined (NOT_CLAIMED, NOT_FOUND)."""

    def rule(connection: Connection) -> int:
        researcher = _held_by(connection, viewer)
        if not detach(connection, researcher, "DISOWNED", work_id):
            raise Declined("NOT_FOUND", "The record is not in this work's byline.", "workId", steps=("SEARCH",))
        return researcher

    return await writer.in_thread(rule)


async def reclaim_work(writer: Writer, viewer: Viewer, work_id: int) -> int:
    """The record of the viewer, with a work again that it had disowned. Raises Declined (NOT_CLAIMED)."""

    def rule(connection: Connection) -> int:
        researcher = _held_by(connection, viewer)
        attach(connection, researcher, "DISOWNED", work_id)
        return researcher

    return await writer.in_thread(rule)


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
        change = detach if suppressed else attach
        change(connection, researcher_id, "SUPPRESSED")
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


async def restore_unowned(writer: Writer) -> int:
    """Put back the works that were disowned by somebody who does not have the record any more. Of how many records."""

    def rule(connection: Connection) -> int:
        records = connection.scalars(_UNOWNED).all()
        for researcher in records:
            attach(connection, researcher, "DISOWNED")
        return len(records)

    if not await writer.write(lambda write: write.rows(_UNOWNED), alone=True):
        return 0
    return await writer.in_thread(rule)


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
_UNOWNED = (
    select(Detached.researcher_id)
    .where(
        col(Detached.reason) == literal_column("'DISOWNED'"),
        ~select(Claim.id)
        .where(col(Claim.researcher_id) == Detached.researcher_id, is_any_of(Claim.state, HELD_STATES))
        .exists(),
    )
    .distinct()
)


def _held_by(connection: Connection, viewer: Viewer) -> int:
    found: int | None = connection.scalar(_HELD, {"account": viewer.id})
    if found is None:
        raise Declined("NOT_CLAIMED", "You have claimed no record.", steps=("CLAIM",))
    return found

"""Which works are the owner's, whatever a source says: what they disown stays so after imports."""

from __future__ import annotations

from sqlalchemy import Connection, literal_column
from sqlmodel import col

from models import Claim, Detached, Work
from models.claim import HELD_STATES
from resolvers.bylines import attach, detach
from resolvers.claim_blockers import HELD_BY
from resolvers.profiles import not_claimed
from resolvers.reads import Many, is_any_of, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Writer

works_disowned_by_account = Many(
    select(Work)
    .join(Detached, col(Detached.work_id) == Work.id)
    .join(Claim, col(Claim.researcher_id) == Detached.researcher_id)
    .where(col(Detached.reason) == literal_column("'DISOWNED'"), is_any_of(Claim.state, HELD_STATES))
    .order_by(col(Work.newest_key), col(Work.title_key), col(Work.id)),
    key=col(Claim.account_id),
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


def _held_by(connection: Connection, viewer: Viewer) -> int:
    found: int | None = connection.scalar(HELD_BY, {"account": viewer.id})
    if found is None:
        raise not_claimed()
    return found

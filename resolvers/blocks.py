"""Blocking an account, and reporting what it wrote."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import Account, Block, Event, Invitation, Message, Participant, Report
from models.columns import Instant, Key, now
from resolvers.checked import checked_text
from resolvers.invitations import lock_accounts
from resolvers.page_statements import down, up
from resolvers.paging import Paged
from resolvers.reads import Among, Many, One, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Conflict, Transaction, Writer

blocked_by_account = Many(
    select(Account)
    .join(Block, col(Block.blocked_id) == Account.id)
    .order_by(col(Block.created_at).desc(), col(Account.id)),
    key=col(Block.account_id),
)
# What was reported, as a moderator reads it.
_REPORTED = (
    select(
        Report,
        sqlalchemy.func.coalesce(Message.body, Invitation.message).label("text"),
    )
    .outerjoin(Message, col(Message.id) == Report.message_id)
    .outerjoin(Invitation, col(Invitation.id) == Report.invitation_id)
)
report_by_id = One(_REPORTED, key=col(Report.id))
report_queue = Paged(
    _REPORTED,
    name="reports",
    identity=col(Report.id),
    orders={"OLDEST": (up(Report.created_at), up(Report.id)), "NEWEST": (down(Report.created_at), down(Report.id))},
    filters={"states": Among(Report.state, "states")},
)

_ACCOUNT = select(Account.id).where(
    col(Account.id) == bindparam("account", type_=Key), col(Account.deleted_at).is_(None)
)
_BLOCK = insert(Block).values(
    account_id=bindparam("account", type_=Key),
    blocked_id=bindparam("blocked", type_=Key),
    created_at=bindparam("moment", type_=Instant),
)
_UNBLOCK = sqlalchemy.delete(Block).where(
    col(Block.account_id) == bindparam("account", type_=Key), col(Block.blocked_id) == bindparam("blocked", type_=Key)
)
_RECEIVED = select(Invitation.id, Invitation.sender_id).where(
    col(Invitation.id) == bindparam("invitation", type_=Key),
    col(Invitation.recipient_id) == bindparam("account", type_=Key),
)
_HEARD = (
    select(Message.id, Message.sender_id)
    .join(Participant, col(Participant.conversation_id) == Message.conversation_id)
    .where(
        col(Message.id) == bindparam("message", type_=Key),
        col(Participant.account_id) == bindparam("account", type_=Key),
        col(Message.sender_id) != bindparam("account", type_=Key),
    )
)
_DECIDE = (
    sqlalchemy.update(Report)
    .where(col(Report.id) == bindparam("report", type_=Key))
    .values(state=bindparam("to"), note=bindparam("said"), decided_at=bindparam("moment", type_=Instant))
)
_LOCKED = select(Report).where(col(Report.id) == bindparam("report", type_=Key)).with_for_update()


async def block(writer: Writer, viewer: Viewer, account_id: int) -> int:
    """The account's id. Blocked already is success. Raises Declined (NOT_FOUND, OWN_ACCOUNT)."""
    if account_id == viewer.id:
        raise Declined("OWN_ACCOUNT", "This is your own account.", "accountId")

    async def rule(write: Transaction) -> int:
        await lock_accounts(write, viewer.id, account_id)
        await _known(write, account_id)
        await write.rows(_BLOCK.on_conflict_do_nothing(), account=viewer.id, blocked=account_id, moment=now())
        return account_id

    return await writer.write(rule)


async def unblock(writer: Writer, viewer: Viewer, account_id: int) -> int:
    """The account's id. Not blocked is success. Raises Declined (NOT_FOUND)."""

    async def rule(write: Transaction) -> int:
        await lock_accounts(write, viewer.id, account_id)
        await _known(write, account_id)
        await write.rows(_UNBLOCK, account=viewer.id, blocked=account_id)
        return account_id

    return await writer.write(rule)


async def _known(write: Transaction, account_id: int) -> None:
    """Raises Declined (NOT_FOUND)."""
    if await write.value(_ACCOUNT, account=account_id) is None:
        raise Declined("NOT_FOUND", "There is no account with this id.", "accountId")


async def report(
    writer: Writer, viewer: Viewer, reason: str, *, invitation_id: int | None, message_id: int | None
) -> None:
    """Show a moderator what was received. Reported already is success. Raises Declined (NOT_FOUND, INVALID_INPUT)."""
    why = checked_text(reason, "reason")
    if why is None:
        raise Declined("INVALID_INPUT", "Say what is wrong with it.", "reason")
    if (invitation_id is None) == (message_id is None):
        raise Declined("INVALID_INPUT", "Give either `invitationId` or `messageId`.", "invitationId")

    async def rule(write: Transaction) -> None:
        if invitation_id is not None:
            found = await write.row(_RECEIVED, invitation=invitation_id, account=viewer.id)
        else:
            found = await write.row(_HEARD, message=message_id, account=viewer.id)
        if found is None:
            path = "messageId" if invitation_id is None else "invitationId"
            raise Declined("NOT_FOUND", "You have received nothing with this id.", path)
        known: dict[str, Any] = {"invitation_id": invitation_id, "message_id": message_id}
        await write.add(Report(reporter_id=viewer.id, accused_id=found.sender_id, reason=why, **known))

    try:
        await writer.write(rule)
    except Conflict:
        return


async def decide(writer: Writer, viewer: Viewer, report_id: int, *, upheld: bool, note: str | None) -> int:
    """The report's id. The same decision again is success. Raises Declined (NOT_FOUND, OWN_ACCOUNT, INVALID_INPUT)."""
    note, to = checked_text(note, "note"), "UPHELD" if upheld else "DISMISSED"

    async def rule(write: Transaction) -> int:
        found = await write.row(_LOCKED, report=report_id)
        if found is None:
            raise Declined("NOT_FOUND", "There is no report with this id.", "reportId")
        if viewer.id in (found.accused_id, found.reporter_id):
            message = "You have a part in this report."
            raise Declined("OWN_ACCOUNT", message, "reportId", steps=("OTHER_MODERATOR",))
        if found.state != to:
            await write.rows(_DECIDE, report=report_id, to=to, said=note, moment=now())
            await write.add(Event(kind="ACCOUNT", actor_id=viewer.id, action=f"REPORT_{to}", note=note))
        return report_id

    return await writer.write(rule)

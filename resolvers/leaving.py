"""Leaving: what an account has here, and taking it away."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import (
    Access,
    Account,
    Block,
    Claim,
    Event,
    Follow,
    Identity,
    Invitation,
    Mail,
    Message,
    OneTimeCode,
    Participant,
    Report,
)
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.accounts import LOCK, confirmed
from resolvers.claim_states import Actor, locked, move
from resolvers.reads import Many, is_any_of, select
from resolvers.store import Store
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

NOBODY = "Deleted account"
_SECRET = {"key_", "password_hash", "token_hash", "code_hash", "email_key"}
_OTHERS = {
    "notifications": {"actor_id"},
    "actions": {"account_id", "claim_id", "invitation_id"},
    "invitationsReceived": {"sender_id"},
    "invitationsSent": {"recipient_id"},
    "blocked": {"blocked_id"},
    "reports": {"accused_id", "note"},
}  # columns that may say who they are

_LIVE = select(Claim.id).where(
    col(Claim.account_id) == bindparam("account", type_=Key),
    is_any_of(Claim.state, ("DRAFT", "EVIDENCE_PENDING", "UNDER_REVIEW", "APPROVED", "CONTESTED")),
)
_OWNED = [
    sqlalchemy.delete(table).where(col(table.account_id) == bindparam("account", type_=Key))
    for table in (Follow, Access, OneTimeCode, Identity, Block)
]
_UNSENT = sqlalchemy.delete(Mail).where(col(Mail.recipient) == bindparam("email"))
_EMPTY_CLAIMS = (
    sqlalchemy.update(Claim)
    .where(col(Claim.account_id) == bindparam("account", type_=Key))
    .values(statement=None, evidence_url=None, email=None)
)
# Who is gone takes no part any more; what they wrote to others stays with these, under no name.
_FAREWELLS = [
    sqlalchemy.update(Invitation)
    .where(col(Invitation.sender_id) == bindparam("account", type_=Key), col(Invitation.state) == "PENDING")
    .values(state="WITHDRAWN", answered_at=bindparam("moment", type_=Instant)),
    sqlalchemy.update(Invitation)
    .where(col(Invitation.recipient_id) == bindparam("account", type_=Key), col(Invitation.state) == "PENDING")
    .values(state="EXPIRED", answered_at=bindparam("moment", type_=Instant)),
    sqlalchemy.update(Participant)
    .where(col(Participant.account_id) == bindparam("account", type_=Key), col(Participant.left_at).is_(None))
    .values(left_at=bindparam("moment", type_=Instant)),
]
_BURY = (
    sqlalchemy.update(Account)
    .where(col(Account.id) == bindparam("account", type_=Key))
    .values(
        display_name=NOBODY,
        email=None,
        email_key=None,
        email_verified_at=None,
        password_hash=None,
        is_hidden=True,
        digest="OFF",
        moderator_since=None,
        deleted_at=bindparam("moment", type_=Instant),
    )
)


async def delete_account(writer: Writer, viewer: Viewer, password: str | None) -> None:
    """Take away all that is the person's; what others see of it stays under no name.

    Raises Declined (INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS).
    """
    await confirmed(writer, viewer, password, "password")

    async def rule(write: Transaction) -> None:
        for row in await write.rows(_LIVE, account=viewer.id):
            await move(write, await locked(write, row.id), "WITHDRAW", Actor.CLAIMANT, viewer.id)
        account = await write.row(LOCK, account=viewer.id)
        for statement in _OWNED:
            await write.rows(statement, account=viewer.id)
        for farewell in _FAREWELLS:
            await write.rows(farewell, account=viewer.id, moment=now())
        await write.rows(_EMPTY_CLAIMS, account=viewer.id)
        if account.email is not None:
            await write.rows(_UNSENT, email=account.email)
        await write.rows(_BURY, account=viewer.id, moment=now())
        await write.add(Event(kind="ACCOUNT", actor_id=viewer.id, action="DELETE"))
        await write.tell(subject("Account", viewer.id))

    await writer.write(rule)


def _all_of(table: Any, column: str = "account_id") -> Many:
    return Many(select(table).order_by(*table.__table__.primary_key.columns), key=col(getattr(table, column)))


_HELD_HERE = {
    "account": Many(select(Account), key=col(Account.id)),
    "identities": _all_of(Identity),
    "access": _all_of(Access),
    "following": _all_of(Follow),
    "claims": _all_of(Claim),
    "invitationsSent": _all_of(Invitation, "sender_id"),
    "invitationsReceived": _all_of(Invitation, "recipient_id"),
    "conversations": _all_of(Participant),
    "messages": _all_of(Message, "sender_id"),
    "blocked": _all_of(Block),
    "reports": _all_of(Report, "reporter_id"),
    "notifications": _all_of(Event),
    "actions": Many(select(Event).order_by(col(Event.id)), key=col(Event.actor_id)),
}


async def everything_of(store: Store, account_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows that are the account's, by what they are; nothing that lets anyone in, nor who else had a part in it."""
    found = {}
    for name, read in _HELD_HERE.items():
        hidden = _SECRET | _OTHERS.get(name, set())
        rows = await store.load(read, account_id)
        found[name] = [{key: value for key, value in row._asdict().items() if key not in hidden} for row in rows]
    return found

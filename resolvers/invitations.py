"""Invitations: from an account to the owner of a claimed record; nothing else can be written before one is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import bindparam, or_
from sqlmodel import col

from models import Claim, Conversation, Event, Invitation, Participant, Researcher
from models.account import random_key
from models.claim import HELD_STATES
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.accounts import LOCK
from resolvers.checked import checked_line, checked_text
from resolvers.claim_blockers import HELD_BY
from resolvers.claim_states import LOCKS
from resolvers.invite_blockers import BETWEEN, BLOCKERS, BLOCKS, DAY, NEAR, RECENT, Facts, blockers
from resolvers.page_statements import PARENT, down
from resolvers.paging import Paged
from resolvers.reads import Among, One, is_any_of, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Conflict, Transaction, Writer

EXPIRES = timedelta(days=60)
MOST_ABOUT = 10  # works, and topics, that an invitation is about
NO_SUCH = "There is no invitation with this id."

_OWN = or_(
    col(Invitation.sender_id) == bindparam("account", type_=Key),
    col(Invitation.recipient_id) == bindparam("account", type_=Key),
)
invitation_of_viewer = One(select(Invitation).where(_OWN), key=col(Invitation.id))
invitations_of_account = Paged(
    select(Invitation).where(or_(col(Invitation.sender_id) == PARENT, col(Invitation.recipient_id) == PARENT)),
    name="invitations of account",
    identity=col(Invitation.id),
    orders={"NEWEST": (down(Invitation.created_at), down(Invitation.id))},
    filters={
        "states": Among(Invitation.state, "states"),
        "incoming": col(Invitation.recipient_id) == PARENT,
        "outgoing": col(Invitation.sender_id) == PARENT,
    },
)

_RECORD = select(Researcher.id, Researcher.collaboration_status, Researcher.suppressed_at).where(
    col(Researcher.id) == bindparam("researcher", type_=Key)
)
_OWNER = select(Claim.account_id).where(
    is_any_of(Claim.state, HELD_STATES), col(Claim.researcher_id) == bindparam("researcher", type_=Key)
)
_LOCKED = select(Invitation).where(col(Invitation.id) == bindparam("invitation", type_=Key)).with_for_update()
_PARTIES = select(Invitation.sender_id, Invitation.recipient_id).where(
    col(Invitation.id) == bindparam("invitation", type_=Key)
)
_ANSWER = (
    sqlalchemy.update(Invitation)
    .where(col(Invitation.id) == bindparam("invitation", type_=Key))
    .values(state=bindparam("to"), word=bindparam("said"), answered_at=bindparam("moment", type_=Instant))
)
_OVERDUE = (
    sqlalchemy.update(Invitation)
    .where(col(Invitation.state) == "PENDING", col(Invitation.expires_at) <= bindparam("moment", type_=Instant))
    .values(state="EXPIRED", answered_at=bindparam("moment", type_=Instant))
    .returning(col(Invitation.id), col(Invitation.sender_id))
)


async def invite(
    writer: Writer,
    viewer: Viewer,
    researcher_id: int,
    title: str,
    message: str,
    *,
    works: Sequence[int] = (),
    topics: Sequence[int] = (),
) -> int:
    """The id of the invitation. Raises Declined (any of BLOCKERS, INVALID_INPUT)."""
    title, text = checked_line(title, "subject"), checked_text(message, "message")
    if text is None:
        raise Declined("INVALID_INPUT", "Say what you have in mind.", "message")
    for name, ids in (("workIds", works), ("topicIds", topics)):
        if len(ids) > MOST_ABOUT:
            raise Declined("INVALID_INPUT", f"At most {MOST_ABOUT}.", name)
    id = random_key()

    async def rule(write: Transaction) -> None:
        researcher = await write.row(_RECORD, researcher=researcher_id)
        if researcher is None:
            raise Declined("NOT_FOUND", "There is no researcher with this id.", "researcherId", steps=("SEARCH",))
        await write.row(LOCKS[0], researcher=researcher_id)  # so that it stays its owner's until this is over
        owner: int | None = await write.value(_OWNER, researcher=researcher_id)
        await lock_accounts(write, viewer.id, owner)
        facts = await _facts(write, viewer, researcher_id, owner)
        for blocker in blockers(viewer, researcher, facts, now()):
            message, steps = BLOCKERS[blocker]
            raise Declined(blocker, message, "researcherId", steps=steps)
        assert owner is not None  # as one of the blockers says
        await write.add(
            Invitation(
                id=id,
                sender_id=viewer.id,
                recipient_id=owner,
                researcher_id=researcher_id,
                subject=title,
                message=text,
                works=orjson.dumps([*dict.fromkeys(works)]).decode(),
                topics=orjson.dumps([*dict.fromkeys(topics)]).decode(),
                expires_at=now() + EXPIRES,
            )
        )
        await _tell(write, id, "SEND", to=owner, by=viewer.id)

    try:
        await writer.write(rule)
    except Conflict:
        message, steps = BLOCKERS["ALREADY_INVITED"]
        raise Declined("ALREADY_INVITED", message, "researcherId", steps=steps) from None
    return id


async def respond(writer: Writer, viewer: Viewer, invitation_id: int, *, accept: bool, word: str | None) -> int:
    """Its id. The same answer again is success. Raises Declined (NOT_FOUND, WRONG_STATE, BLOCKED, INVALID_INPUT)."""
    word, to = checked_text(word, "word"), "ACCEPTED" if accept else "DECLINED"

    async def rule(write: Transaction) -> None:
        invitation = await _locked(write, invitation_id, recipient=viewer.id)
        if invitation.state == to:
            return
        _check_open(invitation)
        if accept:
            if await write.value(HELD_BY, account=viewer.id) != invitation.researcher_id:
                raise Declined("WRONG_STATE", "The record it was sent to is not yours any more.", "invitationId")
            await refuse_blocked(write, viewer.id, invitation.sender_id, "invitationId")
            conversation = Conversation(invitation_id=invitation.id)
            await write.add(conversation)
            for account in (invitation.sender_id, viewer.id):
                await write.add(Participant(conversation_id=conversation.id, account_id=account))
        await write.rows(_ANSWER, invitation=invitation.id, to=to, said=word, moment=now())
        await _tell(write, invitation.id, "ACCEPT" if accept else "DECLINE", to=invitation.sender_id, by=viewer.id)

    await writer.write(rule)
    return invitation_id


async def withdraw(writer: Writer, viewer: Viewer, invitation_id: int) -> int:
    """Its id. Withdrawn already, it is success. Raises Declined (NOT_FOUND, WRONG_STATE)."""

    async def rule(write: Transaction) -> None:
        invitation = await _locked(write, invitation_id, sender=viewer.id)
        if invitation.state == "WITHDRAWN":
            return
        _check_open(invitation)
        await write.rows(_ANSWER, invitation=invitation.id, to="WITHDRAWN", said=None, moment=now())
        await _tell(write, invitation.id, "WITHDRAW", to=invitation.recipient_id, by=viewer.id)

    await writer.write(rule)
    return invitation_id


async def expire_invitations(writer: Writer) -> None:
    """End those that nobody has answered in time."""

    async def rule(write: Transaction) -> None:
        for row in await write.rows(_OVERDUE, moment=now()):
            await _tell(write, row.id, "EXPIRE", to=row.sender_id, by=None)

    await writer.write(rule)


async def lock_accounts(write: Transaction, *accounts: int | None) -> None:
    """One rule at a time between these; in the order of their ids, so that no two wait for each other."""
    for account in sorted({one for one in accounts if one is not None}):
        await write.row(LOCK, account=account)


async def refuse_blocked(write: Transaction, account: int, other: int, path: str) -> None:
    """Raises Declined (BLOCKED)."""
    if await write.rows(BLOCKS, account=account, other=other):
        message, steps = BLOCKERS["BLOCKED"]
        raise Declined("BLOCKED", message, path, steps=steps)


async def _facts(write: Transaction, viewer: Viewer, researcher_id: int, owner: int | None) -> Facts:
    between = {"account": viewer.id, "other": owner}
    own = await write.value(HELD_BY, account=viewer.id)
    return Facts(
        owner,
        is_blocked=bool(await write.rows(BLOCKS, **between)),
        invitations=[row for statement in BETWEEN for row in await write.rows(statement, **between)],
        lately=len(await write.rows(RECENT, account=viewer.id, since=now() - DAY)),
        is_near=own is not None and bool(await write.rows(NEAR, own=own, researcher=researcher_id)),
    )


async def _locked(
    write: Transaction, invitation_id: int, *, sender: int | None = None, recipient: int | None = None
) -> Any:
    """The invitation, if it is theirs. Raises Declined (NOT_FOUND)."""
    parties = await write.row(_PARTIES, invitation=invitation_id)
    if parties is None or (sender or parties.sender_id, recipient or parties.recipient_id) != tuple(parties):
        raise Declined("NOT_FOUND", NO_SUCH, "invitationId", steps=("LOOK_AT_INVITATIONS",))
    await lock_accounts(write, *parties)
    return await write.row(_LOCKED, invitation=invitation_id)


def _check_open(invitation: Any) -> None:
    """Raises Declined (WRONG_STATE)."""
    if invitation.state != "PENDING" or invitation.expires_at <= now():
        state = "EXPIRED" if invitation.state == "PENDING" else invitation.state
        message = f"The invitation is {state.lower()} already."
        raise Declined("WRONG_STATE", message, "invitationId", steps=("LOOK_AT_INVITATIONS",))


async def _tell(write: Transaction, id: int, action: str, *, to: int, by: int | None) -> None:
    await write.add(Event(kind="INVITATION", account_id=to, actor_id=by, invitation_id=id, action=action))
    await write.tell(subject("Account", to))

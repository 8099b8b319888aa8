"""Conversations of accepted invitations: what two accounts write to each other, and nobody else reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, func
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import Conversation, Event, Message, Participant
from models.columns import Instant, Key, now
from resolvers.invitations import lock_accounts, refuse_blocked
from resolvers.page_statements import PARENT, down, up
from resolvers.paging import Paged
from resolvers.reads import Many, One, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

LONGEST = 10_000
EDITABLE = timedelta(minutes=15)
NO_SUCH = "There is no conversation of yours with this id."

_ACCOUNT, _CONVERSATION = bindparam("account", type_=Key), bindparam("conversation", type_=Key)
_MINE = select(Conversation, Participant.account_id, Participant.last_read_id, Participant.archived_at).join(
    Participant, col(Participant.conversation_id) == Conversation.id
)
_THERE = col(Participant.left_at).is_(None)
# Rows of a conversation as one of those in it sees it; who has left sees nothing of it any more.
_OF_VIEWER = _MINE.where(col(Participant.account_id) == _ACCOUNT, _THERE)
conversation_of_viewer = One(_OF_VIEWER, key=col(Conversation.id))
conversation_of_invitation = One(_OF_VIEWER, key=col(Conversation.invitation_id))
conversations_of_account = Paged(
    _MINE.where(col(Participant.account_id) == PARENT, _THERE),
    name="conversations of account",
    identity=col(Conversation.id),
    orders={"NEWEST": (down(Conversation.updated_at), down(Conversation.id))},
    filters={
        "archived": col(Participant.archived_at).is_not(None),
        "current": col(Participant.archived_at).is_(None),
    },
)
participants_of_conversation = Many(
    select(Participant).where(_THERE).order_by(col(Participant.account_id)), key=col(Participant.conversation_id)
)
messages_of_conversation = Paged(
    select(Message).where(col(Message.conversation_id) == PARENT),
    name="messages of conversation",
    identity=col(Message.id),
    orders={"NEWEST": (down(Message.id),), "OLDEST": (up(Message.id),)},
)
message_of_viewer = One(
    select(Message)
    .join(Participant, col(Participant.conversation_id) == Message.conversation_id)
    .where(col(Participant.account_id) == _ACCOUNT, _THERE),
    key=col(Message.id),
)
_reader = aliased(Participant)
unread_by_viewer = One(
    select(Message.conversation_id, func.count().label("unread"))
    .join(_reader, col(_reader.conversation_id) == Message.conversation_id)
    .where(
        col(_reader.account_id) == _ACCOUNT,
        col(Message.id) > _reader.last_read_id,
        col(Message.sender_id) != _reader.account_id,
    )
    .group_by(col(Message.conversation_id)),
    key=col(Message.conversation_id),
)

_PARTIES = select(Participant).where(col(Participant.conversation_id) == _CONVERSATION)
_SENT = select(Message).where(col(Message.id) == bindparam("message", type_=Key))
_WRITE = (
    sqlalchemy.insert(Message)
    .values(
        conversation_id=_CONVERSATION,
        sender_id=_ACCOUNT,
        body=bindparam("body"),
        created_at=bindparam("moment", type_=Instant),
    )
    .returning(col(Message.id))
)
_REWRITE = (
    sqlalchemy.update(Message)
    .where(col(Message.id) == bindparam("message", type_=Key))
    .values(body=bindparam("text"), edited_at=bindparam("moment", type_=Instant))
)
_MOVED = (
    sqlalchemy.update(Conversation)
    .where(col(Conversation.id) == _CONVERSATION)
    .values(updated_at=bindparam("moment", type_=Instant))
)
_SHOWN_AGAIN = (
    sqlalchemy.update(Participant).where(col(Participant.conversation_id) == _CONVERSATION).values(archived_at=None)
)
_OF_ONE = sqlalchemy.update(Participant).where(
    col(Participant.conversation_id) == _CONVERSATION, col(Participant.account_id) == _ACCOUNT
)
_READ = _OF_ONE.where(col(Participant.last_read_id) < bindparam("last", type_=Key)).values(
    last_read_id=bindparam("last", type_=Key)
)
_LEAVE = _OF_ONE.values(left_at=bindparam("moment", type_=Instant))
_ARCHIVE = _OF_ONE.values(archived_at=bindparam("moment", type_=Instant))
_NEWEST = select(func.coalesce(func.max(Message.id), 0)).where(
    col(Message.conversation_id) == _CONVERSATION, col(Message.id) <= bindparam("up_to", type_=Key)
)


async def send_message(writer: Writer, viewer: Viewer, conversation_id: int, body: str) -> int:
    """The id of the message. Raises Declined (NOT_FOUND, WRONG_STATE, BLOCKED, INVALID_INPUT)."""
    _check(body)

    async def rule(write: Transaction) -> int:
        await _write_to(write, viewer, conversation_id, "conversationId")
        moment = now()
        id: int = await write.value(_WRITE, conversation=conversation_id, account=viewer.id, body=body, moment=moment)
        await write.rows(_MOVED, conversation=conversation_id, moment=moment)
        await write.rows(_SHOWN_AGAIN, conversation=conversation_id)
        await write.rows(_READ, conversation=conversation_id, account=viewer.id, last=id)
        await _tell(write, viewer, conversation_id, id, "SEND")
        return id

    return await writer.write(rule)


async def edit_message(writer: Writer, viewer: Viewer, message_id: int, body: str) -> int:
    """Its id. Raises Declined (NOT_FOUND, WRONG_STATE, BLOCKED, INVALID_INPUT)."""
    _check(body)

    async def rule(write: Transaction) -> int:
        message = await write.row(_SENT, message=message_id)
        if message is None or message.sender_id != viewer.id:
            raise Declined("NOT_FOUND", "There is no message of yours with this id.", "messageId")
        await _write_to(write, viewer, message.conversation_id, "messageId")
        if message.created_at < now() - EDITABLE:
            raise Declined("WRONG_STATE", "A message can be changed for 15 minutes.", "messageId")
        if message.body != body:
            await write.rows(_REWRITE, message=message_id, text=body, moment=now())
            await _tell(write, viewer, message.conversation_id, message_id, "EDIT")
        return message_id

    return await writer.write(rule)


async def mark_read(writer: Writer, viewer: Viewer, conversation_id: int, up_to: int | None) -> int:
    """The conversation's id: read up to this message, or all of it. Twice is success. Raises Declined (NOT_FOUND)."""

    async def rule(write: Transaction) -> int:
        await _there(write, viewer, conversation_id, "conversationId")
        last = await write.value(_NEWEST, conversation=conversation_id, up_to=2**63 - 1 if up_to is None else up_to)
        await write.rows(_READ, conversation=conversation_id, account=viewer.id, last=last)
        return conversation_id

    return await writer.write(rule)


async def archive(writer: Writer, viewer: Viewer, conversation_id: int, *, archived: bool) -> int:
    """Its id. Twice is success. Raises Declined (NOT_FOUND)."""

    async def rule(write: Transaction) -> int:
        await _there(write, viewer, conversation_id, "conversationId")
        moment = now() if archived else None
        await write.rows(_ARCHIVE, conversation=conversation_id, account=viewer.id, moment=moment)
        return conversation_id

    return await writer.write(rule)


async def leave(writer: Writer, viewer: Viewer, conversation_id: int) -> None:
    """Have no part in it any more. Left already is success. Raises Declined (NOT_FOUND)."""

    async def rule(write: Transaction) -> None:
        parties = await _parties(write, conversation_id)
        mine = next((one for one in parties if one.account_id == viewer.id), None)
        if mine is None:
            raise Declined("NOT_FOUND", NO_SUCH, "conversationId")
        if mine.left_at is None:
            await write.rows(_LEAVE, conversation=conversation_id, account=viewer.id, moment=now())

    await writer.write(rule)


def _check(body: str) -> None:
    """Raises Declined (INVALID_INPUT)."""
    if not body.strip() or len(body) > LONGEST or "\0" in body:
        raise Declined("INVALID_INPUT", f"Give 1 to {LONGEST:,} characters, and no NUL.", "body")


async def _parties(write: Transaction, conversation_id: int) -> list[Any]:
    """Its two accounts, which no other rule is about at the same time."""
    parties = await write.rows(_PARTIES, conversation=conversation_id)
    await lock_accounts(write, *[one.account_id for one in parties])
    return await write.rows(_PARTIES, conversation=conversation_id)


async def _there(write: Transaction, viewer: Viewer, conversation_id: int, path: str) -> list[Any]:
    """Its accounts, if the viewer is one of them and has not left. Raises Declined (NOT_FOUND)."""
    parties = await _parties(write, conversation_id)
    if not any(one.account_id == viewer.id and one.left_at is None for one in parties):
        raise Declined("NOT_FOUND", NO_SUCH, path)
    return parties


async def _write_to(write: Transaction, viewer: Viewer, conversation_id: int, path: str) -> None:
    """Raises Declined (NOT_FOUND, WRONG_STATE, BLOCKED) where the viewer cannot."""
    other = next(one for one in await _there(write, viewer, conversation_id, path) if one.account_id != viewer.id)
    if other.left_at is not None:
        raise Declined("WRONG_STATE", "The other has left the conversation.", path)
    await refuse_blocked(write, viewer.id, other.account_id, path)


async def _tell(write: Transaction, viewer: Viewer, conversation_id: int, message_id: int, action: str) -> None:
    about: dict[str, Any] = {"conversation_id": conversation_id, "message_id": message_id, "action": action}
    await write.add(Event(kind="MESSAGE", actor_id=viewer.id, **about))

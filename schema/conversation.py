from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from resolvers import conversations
from resolvers.accounts import account_by_id
from resolvers.conversations import (
    conversation_of_viewer,
    message_of_viewer,
    messages_of_conversation,
    participants_of_conversation,
    unread_by_viewer,
)
from resolvers.invitations import invitation_of_viewer
from resolvers.reads import Given
from schema.context import Info
from schema.enums import MessageOrder
from schema.field import column, computed
from schema.link import link, paged
from schema.links import AConversation, AnAccount, AnInvitation
from schema.lookup import found_of_viewer
from schema.mutation import Answer, Payload, mutation
from schema.node import Node, read_id
from schema.paging import Connection
from schema.selection import columns


@strawberry.type(
    description="What somebody has written in a conversation: plain text, which is nobody's to render as anything else."
)
class Message(Node):
    body: str = column("The text, as it was given.")
    created_at: datetime = column("When it was sent.")
    edited_at: datetime | None = column("When it was last changed.")
    sender: AnAccount | None = link(account_by_id, "Who wrote it.", key="sender_id")

    @computed("conversation_id", description="Where it was written; null to who has left.")
    async def conversation(self, info: Info) -> AConversation | None:
        row: Any = self
        found: AConversation | None = await found_of_viewer(info, conversation_of_viewer, row.conversation_id)
        return found


@strawberry.type(
    description="What two accounts write to each other once an invitation is accepted. `node` finds it for them alone."
)
class Conversation(Node):
    created_at: datetime = column("When the invitation was accepted.")
    updated_at: datetime = column("When something was last written.")
    is_archived: bool = computed("archived_at", description="Whether the viewer has put it away.", private=True)(
        lambda root: root.archived_at is not None
    )
    messages: Connection[Message] = paged(messages_of_conversation, "What was written.", order=MessageOrder("NEWEST"))

    @computed("invitation_id", description="The invitation that it came from.")
    async def invitation(self, info: Info) -> AnInvitation | None:
        row: Any = self
        found: AnInvitation | None = await found_of_viewer(info, invitation_of_viewer, row.invitation_id)
        return found

    @computed("id", description="Those who are in it, without who has left.")
    async def participants(self, info: Info) -> list[AnAccount]:
        row: Any = self
        store = info.context.store
        there = await store.load(participants_of_conversation.only(frozenset({"account_id"})), row.id)
        read = account_by_id.only(columns(info))
        found: list[AnAccount] = [await store.load(read, one.account_id) for one in there]
        return found

    @computed("id", description="How many messages of the other the viewer has not read.", private=True)
    async def unread_count(self, info: Info) -> int:
        row: Any = self
        found = await info.context.store.load(Given(unread_by_viewer, (("account", info.context.me.id),)), row.id)
        return found.unread if found else 0


@strawberry.type(description="A message as it is now.")
class SendMessagePayload(Payload):
    @strawberry.field(description="The message.")
    async def message(self, info: Info) -> Message | None:
        row: Any = self
        found: Message | None = await found_of_viewer(info, message_of_viewer, row.message_id)
        return found


@strawberry.type(description="A conversation as it is now.")
class ConversationPayload(Payload):
    @strawberry.field(description="The conversation; null once the viewer has left it.")
    async def conversation(self, info: Info) -> Conversation | None:
        row: Any = self
        found: Conversation | None = await found_of_viewer(info, conversation_of_viewer, row.conversation_id)
        return found


@strawberry.input(description="What to write.")
class SendMessageInput:
    conversation_id: strawberry.ID = strawberry.field(description="The id of a conversation of the viewer's.")
    body: str = strawberry.field(description="Plain text of 1 to 10,000 characters; it is stored as it is given.")


@strawberry.input(description="What to write instead.")
class EditMessageInput:
    message_id: strawberry.ID = strawberry.field(description="The id of a message of the viewer's.")
    body: str = strawberry.field(description="Plain text of 1 to 10,000 characters.")


@strawberry.input(description="How far a conversation has been read.")
class MarkConversationReadInput:
    conversation_id: strawberry.ID = strawberry.field(description="The id of a conversation of the viewer's.")
    up_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a message: it and all before it; all of them unless given."
    )


@strawberry.input(description="Whether a conversation is put away.")
class ArchiveConversationInput:
    conversation_id: strawberry.ID = strawberry.field(description="The id of a conversation of the viewer's.")
    archived: bool = strawberry.field(default=True, description="Whether to put it away, or to take it out again.")


@strawberry.input(description="Which conversation.")
class ConversationRef:
    conversation_id: strawberry.ID = strawberry.field(description="The id of a conversation of the viewer's.")


@mutation(SendMessagePayload, "Write in a conversation. Who has put it away finds it among the others again.")
async def send_message(info: Info, input: SendMessageInput) -> Answer:
    id = _id(input.conversation_id)
    return Answer(message_id=await conversations.send_message(info.context.writer, info.context.me, id, input.body))


@mutation(SendMessagePayload, "Change a message of one's own, within 15 minutes.")
async def edit_message(info: Info, input: EditMessageInput) -> Answer:
    _, id = read_id(input.message_id, ["input", "messageId"], "Message")
    return Answer(message_id=await conversations.edit_message(info.context.writer, info.context.me, id, input.body))


@mutation(ConversationPayload, "Mark a conversation as read. Read already, it is success.")
async def mark_conversation_read(info: Info, input: MarkConversationReadInput) -> Answer:
    id, up_to = _id(input.conversation_id), input.up_to_id
    last = None if up_to is None else read_id(up_to, ["input", "upToId"], "Message")[1]
    await conversations.mark_read(info.context.writer, info.context.me, id, last)
    return Answer(conversation_id=id)


@mutation(ConversationPayload, "Put a conversation away, or take it out again. Twice is success.")
async def archive_conversation(info: Info, input: ArchiveConversationInput) -> Answer:
    id = _id(input.conversation_id)
    await conversations.archive(info.context.writer, info.context.me, id, archived=input.archived)
    return Answer(conversation_id=id)


@mutation(
    ConversationPayload,
    "Leave a conversation for good: it is not shown to the viewer any more, and nobody can write in it. Left already, "
    "it is success.",
)
async def leave_conversation(info: Info, input: ConversationRef) -> Answer:
    id = _id(input.conversation_id)
    await conversations.leave(info.context.writer, info.context.me, id)
    return Answer(conversation_id=id)


def _id(text: strawberry.ID) -> int:
    return read_id(text, ["input", "conversationId"], "Conversation")[1]

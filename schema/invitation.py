from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import strawberry

from resolvers import invitations
from resolvers.accounts import account_by_id
from resolvers.conversations import conversation_of_invitation
from resolvers.later import arrived
from resolvers.researchers import any_researcher_by_id
from resolvers.topics import topic_by_id
from resolvers.works import work_by_id
from schema.context import Info
from schema.enums import InvitationResponse, InvitationState
from schema.field import column, computed
from schema.link import link
from schema.links import AConversation, AnAccount, AResearcher, ATopic, AWork
from schema.lookup import found_of_viewer
from schema.mutation import Answer, Payload, mutation
from schema.node import Node, read_id, read_ids
from schema.selection import columns


def _about(name: str, read: Any, kind: Any, description: str) -> Any:
    """The records that a column's JSON array of ids names, without those that are gone."""

    async def resolve(root: Any, info: Info) -> Any:
        ids, narrowed = orjson.loads(getattr(root, name)), read.only(columns(info))
        found = await arrived(info.context.store.load_all(narrowed, ids))
        return [narrowed.made(row) for row in found if row is not None]

    resolve.__annotations__["return"] = kind
    return computed(name, description=description)(resolve)


@strawberry.type(
    description="An account's word to the owner of a claimed record that it would like to work with them. `node` finds "
    "it for those two alone."
)
class Invitation(Node):
    state: InvitationState = column("What has become of it.")
    subject: str = column("What it is about, in a line.")
    message: str = column("Plain text, as it was given.")
    word: str | None = column("What came with the answer.")
    created_at: datetime = column("When it was sent.")
    answered_at: datetime | None = column("When it was answered, withdrawn or over.")
    expires_at: datetime = column("Until when it can be answered.")
    sender: AnAccount | None = link(account_by_id, "Who sent it.", key="sender_id")
    recipient: AnAccount | None = link(account_by_id, "Whom it was sent to.", key="recipient_id")
    researcher: AResearcher | None = link(
        any_researcher_by_id, "The record that the recipient had then.", key="researcher_id"
    )
    works: list[AWork] = _about("works", work_by_id, list[AWork], "Works that it is about, in the sender's order.")
    topics: list[ATopic] = _about("topics", topic_by_id, list[ATopic], "Topics that it is about, as given.")

    @computed("id", description="What the two write to each other, once it is accepted; null to who has left.")
    async def conversation(self, info: Info) -> AConversation | None:
        row: Any = self
        found: AConversation | None = await found_of_viewer(info, conversation_of_invitation, row.id)
        return found


@strawberry.type(description="An invitation as it is now.")
class InvitationPayload(Payload):
    @strawberry.field(description="The invitation.")
    async def invitation(self, info: Info) -> Invitation | None:
        row: Any = self
        found: Invitation | None = await found_of_viewer(info, invitations.invitation_of_viewer, row.invitation_id)
        return found


@strawberry.input(description="Whom to invite, and what to say.")
class InviteInput:
    researcher_id: strawberry.ID = strawberry.field(description="The id of the claimed record.")
    subject: str = strawberry.field(description="What it is about, in a line of at most 200 characters.")
    message: str = strawberry.field(description="Plain text of at most 5,000 characters.")
    work_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Works that it is about, at most 10."
    )
    topic_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Topics that it is about, at most 10."
    )


@strawberry.input(description="An answer to an invitation.")
class RespondInput:
    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation to the viewer.")
    response: InvitationResponse = strawberry.field(description="The answer.")
    word: str | None = strawberry.field(default=None, description="What the sender is told with it, if anything.")


@strawberry.input(description="Which invitation.")
class InvitationRef:
    invitation_id: strawberry.ID = strawberry.field(description="The id of an invitation of the viewer's.")


@mutation(
    InvitationPayload,
    "Invite the owner of a claimed record to collaborate: 20 times a day, once at a time, and not within 90 days after "
    "they declined. Nothing else can be written to them before they accept.",
)
async def invite_to_collaborate(info: Info, input: InviteInput) -> Answer:
    works, topics = ["input", "workIds"], ["input", "topicIds"]
    id = await invitations.invite(
        info.context.writer,
        info.context.me,
        read_id(input.researcher_id, ["input", "researcherId"], "Researcher")[1],
        input.subject,
        input.message,
        works=read_ids(input.work_ids or (), works, "Work"),
        topics=read_ids(input.topic_ids or (), topics, "Topic"),
    )
    return Answer(invitation_id=id)


@mutation(
    InvitationPayload,
    "Accept an invitation, which opens a conversation, or decline it. The sender is told which, and the word that is "
    "given with it, nothing else. The same answer again is success.",
)
async def respond_to_invitation(info: Info, input: RespondInput) -> Answer:
    id, accept = _id(input.invitation_id), input.response.value == "ACCEPT"
    await invitations.respond(info.context.writer, info.context.me, id, accept=accept, word=input.word)
    return Answer(invitation_id=id)


@mutation(InvitationPayload, "Take back an invitation that is not answered yet. Withdrawn already, it is success.")
async def withdraw_invitation(info: Info, input: InvitationRef) -> Answer:
    id = await invitations.withdraw(info.context.writer, info.context.me, _id(input.invitation_id))
    return Answer(invitation_id=id)


def _id(text: strawberry.ID) -> int:
    return read_id(text, ["input", "invitationId"], "Invitation")[1]

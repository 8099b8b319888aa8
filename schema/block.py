from __future__ import annotations

from datetime import datetime

import strawberry

from resolvers import blocks
from resolvers.accounts import account_by_id
from resolvers.blocks import report_by_id
from schema.context import Info
from schema.enums import ReportDecision, ReportState
from schema.field import column
from schema.link import link
from schema.links import AnAccount
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import Node, read_id


@strawberry.type(description="What somebody has received and wants a moderator to see. To moderators alone.")
class Report(Node):
    state: ReportState = column("What was decided.")
    reason: str = column("What is wrong with it, as whoever received it says.")
    text: str | None = column("What was received: the message of an invitation, or of a conversation.")
    note: str | None = column("What a moderator said about it.")
    created_at: datetime = column("When it was reported.")
    decided_at: datetime | None = column("When it was decided.")
    reporter: AnAccount | None = link(account_by_id, "Who received it.", key="reporter_id")
    accused: AnAccount | None = link(account_by_id, "Who wrote it.", key="accused_id")


@strawberry.type(description="The account that is blocked, or no longer.")
class BlockPayload(Payload):
    account: AnAccount | None = link(account_by_id, "The account.", key="account_id")


@strawberry.type(description="Whether a moderator will see it.")
class ReportPayload(Payload):
    is_reported: bool | None = strawberry.field(description="True once it waits for a moderator.")


@strawberry.type(description="A report as it is now.")
class DecideReportPayload(Payload):
    report: Report | None = link(report_by_id, "The report.", key="report_id")


@strawberry.input(description="Which account.")
class BlockInput:
    account_id: strawberry.ID = strawberry.field(description="The id of the account.")


@strawberry.input(description="What was received, and what is wrong with it.")
class ReportInput:
    invitation_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of an invitation to the viewer."
    )
    message_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a message to the viewer. One of the two is given."
    )
    reason: str = strawberry.field(description="What is wrong with it, for moderators to read.")


@strawberry.input(description="A moderator's decision about a report.")
class DecideReportInput:
    report_id: strawberry.ID = strawberry.field(description="The id of the report.")
    decision: ReportDecision = strawberry.field(description="The decision.")
    note: str | None = strawberry.field(default=None, description="Why, for other moderators to read.")


@mutation(
    BlockPayload,
    "Hear nothing of an account any more: neither can invite the other nor write to them. Twice is success.",
)
async def block_account(info: Info, input: BlockInput) -> Answer:
    _, id = read_id(input.account_id, ["input", "accountId"], "Account")
    return Answer(account_id=await blocks.block(info.context.writer, info.context.me, id))


@mutation(BlockPayload, "Take back a block. Not blocked is success.")
async def unblock_account(info: Info, input: BlockInput) -> Answer:
    _, id = read_id(input.account_id, ["input", "accountId"], "Account")
    return Answer(account_id=await blocks.unblock(info.context.writer, info.context.me, id))


@mutation(
    ReportPayload,
    "Show a moderator an invitation or a message that the viewer has received. Its sender is not told. Reported "
    "already, it is success.",
)
async def report_abuse(info: Info, input: ReportInput) -> Answer:
    invitation_id = _number(input.invitation_id, "invitationId", "Invitation")
    message_id = _number(input.message_id, "messageId", "Message")
    given = {"invitation_id": invitation_id, "message_id": message_id}
    await blocks.report(info.context.writer, info.context.me, input.reason, **given)
    return Answer(is_reported=True)


def _number(text: strawberry.ID | None, name: str, type_name: str) -> int | None:
    return None if text is None else read_id(text, ["input", name], type_name)[1]


@mutation(DecideReportPayload, "Decide about a report. The same decision again is success.", Who.MODERATOR)
async def decide_report(info: Info, input: DecideReportInput) -> Answer:
    _, id = read_id(input.report_id, ["input", "reportId"], "Report")
    upheld = input.decision.value == "UPHOLD"
    await blocks.decide(info.context.writer, info.context.me, id, upheld=upheld, note=input.note)
    return Answer(report_id=id)

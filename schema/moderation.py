from __future__ import annotations

from datetime import datetime

import strawberry

from resolvers import moderation
from resolvers.accounts import account_by_id
from resolvers.claims import claim_by_id
from schema.context import Info
from schema.field import column
from schema.link import link
from schema.links import AClaim, AnAccount
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import read_id


@strawberry.type(description="A step about a claim or an account, as it was taken; nobody can rewrite it.")
class AuditEntry:
    at: datetime = column("When.")
    action: str | None = column("What was done: the action of a claim's event, or `SUSPEND`, `APPOINT`, `SUPPRESS` …")
    actor: AnAccount | None = link(account_by_id, "Who did it; null for the service itself.", key="actor_id")
    account: AnAccount | None = link(account_by_id, "Whom it concerns, if that is somebody else.", key="account_id")
    claim: AClaim | None = link(claim_by_id, "The claim that it is about.", key="claim_id")
    from_state: str | None = column("The claim's state before.")
    to_state: str | None = column("The claim's state after.")
    note: str | None = column("What was said about it.")


@strawberry.input(description="Which account.")
class SuspendAccountInput:
    account_id: strawberry.ID = strawberry.field(description="The id of the account.")
    note: str | None = strawberry.field(default=None, description="Why, for the account and moderators to read.")


@strawberry.type(description="The account that was suspended, or let in again.")
class SuspendAccountPayload(Payload):
    account: AnAccount | None = link(account_by_id, "The account.", key="account_id")


@mutation(SuspendAccountPayload, "Sign an account out everywhere and keep it out. Twice is success.", Who.MODERATOR)
async def suspend_account(info: Info, input: SuspendAccountInput) -> Answer:
    return await _suspend(info, input, suspended=True)


@mutation(SuspendAccountPayload, "Let a suspended account sign in again. Twice is success.", Who.MODERATOR)
async def reinstate_account(info: Info, input: SuspendAccountInput) -> Answer:
    return await _suspend(info, input, suspended=False)


async def _suspend(info: Info, input: SuspendAccountInput, *, suspended: bool) -> Answer:
    _, id = read_id(input.account_id, ["input", "accountId"], "Account")
    await moderation.suspend(info.context.writer, info.context.me, id, input.note, suspended=suspended)
    return Answer(account_id=id)

from __future__ import annotations

import strawberry

from resolvers import identities
from resolvers.accounts import account_by_id
from schema.account import Account
from schema.context import Info
from schema.link import link
from schema.mutation import Answer, Payload, Who, mutation


@strawberry.input(description="Which identity to unlink.")
class UnlinkIdentityInput:
    issuer: str = strawberry.field(description="The identity's `issuer`.")
    subject: str = strawberry.field(description="The identity's `subject`.")


@strawberry.type(description="The account without the identity.")
class UnlinkIdentityPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(
    UnlinkIdentityPayload,
    "Let the viewer's account not be signed in to by an identity any more, unless it is the last way in. Not linked, "
    "it is success.",
    Who.SESSION,
)
async def unlink_identity(info: Info, input: UnlinkIdentityInput) -> Answer:
    me = info.context.me
    await identities.unlink_identity(info.context.writer, me, input.issuer, input.subject)
    return Answer(account_id=me.id)

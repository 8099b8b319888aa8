from __future__ import annotations

import strawberry

from resolvers.leaving import delete_account as leave
from schema.context import Info
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import global_id


@strawberry.input(description="The viewer's own word that they want to go.")
class DeleteAccountInput:
    password: str | None = strawberry.field(
        default=None, description="The account's password; an account without one leaves it out."
    )


@strawberry.type(description="What is left of an account.")
class DeleteAccountPayload(Payload):
    deleted_account_id: strawberry.ID | None = strawberry.field(description="The id of the account that is gone.")


@mutation(
    DeleteAccountPayload,
    "Delete the viewer's account: what it follows, its claims and all that says who it is. What others see of it stays "
    "under no name.",
    Who.SESSION,
)
async def delete_account(info: Info, input: DeleteAccountInput) -> Answer:
    id = info.context.me.id
    await leave(info.context.writer, info.context.me, input.password)
    info.context.signed_out()
    return Answer(deleted_account_id=global_id("Account", id))

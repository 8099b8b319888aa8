from __future__ import annotations

import strawberry

from resolvers import accounts
from resolvers.accounts import account_by_id
from schema.account import Account
from schema.context import Info
from schema.enums import Digest
from schema.link import link
from schema.mutation import Answer, Payload, mutation


@strawberry.input(description="What to change of the viewer's account; what is left out or null stays.")
class UpdateAccountInput:
    display_name: str | None = strawberry.field(default=None, description="What to call them, 1 to 100 characters.")
    is_hidden: bool | None = strawberry.field(
        default=None, description="Whether to be counted among followers but never listed."
    )
    digest: Digest | None = strawberry.field(default=None, description="How often what is new is to come by mail.")


@strawberry.type(description="The account as it is now.")
class UpdateAccountPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(UpdateAccountPayload, "Change the viewer's account.")
async def update_account(info: Info, input: UpdateAccountInput) -> Answer:
    given = {name: getattr(value, "value", value) for name, value in vars(input).items() if value is not None}
    await accounts.change_settings(info.context.writer, info.context.me, **given)
    return Answer(account_id=info.context.me.id)

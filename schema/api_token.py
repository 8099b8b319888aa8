from __future__ import annotations

import strawberry

from resolvers import accesses
from resolvers.accesses import access_by_id
from resolvers.accounts import account_by_id
from schema.account import Account, ApiToken
from schema.context import Info
from schema.enums import TokenScope
from schema.link import link
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import read_id


@strawberry.input(description="What a new API token is for.")
class CreateApiTokenInput:
    name: str = strawberry.field(description="What to call it, 1 to 100 characters.")
    scopes: list[TokenScope] = strawberry.field(description="What it may do.")
    expires_in_days: int = strawberry.field(default=90, description="For how long it holds, 1 to 366 days.")


@strawberry.type(description="A new API token.")
class CreateApiTokenPayload(Payload):
    api_token: ApiToken | None = link(access_by_id, "What is known of it from now on.", key="access_id")
    token: str | None = strawberry.field(description="The token itself, shown only now.")


@strawberry.input(description="Which API token to end.")
class RevokeApiTokenInput:
    api_token_id: strawberry.ID = strawberry.field(description="The id of one of the viewer's API tokens.")


@strawberry.type(description="The account without the API token.")
class RevokeApiTokenPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(CreateApiTokenPayload, "Make a token with which a program acts for the account.", Who.SESSION)
async def create_api_token(info: Info, input: CreateApiTokenInput) -> Answer:
    scopes = [scope.value for scope in input.scopes]
    access_id, token = await accesses.make_api_token(
        info.context.writer, info.context.me, input.name, scopes, input.expires_in_days
    )
    return Answer(access_id=access_id, token=token)


@mutation(
    RevokeApiTokenPayload, "End an API token of the viewer's. One that has ended already is success.", Who.SESSION
)
async def revoke_api_token(info: Info, input: RevokeApiTokenInput) -> Answer:
    me = info.context.me
    _, access_id = read_id(input.api_token_id, ["input", "apiTokenId"], "ApiToken")
    await accesses.end_access(info.context.writer, me.id, access_id)
    return Answer(account_id=me.id)

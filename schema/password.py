from __future__ import annotations

import strawberry

from resolvers import new_passwords
from resolvers.accounts import account_by_id
from schema.account import Account
from schema.context import Info
from schema.link import link
from schema.mutation import Answer, Payload, Who, mutation


@strawberry.input(description="Whose password is forgotten.")
class RequestPasswordResetInput:
    email: str = strawberry.field(description="The account's e-mail address.")


@strawberry.type(description="That a code is on its way, if anyone has the address.")
class RequestPasswordResetPayload(Payload):
    accepted: bool | None = strawberry.field(description="True, whether or not there is an account.")


@strawberry.input(description="A new password, by a code.")
class ResetPasswordInput:
    code: str = strawberry.field(description="The code that was mailed.")
    new_password: str = strawberry.field(description="The new password, 8 to 1,000 characters.")


@strawberry.type(description="The account that has the new password.")
class ResetPasswordPayload(Payload):
    account: Account | None = link(account_by_id, "The account; nothing is signed in to it now.", key="account_id")


@strawberry.input(description="A new password, by the old one.")
class ChangePasswordInput:
    current_password: str = strawberry.field(description="The password until now.")
    new_password: str = strawberry.field(description="The new password, 8 to 1,000 characters.")


@strawberry.type(description="The account that has the new password.")
class ChangePasswordPayload(Payload):
    account: Account | None = link(
        account_by_id, "The account; only the session that asked is still signed in.", key="account_id"
    )


@mutation(RequestPasswordResetPayload, "Mail a code to set a new password with.", Who.ANYONE)
async def request_password_reset(info: Info, input: RequestPasswordResetInput) -> Answer:
    await new_passwords.request_password_reset(info.context.writer, info.context.client, input.email)
    return Answer(accepted=True)


@mutation(ResetPasswordPayload, "Set a new password with a mailed code, and sign out everything.", Who.ANYONE)
async def reset_password(info: Info, input: ResetPasswordInput) -> Answer:
    context = info.context
    account_id = await new_passwords.reset_password(context.writer, context.client, input.code, input.new_password)
    if context.viewer is not None and context.viewer.id == account_id:
        context.signed_out()
    return Answer(account_id=account_id)


@mutation(ChangePasswordPayload, "Set a new password, and sign out everything else, API tokens too.", Who.SESSION)
async def change_password(info: Info, input: ChangePasswordInput) -> Answer:
    me = info.context.me
    await new_passwords.change_password(info.context.writer, me, input.current_password, input.new_password)
    return Answer(account_id=me.id)

from __future__ import annotations

from dataclasses import replace

import strawberry

from resolvers import emails
from resolvers.accounts import account_by_id
from schema.account import Account
from schema.context import Info
from schema.link import link
from schema.mutation import Answer, Payload, Who, mutation


@strawberry.input(description="What was mailed.")
class VerifyEmailInput:
    code: str = strawberry.field(description="The code that stands alone on a line of the mail, however it is typed.")


@strawberry.type(description="The account whose address is confirmed.")
class VerifyEmailPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@strawberry.type(description="The account that a code is mailed to.")
class RequestEmailVerificationPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(
    VerifyEmailPayload,
    "Confirm an e-mail address with the code mailed to it, signed in or not. Confirmed already, it is success.",
    Who.ANYONE,
)
async def verify_email(info: Info, input: VerifyEmailInput) -> Answer:
    context = info.context
    account_id = await emails.verify_email(context.writer, context.client, context.viewer, input.code)
    if context.viewer is not None:
        context.viewer = replace(context.viewer, email_verified=True)
    return Answer(account_id=account_id)


@mutation(RequestEmailVerificationPayload, "Mail another code, in place of the one before.", Who.SESSION)
async def request_email_verification(info: Info) -> Answer:
    await emails.request_verification(info.context.writer, info.context.me)
    return Answer(account_id=info.context.me.id)


@strawberry.input(description="The viewer's new address.")
class ChangeEmailInput:
    email: str = strawberry.field(description="The new address; a code is mailed to it, for `verifyEmail`.")
    password: str | None = strawberry.field(
        default=None, description="The account's password; an account without one leaves it out."
    )


@strawberry.type(description="The account, still with its address until now.")
class ChangeEmailPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(
    ChangeEmailPayload,
    "Mail a code to a new e-mail address, also to the first of an account that has none. `verifyEmail` with it makes "
    "the address the account's.",
    Who.SESSION,
)
async def change_email(info: Info, input: ChangeEmailInput) -> Answer:
    await emails.change_email(info.context.writer, info.context.me, input.email, input.password)
    return Answer(account_id=info.context.me.id)

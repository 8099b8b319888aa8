from __future__ import annotations

import strawberry

from resolvers import accesses, signing_in
from resolvers.accounts import account_by_id
from schema.account import Account
from schema.context import Info
from schema.link import link
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import read_id


@strawberry.input(description="Who signs up.")
class SignUpInput:
    display_name: str = strawberry.field(description="What to call them, 1 to 100 characters.")
    email: str = strawberry.field(description="Their e-mail address; a code is mailed to it.")
    password: str = strawberry.field(description="Their password, 8 to 1,000 characters.")


@strawberry.input(description="Who signs in.")
class SignInInput:
    email: str = strawberry.field(description="The account's e-mail address.")
    password: str = strawberry.field(description="The account's password.")


@strawberry.type(description="A session's beginning.")
class SignUpPayload(Payload):
    account: Account | None = link(account_by_id, "The account, signed in.", key="account_id")
    token: str | None = strawberry.field(
        description="What to send as `Authorization: Bearer …`; a browser has it as a cookie, too."
    )


@strawberry.type(description="A session's beginning.")
class SignInPayload(SignUpPayload):
    pass


@strawberry.type(description="A session's end.")
class SignOutPayload(Payload):
    signed_out: bool | None = strawberry.field(description="True: nobody is signed in any more, here.")


@strawberry.input(description="Which session to end.")
class RevokeSessionInput:
    session_id: strawberry.ID = strawberry.field(description="The id of one of the viewer's sessions.")


@strawberry.type(description="The account without the session.")
class RevokeSessionPayload(Payload):
    account: Account | None = link(account_by_id, "The account.", key="account_id")


@mutation(SignUpPayload, "Make an account and sign in. Its e-mail address is confirmed by `verifyEmail`.", Who.ANYONE)
async def sign_up(info: Info, input: SignUpInput) -> Answer:
    context = info.context
    signed = await signing_in.sign_up(context.writer, context.client, input.display_name, input.email, input.password)
    context.signed_in(signed)
    return Answer(account_id=signed.viewer.id, token=signed.token)


@mutation(SignInPayload, "Sign in with a password. An unknown address is refused as a wrong password is.", Who.ANYONE)
async def sign_in(info: Info, input: SignInInput) -> Answer:
    context = info.context
    signed = await signing_in.sign_in(context.writer, context.client, input.email, input.password)
    context.signed_in(signed)
    return Answer(account_id=signed.viewer.id, token=signed.token)


@mutation(SignOutPayload, "End the session, or API token, that asks. Signed out already, it is success.", Who.ANYONE)
async def sign_out(info: Info) -> Answer:
    viewer = info.context.viewer
    if viewer is not None:
        await accesses.end_access(info.context.writer, viewer.id, viewer.access_id)
    info.context.signed_out()
    return Answer(signed_out=True)


@mutation(RevokeSessionPayload, "End a session of the viewer's. One that has ended already is success.", Who.SESSION)
async def revoke_session(info: Info, input: RevokeSessionInput) -> Answer:
    context, me = info.context, info.context.me
    _, access_id = read_id(input.session_id, ["input", "sessionId"], "Session")
    await accesses.end_access(context.writer, me.id, access_id)
    if access_id == me.access_id:
        context.signed_out()
    return Answer(account_id=me.id)

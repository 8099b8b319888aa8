"""Signing up and in with a password."""

from __future__ import annotations

from typing import Any

from models import Account
from resolvers.accesses import Client, Signed, let_in
from resolvers.accounts import BY_EMAIL, GUESSES, taken
from resolvers.attempts import Limit, attempt, forget
from resolvers.checked import LONGEST_NAME, checked_email, checked_line
from resolvers.codes import mail_code
from resolvers.emails import VERIFY_FOR
from resolvers.passwords import checked_password, hashed, verified
from resolvers.refused import Declined
from resolvers.writing import Conflict, Transaction, Writer

# At most, in a quarter of an hour.
GUESSES_FROM_ADDRESS = 100
SIGN_UPS_FROM_ADDRESS = 30


async def sign_up(writer: Writer, client: Client, display_name: str, email: str, password: str) -> Signed:
    """Raises Declined (INVALID_INPUT, WEAK_PASSWORD, EMAIL_TAKEN, TOO_MANY_ATTEMPTS)."""
    name, address = checked_line(display_name, "displayName", longest=LONGEST_NAME), checked_email(email, "email")
    checked_password(password, address, "password")
    await attempt(writer, Limit("sign up from", client.address, SIGN_UPS_FROM_ADDRESS))
    account = Account(
        display_name=name, email=address, email_key=address.casefold(), password_hash=await hashed(password)
    )

    async def rule(write: Transaction) -> Signed:
        await write.add(account)
        await mail_code(write, account, "VERIFY_EMAIL", VERIFY_FOR)
        return await let_in(write, account, client)

    try:
        return await writer.write(rule)
    except Conflict:
        raise taken("email") from None


async def sign_in(writer: Writer, client: Client, email: str, password: str) -> Signed:
    """Raises Declined (INVALID_CREDENTIALS, ACCOUNT_SUSPENDED, TOO_MANY_ATTEMPTS).

    An address that nobody has costs and answers the same as a wrong password.
    """
    key = _key(email)
    await attempt(
        writer,
        Limit("sign in as", key, GUESSES),
        Limit("sign in from", client.address, GUESSES_FROM_ADDRESS),
    )

    async def look_up(write: Transaction) -> Any:
        return await write.row(BY_EMAIL, email_key=key)

    account = await writer.write(look_up)
    if not await verified(password, account and account.password_hash):
        steps = ("RESET_PASSWORD", "SIGN_UP")
        raise Declined("INVALID_CREDENTIALS", "The address or the password is wrong.", steps=steps)
    if account.suspended_at is not None:
        raise Declined("ACCOUNT_SUSPENDED", "This account has been suspended by a moderator.")

    async def rule(write: Transaction) -> Signed:
        await forget(write, "sign in as", key)
        return await let_in(write, account, client)

    return await writer.write(rule)


def _key(email: str) -> str:
    """What an address is looked up by, be it one or not."""
    try:
        return checked_email(email).casefold()
    except Declined:
        return email.strip().casefold().replace("\0", "")  # which PostgreSQL cannot even look for

"""E-mail addresses: confirmed by a code that was mailed there."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Account, OneTimeCode
from models.columns import now
from resolvers.accesses import Client
from resolvers.accounts import BY_EMAIL, BY_ID, LOCK, change_account, confirmed, taken
from resolvers.attempts import Limit, attempt
from resolvers.checked import checked_email
from resolvers.codes import CODES_FROM_ADDRESS, LETTERS, mail_code, spend, wrong_code
from resolvers.letters import letter
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Conflict, Transaction, Writer

VERIFY_FOR = timedelta(hours=24)
SET_VERIFIED = change_account(email_verified_at=bindparam("moment")).where(col(Account.email_verified_at).is_(None))
_SET_EMAIL = change_account(
    email=bindparam("address"), email_key=bindparam("key"), email_verified_at=bindparam("moment")
)
_FORGET_CODES = sqlalchemy.delete(OneTimeCode).where(
    col(OneTimeCode.account_id) == bindparam("account"), col(OneTimeCode.purpose) != "CLAIM"
)


async def request_verification(writer: Writer, viewer: Viewer) -> None:
    """Mail another code, unless the address is confirmed already. Raises Declined (TOO_MANY_ATTEMPTS, NO_EMAIL)."""
    await attempt(writer, Limit("verification for", str(viewer.id), LETTERS))

    async def rule(write: Transaction) -> None:
        account = await write.row(BY_ID, account=viewer.id)
        if account.email is None:
            raise Declined("NO_EMAIL", "The account has no e-mail address.", steps=("ADD_EMAIL",))
        if account.email_verified_at is None:
            await mail_code(write, account, "VERIFY_EMAIL", VERIFY_FOR)

    await writer.write(rule)


async def verify_email(writer: Writer, client: Client, viewer: Viewer | None, code: str) -> int:
    """The account whose address is confirmed now, be it its first or a new one.

    Whoever has the code has read the mail, signed in or not. Raises Declined (INVALID_CODE, EMAIL_TAKEN,
    TOO_MANY_ATTEMPTS).
    """
    await attempt(writer, Limit("code from", client.address, CODES_FROM_ADDRESS))

    async def rule(write: Transaction) -> int:
        found = await spend(write, "VERIFY_EMAIL", code) or await spend(write, "CHANGE_EMAIL", code)
        if found is None and viewer is not None and viewer.email_verified:
            return viewer.id
        if found is None or (viewer is not None and viewer.id != found.account_id):
            raise wrong_code(("REQUEST_CODE",))
        if found.address is None:
            await write.rows(SET_VERIFIED, account=found.account_id, moment=now())
        else:
            await _set_email(write, found.account_id, found.address)
        account_id: int = found.account_id
        return account_id

    try:
        return await writer.write(rule)
    except Conflict:
        raise taken("code") from None


async def change_email(writer: Writer, viewer: Viewer, email: str, password: str | None) -> None:
    """Mail a code to the new address, which becomes the account's with it.

    Raises Declined (INVALID_INPUT, EMAIL_TAKEN, INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS).
    """
    address = checked_email(email, "email")
    await attempt(writer, Limit("verification for", str(viewer.id), LETTERS))
    await confirmed(writer, viewer, password, "password")

    async def rule(write: Transaction) -> None:
        account = await write.row(LOCK, account=viewer.id)
        known = await write.row(BY_EMAIL, email_key=address.casefold())
        if known is not None and known.id != viewer.id:
            raise taken("email")
        await mail_code(write, account, "CHANGE_EMAIL", VERIFY_FOR, recipient=address, address=address)

    await writer.write(rule)


async def _set_email(write: Transaction, account_id: int, address: str) -> None:
    before = await write.row(LOCK, account=account_id)
    await write.rows(_SET_EMAIL, account=account_id, address=address, key=address.casefold(), moment=now())
    await write.rows(_FORGET_CODES, account=account_id)  # those that the old mailbox still holds
    if before.email is not None and before.email != address:
        await write.add(letter("email_changed", before.email, name=before.display_name))

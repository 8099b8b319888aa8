"""New passwords: by a code, or by the old one."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Access, Account, Identity
from models.columns import now
from resolvers.accesses import Client
from resolvers.accounts import BY_EMAIL, BY_ID, change_account, confirmed
from resolvers.attempts import Limit, attempt, forget
from resolvers.checked import checked_email
from resolvers.codes import CODES_FROM_ADDRESS, LETTERS, mail_code, spend, wrong_code
from resolvers.emails import SET_VERIFIED
from resolvers.letters import letter
from resolvers.passwords import checked_password, hashed
from resolvers.signing_in import SIGN_UPS_FROM_ADDRESS
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

RESET_FOR = timedelta(hours=1)
_SET_PASSWORD = change_account(password_hash=bindparam("hash"))
_NEWLY_VERIFIED = SET_VERIFIED.returning(col(Account.id))
_UNLINK_ALL = sqlalchemy.delete(Identity).where(col(Identity.account_id) == bindparam("account"))
_END_OTHERS = sqlalchemy.delete(Access).where(
    col(Access.account_id) == bindparam("account"), col(Access.id) != bindparam("access")
)


async def request_password_reset(writer: Writer, client: Client, email: str) -> None:
    """Mail a code to whoever has this address; the answer does not tell whether anyone has.

    Raises Declined (INVALID_INPUT, TOO_MANY_ATTEMPTS).
    """
    key = checked_email(email, "email").casefold()
    await attempt(writer, Limit("reset for", key, LETTERS), Limit("reset from", client.address, SIGN_UPS_FROM_ADDRESS))

    async def rule(write: Transaction) -> None:
        account = await write.row(BY_EMAIL, email_key=key)
        if account is not None and account.suspended_at is None:
            await mail_code(write, account, "RESET_PASSWORD", RESET_FOR)

    await writer.write(rule)


async def reset_password(writer: Writer, client: Client, code: str, password: str) -> int:
    """The account that has the new password, and no session any more.

    Raises Declined (INVALID_CODE, WEAK_PASSWORD, TOO_MANY_ATTEMPTS).
    """
    checked_password(password, "", "newPassword")
    await attempt(writer, Limit("code from", client.address, CODES_FROM_ADDRESS))
    new = await hashed(password)

    async def rule(write: Transaction) -> int:
        found = await spend(write, "RESET_PASSWORD", code)
        if found is None:
            raise wrong_code(("RESET_PASSWORD",))
        account_id: int = found.account_id
        if await write.rows(_NEWLY_VERIFIED, account=account_id, moment=now()):  # the code came by mail
            # Whoever signed up with another's address may have linked identities, and would keep a way in.
            await write.rows(_UNLINK_ALL, account=account_id)
        await _set_password(write, account_id, new, keep=0)
        return account_id

    return await writer.write(rule)


async def change_password(writer: Writer, viewer: Viewer, current: str, password: str) -> None:
    """Sign out everything else. Raises Declined (INVALID_CREDENTIALS, WEAK_PASSWORD, TOO_MANY_ATTEMPTS)."""
    account = await confirmed(writer, viewer, current, "currentPassword")
    new = await hashed(checked_password(password, account.email or "", "newPassword"))
    await writer.write(lambda write: _set_password(write, viewer.id, new, keep=viewer.access_id))


async def _set_password(write: Transaction, account_id: int, new: str, keep: int) -> None:
    await write.rows(_SET_PASSWORD, account=account_id, hash=new)
    await write.rows(_END_OTHERS, account=account_id, access=keep)
    account = await write.row(BY_ID, account=account_id)
    await forget(write, "sign in as", account.email_key or "")
    await forget(write, "password of", str(account_id))
    if account.email is not None:
        await write.add(letter("password_changed", account.email, name=account.display_name))

"""Accounts: as they are read, and what they say of themselves."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Select, Update, bindparam
from sqlmodel import col

from models import Account
from models.database import subject
from resolvers.attempts import Limit, attempt
from resolvers.checked import LONGEST_NAME, checked_line
from resolvers.passwords import verified
from resolvers.reads import One, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

GUESSES = 10  # at a password, at most in a quarter of an hour
account_by_id = One(select(Account), key=col(Account.id))


def _one(condition: Any) -> Select[Any]:
    return select(Account).where(condition)


BY_EMAIL = _one(col(Account.email_key) == bindparam("email_key"))
BY_ID = _one(col(Account.id) == bindparam("account"))


def change_account(**values: Any) -> Update:
    return sqlalchemy.update(Account).where(col(Account.id) == bindparam("account")).values(**values)


LOCK = BY_ID.with_for_update(key_share=True)  # one rule at a time about an account


async def change_settings(writer: Writer, viewer: Viewer, **values: Any) -> None:
    """Set columns of the account. Raises Declined (INVALID_INPUT)."""
    if "display_name" in values:
        values["display_name"] = checked_line(values["display_name"], "displayName", longest=LONGEST_NAME)

    async def rule(write: Transaction) -> None:
        if values:
            names = tuple(sorted(values))
            await write.rows(_setting(names), account=viewer.id, **{f"new_{name}": values[name] for name in names})
            await write.tell(subject("Account", viewer.id))

    await writer.write(rule)


@cache
def _setting(names: tuple[str, ...]) -> Update:
    return change_account(**{name: bindparam(f"new_{name}") for name in names})


async def confirmed(writer: Writer, viewer: Viewer, password: str | None, field: str) -> Any:
    """The viewer's account, the password being theirs; those who sign in elsewhere have none to give.

    Raises Declined (INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS).
    """

    async def look_up(write: Transaction) -> Any:
        return await write.row(BY_ID, account=viewer.id)

    await attempt(writer, Limit("password of", str(viewer.id), GUESSES))
    account = await writer.write(look_up)
    if account.password_hash is None and not password:
        return account
    if not await verified(password or "", account.password_hash):
        raise Declined("INVALID_CREDENTIALS", "This is not the password.", field, steps=("RESET_PASSWORD",))
    return account


def taken(field: str) -> Declined:
    steps = ("SIGN_IN", "RESET_PASSWORD")
    return Declined("EMAIL_TAKEN", "There is an account with this address.", field, steps=steps)

"""Codes by mail: one at a time for each purpose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import OneTimeCode
from models.columns import now
from resolvers.letters import letter
from resolvers.refused import Declined
from resolvers.secrets import code_hash, new_code
from resolvers.writing import Transaction

_KEEP_CODE = insert(OneTimeCode).values({name: bindparam(name) for name in OneTimeCode.model_fields})
_KEEP = _KEEP_CODE.on_conflict_do_update(
    index_elements=["account_id", "purpose", "about_id"],
    set_={name: _KEEP_CODE.excluded[name] for name in ("code_hash", "address", "tries_left", "expires_at")},
)
_SPEND_CODE = (
    sqlalchemy.delete(OneTimeCode)
    .where(col(OneTimeCode.purpose) == bindparam("purpose"), col(OneTimeCode.code_hash) == bindparam("hash"))
    .returning(col(OneTimeCode.account_id), col(OneTimeCode.expires_at), col(OneTimeCode.address))
)
# At most, in a quarter of an hour.
CODES_FROM_ADDRESS = 50
LETTERS = 5


async def mail_code(
    write: Transaction,
    account: Any,
    purpose: str,
    term: timedelta,
    *,
    about: int = 0,
    recipient: str | None = None,
    address: str | None = None,
    tries: int = 1,
    **values: Any,
) -> None:
    """Send a code, in place of any sent before for the same; `address` becomes the account's with it."""
    code = new_code()
    await write.rows(
        _KEEP,
        account_id=account.id,
        purpose=purpose,
        about_id=about,
        code_hash=code_hash(purpose, code),
        address=address,
        tries_left=tries,
        expires_at=now() + term,
    )
    values |= {"name": account.display_name, "code": code}
    await write.add(letter(purpose.lower(), recipient or account.email, **values))


async def spend(write: Transaction, purpose: str, code: str) -> Any:
    """Whose code this is, and for which address; it holds no longer. None for one that never held, or too long ago."""
    row = await write.row(_SPEND_CODE, purpose=purpose, hash=code_hash(purpose, code))
    return row if row is not None and row.expires_at > now() else None


def wrong_code(steps: tuple[str, ...]) -> Declined:
    return Declined("INVALID_CODE", "This code is wrong, used or too old.", "code", steps=steps)

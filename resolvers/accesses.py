"""What lets somebody in: sessions and API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Access
from models.columns import now
from resolvers.accounts import LOCK
from resolvers.checked import LONGEST_NAME, checked_line
from resolvers.reads import Many, One, select
from resolvers.refused import Declined
from resolvers.secrets import new_token, token_hash
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

SESSION = timedelta(days=30)
EVERYTHING = "READ WRITE"
MOST_TOKENS, LONGEST_TERM = 50, 366  # API tokens of an account, and days that one holds


class Client(NamedTuple):
    """Where a request comes from."""

    address: str
    name: str  # what it calls itself


@dataclass(frozen=True)
class Signed:
    """An account that has just been let in, and the token that lets it in again."""

    viewer: Viewer
    token: str


_HOLDS = col(Access.expires_at) > sqlalchemy.func.now()
access_by_id = One(select(Access), key=col(Access.id))


def accesses_of_account(kind: str) -> Many:
    """An account's sessions or API tokens."""
    accesses = select(Access).where(col(Access.kind) == kind, _HOLDS)
    return Many(accesses.order_by(col(Access.used_at).desc(), col(Access.id)), key=col(Access.account_id))


_COUNT_TOKENS = select(sqlalchemy.func.count()).where(
    col(Access.account_id) == bindparam("account"), col(Access.kind) == "API"
)
_END_OVER = sqlalchemy.delete(Access).where(col(Access.account_id) == bindparam("account"), ~_HOLDS)
_END = sqlalchemy.delete(Access).where(
    col(Access.account_id) == bindparam("account"), col(Access.id) == bindparam("access")
)


async def let_in(write: Transaction, account: Any, client: Client) -> Signed:
    """A new session of the account."""
    access, token = new_access(account.id, "SESSION", client.name, EVERYTHING, SESSION)
    await write.rows(_END_OVER, account=account.id)
    await write.add(access)
    return Signed(Viewer.of(access, account), token)


def new_access(account_id: int, kind: str, name: str, scopes: str, term: timedelta) -> tuple[Access, str]:
    """An access and its token, which nobody will see again."""
    token = new_token(kind)
    access = Access(
        account_id=account_id,
        kind=kind,
        name=name[:LONGEST_NAME],
        token_hash=token_hash(token),
        scopes=scopes,
        expires_at=now() + term,
    )
    return access, token


async def end_access(writer: Writer, account_id: int, access_id: int) -> None:
    """End a session or an API token of the account, if there is one."""

    async def rule(write: Transaction) -> None:
        await write.rows(_END, account=account_id, access=access_id)

    await writer.write(rule)


async def make_api_token(writer: Writer, viewer: Viewer, name: str, scopes: list[str], days: int) -> tuple[int, str]:
    """Its id and the token. Raises Declined (INVALID_INPUT, LIMIT_EXCEEDED)."""
    if not 1 <= days <= LONGEST_TERM:
        raise Declined("INVALID_INPUT", f"A token holds for 1 to {LONGEST_TERM} days.", "expiresInDays")
    if not scopes:
        raise Declined("INVALID_INPUT", "A token without scopes can do nothing.", "scopes")
    words = " ".join(sorted(set(scopes)))
    access, token = new_access(
        viewer.id, "API", checked_line(name, "name", longest=LONGEST_NAME), words, timedelta(days=days)
    )

    async def rule(write: Transaction) -> None:
        await write.rows(LOCK, account=viewer.id)  # so that two at once do not pass the limit together
        await write.rows(_END_OVER, account=viewer.id)
        if await write.value(_COUNT_TOKENS, account=viewer.id) >= MOST_TOKENS:
            raise Declined(
                "LIMIT_EXCEEDED", f"An account has {MOST_TOKENS} API tokens at most.", steps=("REVOKE_TOKEN",)
            )
        await write.add(access)

    await writer.write(rule)
    return access.id, token

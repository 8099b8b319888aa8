"""Who is asking: the account behind a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Access, Account
from models.columns import Instant, now
from resolvers.reads import One, select
from resolvers.secrets import token_hash
from resolvers.store import Store
from resolvers.writing import Transaction, Writer

SEEN = timedelta(hours=1)  # how exactly it is known when an access was last used

_access_by_hash = One(
    select(
        Access,
        Account.email,
        Account.email_verified_at,
        Account.moderator_since,
        Account.suspended_at,
    ).join(Account, col(Account.id) == Access.account_id),
    key=col(Access.token_hash),
)
_TOUCH = (
    sqlalchemy.update(Access)
    .where(col(Access.id) == bindparam("access"))
    .values(used_at=bindparam("now", type_=Instant))
)


@dataclass(frozen=True)
class Viewer:
    """An account that is signed in, by which access and with what it may do."""

    id: int
    access_id: int
    session: bool  # not an API token
    scopes: frozenset[str]
    email_verified: bool
    moderator: bool
    used_at: datetime

    @classmethod
    def of(cls, access: Any, account: Any) -> Viewer:
        """By rows of both."""
        return cls(
            access.account_id,
            access.id,
            access.kind == "SESSION",
            frozenset(access.scopes.split()),
            account.email_verified_at is not None,
            account.moderator_since is not None,
            access.used_at,
        )

    @property
    def seen_long_ago(self) -> bool:
        return now() - self.used_at > SEEN


async def viewer_of(store: Store, token: str) -> Viewer | None:
    """Whoever this token lets in now. Raises Unavailable."""
    row: Any = await store.load(_access_by_hash, token_hash(token))
    if row is None or row.expires_at <= now() or row.suspended_at is not None:
        return None
    return Viewer.of(row, row)


async def seen(writer: Writer, viewer: Viewer) -> None:
    """Note that the access is in use."""

    async def note(write: Transaction) -> None:
        await write.rows(_TOUCH, access=viewer.access_id, now=now())

    await writer.write(note)

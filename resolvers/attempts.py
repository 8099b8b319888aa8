"""How often something that is worth guessing at may be tried.

Counted in the database, not by a rate limiter in memory or Redis: these counts decide whether a password is looked at
at all, so they must hold in every process and across restarts.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import bindparam, case
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import Attempts
from models.columns import Instant, now
from resolvers.refused import Declined
from resolvers.secrets import pseudonym
from resolvers.writing import Transaction, Writer

WINDOW = timedelta(minutes=15)
_NOW = bindparam("now", type_=Instant)
_OVER = col(Attempts.until) <= _NOW
_COUNT = (
    insert(Attempts)
    .values(key=bindparam("key"), count=1, until=bindparam("until"))
    .on_conflict_do_update(
        index_elements=["key"],
        set_={
            "count": case((_OVER, 1), else_=col(Attempts.count) + 1),
            "until": case((_OVER, bindparam("until", type_=Instant)), else_=Attempts.until),
        },
    )
    .returning(col(Attempts.count), col(Attempts.until))
)
_FORGET = sqlalchemy.delete(Attempts).where(col(Attempts.key) == bindparam("key"))
_SWEEP = sqlalchemy.delete(Attempts).where(_OVER)


class Limit(NamedTuple):
    what: str
    who: str  # a person, or a place
    most: int
    window: timedelta = WINDOW

    @property
    def key(self) -> str:
        return f"{self.what} {pseudonym(self.who)}"


async def attempt(writer: Writer, *limits: Limit) -> None:
    """Count one more for each of these. Raises Declined (TOO_MANY_ATTEMPTS) beyond the most, the count standing."""
    moment = now()

    async def count(write: Transaction) -> list[Any]:
        rows = [await write.row(_COUNT, key=one.key, now=moment, until=moment + one.window) for one in limits]
        if any(row.count == 1 for row in rows):
            await write.rows(_SWEEP, now=moment)
        return rows

    for limit, row in zip(limits, await writer.write(count), strict=True):
        if row.count > limit.most:
            minutes = max(1, ceil((row.until - moment).total_seconds() / 60))
            message = f"Too many attempts. Try again in {minutes} minutes."
            raise Declined("TOO_MANY_ATTEMPTS", message, steps=("WAIT",))


async def forget(write: Transaction, what: str, who: str) -> None:
    """Count from none again."""
    await write.rows(_FORGET, key=Limit(what, who, 0).key)

"""Digests: what is new since the last one, by mail, to those who want it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import Account, Event, Follow, Work
from models.columns import Instant, Key, now
from resolvers.accounts import LOCK
from resolvers.letters import letter
from resolvers.reads import select
from resolvers.writing import Transaction, Writer

EVERY = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(days=7)}
TITLES = 20

_DUE = select(Account.id).where(
    col(Account.digest) == bindparam("digest"),
    col(Account.email_verified_at).is_not(None),
    col(Account.suspended_at).is_(None),
    or_(
        col(Account.digested_at).is_(None),
        col(Account.digested_at) <= bindparam("before", type_=Instant),
    ),
)
_DONE = (
    sqlalchemy.update(Account)
    .where(col(Account.id) == bindparam("account", type_=Key))
    .values(digested_at=bindparam("moment", type_=Instant))
)
_follow = aliased(Follow)
_WORKS = (
    select(Work.title, func.min(Event.id).label("first"))
    .select_from(Event)
    .join(_follow, (col(_follow.kind) == Event.subject_kind) & (col(_follow.subject_id) == Event.subject_id))
    .join(Work, col(Work.id) == Event.work_id)
    .where(
        col(Event.kind) == "NEW_WORK",
        col(_follow.account_id) == bindparam("account", type_=Key),
        col(_follow.created_at) <= Event.at,
        col(Event.at) > bindparam("since", type_=Instant),
    )
    .group_by(col(Work.id), col(Work.title))
    .order_by(func.min(Event.id).desc())
)
_UNREAD = select(func.count()).where(
    col(Event.account_id) == bindparam("account", type_=Key),
    col(Event.read_at).is_(None),
    col(Event.at) > bindparam("since", type_=Instant),
)


async def write_digests(writer: Writer, public_url: str) -> int:
    """Put the digests that are due into the outbox; each once, whoever writes them. How many."""
    written = 0
    for digest, every in EVERY.items():
        for account_id in await _due(writer, digest, every):
            written += await _write(writer, account_id, every, public_url)
    return written


async def _due(writer: Writer, digest: str, every: timedelta) -> list[int]:
    async def rule(write: Transaction) -> list[int]:
        return [row.id for row in await write.rows(_DUE, digest=digest, before=now() - every)]

    return await writer.write(rule, alone=True)


async def _write(writer: Writer, account_id: int, every: timedelta, public_url: str) -> bool:
    async def rule(write: Transaction) -> bool:
        return await _digest(write, account_id, every, public_url)

    return await writer.write(rule)


async def _digest(write: Transaction, account_id: int, every: timedelta, public_url: str) -> bool:
    account: Any = await write.row(LOCK, account=account_id)
    moment = now()
    since = account.digested_at or moment - every
    if account.email is None or (account.digested_at is not None and account.digested_at > moment - every):
        return False  # somebody else was here first
    await write.rows(_DONE, account=account_id, moment=moment)
    works = await write.rows(_WORKS, account=account_id, since=since)
    unread = await write.value(_UNREAD, account=account_id, since=since)
    if not works and not unread:
        return False
    titles = [f"- {work.title}" for work in works[:TITLES]]
    if len(works) > TITLES:
        titles.append(f"- and {len(works) - TITLES:,} more")
    values = {"works": "\n".join(titles) or "- none", "unread": f"{unread:,}", "url": public_url}
    await write.add(letter("digest", account.email, name=account.display_name, **values))
    return True

"""What moderators do besides deciding about claims; every step is an event that nobody can rewrite."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import Connection, bindparam
from sqlmodel import col

from models import Access, Account, Event
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.accounts import LOCK
from resolvers.checked import checked_text
from resolvers.page_statements import down
from resolvers.paging import Paged
from resolvers.reads import is_any_of, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

AUDITED = ("CLAIM", "ACCOUNT")

audit_log = Paged(
    select(Event).where(is_any_of(Event.kind, AUDITED)),
    name="audit log",
    identity=col(Event.id),
    orders={"NEWEST": (down(Event.id),)},
)

_SUSPEND = (
    sqlalchemy.update(Account)
    .where(col(Account.id) == bindparam("account", type_=Key))
    .values(suspended_at=bindparam("moment", type_=Instant))
)
_END_ALL = sqlalchemy.delete(Access).where(col(Access.account_id) == bindparam("account", type_=Key))


async def suspend(writer: Writer, viewer: Viewer, account_id: int, note: str | None, *, suspended: bool) -> None:
    """Keep an account out, or let it in again. Raises Declined (NOT_FOUND, OWN_ACCOUNT, INVALID_INPUT)."""
    note = checked_text(note, "note")

    async def rule(write: Transaction) -> None:
        account = await write.row(LOCK, account=account_id)
        if account is None or account.deleted_at is not None:
            raise Declined("NOT_FOUND", "There is no account with this id.", "accountId")
        if account_id == viewer.id:
            raise Declined("OWN_ACCOUNT", "This is your own account.", "accountId", steps=("OTHER_MODERATOR",))
        if (account.suspended_at is not None) == suspended:
            return
        await write.rows(_SUSPEND, account=account_id, moment=now() if suspended else None)
        if suspended:
            await write.rows(_END_ALL, account=account_id)
        action = "SUSPEND" if suspended else "REINSTATE"
        await write.add(Event(kind="ACCOUNT", account_id=account_id, actor_id=viewer.id, action=action, note=note))
        await write.tell(subject("Account", account_id))

    await writer.write(rule)


def appoint(connection: Connection, email: str, *, moderator: bool) -> bool:
    """Make the account of this address a moderator, or not one any more; whether there is such an account."""
    key = email.strip().casefold()
    found = col(Account.email_key) == key
    account_id = connection.scalar(select(Account.id).where(found))
    if account_id is None:
        return False
    moment = now()
    changed = sqlalchemy.update(Account).where(found, col(Account.moderator_since).is_(None) == moderator)
    if connection.execute(changed.values(moderator_since=moment if moderator else None)).rowcount:
        values: dict[str, Any] = {"kind": "ACCOUNT", "at": moment, "account_id": account_id}
        connection.execute(sqlalchemy.insert(Event).values(**values, action="APPOINT" if moderator else "DISMISS"))
    return True


def moderators(connection: Connection) -> list[Any]:
    """Names, addresses and dates of all moderators."""
    columns = (Account.display_name, Account.email, Account.moderator_since)
    listed = select(*columns).where(col(Account.moderator_since).is_not(None)).order_by(col(Account.moderator_since))
    return list(connection.execute(listed))

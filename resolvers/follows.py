"""Following: one row whatever the race; triggers keep the counts of what is followed (migration 0004)."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, literal_column
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import Account, Follow, Institution, MergedId, Researcher, Topic
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.page_statements import PARENT, down
from resolvers.paging import Paged
from resolvers.reads import Among, Given, One, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

_TABLES: dict[str, Any] = {"researcher": Researcher, "topic": Topic, "institution": Institution}
HIDDEN = col(Account.is_hidden) | col(Account.suspended_at).is_not(None)
_SHOWN = ~(
    (col(Follow.kind) == "researcher")
    & select(Researcher.id)
    .where(col(Researcher.id) == Follow.subject_id, col(Researcher.suppressed_at).is_not(None))
    .exists()
)

followers_of_researcher = Paged(
    select(Account, col(Follow.created_at).label("followed_at"))
    .join(Follow, col(Follow.account_id) == Account.id)
    .where(col(Follow.kind) == "researcher", col(Follow.subject_id) == PARENT, ~HIDDEN),
    name="followers of researcher",
    identity=col(Follow.id),
    orders={"NEWEST": (down(Follow.id),)},
    moving=frozenset({"NEWEST"}),  # whoever hides or shows themselves
)
following_of_account = Paged(
    select(Follow).where(col(Follow.account_id) == PARENT, _SHOWN),
    name="followed by account",
    identity=col(Follow.id),
    orders={"NEWEST": (down(Follow.id),)},
    filters={"kinds": Among(Follow.kind, "kinds")},
)
_followed = One(
    select(Follow.id).where(
        col(Follow.account_id) == bindparam("account", type_=Key), col(Follow.kind) == bindparam("kind")
    ),
    key=col(Follow.subject_id),
)


def followed_by(account_id: int, kind: str) -> Given:
    """By id of something of this kind: a row where the account follows it."""
    return Given(_followed, (("account", account_id), ("kind", kind)))


def _follow(kind: str) -> Any:
    table = _TABLES[kind]
    columns = ["account_id", "kind", "subject_id", "created_at"]
    there = select(
        bindparam("account", type_=Key), literal_column(f"'{kind}'"), table.id, bindparam("now", type_=Instant)
    ).where(_standing(table))
    return insert(Follow).from_select(columns, there).on_conflict_do_nothing().returning(col(Follow.id))


def _standing(table: Any) -> Any:
    found = col(table.id) == bindparam("subject", type_=Key)
    return found & col(Researcher.suppressed_at).is_(None) if table is Researcher else found


_FOLLOW = {kind: _follow(kind) for kind in _TABLES}
_UNFOLLOW = (
    sqlalchemy.delete(Follow)
    .where(
        col(Follow.account_id) == bindparam("account"),
        col(Follow.kind) == bindparam("kind"),
        col(Follow.subject_id) == bindparam("subject"),
    )
    .returning(col(Follow.id))
)
_STANDS = {kind: select(table.id).where(_standing(table)) for kind, table in _TABLES.items()}
_SURVIVOR = select(MergedId.into_id).where(
    col(MergedId.kind) == bindparam("kind"), col(MergedId.old_id) == bindparam("subject")
)


async def follow(writer: Writer, viewer: Viewer, kind: str, id: int) -> int:
    """The id of what the viewer follows now, merged records followed to their survivor. Raises Declined (NOT_FOUND)."""
    return await _change(writer, _FOLLOW[kind], kind, id, account=viewer.id, now=now())


async def unfollow(writer: Writer, viewer: Viewer, kind: str, id: int) -> int:
    """The id of what the viewer does not follow any more. Raises Declined (NOT_FOUND)."""
    return await _change(writer, _UNFOLLOW, kind, id, account=viewer.id, kind=kind)


async def _change(writer: Writer, statement: Any, what: str, id: int, **values: Any) -> int:
    async def rule(write: Transaction) -> bool:
        row = await write.row(statement, subject=id, **values)
        if row is not None:
            write.told.append(subject(what.capitalize(), id))  # the trigger tells everyone else
        return row is not None

    if await writer.write(rule, alone=True):
        return id

    async def look_up(write: Transaction) -> int | None:
        stands: int | None = await write.value(_STANDS[what], subject=id)
        return stands if stands is not None else await write.value(_SURVIVOR, kind=what, subject=id)

    found = await writer.write(look_up)
    if found is None:
        raise Declined("NOT_FOUND", "There is nothing with this id.", "subjectId")
    return found if found == id else await _change(writer, statement, what, found, **values)

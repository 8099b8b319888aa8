"""The event log in the order of commits: what has happened since some place in it.

Ids are handed out before a transaction commits, so one may become visible after others of larger ids. A position is
given to what has committed, under a lock: whoever has read up to one has missed nothing before it. Imports write events
in long transactions, for which nothing here has to wait.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import bindparam, func
from sqlmodel import col

from models import Event, Follow
from models.columns import Key
from resolvers.drivers import Reader
from resolvers.feed import feed_of_account, notifications_of_account
from resolvers.later import arrived
from resolvers.page_statements import PARENT, down, for_one, parent_values
from resolvers.paging import Paged
from resolvers.reads import Among, Statement, row_kind, select, shown_columns
from resolvers.refused import Refused
from resolvers.writing import Transaction, Writer

AT_ONCE = 100  # events that are read together
_PREFIX = b"event:"
_LOCK = 7_364_921  # of whoever gives positions, on PostgreSQL

Place = int


@dataclass(frozen=True, eq=False)
class Stream:
    """A list of events, as they come: those of one parent after a place, oldest first."""

    listed: Paged
    _statement: Statement = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_statement", Statement(lambda _dialect: self._after, long=self.listed.long))

    async def after(self, reader: Reader, parent: int, place: Place) -> list[Any]:
        """The next of them, as rows with their `position`, at most AT_ONCE. Raises Unavailable."""
        found = await arrived(self._statement.fetch(reader, after=place, **parent_values([parent])))
        return [tuple.__new__(self._kind, row) for row in found]

    @cached_property
    def _kind(self) -> Any:
        return row_kind(Event, tuple(map(str, shown_columns(self._after).keys())))

    @cached_property
    def _after(self) -> Any:
        position = col(Event.position)
        beyond = self.listed.statement.where(position > bindparam("after", type_=Key))
        return for_one(beyond.order_by(None).order_by(position).limit(AT_ONCE))


FEED = Stream(feed_of_account)
NOTIFICATIONS = Stream(notifications_of_account)
FOLLOWERS = Stream(
    Paged(
        select(Event).where(
            col(Event.kind) == sqlalchemy.literal_column("'FOLLOWERS'"), col(Event.subject_id) == PARENT
        ),
        name="changes of followers",
        identity=col(Event.id),
        orders={"NEWEST": (down(Event.id),)},
    )
)

MESSAGES = Stream(
    Paged(
        select(Event).where(col(Event.conversation_id) == PARENT),
        name="messages as they come",
        identity=col(Event.id),
        orders={"NEWEST": (down(Event.id),)},
    )
)

_NEWEST = Statement(lambda _dialect: select(func.coalesce(func.max(Event.position), 0)), long=False)
_UNPLACED = Statement(lambda _dialect: select(Event.id).where(col(Event.position).is_(None)).limit(1), long=False)
_SINCE = Statement(
    lambda _dialect: (
        select(Event.position, Event.kind, Event.account_id, Event.subject_id, Event.conversation_id)
        .where(col(Event.position) > bindparam("after", type_=Key))
        .order_by(col(Event.position))
        .limit(AT_ONCE)
    ),
    long=False,
)
_FOLLOWING = Statement(
    lambda _dialect: (
        select(Follow.account_id)
        .distinct()
        .join(Event, (col(Event.subject_kind) == Follow.kind) & (col(Event.subject_id) == Follow.subject_id))
        .where(Among(Follow.account_id, "accounts"), Among(Event.position, "places"))
    )
)


class Happened(NamedTuple):
    """An event, as far as it tells whom it concerns."""

    position: Place
    kind: str
    account_id: int | None
    subject_id: int | None
    conversation_id: int | None


async def newest(reader: Reader) -> Place:
    """Where the log ends now. Raises Unavailable."""
    ((found,),) = await arrived(_NEWEST.fetch(reader))
    return int(found)


async def since(reader: Reader, place: Place) -> list[Happened]:
    """The next events after a place, at most AT_ONCE. Raises Unavailable."""
    return [Happened(*row) for row in await arrived(_SINCE.fetch(reader, after=place))]


async def following(reader: Reader, accounts: Iterable[int], events: Sequence[Happened]) -> list[int]:
    """Which of the accounts follow what these events are about. Raises Unavailable."""
    among = {"accounts": [*accounts], "places": [event.position for event in events]}
    return [row[0] for row in await arrived(_FOLLOWING.fetch(reader, **among))]


async def give_positions(reader: Reader, writer: Writer) -> None:
    """To what has committed without one: on PostgreSQL, since SQLite's trigger does. Raises Unavailable."""
    if reader.dialect.name == "postgresql" and await arrived(_UNPLACED.fetch(reader)):
        await writer.write(_give)


_TURN = select(func.pg_advisory_xact_lock(bindparam("lock", type_=Key)))
_unplaced = (
    select(Event.id, func.row_number().over(order_by=col(Event.id)).label("place"))
    .where(col(Event.position).is_(None))
    .subquery()
)
_end = select(func.coalesce(func.max(Event.position), 0).label("position")).subquery()
_GIVE = (
    sqlalchemy.update(Event).where(col(Event.id) == _unplaced.c.id).values(position=_end.c.position + _unplaced.c.place)
)


async def _give(write: Transaction) -> None:
    # By two statements: the second sees what those who had the lock before have committed.
    await write.rows(_TURN, lock=_LOCK)
    await write.rows(_GIVE)


def cursor_of(place: Place) -> str:
    """A place as clients have it."""
    return urlsafe_b64encode(b"%b%d" % (_PREFIX, place)).decode().rstrip("=")


def place_of(cursor: str, argument: str = "after") -> Place:
    """Raises Refused (BAD_CURSOR)."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        place = int(text.removeprefix(_PREFIX)) if text.startswith(_PREFIX) and len(text) < 30 else -1  # noqa: PLR2004
    except ValueError:
        place = -1
    if not 0 <= place < 2**63 or cursor_of(place) != cursor:
        raise Refused("BAD_CURSOR", f"`{argument}` is no place in the log of events.", argument)
    return place

"""What is new, read from the event log when somebody looks: however many follow, an event is one row."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import Account, Event, Follow, Work
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.follows import HIDDEN
from resolvers.page_statements import PARENT, down
from resolvers.paging import Counts, Paged
from resolvers.reads import Among, One, select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

MOST_MARKED = 100
_EARLIER, _FOLLOWED = aliased(Event), aliased(Follow)
NEWEST = {"NEWEST": (down(Event.id),)}

# Of several parts of one work that are followed, the first to be told of stands for all.
_TOLD_ALREADY = (
    select(_EARLIER.id)
    .join(
        _FOLLOWED,
        (col(_FOLLOWED.kind) == _EARLIER.subject_kind)
        & (col(_FOLLOWED.subject_id) == _EARLIER.subject_id)
        & (col(_FOLLOWED.account_id) == PARENT)
        & (col(_FOLLOWED.created_at) <= _EARLIER.at),
    )
    .where(
        col(_EARLIER.kind) == sqlalchemy.literal_column("'NEW_WORK'"),
        col(_EARLIER.work_id) == Event.work_id,
        col(_EARLIER.id) < Event.id,
    )
    .correlate(Event)
    .exists()
)
feed_of_account = Paged(
    select(Event)
    .join(Follow, (col(Follow.kind) == Event.subject_kind) & (col(Follow.subject_id) == Event.subject_id))
    .join(Work, col(Work.id) == Event.work_id)
    .where(
        col(Event.kind) == sqlalchemy.literal_column("'NEW_WORK'"),
        col(Follow.account_id) == PARENT,
        col(Follow.created_at) <= Event.at,
        ~_TOLD_ALREADY,
    ),
    name="feed of account",
    identity=col(Event.id),
    orders=NEWEST,
    filters={"kinds": Among(Event.subject_kind, "kinds")},
    long=True,
)
_FOLLOWER = sqlalchemy.case((col(Event.kind) == sqlalchemy.literal_column("'NEW_FOLLOWER'"), Event.actor_id))
_NOTIFICATION = select(Event, _FOLLOWER.label("follower_id"))
notifications_of_account = Paged(
    _NOTIFICATION.where(col(Event.account_id) == PARENT),
    name="notifications of account",
    identity=col(Event.id),
    orders=NEWEST,
    filters={
        "kinds": Among(Event.kind, "kinds"),
        "unread": col(Event.read_at).is_(None),
        "read": col(Event.read_at).is_not(None),
    },
)
notification_by_id = One(_NOTIFICATION, key=col(Event.id))
follower_by_id = One(select(Account).where(~HIDDEN), key=col(Account.id))


def unread(account_id: int) -> Counts:
    """How many an account has not read."""
    return notifications_of_account.pages("NEWEST", [account_id], given={"unread": True}).counts


_MARK = sqlalchemy.update(Event).where(
    col(Event.account_id) == bindparam("account", type_=Key), col(Event.read_at).is_(None)
)
_MARK_SOME = _MARK.where(Among(Event.id, "ids")).values(read_at=bindparam("moment", type_=Instant))
_MARK_UP_TO = _MARK.where(col(Event.id) <= bindparam("newest", type_=Key)).values(
    read_at=bindparam("moment", type_=Instant)
)


async def mark_read(writer: Writer, viewer: Viewer, ids: list[int] | None, up_to: int | None) -> None:
    """Mark these notifications of the viewer's as read, or all up to one. Others' are passed over.

    Raises Declined (INVALID_INPUT).
    """
    if (ids is None) == (up_to is None):
        raise Declined("INVALID_INPUT", "Give either `notificationIds` or `upToId`.", "notificationIds")
    if ids is not None and len(ids) > MOST_MARKED:
        raise Declined("INVALID_INPUT", f"At most {MOST_MARKED} at a time.", "notificationIds")

    async def rule(write: Transaction) -> None:
        if ids is not None:
            await write.rows(_MARK_SOME, account=viewer.id, ids=ids, moment=now())
        else:
            await write.rows(_MARK_UP_TO, account=viewer.id, newest=up_to, moment=now())
        await write.tell(subject("Account", viewer.id))

    await writer.write(rule)

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Instant, Key, LongText, now, one_of

EVENT_KINDS = ("NEW_WORK", "NEW_FOLLOWER", "CLAIM", "ACCOUNT", "FOLLOWERS", "INVITATION", "MESSAGE")

_NEW_WORK, _NEW_FOLLOWER = text("kind = 'NEW_WORK'"), text("kind = 'NEW_FOLLOWER'")
_FOLLOWERS, _UNPLACED = text("kind = 'FOLLOWERS'"), text("position IS NULL")


class Event(SQLModel, table=True):
    """What happened, once and for ever: feeds, notifications, claims' histories, the audit log and subscriptions are
    read from it.

    Triggers refuse to change or delete it, but for when it was read, its position and, after merges, what it is about.
    FOLLOWERS, which says that a researcher's followers changed, names none of them.
    """

    __table_args__ = (
        one_of("kind", EVENT_KINDS),
        Index("event_by_addressee", "account_id", "id"),
        Index("event_by_claim", "claim_id", "id"),
        Index("event_by_actor", "actor_id", "id"),
        Index(
            "event_new_work_once",
            "subject_kind",
            "subject_id",
            "work_id",
            unique=True,
            postgresql_where=_NEW_WORK,
            sqlite_where=_NEW_WORK,
        ),
        Index(
            "event_new_follower_once",
            "subject_id",
            "actor_id",
            unique=True,
            postgresql_where=_NEW_FOLLOWER,
            sqlite_where=_NEW_FOLLOWER,
        ),
        Index("event_by_new_work", "work_id", postgresql_where=_NEW_WORK, sqlite_where=_NEW_WORK),
        Index("event_by_position", "position", unique=True),
        Index("event_addressed_by_position", "account_id", "position"),
        Index(
            "event_of_followers_by_position",
            "subject_id",
            "position",
            postgresql_where=_FOLLOWERS,
            sqlite_where=_FOLLOWERS,
        ),
        Index("event_of_conversation_by_position", "conversation_id", "position"),
        Index("event_unplaced", "id", postgresql_where=_UNPLACED, sqlite_where=_UNPLACED),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Key)
    kind: str
    at: datetime = Field(default_factory=now, sa_type=Instant)
    account_id: int | None = Field(default=None, sa_type=Key)  # whom it is addressed to
    actor_id: int | None = Field(default=None, sa_type=Key)  # whose doing it was; null for the service's own
    subject_kind: str | None = Field(default=None, sa_type=Bytewise)
    subject_id: int | None = Field(default=None, sa_type=Key)
    work_id: int | None = Field(default=None, sa_type=Key)
    claim_id: int | None = Field(default=None, sa_type=Key)
    invitation_id: int | None = Field(default=None, sa_type=Key)
    conversation_id: int | None = Field(default=None, sa_type=Key)
    message_id: int | None = Field(default=None, sa_type=Key)
    action: str | None = None  # of a claim's or an invitation's step, or of a moderator
    from_state: str | None = None
    to_state: str | None = None
    note: str | None = Field(default=None, sa_type=LongText)
    read_at: datetime | None = Field(default=None, sa_type=Instant)
    # Its place in the order of commits, which that of ids is not; null until it has been given one (resolvers/log.py).
    position: int | None = Field(default=None, sa_type=Key)

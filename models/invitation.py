from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Instant, Key, LongText, now, one_of

INVITATION_STATES = ("PENDING", "ACCEPTED", "DECLINED", "WITHDRAWN", "EXPIRED")
_PENDING = text("state = 'PENDING'")


class Invitation(SQLModel, table=True):
    """An account's word to the owner of a claimed record that it would like to work with them, and what they said."""

    __table_args__ = (
        one_of("state", INVITATION_STATES),
        Index(
            "invitation_open_once",
            "sender_id",
            "recipient_id",
            unique=True,
            postgresql_where=_PENDING,
            sqlite_where=_PENDING,
        ),
        Index("invitation_by_sender", "sender_id", "created_at", "id"),
        Index("invitation_by_recipient", "recipient_id", "created_at", "id"),
        Index("invitation_by_researcher", "researcher_id"),
        Index("invitation_pending", "expires_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
    )

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    sender_id: int = Field(foreign_key="account.id", sa_type=Key)
    recipient_id: int = Field(foreign_key="account.id", sa_type=Key)  # who had the record then
    researcher_id: int = Field(foreign_key="researcher.id", sa_type=Key)
    state: str = "PENDING"
    subject: str
    message: str = Field(sa_type=LongText)
    works: str = Field(default="[]", sa_type=LongText)  # a JSON array of ids that it is about, as are
    topics: str = Field(default="[]", sa_type=LongText)
    word: str | None = Field(default=None, sa_type=LongText)  # that came with the answer
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Instant, Key, LongText, now, one_of

REPORT_STATES = ("OPEN", "UPHELD", "DISMISSED")


class Block(SQLModel, table=True):
    """That an account wants to hear nothing of another."""

    __table_args__ = (CheckConstraint("account_id <> blocked_id", name="another"),)

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=Key)
    blocked_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=Key)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)


class Report(SQLModel, table=True):
    """What somebody received and thinks a moderator should see: an invitation or a message."""

    __table_args__ = (
        one_of("state", REPORT_STATES),
        CheckConstraint("(invitation_id IS NULL) <> (message_id IS NULL)", name="about_one"),
        Index("report_of_invitation_once", "invitation_id", "reporter_id", unique=True),
        Index("report_of_message_once", "message_id", "reporter_id", unique=True),
        Index("report_by_state", "state", "created_at", "id"),
        Index("report_by_reporter", "reporter_id"),
    )

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    reporter_id: int = Field(foreign_key="account.id", sa_type=Key)
    accused_id: int = Field(foreign_key="account.id", sa_type=Key)
    invitation_id: int | None = Field(default=None, foreign_key="invitation.id", sa_type=Key)
    message_id: int | None = Field(default=None, foreign_key="message.id", sa_type=Key)
    reason: str = Field(sa_type=LongText)
    state: str = "OPEN"
    note: str | None = Field(default=None, sa_type=LongText)  # a moderator's
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)

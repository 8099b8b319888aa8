from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Instant, Key, LongText, now


class Conversation(SQLModel, table=True):
    """What two accounts say to each other once an invitation is accepted."""

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    invitation_id: int = Field(foreign_key="invitation.id", unique=True, sa_type=Key)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    updated_at: datetime = Field(default_factory=now, sa_type=Instant)  # when it was last written in


class Participant(SQLModel, table=True):
    """An account in a conversation, and how far it has read."""

    __table_args__ = (Index("participant_by_account", "account_id", "conversation_id"),)

    conversation_id: int = Field(primary_key=True, foreign_key="conversation.id", ondelete="CASCADE", sa_type=Key)
    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=Key)
    last_read_id: int = Field(default=0, sa_type=Key)  # the message up to which it has read
    archived_at: datetime | None = Field(default=None, sa_type=Instant)
    left_at: datetime | None = Field(default=None, sa_type=Instant)


class Message(SQLModel, table=True):
    """Plain text, as it was given. Ids are in the order in which they were written: one at a time in a conversation."""

    __table_args__ = (
        Index("message_by_conversation", "conversation_id", "id"),
        Index("message_by_sender", "sender_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Key)
    conversation_id: int = Field(foreign_key="conversation.id", sa_type=Key)
    sender_id: int = Field(foreign_key="account.id", sa_type=Key)
    body: str = Field(sa_type=LongText)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    edited_at: datetime | None = Field(default=None, sa_type=Instant)

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Instant, Key, LongText, now


class Mail(SQLModel, table=True):
    """A message to send, written in the transaction that is its reason. What was sent is deleted."""

    __table_args__ = (Index("mail_by_due", "due_at"),)

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    recipient: str
    subject: str
    body: str = Field(sa_type=LongText)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    due_at: datetime = Field(default_factory=now, sa_type=Instant)  # later while somebody is sending it
    attempts: int = 0

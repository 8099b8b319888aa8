from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Instant, Key, now, one_of

FOLLOWED_KINDS = ("researcher", "topic", "institution")


class Follow(SQLModel, table=True):
    """That an account follows something. Triggers keep `follower_count` of what is followed, whoever writes."""

    __table_args__ = (
        one_of("kind", FOLLOWED_KINDS),
        UniqueConstraint("account_id", "kind", "subject_id", name="follow_once"),
        Index("follow_by_account", "account_id", "id"),
        Index("follow_by_subject", "kind", "subject_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Key)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Key)
    kind: str = Field(sa_type=Bytewise)
    subject_id: int = Field(sa_type=Key)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)

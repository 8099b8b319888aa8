"""What lets somebody in. No token and no code is stored: only what recognises it."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Bytewise, Instant, Key, now, one_of

ACCESS_KINDS = ("SESSION", "API")
SCOPES = ("READ", "WRITE")
CODE_PURPOSES = ("VERIFY_EMAIL", "CHANGE_EMAIL", "RESET_PASSWORD", "CLAIM")


class Access(SQLModel, table=True):
    """A session, or an API token: whoever shows its token acts for the account."""

    __table_args__ = (one_of("kind", ACCESS_KINDS), Index("access_by_account", "account_id", "id"))

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Key)
    kind: str
    name: str  # what a person recognises it by
    token_hash: str = Field(unique=True, sa_type=Bytewise)  # SHA-256 of 256 random bits
    scopes: str  # words with spaces between
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    used_at: datetime = Field(default_factory=now, sa_type=Instant)  # to the hour
    expires_at: datetime = Field(sa_type=Instant)


class OneTimeCode(SQLModel, table=True):
    """A code that was mailed; a newer one for the same replaces it."""

    __tablename__ = "one_time_code"
    __table_args__ = (one_of("purpose", CODE_PURPOSES), Index("one_time_code_by_hash", "code_hash"))

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE", sa_type=Key)
    purpose: str = Field(primary_key=True, sa_type=Bytewise)
    about_id: int = Field(default=0, primary_key=True, sa_type=Key)  # the claim, or 0
    code_hash: str = Field(sa_type=Bytewise)
    address: str | None = None  # that becomes the account's with the code
    tries_left: int
    expires_at: datetime = Field(sa_type=Instant)


class Attempts(SQLModel, table=True):
    """How often something that is worth guessing at was tried, in a window of time."""

    __table_args__ = (Index("attempts_by_end", "until"),)

    key: str = Field(primary_key=True, sa_type=Bytewise)  # what was tried and, hashed, on whom or from where
    count: int
    until: datetime = Field(sa_type=Instant)  # the end of the window

from datetime import datetime
from secrets import randbits

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Instant, Key, now, one_of

DIGESTS = ("OFF", "DAILY", "WEEKLY")
ORCID = "orcid"  # the provider whose subjects are ORCID iDs; no other may have the name


def random_key() -> int:
    """An id that tells nothing: of how many there are, or which came first."""
    return randbits(62) + 1


class Account(SQLModel, table=True):
    """Somebody who can sign in; the public record of a person who publishes is a Researcher.

    A deleted account stays as a row without its person, so that what others see of it holds together.
    """

    __table_args__ = (
        one_of("digest", DIGESTS),
        CheckConstraint("deleted_at IS NULL OR (email IS NULL AND password_hash IS NULL)", name="nobody_is_left"),
        CheckConstraint("(email IS NULL) = (email_key IS NULL)", name="email_has_key"),
    )

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    display_name: str
    email: str | None = None  # as it was given
    email_key: str | None = Field(default=None, unique=True, sa_type=Bytewise)  # case-folded
    email_verified_at: datetime | None = Field(default=None, sa_type=Instant)
    password_hash: str | None = None  # Argon2id; null for those who sign in elsewhere
    is_hidden: bool = False  # counted among followers, never listed
    digest: str = "OFF"
    digested_at: datetime | None = Field(default=None, sa_type=Instant)
    moderator_since: datetime | None = Field(default=None, sa_type=Instant)
    suspended_at: datetime | None = Field(default=None, sa_type=Instant)
    deleted_at: datetime | None = Field(default=None, sa_type=Instant)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)


class Identity(SQLModel, table=True):
    """Who an account is at a provider that it signed in at."""

    __table_args__ = (Index("identity_by_account", "account_id"),)

    issuer: str = Field(primary_key=True, sa_type=Bytewise)  # as the provider names itself
    subject: str = Field(primary_key=True, sa_type=Bytewise)  # at ORCID, the iD
    provider: str  # what our settings call it: orcid …
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", sa_type=Key)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)

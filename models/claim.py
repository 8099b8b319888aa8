from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from models.account import random_key
from models.columns import Instant, Key, LongText, now, one_of

CLAIM_STATES = (
    "DRAFT",
    "EVIDENCE_PENDING",
    "UNDER_REVIEW",
    "APPROVED",
    "REJECTED",
    "WITHDRAWN",
    "EXPIRED",
    "CONTESTED",
    "REVOKED",
)
CLAIM_METHODS = ("ORCID", "EMAIL", "EVIDENCE")
OPEN_STATES = ("DRAFT", "EVIDENCE_PENDING", "UNDER_REVIEW")
HELD_STATES = ("APPROVED", "CONTESTED")  # in which the record is the account's


def _once_while(name: str, columns: tuple[str, ...], states: tuple[str, ...]) -> Index:
    condition = text(f"state IN ({', '.join(repr(state) for state in states)})")
    return Index(name, *columns, unique=True, postgresql_where=condition, sqlite_where=condition)


class Claim(SQLModel, table=True):
    """An account's word that a public record is its own, and what has become of it.

    Its history is the events that name it; `resolvers/claim_states.py` says which can follow which.
    """

    __table_args__ = (
        one_of("state", CLAIM_STATES),
        one_of("method", CLAIM_METHODS),
        CheckConstraint("level BETWEEN 2 AND 4", name="level_known"),
        _once_while("claim_held_of_researcher", ("researcher_id",), HELD_STATES),
        _once_while("claim_held_by_account", ("account_id",), HELD_STATES),
        _once_while("claim_open_once", ("account_id", "researcher_id"), OPEN_STATES),
        Index("claim_by_account", "account_id", "created_at", "id"),
        Index("claim_by_researcher", "researcher_id"),
        Index("claim_by_state", "state", "created_at", "id"),
    )

    id: int = Field(
        default_factory=random_key, primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False}
    )
    researcher_id: int = Field(foreign_key="researcher.id", sa_type=Key)
    account_id: int = Field(foreign_key="account.id", sa_type=Key)
    state: str
    method: str
    level: int | None = None  # of verification, while the record is the account's
    statement: str | None = Field(default=None, sa_type=LongText)
    evidence_url: str | None = Field(default=None, sa_type=LongText)
    email: str | None = None  # of the institution, to which a code was sent
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    updated_at: datetime = Field(default_factory=now, sa_type=Instant)
    approved_at: datetime | None = Field(default=None, sa_type=Instant)  # while the record is the account's
    expires_at: datetime | None = Field(default=None, sa_type=Instant)  # while a code is waited for

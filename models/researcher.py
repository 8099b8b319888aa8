from datetime import datetime

from sqlalchemy import CheckConstraint, Index, false
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Instant, Key, LongText, not_negative, one_of

CLAIM_STATUSES = ("UNCLAIMED", "PENDING", "CLAIMED", "CONTESTED")
COLLABORATION_STATUSES = ("OPEN", "LIMITED", "CLOSED")


class Researcher(SQLModel, table=True):
    """A person who publishes: the public record, not the account of whoever claims it.

    The id is the number of the OpenAlex author (A9791458202 → 9791458202).
    """

    __table_args__ = (
        one_of("claim_status", CLAIM_STATUSES),
        one_of("collaboration_status", COLLABORATION_STATUSES),
        CheckConstraint("verification_level BETWEEN 0 AND 4", name="verification_level_known"),
        *not_negative("work_count", "citation_count", "h_index", "i10_index", "follower_count"),
        Index("researcher_by_name", "name_key", "id"),
        Index("researcher_by_works", "work_count", "id"),
        Index("researcher_by_citations", "citation_count", "id"),
        Index("researcher_by_followers", "follower_count", "id"),
        Index("researcher_by_newest_work", "newest_year", "id"),
        Index("researcher_by_orcid", "orcid"),
        Index("researcher_by_institution", "institution_id"),
    )

    id: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    slug: str = Field(unique=True, sa_type=Bytewise)
    display_name: str
    name_key: str = Field(sa_type=Bytewise)
    alternative_names: str = Field(default="[]", sa_type=LongText)  # a JSON array of strings
    orcid: str | None = None  # 0000-0002-1825-0097; the same iD may stand on several records
    headline: str | None = None
    homepage_url: str | None = None
    institution_id: int | None = Field(default=None, foreign_key="institution.id", sa_type=Key)
    claim_status: str = "UNCLAIMED"
    collaboration_status: str = "OPEN"
    verification_level: int = 1
    # The owner's own word, before that of a source.
    own_institution_id: int | None = Field(default=None, sa_type=Key)  # without a foreign key: see migration 0004
    affiliation_withheld: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    suppressed_at: datetime | None = Field(default=None, sa_type=Instant)  # since when the page is gone
    follower_count: int = 0

    # Derived from the works held.
    work_count: int = 0
    citation_count: int = 0
    h_index: int = 0
    i10_index: int = 0
    first_year: int | None = None
    last_year: int | None = None
    newest_year: int = 0  # last_year, or 0: a key to sort by is never null
    topic_count: int = 0
    collaborator_count: int = 0
    close_collaborator_count: int = 0
    derived_at: datetime | None = Field(default=None, sa_type=Instant)

    # Microseconds since 1970 of the source's last change; 0 while known only from a byline.
    version: int = Field(default=0, sa_type=Key)
    import_run_id: int | None = Field(default=None, foreign_key="import_run.id")

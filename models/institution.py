from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Key, LongText, not_negative


class Institution(SQLModel, table=True):
    """A university, company, laboratory …; the id is OpenAlex's number (I136199984 → 136199984)."""

    __table_args__ = (
        *not_negative("work_count", "researcher_count", "citation_count", "follower_count"),
        Index("institution_by_name", "name_key", "id"),
        Index("institution_by_works", "work_count", "id"),
        Index("institution_by_citations", "citation_count", "id"),
        Index("institution_by_researchers", "researcher_count", "id"),
        Index("institution_by_ror", "ror"),
    )

    id: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    slug: str = Field(unique=True, sa_type=Bytewise)
    display_name: str
    name_key: str = Field(sa_type=Bytewise)
    alternative_names: str = Field(default="[]", sa_type=LongText)  # a JSON array of strings
    ror: str | None = None  # 03yrm5c26
    country_code: str | None = None  # ISO 3166-1 alpha-2, upper case
    kind: str | None = None
    homepage_url: str | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    follower_count: int = 0
    work_count: int = 0
    researcher_count: int = 0
    citation_count: int = 0
    version: int = Field(default=0, sa_type=Key)
    import_run_id: int | None = Field(default=None, foreign_key="import_run.id")

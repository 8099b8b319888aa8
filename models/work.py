from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import ONLY, Bytewise, Key, LongText, not_negative, one_of

WORK_KINDS = (
    "ARTICLE",
    "BOOK",
    "BOOK_CHAPTER",
    "DATASET",
    "DISSERTATION",
    "EDITORIAL",
    "ERRATUM",
    "GRANT",
    "LETTER",
    "LIBGUIDES",
    "OTHER",
    "PARATEXT",
    "PEER_REVIEW",
    "PREPRINT",
    "REFERENCE_ENTRY",
    "REPORT",
    "RETRACTION",
    "REVIEW",
    "SOFTWARE",
    "STANDARD",
    "SUPPLEMENTARY_MATERIALS",
)


class Work(SQLModel, table=True):
    """A published work; the id is OpenAlex's number (W2741809807 → 2741809807)."""

    __table_args__ = (
        one_of("kind", WORK_KINDS),
        CheckConstraint("publication_year BETWEEN 1000 AND 2200", name="publication_year_in_range"),
        *not_negative("citation_count", "author_count"),
        Index("work_newest", "newest_key", "title_key", "id"),
        Index("work_most_cited", "citation_count", "id"),
        Index("work_by_title", "title_key", "id"),
        Index("work_by_doi", "doi"),
        Index("work_by_arxiv_id", "arxiv_id"),
        Index("work_by_source", "source_id"),
        # What orders somebody's works, without their pages of the table, which are larger and read one for each. SQLite
        # cannot include columns, and finds a row sooner than it would by another index.
        Index(
            "work_in_order",
            "id",
            postgresql_include=["newest_key", "title_key", "citation_count"],
            info={ONLY: "postgresql"},
        ),
    )

    id: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    title: str = Field(sa_type=LongText)
    title_key: str = Field(sa_type=Bytewise)
    kind: str
    raw_kind: str | None = None
    publication_year: int | None = None
    publication_date: date | None = None
    newest_key: int = 0  # minus publication_year, or 0: ascending it is newest first, undated last, never null
    source_id: int | None = Field(default=None, foreign_key="source.id", sa_type=Key)
    doi: str | None = None  # 10.48550/arxiv.2003.00832, lower case
    arxiv_id: str | None = None  # 2003.00832 or math/0211159, without version
    landing_page_url: str | None = Field(default=None, sa_type=LongText)
    pdf_url: str | None = Field(default=None, sa_type=LongText)
    language: str | None = None
    is_retracted: bool = False
    is_open_access: bool | None = None
    citation_count: int = 0
    author_count: int = 0
    volume: str | None = None
    issue: str | None = None
    first_page: str | None = None
    last_page: str | None = None
    version: int = Field(default=0, sa_type=Key)
    import_run_id: int | None = Field(default=None, foreign_key="import_run.id")
    # Last, so that SQLite reads the columns before them without touching their overflow pages.
    abstract: str | None = Field(default=None, sa_type=LongText)  # as given, LaTeX and entities included
    abstract_plain: str | None = Field(default=None, sa_type=LongText)  # null where it equals `abstract`

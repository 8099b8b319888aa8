from sqlmodel import Field, SQLModel

from models.columns import Key, not_negative


class Source(SQLModel, table=True):
    """Where works appear: a journal, conference, repository …; the id is OpenAlex's number."""

    __table_args__ = (*not_negative("work_count", "citation_count"),)

    id: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    display_name: str
    kind: str | None = None
    issn_l: str | None = None
    publisher: str | None = None
    homepage_url: str | None = None
    is_open_access: bool | None = None
    work_count: int = 0
    citation_count: int = 0
    version: int = Field(default=0, sa_type=Key)
    import_run_id: int | None = Field(default=None, foreign_key="import_run.id")

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Key, one_of


class Detached(SQLModel, table=True):
    """A place in a byline that is not to be shown as the researcher's, though a source says so."""

    __table_args__ = (
        one_of("reason", ("DISOWNED", "SUPPRESSED")),
        Index("detached_by_work", "work_id"),
        {"sqlite_with_rowid": False},
    )

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    work_id: int = Field(primary_key=True, sa_type=Key)  # of a work that may come back
    reason: str

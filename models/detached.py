from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Key, one_of

NO_WORK = 0


class Detached(SQLModel, table=True):
    """A place in a byline that is not to be shown as the researcher's, though a source says so.

    Of a researcher whose page is gone there is a row more, of no work, by which an import knows them.
    """

    __table_args__ = (
        one_of("reason", ("DISOWNED", "SUPPRESSED")),
        Index("detached_by_work", "work_id"),
        {"sqlite_with_rowid": False},
    )

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    work_id: int = Field(primary_key=True, sa_type=Key)  # of a work that may come back
    reason: str

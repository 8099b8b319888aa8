from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Key


class Reference(SQLModel, table=True):
    """A work cites another. The cited one may be imported later, or never, so it is no foreign key."""

    __table_args__ = (Index("reference_by_cited", "cited_id", "citing_id"), {"sqlite_with_rowid": False})

    citing_id: int = Field(primary_key=True, foreign_key="work.id", ondelete="CASCADE", sa_type=Key)
    cited_id: int = Field(primary_key=True, sa_type=Key)

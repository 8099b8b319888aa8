from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Key


class Keyword(SQLModel, table=True):
    """A word or phrase that works are tagged with."""

    id: str = Field(primary_key=True, sa_type=Bytewise)  # machine-learning
    display_name: str


class WorkKeyword(SQLModel, table=True):
    """A keyword of a work, and how surely (0..1)."""

    __tablename__ = "work_keyword"
    __table_args__ = (Index("work_keyword_by_keyword", "keyword_id", "work_id"), {"sqlite_with_rowid": False})

    work_id: int = Field(primary_key=True, foreign_key="work.id", ondelete="CASCADE", sa_type=Key)
    keyword_id: str = Field(primary_key=True, foreign_key="keyword.id", sa_type=Bytewise)
    score: float

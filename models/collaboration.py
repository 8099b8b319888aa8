from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from models.columns import Key

MAX_BYLINE = 50  # names: a longer byline says little about who works with whom, and makes no collaborations


class Collaboration(SQLModel, table=True):
    """Derived: two researchers' works together, one row in each direction."""

    __table_args__ = (
        CheckConstraint("researcher_id <> collaborator_id", name="two_people"),
        CheckConstraint("strength BETWEEN 0 AND 1", name="strength_in_range"),
        {"sqlite_with_rowid": False},
    )

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    collaborator_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    shared_work_count: int
    first_year: int | None = None
    last_year: int | None = None
    recent_year: int = 0  # last_year, or 0: a key to sort by is never null
    strength: float
    is_close: bool  # works shared in at least 4 different years

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import Key


class Affiliation(SQLModel, table=True):
    """Where a researcher has worked, and the first and last year their record says so."""

    __table_args__ = (
        CheckConstraint("first_year <= last_year", name="years_in_order"),
        Index("affiliation_by_institution", "institution_id", "researcher_id"),
        {"sqlite_with_rowid": False},
    )

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    institution_id: int = Field(primary_key=True, foreign_key="institution.id", sa_type=Key)
    first_year: int | None = None
    last_year: int | None = None

from sqlmodel import Field, SQLModel

from models.columns import Key


class YearActivity(SQLModel, table=True):
    """Derived: what a researcher published in a year, from their first year to their last without gaps."""

    __tablename__ = "year_activity"
    __table_args__ = ({"sqlite_with_rowid": False},)

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    year: int = Field(primary_key=True)
    works: int
    citations: int  # received so far by that year's works

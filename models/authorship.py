from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import Key, not_negative


class Authorship(SQLModel, table=True):
    """One place in a work's byline. The researcher is null for an author whom the source does not know."""

    __table_args__ = (
        *not_negative("position"),
        Index("authorship_by_researcher", "researcher_id", "work_id"),
        {"sqlite_with_rowid": False},
    )

    work_id: int = Field(primary_key=True, foreign_key="work.id", ondelete="CASCADE", sa_type=Key)
    position: int = Field(primary_key=True)  # from 0
    researcher_id: int | None = Field(default=None, foreign_key="researcher.id", sa_type=Key)
    # Who was taken out of it (models/detached.py); without a foreign key, as SQLite adds columns.
    detached_id: int | None = Field(default=None, sa_type=Key)
    raw_name: str | None = None
    is_corresponding: bool = False


class AuthorshipInstitution(SQLModel, table=True):
    """An institution that an authorship names."""

    __tablename__ = "authorship_institution"
    __table_args__ = (
        ForeignKeyConstraint(
            ["work_id", "position"],
            ["authorship.work_id", "authorship.position"],
            ondelete="CASCADE",
        ),
        Index("authorship_institution_by_institution", "institution_id", "work_id"),
        {"sqlite_with_rowid": False},
    )

    work_id: int = Field(primary_key=True, sa_type=Key)
    position: int = Field(primary_key=True)
    institution_id: int = Field(primary_key=True, foreign_key="institution.id", sa_type=Key)
    rank: int  # the order in which the authorship names them, from 0

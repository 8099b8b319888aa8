from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Key


class Change(SQLModel, table=True):
    """A write that readers may have kept answers of; on SQLite, since PostgreSQL has NOTIFY for it."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = Field(default=None, primary_key=True, sa_type=Key)
    subject: str | None = Field(default=None, sa_type=Bytewise)  # "Researcher 123"; null for everything

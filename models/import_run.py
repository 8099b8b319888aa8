from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Instant, Key, LongText, now, one_of

STATUSES = ("RUNNING", "COMPLETED", "FAILED")


class ImportRun(SQLModel, table=True):
    """One run of an import; a run that was killed goes on under its own id when started again."""

    __tablename__ = "import_run"
    __table_args__ = (one_of("status", STATUSES),)

    id: int | None = Field(default=None, primary_key=True)
    source: str  # openalex
    root: str = Field(sa_type=Bytewise)  # what was imported, and with which options
    status: str = "RUNNING"
    started_at: datetime = Field(default_factory=now, sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)
    summary: str = Field(default="{}", sa_type=LongText)  # counts by entity, as JSON


class ImportPart(SQLModel, table=True):
    """How far one file of a root has been read; written in the transaction that holds its rows."""

    __tablename__ = "import_part"

    root: str = Field(primary_key=True, sa_type=Bytewise)
    name: str = Field(primary_key=True, sa_type=Bytewise)  # relative to the root
    fingerprint: str  # tells a file from another of the same name
    entity: str | None = None
    updated_date: date | None = None
    lines: int = Field(default=0, sa_type=Key)
    finished: bool = False
    run_id: int | None = Field(default=None, foreign_key="import_run.id")
    counts: str = Field(default="{}", sa_type=LongText)  # imported, unchanged, skipped, rejected, as JSON
    dead_letter_bytes: int = Field(default=0, sa_type=Key)


class Stale(SQLModel, table=True):
    """Records whose derived rows no longer follow from their works; emptied by the derivation."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: str = Field(primary_key=True, sa_type=Bytewise)
    id: int = Field(primary_key=True, sa_type=Key)


class SlugSequence(SQLModel, table=True):
    """The last number given out for a slug: kurt-keutzer, kurt-keutzer-2 …"""

    __tablename__ = "slug_sequence"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: str = Field(primary_key=True, sa_type=Bytewise)
    base: str = Field(primary_key=True, sa_type=Bytewise)
    last: int


class DataVersion(SQLModel, table=True):
    """One row: how often the derived tables have been rebuilt, and when last."""

    __tablename__ = "data_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    version: int = Field(default=0, sa_type=Key)
    stamped_at: datetime = Field(default_factory=now, sa_type=Instant)

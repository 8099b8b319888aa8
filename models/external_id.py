from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Key, one_of

ENTITY_KINDS = ("researcher", "work", "institution", "topic", "source")


class ExternalId(SQLModel, table=True):
    """What another registry calls a record, where its table has no column for it."""

    __tablename__ = "external_id"
    __table_args__ = (
        one_of("kind", ENTITY_KINDS),
        Index("external_id_by_value", "scheme", "value"),
        {"sqlite_with_rowid": False},
    )

    kind: str = Field(primary_key=True, sa_type=Bytewise)
    entity_id: int = Field(primary_key=True, sa_type=Key)
    scheme: str = Field(primary_key=True, sa_type=Bytewise)  # mag, pmid, pmcid, wikidata, grid, scopus …
    value: str = Field(primary_key=True, sa_type=Bytewise)


class MergedId(SQLModel, table=True):
    """An id that was merged away, and the record that lives on (never itself merged: chains are followed)."""

    __tablename__ = "merged_id"
    __table_args__ = (
        one_of("kind", ENTITY_KINDS),
        Index("merged_id_by_survivor", "kind", "into_id"),
        {"sqlite_with_rowid": False},
    )

    kind: str = Field(primary_key=True, sa_type=Bytewise)
    old_id: int = Field(primary_key=True, sa_type=Key)
    into_id: int = Field(sa_type=Key)

"""Column kinds that mean the same on SQLite and PostgreSQL."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, String, Text
from sqlalchemy.sql.schema import SchemaItem
from sqlmodel import SQLModel

# Migrations can only drop what has a name.
SQLModel.metadata.naming_convention = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s",
}

# SQLite makes only `INTEGER PRIMARY KEY` the row's own address, so its keys must not be called BIGINT.
Key = BigInteger().with_variant(Integer(), "sqlite")

# Compared byte by byte: SQLite does so by itself, PostgreSQL only in the collation "C".
Bytewise = String().with_variant(String(collation="C"), "postgresql")
# Case-folded text to sort and search by, cut to this many characters: PostgreSQL indexes at most 2,704 bytes.
FOLDED = 500

ONLY = "only"  # an index's info: the database that has it, where the other has not


def stands_on(dialect: str, part: SchemaItem) -> bool:
    """Whether this database has what is declared."""
    return bool(part.info.get(ONLY, dialect) == dialect)


LongText = Text()
Instant = DateTime(timezone=True)


def fold(text: str) -> str:
    """The text to sort and search by: case-folded and cut."""
    return text.casefold()[:FOLDED]


def one_of(column: str, values: Sequence[str]) -> SchemaItem:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def not_negative(*columns: str) -> list[SchemaItem]:
    return [CheckConstraint(f"{column} >= 0", name=f"{column}_not_negative") for column in columns]


def now() -> datetime:
    return datetime.now(UTC)

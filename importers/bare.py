"""A first import into bare tables: what looks at each row by itself is put back once all rows stand.

An index that grows row by row is written many times over, and a foreign key looks up a parent for each row; built over
whole tables, each takes one pass.
"""

import sqlite3
from collections.abc import Iterable
from itertools import chain

from sqlalchemy import Connection, Constraint, Index, inspect, text
from sqlalchemy.schema import AddConstraint, CreateIndex, DropConstraint, DropIndex
from sqlmodel import SQLModel

from models.columns import stands_on


class BareTables:
    """Tables that lose their secondary indexes and, on PostgreSQL, their foreign keys while none of them has a row.

    `keyless` names those whose rows the database itself makes: on PostgreSQL they lose their primary keys, too.
    What is missing is asked of the database, so what a killed import left bare the next one completes.
    """

    def __init__(self, connection: Connection, names: Iterable[str], keyless: Iterable[str] = ()) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"
        self._tables = [SQLModel.metadata.tables[name] for name in (*names, *keyless)]
        self._keyless = frozenset(keyless)

    def bare(self) -> bool:
        return bool(self._missing())

    def strip(self) -> bool:
        """Take them away, if all tables are empty. Whether the tables are bare now."""
        if self.bare():
            return True
        if not self._empty():
            return False
        for part in self._declared():
            self._connection.execute(DropIndex(part) if isinstance(part, Index) else DropConstraint(part))
        return True

    def complete(self) -> None:
        """Put back what is missing. Raises the driver's IntegrityError for a row without its parent."""
        missing = self._missing()
        if missing and not self._postgres:
            for table, *_ in self._connection.execute(text("PRAGMA foreign_key_check")):
                raise sqlite3.IntegrityError(f"a row of {table} names another that does not exist")
        for part in missing:
            self._connection.execute(
                CreateIndex(part) if isinstance(part, Index) else AddConstraint(part, isolate_from_table=False)
            )

    def _declared(self) -> list[Index | Constraint]:
        dialect = self._connection.dialect.name
        indexes = [index for table in self._tables for index in table.indexes if stands_on(dialect, index)]
        if not self._postgres:  # SQLite cannot alter a table's constraints, but need not check them
            return [*indexes]
        primary = [table.primary_key for table in self._tables if table.name in self._keyless]
        foreign = [key for table in self._tables for key in table.foreign_key_constraints]
        return [*primary, *indexes, *foreign]

    def _missing(self) -> list[Index | Constraint]:
        found = inspect(self._connection)
        names = [table.name for table in self._tables]
        parts = (
            *chain.from_iterable(found.get_multi_indexes(filter_names=names).values()),
            *chain.from_iterable(found.get_multi_foreign_keys(filter_names=names).values()),
            *found.get_multi_pk_constraint(filter_names=names).values(),
        )
        standing = {part["name"] for part in parts}
        return [part for part in self._declared() if part.name not in standing]

    def _empty(self) -> bool:
        selects = (text(f'SELECT 1 FROM "{table.name}" LIMIT 1') for table in self._tables)
        return not any(self._connection.scalar(select) for select in selects)

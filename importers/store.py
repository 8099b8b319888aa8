"""Rows in bulk, on the drivers themselves: the ORM costs several times the statement it runs."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

import orjson
import psycopg
from sqlalchemy import Connection

Row = tuple[Any, ...]
T = TypeVar("T")
VARIABLES = 8_000  # a statement of SQLite's takes 32,766


class Store(Protocol):
    """Statements may hold one `{each}`: a table of the given values with the one column `value`.

    Everything happens in the transaction of the SQLAlchemy connection.
    """

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, ignore: bool = False) -> None:
        """Insert rows; `ignore` leaves out those whose key is taken."""

    def update(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Set columns of the rows that have these ids; the first column is `id`."""

    def fetch(self, sql: str, values: Iterable[Any] | None = None) -> list[Row]: ...

    def execute(self, sql: str, values: Iterable[Any] | None = None) -> int:
        """How many rows it touched."""

    def instant(self, moment: datetime) -> str:
        """The moment, in SQL."""

    def tune(self) -> None:
        """Set this connection up for bulk work."""

    def analyze(self, tables: Sequence[str] = ()) -> None:
        """Let the planner know what these tables hold now, or all."""

    def check_keys(self, check: bool) -> None:  # noqa: FBT001 - as the databases call it
        """Outside of a transaction: have SQLite's foreign keys checked, and cascade, or not. PostgreSQL's always are."""


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of this size, the last one shorter."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk


def open_store(connection: Connection) -> Store:
    return PostgresStore(connection) if connection.dialect.name == "postgresql" else SQLiteStore(connection)


class SQLiteStore:
    def __init__(self, connection: Connection) -> None:
        self._driver = connection.connection.dbapi_connection

    def instant(self, moment: datetime) -> str:
        return f"'{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"

    def tune(self) -> None:
        self._run("PRAGMA cache_size = -128000")
        self._run("PRAGMA wal_autocheckpoint = 32000")

    def analyze(self, tables: Sequence[str] = ()) -> None:  # noqa: ARG002 - a look at each index, cheap for all
        self._run("PRAGMA analysis_limit = 1000")
        self._run("ANALYZE")

    def check_keys(self, check: bool) -> None:  # noqa: FBT001
        self._run(f"PRAGMA foreign_keys = {int(check)}")

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, ignore: bool = False) -> None:
        # Many rows a statement: after each statement the driver waits for Python to be free again.
        verb = "INSERT OR IGNORE" if ignore else "INSERT"
        into = f"{verb} INTO {table} ({', '.join(columns)}) VALUES "
        place = f"({', '.join('?' * len(columns))})"
        most = VARIABLES // len(columns)
        for start in range(0, len(rows), most):
            some = rows[start : start + most]
            self._driver.execute(into + ", ".join([place] * len(some)), list(chain.from_iterable(some)))  # type: ignore[union-attr]

    def update(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            sets = ", ".join(f"{column} = ?{place}" for place, column in enumerate(columns[1:], 2))
            self._driver.executemany(f"UPDATE {table} SET {sets} WHERE id = ?1", rows)  # type: ignore[union-attr]

    def fetch(self, sql: str, values: Iterable[Any] | None = None) -> list[Row]:
        return list(self._run(sql, values))

    def execute(self, sql: str, values: Iterable[Any] | None = None) -> int:
        return int(self._run(sql, values).rowcount)

    def _run(self, sql: str, values: Iterable[Any] | None = None) -> Any:
        given = () if values is None else (orjson.dumps(list(values)).decode(),)
        return self._driver.execute(sql.replace("{each}", "json_each(?)"), given)  # type: ignore[union-attr]


class PostgresStore:
    def __init__(self, connection: Connection) -> None:
        self._driver: psycopg.Connection[Row] = connection.connection.dbapi_connection  # type: ignore[assignment]
        self._staged: set[str] = set()

    def instant(self, moment: datetime) -> str:
        return f"timestamptz '{moment.isoformat()}'"

    def tune(self) -> None:
        self._driver.execute("SET work_mem = '128MB'")
        self._driver.execute("SET maintenance_work_mem = '256MB'")
        # Refused to a session that has had temporary tables.
        self._driver.execute("SELECT set_config('temp_buffers', '128MB', false) WHERE pg_my_temp_schema() = 0")
        self._driver.execute("SET synchronous_commit = off")

    def analyze(self, tables: Sequence[str] = ()) -> None:
        self._driver.execute(f"ANALYZE {', '.join(tables)}")

    def check_keys(self, check: bool) -> None:  # noqa: FBT001
        """Nothing to do: those that stand are checked."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row], *, ignore: bool = False) -> None:
        listed = ", ".join(columns)
        if rows and ignore:
            self._copy(self._stage(table), columns, rows)
            self.execute(f"INSERT INTO {table} ({listed}) SELECT {listed} FROM staged_{table} ON CONFLICT DO NOTHING")
            self.execute(f"TRUNCATE staged_{table}")
        elif rows:
            self._copy(table, columns, rows)

    def update(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._copy(self._stage(table), columns, rows)
        sets = ", ".join(f"{column} = staged.{column}" for column in columns[1:])
        self.execute(f"UPDATE {table} SET {sets} FROM staged_{table} AS staged WHERE {table}.id = staged.id")
        self.execute(f"TRUNCATE staged_{table}")

    def _stage(self, table: str) -> str:
        # IF NOT EXISTS: a rollback may have taken it away again.
        self.execute(f"CREATE TEMP TABLE IF NOT EXISTS staged_{table} AS SELECT * FROM {table} WITH NO DATA")
        return f"staged_{table}"

    def _copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        with self._driver.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def fetch(self, sql: str, values: Iterable[Any] | None = None) -> list[Row]:
        return self._run(sql, values).fetchall()

    def execute(self, sql: str, values: Iterable[Any] | None = None) -> int:
        return self._run(sql, values).rowcount

    def _run(self, sql: str, values: Iterable[Any] | None = None) -> psycopg.Cursor[Row]:
        if values is None:
            return self._driver.execute(sql)
        given = list(values)
        kind = "text" if given and isinstance(given[0], str) else "bigint"
        return self._driver.execute(sql.replace("{each}", f"unnest(%s::{kind}[]) AS each(value)"), (given,))

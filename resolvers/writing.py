"""Writes: a rule runs in one transaction, on the driver itself, its statements compiled once per dialect."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

import asyncpg
import orjson
import sqlalchemy
from sqlalchemy import Connection, Dialect, Engine, Executable, bindparam, func
from sqlmodel import SQLModel, col

from models import Change
from models.database import BUSY_MS, CHANGES, CHANGES_KEPT, connect, database_url, tell_changes
from resolvers.drivers import STATEMENTS, Database, Held, PostgresReader, SQLiteReader, dsn
from resolvers.reads import Compiled, compile_for, row_kind, shown_columns
from resolvers.refused import Unavailable

AGAIN = 5  # attempts of a transaction that others' writes got in the way of

T = TypeVar("T")
Rule = Callable[["Transaction"], Awaitable[T]]


class Conflict(Exception):  # noqa: N818  the rule that meets it says what it means
    """A row that must be the only one of its kind is not."""


class Writer:
    """Runs rules in transactions; reads their answers as rows by name."""

    def __init__(self, driver: Driver, tell: Callable[[str | None], None], url: str) -> None:
        self._driver, self._tell, self._url = driver, tell, url
        self._engine: Engine | None = None

    async def write(self, rule: Rule[T], *, alone: bool = False) -> T:
        """What the rule answers, when its writes stand; whatever it raises leaves none. Raises Unavailable.

        The rule runs again where another's write got in its way, so it must do nothing but read and write. One that
        runs a single statement may say that it is `alone`: the statement is a transaction by itself.
        """
        transaction, answer = await self._driver.run(rule, alone)
        for subject in transaction.told:
            self._tell(subject)  # others hear of it in a moment; who was answered must not see less than that
        return cast("T", answer)

    async def in_thread(self, rule: Callable[[Connection], T]) -> T:
        """The same for long writes, on an SQLAlchemy connection; to readers they change everything."""
        if self._engine is None:
            self._engine = connect(self._url)
        engine = self._engine

        def run() -> T:
            with engine.begin() as connection:
                answer = rule(connection)
                tell_changes(connection)
                return answer

        try:
            answer = await asyncio.to_thread(run)
        except sqlalchemy.exc.IntegrityError as error:
            raise Conflict(str(error.orig)) from error
        except sqlalchemy.exc.OperationalError as error:
            raise Unavailable("The database cannot be written now.") from error
        self._tell(None)
        return answer

    @property
    def in_use(self) -> int:
        """How many of its connections write now."""
        return self._driver.in_use

    async def close(self) -> None:
        await self._driver.close()
        if self._engine:
            self._engine.dispose()


def open_writer(url: str, reader: Database, *, connections: int = 5) -> Writer:
    """A writer of the database that the reader reads; it connects when it first writes."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Writer(SQLiteDriver(str(parsed.database)), reader.tell, url)
    return Writer(PostgresDriver(dsn(parsed), connections), reader.tell, url)


class Transaction:
    """What a rule has of the database."""

    def __init__(self, dialect: Dialect, execute: Callable[[str, Sequence[Any]], Awaitable[list[Any]]]) -> None:
        self.dialect, self._execute = dialect, execute
        self.told: list[str | None] = []
        self._conflict: Conflict | None = None

    async def answer(self, rule: Rule[T]) -> T:
        """What the rule answers. Raises a Conflict that it met even if it passes over it, as PostgreSQL does not."""
        answer = await rule(self)
        if self._conflict:
            raise self._conflict
        return answer

    async def rows(self, statement: Executable, /, **values: Any) -> list[Any]:
        """The rows that it selects or returns, as named tuples. Raises Conflict, which ends the transaction."""
        prepared = _prepared(self, statement)
        given = [_stored(self.dialect, value) for value in prepared.compiled.values(values)]
        try:
            rows = await self._execute(prepared.compiled.sql, given)
        except Conflict as conflict:
            self._conflict = conflict
            raise
        return [tuple.__new__(prepared.kind, prepared.compiled.converted_row(row)) for row in rows]

    async def row(self, statement: Executable, /, **values: Any) -> Any:
        """The first of them, or None."""
        return next(iter(await self.rows(statement, **values)), None)

    async def value(self, statement: Executable, /, **values: Any) -> Any:
        """The first of the first's columns, or None."""
        row = await self.row(statement, **values)
        return None if row is None else row[0]

    async def add(self, row: SQLModel) -> None:
        """Insert it. Raises Conflict where there is one like it."""
        table = type(row)
        values = row.model_dump()
        if values.get("id", 0) is None:
            del values["id"]  # the database numbers it
        await self.rows(_insert(table, tuple(values)), **values)

    async def tell(self, *subjects: str) -> None:
        """Have readers told, when this transaction commits, that it changes these subjects."""
        for subject in subjects:
            self.told.append(subject)
            if self.dialect.name == "postgresql":
                await self.rows(_NOTIFY, channel=CHANGES, subject=subject)
            else:
                await self.rows(_CHANGED, subject=subject)
                await self.rows(_FORGET)


_NOTIFY = sqlalchemy.select(
    func.pg_notify(bindparam("channel", type_=sqlalchemy.String()), bindparam("subject", type_=sqlalchemy.String()))
)
_CHANGED = sqlalchemy.insert(Change).values(subject=bindparam("subject"))
_FORGET = sqlalchemy.delete(Change).where(
    col(Change.id) <= sqlalchemy.select(func.max(Change.id)).scalar_subquery() - CHANGES_KEPT
)


class _Prepared(NamedTuple):
    compiled: Compiled
    kind: Any  # the class of its rows


_PREPARED: dict[str, WeakKeyDictionary[Executable, _Prepared]] = {}
_INSERTS: dict[tuple[type, tuple[str, ...]], Executable] = {}


def _prepared(transaction: Any, statement: Executable) -> _Prepared:
    known = _PREPARED.setdefault(transaction.dialect.name, WeakKeyDictionary())
    if statement not in known:
        names = tuple(map(str, shown_columns(statement).keys()))
        known[statement] = _Prepared(compile_for(transaction.dialect, statement), row_kind(object, names))
    return known[statement]


def _insert(table: type[SQLModel], columns: tuple[str, ...]) -> Executable:
    if (table, columns) not in _INSERTS:
        _INSERTS[table, columns] = sqlalchemy.insert(table).values({name: bindparam(name) for name in columns})
    return _INSERTS[table, columns]


def _stored(dialect: Dialect, value: Any) -> Any:
    """A value as the driver takes it."""
    if dialect.name != "sqlite":
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return orjson.dumps(value).decode() if isinstance(value, (list, tuple)) else value


class Driver(Protocol):
    @property
    def in_use(self) -> int: ...

    async def run(self, rule: Rule[Any], alone: bool) -> tuple[Transaction, Any]:  # noqa: FBT001
        """The rule's answer and the transaction that committed it."""

    async def close(self) -> None: ...


class SQLiteDriver:
    """One connection in a thread of its own: SQLite has one writer at a time, and a commit waits for the disk."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "sqlite-writer")
        self._turn = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result  # what it is connected to

    @property
    def in_use(self) -> int:
        return int(self._turn.locked())

    @asynccontextmanager
    async def _turn_taken(self) -> AsyncIterator[None]:
        """Raises Unavailable where others here wait as long for the file: in a row they would wait for each other."""
        try:
            await asyncio.wait_for(self._turn.acquire(), BUSY_MS / 1000)
        except TimeoutError as error:
            raise Unavailable("The database cannot be written now.") from error
        try:
            yield
        finally:
            self._turn.release()

    async def run(self, rule: Rule[Any], alone: bool) -> tuple[Transaction, Any]:  # noqa: FBT001
        async with self._turn_taken():
            transaction = Transaction(SQLiteReader.dialect, partial(self._execute, begins=alone))
            if alone:
                return transaction, await transaction.answer(rule)
            try:
                await self._execute("BEGIN IMMEDIATE", begins=True)
                answer = await transaction.answer(rule)
                await self._execute("COMMIT")
            except BaseException:
                # Also of who has gone meanwhile: a transaction left open would keep all others out.
                await asyncio.shield(self._execute("ROLLBACK"))
                raise
            return transaction, answer

    async def _execute(self, sql: str, values: Sequence[Any] = (), *, begins: bool = False) -> list[Any]:
        run = partial(self._in_thread, sql, values, begins=begins)
        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _in_thread(self, sql: str, values: Sequence[Any], *, begins: bool) -> list[Any]:
        if sql == "ROLLBACK" and not (self._connection and self._connection.in_transaction):
            return []
        try:
            connection = self._reached() if begins else self._connection
            if connection is None:
                raise Unavailable("The transaction is over.")
            return connection.execute(sql, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from error
        except (sqlite3.OperationalError, OSError) as error:
            self._drop()  # once opened read-only, or of a file that is gone, it would fail for ever
            raise Unavailable("The database cannot be written now.") from error

    def _reached(self) -> sqlite3.Connection:
        """A connection to the file that is there now: one whose file was replaced would write where nobody looks."""
        there = Path(self._path).stat()
        if self._connection is None or not os.path.samestat(there, self._file):
            self._drop()
            self._connection, self._file = self._connected(), there
        return self._connection

    def _drop(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{self._path}?mode=rw",
            uri=True,
            timeout=BUSY_MS / 1000,
            isolation_level=None,
            cached_statements=STATEMENTS,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what was answered survives a power cut
        return connection

    async def close(self) -> None:
        self._thread.shutdown()
        self._drop()


class PostgresDriver:
    def __init__(self, dsn: str, connections: int) -> None:
        self._held = Held(dsn, connections, "auto")

    @property
    def in_use(self) -> int:
        return self._held.in_use

    async def run(self, rule: Rule[Any], alone: bool) -> tuple[Transaction, Any]:  # noqa: FBT001
        for attempt in range(1, AGAIN + 1):
            try:
                return await self._once(rule, alone)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
                if attempt == AGAIN:
                    raise Unavailable("Too many write the same at once.") from error
                await asyncio.sleep(0.01 * attempt)
        raise AssertionError

    async def _once(self, rule: Rule[Any], alone: bool) -> tuple[Transaction, Any]:  # noqa: FBT001
        async with self._held.connection("written") as connection:
            transaction = Transaction(PostgresReader.dialect, partial(self._execute, connection))
            if alone:
                return transaction, await transaction.answer(rule)
            # Not asyncpg's own transaction: cancelled at its BEGIN it takes the next one for a part of itself, which is
            # then never committed.
            try:
                await connection.execute("BEGIN")
                answer = await transaction.answer(rule)
                await connection.execute("COMMIT")
            except BaseException:
                await asyncio.shield(connection.execute("ROLLBACK"))
                raise
            return transaction, answer

    async def _execute(self, connection: asyncpg.Connection, sql: str, values: Sequence[Any]) -> list[Any]:
        try:
            rows: list[Any] = await connection.fetch(sql, *values)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise Conflict(str(error)) from error
        return rows

    async def close(self) -> None:
        await self._held.close()

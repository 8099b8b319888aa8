"""Reads run on the drivers themselves: an ORM session costs several times the statement it runs."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg
import orjson
from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL

from models.database import BUSY_MS, CHANGES, database_url
from resolvers.changes import Changes
from resolvers.later import Later, lazily
from resolvers.refused import Unavailable
from resolvers.together import Together

if TYPE_CHECKING:
    from resolvers.reads import Keyed

# What PostgreSQL says when it is not there, is stopping, is full, or has become the copy of another that takes writes.
_GONE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
_UNREADABLE = "The database cannot be read now."
STATEMENTS = 512  # prepared statements a connection keeps
STEPS = 1_000_000  # of SQLite's machine, some 10 ms, after which a thread looks whether it is still waited for


class Reader(Protocol):
    """Runs compiled SELECTs; rows are sequences of Python values in the order of the columns."""

    dialect: Dialect

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        """The rows. `long` says that it may take more than a moment. Raises Unavailable."""

    def look_up(self, read: Keyed, key: Any) -> Later | None:
        """What the read answers for the key, alone in a list, by a statement that it shares with others who ask in the
        same turn of the event loop; None where it needs one of its own. Raises Unavailable."""


class Database(Reader, Protocol):
    """A reader of all that is committed, which knows what changes."""

    async def changes(self) -> Changes | None:
        """What has changed up to now, by anyone; None while that cannot be known. Raises Unavailable."""

    def tell(self, subject: str | None) -> None:
        """Take it for changed, before word of it comes from the database."""

    @property
    def in_use(self) -> int:
        """How many of its connections read now."""

    async def close(self) -> None: ...


def open_reader(url: str, *, connections: int = 10) -> Database:
    """A reader of this database; it connects when it first reads. Raises ValueError as database_url does."""
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SQLiteReader(str(parsed.database))
    return PostgresReader(dsn(parsed), connections)


def dsn(url: URL) -> str:
    """The address of a PostgreSQL database as its driver takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def instant(text: str) -> datetime:
    """A moment as SQLite stores it, which is in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class SQLiteReader:
    """Short reads run on the event loop's own connection (a thread would cost more than they do), long in threads."""

    dialect: Dialect = SQLiteDialect_pysqlite()

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(4, "sqlite-reader")
        self._own, self._local = SimpleNamespace(), threading.local()  # the loop's connection, and each thread's
        self._opened: list[sqlite3.Connection] = []
        self.in_use = 0  # in threads
        self._changes = Changes()
        self._seen = (0, 0)  # the data version, and the last change that was told

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        given = [orjson.dumps(value).decode() if isinstance(value, (list, tuple)) else value for value in values]
        return self._interruptibly(sql, given) if long else self._rows(self._own, sql, given)

    def look_up(self, read: Keyed, key: Any) -> None:
        """Nothing: with others, it would have to wait for them."""

    async def changes(self) -> Changes:
        version, last = self._seen
        # It tells of other connections' writes, and this one never writes.
        ((now,),) = self._rows(self._own, "PRAGMA data_version")
        if now != version:
            self._seen = now, self._told(last)
        return self._changes

    def tell(self, subject: str | None) -> None:
        """Nothing: what is committed is seen by whoever reads next."""

    def _told(self, last: int) -> int:
        """Read what writers told after this change; the last of it."""
        told = self._rows(self._own, "SELECT id, subject FROM change WHERE id > ? ORDER BY id", [last])
        if not told or told[0][0] != last + 1:  # somebody wrote without a word, or what was said is gone
            self._changes.tell(None)
        for _, subject in told:
            self._changes.tell(subject)
        return told[-1][0] if told else last

    @lazily
    async def _interruptibly(self, sql: str, given: Sequence[Any]) -> list[Any]:
        """The rows, read in a thread; cancelled, the statement ends, so that the thread is free for others."""
        over = threading.Event()
        reading = self._threads.submit(self._in_thread, sql, given, over)
        self.in_use += 1
        try:
            return await asyncio.wrap_future(reading)
        except asyncio.CancelledError:
            over.set()
            raise
        finally:
            self.in_use -= 1

    def _in_thread(self, sql: str, given: Sequence[Any], over: threading.Event) -> list[Any]:
        try:
            connection = self._connection(self._local)
            # Not `interrupt`, which a statement that is just about to begin would not notice.
            connection.set_progress_handler(over.is_set, STEPS)
            return connection.execute(sql, given).fetchall()
        except sqlite3.OperationalError as error:
            raise Unavailable(_UNREADABLE) from error

    def _rows(self, holder: Any, sql: str, given: Sequence[Any] = ()) -> list[Any]:
        """The rows, by the connection that the holder has or gets. Raises Unavailable."""
        try:
            return self._connection(holder).execute(sql, given).fetchall()
        except sqlite3.OperationalError as error:
            raise Unavailable(_UNREADABLE) from error

    def _connection(self, holder: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(holder, "connection", None)
        if connection is None:
            connection = holder.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{self._path}?mode=rw",  # never create: an empty file would only fail later, and less clearly
            uri=True,
            timeout=BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS,
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA mmap_size = 268435456")
        self._opened.append(connection)
        return connection

    async def close(self) -> None:
        self._threads.shutdown()
        for connection in self._opened:
            connection.close()


class Listener:
    """Hears what writers NOTIFY, on a connection of its own; while that is lost, everything counts as changed."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._changes = Changes()
        self._listening: asyncpg.Connection | None = None
        self._next_attempt = 0.0
        self._lock = asyncio.Lock()

    async def changes(self) -> Changes | None:
        if self._listening is None or self._listening.is_closed():
            await self._listen()
        listening = self._listening is not None and not self._listening.is_closed()
        return self._changes if listening else None

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._lock.locked() or now < self._next_attempt:
            return
        async with self._lock:
            self._next_attempt, self._listening = now + 1, None
            connection: asyncpg.Connection | None = None
            try:
                connection = await asyncpg.connect(self._dsn, server_settings={"application_name": "peergraph changes"})
                await connection.add_listener(CHANGES, self._heard)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if connection:
                    await connection.close(timeout=1)
                return
            self._changes.tell(None)
            self._listening = connection

    def tell(self, subject: str | None) -> None:
        self._changes.tell(subject)

    def _heard(self, _connection: Any, _pid: int, _channel: str, subject: str) -> None:
        self.tell(subject or None)

    async def close(self) -> None:
        if self._listening:
            await self._listening.close(timeout=5)


class PostgresReader:
    """Held connections, some for short reads and some for long ones."""

    dialect: Dialect = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

    def __init__(self, dsn: str, connections: int) -> None:
        long = connections * 2 // 5
        # Planning a short read again, for just these keys, takes as long as running it; of a long one, the values of
        # its filter decide how to run it best.
        self._short = Held(dsn, connections - long, "force_generic_plan" if long else "auto")
        self._long = Held(dsn, long, "auto") if long else self._short
        self._listener = Listener(dsn)
        self._together = Together(self)

    @property
    def in_use(self) -> int:
        return sum(held.in_use for held in {self._short, self._long})

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        return (self._long if long else self._short).fetch(sql, values)

    def look_up(self, read: Keyed, key: Any) -> Later:
        return self._together.load(read, key)

    async def changes(self) -> Changes | None:
        return await self._listener.changes()

    def tell(self, subject: str | None) -> None:
        self._listener.tell(subject)

    async def close(self) -> None:
        await self._listener.close()
        for held in {self._short, self._long}:
            await held.close()


class Held:
    """Connections to PostgreSQL, last used first, without the RESET that asyncpg's own pool runs on each release."""

    def __init__(self, dsn: str, most: int, plans: str) -> None:
        self._dsn, self._most, self._plans = dsn, most, plans
        self.in_use = 0
        self._idle: list[asyncpg.Connection] = []
        self._room = asyncio.Semaphore(most)

    @lazily
    async def fetch(self, sql: str, values: Sequence[Any]) -> list[Any]:
        async with self.connection("read") as connection:
            try:
                rows: list[Any] = await connection.fetch(sql, *values)
            except asyncpg.SerializationError as error:  # a replica's, where rows that it still read are gone by now
                raise Unavailable(_UNREADABLE) from error
            return rows

    @asynccontextmanager
    async def connection(self, verb: str) -> AsyncIterator[asyncpg.Connection]:
        """One of them, to this block alone. Raises Unavailable, saying that the database cannot be `verb` now."""
        async with self._room:
            connection = await self._connection()
            self.in_use += 1
            try:
                yield connection
            except _GONE as error:
                await connection.close(timeout=1)
                raise Unavailable(f"The database cannot be {verb} now.") from error
            except asyncpg.UndefinedTableError as error:
                raise Unavailable("The database has not been migrated.") from error
            finally:
                self.in_use -= 1
                if not connection.is_closed():
                    self._idle.append(connection)

    async def _connection(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        try:
            return await asyncpg.connect(
                self._dsn,
                statement_cache_size=STATEMENTS,
                server_settings={
                    "application_name": "peergraph",
                    "timezone": "UTC",
                    # Compiling a statement of a few milliseconds to machine code takes longer than running it.
                    "jit": "off",
                    "plan_cache_mode": self._plans,
                },
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise Unavailable("The database cannot be reached now.") from error

    async def close(self) -> None:
        for _ in range(self._most):  # so those who still read are waited for
            await self._room.acquire()
        while self._idle:
            await self._idle.pop().close(timeout=5)

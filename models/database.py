"""Where the rows are: one URL, SQLite or PostgreSQL."""

from pathlib import Path
from sqlite3 import Connection as SQLiteConnection
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, make_url, select
from sqlalchemy.engine import URL
from sqlmodel import col

from models.change import Change

BUSY_MS = 30_000
CHANGES = "peergraph"  # the channel on which PostgreSQL is told of writes that readers may have kept answers of
CHANGES_KEPT = 10_000  # on SQLite; a reader that has missed more takes everything for changed


def database_url(text: str) -> URL:
    """The URL of a database this service can use.

    Raises ValueError for a text that is no URL and for a database that is neither SQLite nor PostgreSQL.
    The message never repeats the text: it may hold a password.
    """
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except Exception as error:
        raise ValueError("the database URL is not a URL, such as sqlite:///data/peergraph.sqlite3") from error
    match backend:
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite+pysqlite")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite":
            raise ValueError("the SQLite URL must name a file: several connections share it")
        case _:
            raise ValueError(f"the database URL must begin with sqlite:/// or postgresql://, not {backend}")


def connect(text: str) -> Engine:
    """An engine for writes, migrations and imports (reads have their own connections: resolvers/drivers.py)."""
    url = database_url(text)
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def subject(kind: str, id: int) -> str:
    """What answers show and writes change: a researcher, a topic, an institution."""
    return f"{kind} {id}"


def tell_changes(connection: Connection, *subjects: str) -> None:
    """Have readers in every process told, when this transaction commits, that it changes these subjects.

    With none it changes everything, as far as readers know.
    """
    told = subjects or (None,)
    if connection.dialect.name == "postgresql":
        for one in told:
            connection.execute(select(func.pg_notify(CHANGES, one or "")))
        return
    connection.execute(insert(Change), [{"subject": one} for one in told])
    newest = select(func.max(Change.id)).scalar_subquery()
    connection.execute(delete(Change).where(col(Change.id) <= newest - CHANGES_KEPT))


def _prepare_sqlite(connection: SQLiteConnection, _record: Any) -> None:
    # The driver would begin transactions late and commit before DDL: SQLAlchemy's own recipe turns that off.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail when another writes in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")

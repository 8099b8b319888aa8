"""One import at a time into a database."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

_KEY = 0x70656572  # any number that nothing else on the database locks


class ImportBusy(RuntimeError):
    """Another import is writing to this database."""


@contextmanager
def only_import(connection: Connection) -> Iterator[None]:
    """Hold the database's import lock. Raises ImportBusy. The lock dies with its process."""
    held = _postgres if connection.dialect.name == "postgresql" else _sqlite
    with held(connection):
        yield


@contextmanager
def _postgres(connection: Connection) -> Iterator[None]:
    with connection.begin():
        got = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY})
    if not got:
        raise ImportBusy("another import is writing to this database; try again when it has ended")
    try:
        yield
    finally:
        if not connection.invalidated:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _KEY})


@contextmanager
def _sqlite(connection: Connection) -> Iterator[None]:
    path = f"{connection.engine.url.database}.import-lock"
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - flock wants the descriptor
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ImportBusy("another import is writing to this database; try again when it has ended") from error
        yield

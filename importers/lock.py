"""One import at a time into a database."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

PATIENCE = 3  # seconds
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
    for _ in range(PATIENCE * 10):  # the server may take a moment to notice that a killed import is gone
        with connection.begin():
            got = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY})
        if got:
            break
        time.sleep(0.1)
    else:
        raise ImportBusy("another import is writing to this database; try again when it has ended")
    yield
    # After a fault the connection may be in no state to be asked for anything; with it the lock goes.
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

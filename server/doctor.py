"""Whether the service can do its work here, check by check: `python -m server doctor`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import typer
from alembic.script.revision import ResolutionError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from importers.openalex.run import half_done
from models import migrate
from models.database import connect, database_url
from models.indexing import index_is_missing
from resolvers.replica import wrong_with
from server.settings import HERE, Settings
from server.terminal import settings

SKEW = 5.0  # seconds
CLOCK = "SELECT extract(epoch FROM clock_timestamp())"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
NOT_ENDED = """SELECT root FROM import_run AS r WHERE status <> 'COMPLETED'
    AND NOT EXISTS (SELECT 1 FROM import_run AS n WHERE n.root = r.root AND n.id > r.id) ORDER BY root"""
TERMS_INDEX = "SELECT to_regclass('searchable_terms')"
TERMS_CHECK = "INSERT INTO searchable_terms (searchable_terms, rank) VALUES ('integrity-check', 1)"
LIMITS = (
    *("max_body_bytes", "max_depth", "max_fields", "max_cost", "rate_limit"),
    *("deadline_seconds", "sender_seconds", "max_requests"),
)
REINDEX = "Run: python -m server reindex"


class Check(NamedTuple):
    name: str
    wrong: str | None  # what is wrong and what helps


def doctor() -> None:
    """Check the database, its migrations and indexes, the clock and the settings; exit with 1 where one is wrong."""
    failed = False
    for name, wrong in checks(settings()):
        typer.echo(f"wrong  {name}: {wrong}" if wrong else f"ok     {name}")
        failed |= wrong is not None
    if failed:
        raise typer.Exit(1)


def checks(known: Settings) -> Iterator[Check]:
    yield from _of_database(known.database_url)
    if known.replica_url:
        yield Check("replica", _of_replica(known.database_url, known.replica_url, known.replica_lag_seconds))
    yield from _of_settings(known)


def _of_database(url: str) -> Iterator[Check]:
    file = database_url(url).database if url.startswith("sqlite") else None
    if file and not Path(file).exists():  # to connect would make one
        yield Check("database", "There is no such file. Run: python -m server migrate")
        return
    engine = connect(url)
    try:
        unreachable = _found(engine, _reached)
        yield Check("database", unreachable)
        if unreachable:
            return
        behind = _migrations(engine)
        yield Check("migrations", behind)
        if engine.dialect.name == "postgresql":
            yield Check("clock", _found(engine, _clock))
        if behind:
            return
        unfinished = "A first import has not ended, and reads are slow until it has. Start it again if it was stopped."
        yield Check("import and indexes", unfinished if half_done(engine) else _found(engine, _filled))
        yield Check("search index", _found(engine, _search))
    finally:
        engine.dispose()


def _of_replica(url: str, replica_url: str, most_lag: float) -> str | None:
    wrong = asyncio.run(wrong_with(url, replica_url, most_lag))
    return wrong and f"{wrong.capitalize()}. All is read at the primary."


def _found(engine: Engine, check: Callable[[Connection], str | None]) -> str | None:
    """What the check finds; or what the database says that cannot be checked."""
    try:
        with engine.connect() as connection:
            return check(connection)
    except DBAPIError as error:
        return f"The database failed: {' '.join(str(error.orig).split())}"


def _reached(connection: Connection) -> str | None:
    if connection.dialect.name == "postgresql":
        read_only = connection.scalar(text("SHOW transaction_read_only")) == "on"
        return "It takes no writes: it is a replica, or was made read-only." if read_only else None
    damage = connection.scalar(text("PRAGMA quick_check(1)"))
    return None if damage == "ok" else f"The file is damaged: {damage}. Restore it from a backup."


def _migrations(engine: Engine) -> str | None:
    try:
        pending = migrate.pending(engine)
    except ResolutionError:
        return "The database is of a later version than this service. Upgrade the service."
    return f"It lacks {', '.join(pending)}. Run: python -m server migrate" if pending else None


def _clock(connection: Connection) -> str | None:
    before = time.time()
    theirs = float(connection.scalar(text(CLOCK)))
    ahead = theirs - (before + time.time()) / 2
    return f"The database's is {ahead:+.0f} s from this machine's. Set both by NTP." if abs(ahead) > SKEW else None


def _filled(connection: Connection) -> str | None:
    stopped = connection.scalars(text(NOT_ENDED)).all()
    if stopped:
        return f"The import of {', '.join(stopped)} has not ended. Start it again if it was stopped."
    if connection.dialect.name == "sqlite":
        return None
    invalid = connection.scalars(text(INVALID)).all()
    return f"{', '.join(invalid)} cannot be used. Run REINDEX INDEX on each." if invalid else None


def _search(connection: Connection) -> str | None:
    if index_is_missing(connection):
        return f"It is empty though there are records. {REINDEX}"
    if connection.dialect.name == "postgresql":
        return None if connection.scalar(text(TERMS_INDEX)) else f"Its index of terms is missing. {REINDEX}"
    try:
        connection.execute(text(TERMS_CHECK))
    except DBAPIError:
        return f"Its terms are not those of the records. {REINDEX}"
    return None


def _of_settings(known: Settings) -> Iterator[Check]:
    """What matters as soon as others can reach it: there a public address that is not local says so."""
    public = urlsplit(known.public_url)
    reached = public.hostname not in HERE
    unsafe = "PEERGRAPH_PUBLIC_URL should begin with https://: cookies and tokens go by it."
    yield Check("public address", unsafe if reached and public.scheme != "https" else None)
    random = "PEERGRAPH_SECRET is not set: sign-ins elsewhere end with each restart and work with one process alone."
    yield Check("secret", random if reached and known.secret is None else None)
    unsent = "PEERGRAPH_SMTP_URL is not set: nothing is mailed, and the log shows it, codes included."
    yield Check("mail", unsent if reached and known.smtp_url is None else None)
    off = [f"PEERGRAPH_{name.upper()}" for name in LIMITS if not getattr(known, name)]
    yield Check("limits", f"{', '.join(off)} are switched off." if reached and off else None)

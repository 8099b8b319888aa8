"""What records are found by, kept to what they are now: those marked stale, or all.

Everything here runs on an SQLAlchemy connection that holds the transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from models.searchable import BETWEEN, KINDS, Entry, entry, pieces

AT_ONCE = 10_000  # records
REMEMBERED = 1_000_000  # words
# What can be made anew of a table's indexes and triggers: its kind, its name and the statement that makes it.
_PARTS = {
    "postgresql": "SELECT 'index', indexname, indexdef FROM pg_indexes"
    " WHERE tablename = 'searchable' AND schemaname = current_schema() AND indexname <> 'searchable_pkey'",
    "sqlite": "SELECT type, name, sql FROM sqlite_master"
    " WHERE tbl_name = 'searchable' AND type IN ('index', 'trigger') AND sql IS NOT NULL",
}


class Indexed(NamedTuple):
    """What of a table's row `r` says what it is found by."""

    table: str
    columns: str
    entry: Callable[..., Entry]
    shown: str = "r.id IS NOT NULL"


def researcher_entry(number: int, citations: int, name: str, others: str, headline: str | None) -> Entry:
    also = [headline] if headline else []
    return entry("RESEARCHER", number, citations, [name, *_listed(others)], also)


def _listed(texts: str) -> list[str]:
    return [] if texts == "[]" else orjson.loads(texts)


def _work_entry(number: int, citations: int, title: str) -> Entry:
    return entry("WORK", number, citations, [title])


def _topic_entry(number: int, works: int, name: str, keywords: str) -> Entry:
    return entry("TOPIC", number, works, [name], _listed(keywords))


def _institution_entry(number: int, works: int, name: str, others: str) -> Entry:
    return entry("INSTITUTION", number, works, [name, *_listed(others)])


INDEXED = {
    "RESEARCHER": Indexed(
        "researcher",
        "r.citation_count, r.display_name, r.alternative_names, r.headline",
        researcher_entry,
        "r.id IS NOT NULL AND r.suppressed_at IS NULL",
    ),
    "WORK": Indexed("work", "r.citation_count, r.title", _work_entry),
    "TOPIC": Indexed("topic", "r.work_count, r.display_name, r.keywords", _topic_entry),
    "INSTITUTION": Indexed("institution", "r.work_count, r.display_name, r.alternative_names", _institution_entry),
}


def index_stale(connection: Connection) -> None:
    """Index anew what is marked stale; what no longer stands is found no more."""
    _index(connection, "SELECT id FROM stale WHERE kind = '{table}'")


def reindex(connection: Connection) -> None:
    """Index all records anew."""
    connection.execute(text("DELETE FROM spelling"))
    with _filled_at_once(connection):
        connection.execute(text("DELETE FROM searchable"))
    _index(connection, "SELECT id FROM {table}")


def index_missing(connection: Connection) -> bool:
    """Index everything if nothing is indexed though there are records, as after a migration. Whether that was so."""
    missing = index_is_missing(connection)
    if missing:
        reindex(connection)
    return missing


def index_is_missing(connection: Connection) -> bool:
    """Whether nothing is indexed though there are records."""
    if connection.scalar(text("SELECT 1 FROM searchable LIMIT 1")) is not None:
        return False
    selects = [text(f"SELECT 1 FROM {one.table} LIMIT 1") for one in INDEXED.values()]
    return any(connection.scalar(select) is not None for select in selects)


def _index(connection: Connection, which: str) -> None:
    fresh = connection.scalar(text("SELECT 1 FROM searchable LIMIT 1")) is None
    known = set[str]()
    with _filled_at_once(connection) if fresh else nullcontext():
        for place, (kind, indexed) in enumerate(INDEXED.items()):
            ids = which.format(table=indexed.table)
            if not fresh:
                keys = f"SELECT id * {len(KINDS)} + {place} FROM ({ids}) AS s"
                connection.execute(text(f"DELETE FROM searchable WHERE key IN ({keys})"))
            _index_kind(connection, kind, ids, known)


@contextmanager
def _filled_at_once(connection: Connection) -> Iterator[None]:
    """Without indexes, which grown entry by entry would be written many times over."""
    parts = connection.execute(text(_PARTS[connection.dialect.name])).all()
    for kind, name, _ in parts:
        connection.execute(text(f"DROP {kind} {name}"))
    yield
    postgres = connection.dialect.name == "postgresql"
    if postgres:  # with its 64 MB a GIN index takes half as long again, and without workers twice as long
        connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    for *_, created in parts:
        connection.exec_driver_sql(created)
    if not postgres:
        connection.execute(text("INSERT INTO searchable_terms (searchable_terms) VALUES ('rebuild')"))


def _index_kind(connection: Connection, kind: str, ids: str, known: set[str]) -> None:
    table, columns, make, shown = INDEXED[kind]
    select = text(
        f"SELECT s.id, {shown}, {columns} FROM ({ids}) AS s LEFT JOIN {table} AS r ON r.id = s.id"
        f" WHERE s.id > :last ORDER BY s.id LIMIT {AT_ONCE}"
    )
    last = -1
    while rows := connection.execute(select, {"last": last}).all():
        last = rows[-1][0]
        entries = [make(number, *values) for number, shows, *values in rows if shows]
        _insert(connection, "searchable", Entry._fields, entries)
        if kind != "WORK":
            _spell(connection, entries, known)


def _spell(connection: Connection, entries: Sequence[Entry], known: set[str]) -> None:
    """Let the words of these names be found though they are mistyped."""
    words = set(chain.from_iterable(one.words.split() for one in entries)) - known - {BETWEEN}
    postgres = connection.dialect.name == "postgresql"
    among = "= ANY(:words)" if postgres else "IN (SELECT value FROM json_each(:words))"
    select = text(f"SELECT word FROM spelling WHERE piece = word AND piece {among}")
    given = sorted(words) if postgres else orjson.dumps(sorted(words)).decode()
    new = words - set(connection.scalars(select, {"words": given}))
    _insert(connection, "spelling", ("piece", "word"), sorted((piece, word) for word in new for piece in pieces(word)))
    if len(known) > REMEMBERED:
        known.clear()
    known |= words


def _insert(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """On the driver itself: SQLAlchemy would cost more than the database."""
    driver: Any = connection.connection.dbapi_connection
    listed = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

"""What records are found by, kept to what they are now: those marked stale, or all.

Everything here runs on an SQLAlchemy connection that holds the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import starmap
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
    shown: str = "true"


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
        "r.suppressed_at IS NULL",
    ),
    "WORK": Indexed("work", "r.citation_count, r.title", _work_entry),
    "TOPIC": Indexed("topic", "r.work_count, r.display_name, r.keywords", _topic_entry),
    "INSTITUTION": Indexed("institution", "r.work_count, r.display_name, r.alternative_names", _institution_entry),
}


def index_stale(connection: Connection) -> None:
    """Index anew what is marked stale, or everything where nothing is indexed; what is gone is found no more."""
    fresh = connection.scalar(text("SELECT 1 FROM searchable LIMIT 1")) is None
    known = _Known(whole=fresh and connection.scalar(text("SELECT 1 FROM spelling LIMIT 1")) is None)
    with _filled_at_once(connection) if fresh else nullcontext():
        for place, (kind, indexed) in enumerate(INDEXED.items()):
            source = f"{indexed.table} AS r"
            if not fresh:
                source = f"(SELECT id AS s_id FROM stale WHERE kind = '{indexed.table}') AS s"
                connection.execute(
                    text(f"DELETE FROM searchable WHERE key IN (SELECT s_id * {len(KINDS)} + {place} FROM {source})")
                )
                source += f" JOIN {indexed.table} AS r ON r.id = s_id"
            _index_kind(connection, kind, source, known)


def reindex(connection: Connection) -> None:
    """Index all records anew."""
    connection.execute(text("DELETE FROM spelling"))
    with _filled_at_once(connection):
        connection.execute(text("DELETE FROM searchable"))
    index_stale(connection)


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


def _index_kind(connection: Connection, kind: str, source: str, known: _Known) -> None:
    _, columns, make, shown = INDEXED[kind]
    select = f"SELECT r.id, {columns} FROM {source} WHERE {shown} AND r.id > {{last}} ORDER BY r.id LIMIT {AT_ONCE}"
    last = -1
    # On the driver itself: SQLAlchemy would make a row of each.
    cursor = connection.connection.cursor()
    while rows := cursor.execute(select.format(last=last)).fetchall():
        last = rows[-1][0]
        entries = starmap(make, rows)
        found = entries if kind == "WORK" else known.noting(entries)
        _insert(connection, "searchable", Entry._fields, found)
        if kind != "WORK":
            known.spell(connection)
    cursor.close()


class _Known:
    """Words of names that can be found though they are mistyped."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole  # whether it knows of all
        self._words: set[str] = {BETWEEN}
        self._new = set[str]()

    def noting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries, their words noted on the way."""
        for one in entries:
            self._new.update(one.words.split())
            yield one

    def spell(self, connection: Connection) -> None:
        """Let what was noted be found."""
        words = self._new - self._words
        self._new.clear()
        new = words if self._whole else words - _spelled(connection, words)
        rows = sorted((piece, word) for word in new for piece in pieces(word))
        _insert(connection, "spelling", ("piece", "word"), rows)
        if len(self._words) > REMEMBERED:
            self._words, self._whole = {BETWEEN}, False
        self._words |= words


def _spelled(connection: Connection, words: set[str]) -> set[str]:
    postgres = connection.dialect.name == "postgresql"
    among = "= ANY(:words)" if postgres else "IN (SELECT value FROM json_each(:words))"
    select = text(f"SELECT word FROM spelling WHERE piece = word AND piece {among}")
    given = sorted(words) if postgres else orjson.dumps(sorted(words)).decode()
    return {*connection.scalars(select, {"words": given})}


def _insert(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """On the driver itself: SQLAlchemy would cost more than the database."""
    driver: Any = connection.connection.dbapi_connection
    listed = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {table} ({listed}) VALUES ({', '.join('?' * len(columns))})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)

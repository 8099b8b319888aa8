"""The run of an import: merges, files in their order, deletions, derivation."""

import gc
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, text

from importers.bare import BareTables
from importers.lock import ImportBusy, only_import
from importers.merges import merge
from importers.openalex.batches import BATCH_RECORDS, ENTITY, Rules
from importers.openalex.check import check
from importers.openalex.entry import CHILDREN, COLUMNS
from importers.openalex.intake import Intake
from importers.openalex.ledger import Ledger, Reading, root_key, within
from importers.openalex.letters import DeadLetters
from importers.openalex.progress import Progress, Step, Watched
from importers.openalex.snapshot import Part, Snapshot, SnapshotError, deleted_ids, find, merged_ids
from importers.openalex.summary import Summary, nested
from importers.removals import remove_works
from importers.store import chunks, open_store
from models.database import tell_changes
from models.derive import DERIVED, derive

__all__ = ["ImportBusy", "Progress", "SnapshotError", "Step", "Summary", "half_done", "run"]

KINDS = {entity: kind for kind, entity in ENTITY.items()}
REMOVED_AT_ONCE = 10_000
PROBLEMS_SHOWN = 10  # of one file


@contextmanager
def _uncollected() -> Iterator[None]:
    """Batches are many tuples and hardly a cycle: to look for some took a third of the whole time."""
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_uncollected()
def run(
    engine: Engine,
    path: str,
    *,
    entities: Collection[str] | None = None,
    since: date | None = None,
    include_xpac: bool = False,
    dry_run: bool = False,
    dead_letters: Path,
    progress: Progress | None = None,
    stdin: BinaryIO | None = None,
    batch_size: int = BATCH_RECORDS,
) -> Summary:
    """Import a snapshot; what was imported before is not read again, and what was interrupted goes on.

    `entities` are names as works and authors; `since` replaces the day up to which earlier runs have read.
    Raises SnapshotError where there is nothing to read, ImportBusy while another import runs, and the database's own
    errors; everything that was committed before stands.
    """
    started = time.monotonic()
    snapshot = find(Path(path))
    parts = [part for part in snapshot.parts if within(part, entities, since)]
    rules = Rules(include_xpac)
    if dry_run:
        summary = check(snapshot, parts, rules, Watched(parts, progress), stdin)
    else:
        with engine.connect() as connection:
            connection.detach()  # its settings and its lock are the import's: nobody else gets it
            with only_import(connection):
                imported = _Run(connection, root_key(path, include_xpac=include_xpac), DeadLetters(dead_letters), rules)
                imported.batch_size = batch_size
                imported.open(since)
                imported.merge(snapshot)
                imported.read(parts, since, progress, stdin)
                if entities is None or "works" in entities:
                    imported.remove(snapshot)
                summary = imported.close(snapshot.problems)
    summary.seconds = time.monotonic() - started
    return summary


def half_done(engine: Engine) -> bool:
    """Whether a first import was stopped before its end: what there is can be read, but slowly."""
    with engine.connect() as connection:
        return tables(connection).bare()


def tables(connection: Connection) -> BareTables:
    """The tables that an import fills."""
    return BareTables(connection, (*COLUMNS, *CHILDREN), keyless=DERIVED)


class _Run:
    def __init__(self, connection: Connection, root: str, letters: DeadLetters, rules: Rules) -> None:
        self._connection, self._letters, self._rules = connection, letters, rules
        self._store = open_store(connection)
        self._ledger = Ledger(connection, root)
        self._tables = tables(connection)
        self._summary = Summary()
        self.batch_size = BATCH_RECORDS

    def open(self, since: date | None) -> None:
        with self._connection.begin():
            self._store.tune()
            size = self._ledger.open(since=since, letters_from=self._letters.size)
        self._letters.cut(size)

    def merge(self, snapshot: Snapshot) -> None:
        """Take in each file of merges that is new, oldest first."""
        for entity, path in snapshot.merges:
            name = path.relative_to(snapshot.root).as_posix()
            part = Part(path, name, f"merged_ids/{entity}", None, path.stat().st_size)
            if entity in KINDS:
                self._merge(part, KINDS[entity])

    def _merge(self, part: Part, kind: str) -> None:
        problems = _Problems(part.name)
        with self._connection.begin():
            reading = self._ledger.reading(part)
        if reading.finished:
            return
        self._complete()
        with self._connection.begin():
            merge(self._store, kind, merged_ids(part.path, problems.add))
            reading.finished = not problems.said
            self._ledger.save(reading, self._letters.size)
        self._say(problems.said)

    def read(
        self, parts: Sequence[Part], since: date | None, progress: Progress | None, stdin: BinaryIO | None
    ) -> None:
        with self._connection.begin():
            bare = self._tables.strip()
            readings = [reading for part in parts if not self._done(reading := self._ledger.reading(part), since)]
            intake = Intake(self._connection, self._store, self._ledger, self._letters, self._rules, self.batch_size)
        watched = Watched([reading.part for reading in readings], progress)
        self._summary.files_read, self._summary.files_skipped = len(readings), len(parts) - len(readings)
        self._store.check_keys(not bare)
        for reading in readings:
            whole, problems = intake.read(reading, watched, stdin)
            self._say(problems, ok=whole)
            watched.finish(reading.part)

    def _done(self, reading: Reading, since: date | None) -> bool:
        """Whether it was read before, or is older than what earlier runs have read."""
        if reading.finished or reading.lines:
            return reading.finished
        day, read_to = reading.part.updated_date, None if since else self._ledger.watermark(reading.part.entity)
        return bool(day and read_to and day < read_to)

    def remove(self, snapshot: Snapshot) -> None:
        """The list is whole each time: a work that is back has left it."""
        if snapshot.deleted_works:
            self._complete()
        for path in snapshot.deleted_works:
            problems = _Problems(path.name)
            for ids in chunks((work for work, _ in deleted_ids(path, problems.add)), REMOVED_AT_ONCE):
                with self._connection.begin():
                    self._summary.removed_works += remove_works(self._store, ids)
                    tell_changes(self._connection)
            self._say(problems.said)

    def close(self, problems: list[str]) -> Summary:
        self._say(problems)
        derived = self._derive()
        self._complete()
        with self._connection.begin():
            if derived:
                self._store.analyze((*ENTITY, *DERIVED))
            self._summary.entities = nested(self._ledger.tallies())
            self._summary.data_version = self._connection.scalar(text("SELECT version FROM data_version"))
            self._ledger.close(self._summary)
        return self._summary

    def _complete(self) -> None:
        """To be called before rows are deleted: what hangs on them goes by foreign keys."""
        with self._connection.begin():
            self._tables.complete()
        self._store.check_keys(True)

    def _derive(self) -> bool:
        """Whether anything changed."""
        with self._connection.begin():
            stale = self._connection.scalar(text("SELECT 1 FROM stale LIMIT 1")) is not None
            if stale:
                self._store.analyze()
        if stale:
            with self._connection.begin():
                derive(self._connection)
        return stale

    def _say(self, problems: list[str], *, ok: bool | None = None) -> None:
        self._summary.problems += problems
        self._summary.ok &= not problems if ok is None else ok


class _Problems:
    """The first few sentences about a file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.said: list[str] = []

    def add(self, _path: Path, line: int, reason: str) -> None:
        if len(self.said) < PROBLEMS_SHOWN:
            self.said.append(f"{self._name}, line {line:,}: {reason}")

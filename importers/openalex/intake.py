"""Files into the database, batch by batch; each batch is one transaction with its rows, marks and progress."""

import sqlite3
from collections import defaultdict
from dataclasses import replace
from typing import BinaryIO

import psycopg
from sqlalchemy import Connection

from importers.merges import survivors
from importers.openalex.batches import BATCH_RECORDS, ENTITY, Batch, Rules, batches, refuse
from importers.openalex.entry import Entry, Rejected, Skipped
from importers.openalex.ledger import DAMAGED, Ledger, Reading
from importers.openalex.letters import DeadLetters
from importers.openalex.progress import Watched
from importers.openalex.snapshot import Damaged, Part
from importers.openalex.summary import Tallies
from importers.store import Store
from importers.writer import Writer

# What a row can cause; a database that is gone or full raises none of these.
DATA_ERRORS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    psycopg.DataError,
    psycopg.IntegrityError,
    OverflowError,
    UnicodeError,
)


class Intake:
    def __init__(
        self,
        connection: Connection,
        store: Store,
        ledger: Ledger,
        letters: DeadLetters,
        rules: Rules,
        batch_size: int = BATCH_RECORDS,
    ) -> None:
        self._connection, self._store, self._ledger = connection, store, ledger
        self._letters, self._rules, self._batch_size = letters, rules, batch_size
        self._writer = Writer(store, ledger.run_id)
        self._merged = {row[0] for row in store.fetch("SELECT DISTINCT kind FROM merged_id")}

    def read(self, reading: Reading, watched: Watched, stdin: BinaryIO | None = None) -> tuple[bool, list[str]]:
        """Read the rest of a part: whether to its end, and what is wrong with the file."""
        part = reading.part
        found = batches(part, self._rules, start=reading.lines, size=self._batch_size, stdin=stdin)
        try:
            for batch in found:
                self._commit(reading, batch)
                watched.read(part, batch.offset, batch.records)
                batch.reads.clear()  # an exception's frames may hold on to the batch
        except Damaged as damaged:
            with self._connection.begin():
                self._ledger.save(replace(reading, fingerprint=DAMAGED, lines=0), self._letters.size)
            return False, [str(damaged)]
        reading.finished = True
        with self._connection.begin():
            self._ledger.save(reading, self._letters.size)
        problems = _miscounted(reading)
        return not problems, problems

    def _commit(self, reading: Reading, batch: Batch) -> None:
        letters_before = self._letters.size
        try:
            with self._connection.begin():
                self._follow_merges(reading.part, batch)
                written = self._write([read.entry for read in batch.reads], anew=reading.anew)
                after = self._save(reading, batch, written)
        except DATA_ERRORS:
            self._letters.cut(letters_before)
            self._writer.forget()
            with self._connection.begin():
                after = self._save(reading, batch, self._write_one_by_one(reading, batch))
        reading.lines, reading.tallies = after.lines, after.tallies

    def _write(self, entries: list[Entry], *, anew: bool) -> Tallies:
        counted = self._writer.write(entries, anew=anew)
        return Tallies({(ENTITY[kind], outcome, ""): number for (kind, outcome), number in counted.items()})

    def _write_one_by_one(self, reading: Reading, batch: Batch) -> Tallies:
        """Find the records the database refuses, so that only they are left out."""
        written = Tallies()
        for read in batch.reads:
            try:
                with self._connection.begin_nested():
                    written += self._write([read.entry], anew=reading.anew)
            except DATA_ERRORS as error:
                self._writer.forget()
                refuse(batch, reading.part, read.line, read.data, error)
        return written

    def _save(self, reading: Reading, batch: Batch, written: Tallies) -> Reading:
        self._letters.write(sorted(batch.letters, key=lambda letter: letter.line))
        after = replace(reading, lines=batch.lines, tallies=reading.tallies + batch.tallies + written)
        self._ledger.save(after, self._letters.size)
        return after

    def _follow_merges(self, part: Part, batch: Batch) -> None:
        """Read anew, with what they became, the records that name merged ids."""
        ids: defaultdict[str, set[int]] = defaultdict(set)
        named = [_named(read.entry) for read in batch.reads] if self._merged else []
        for kind, number in (one for of_one in named for one in of_one):
            if kind in self._merged:
                ids[kind].add(number)
        became = {
            (kind, old): into for kind, some in ids.items() for old, into in survivors(self._store, kind, some).items()
        }
        if not became:
            return
        reads, batch.reads = batch.reads, []
        for read, of_one in zip(reads, named, strict=True):
            if became.keys().isdisjoint(of_one):
                batch.reads.append(read)
                continue
            try:
                batch.reads.append(read._replace(entry=self._rules.read(part, read.data, became)))
            except (Skipped, Rejected) as outcome:
                refuse(batch, part, read.line, read.data, outcome)


def _named(entry: Entry) -> set[tuple[str, int]]:
    """Every id in a record, its own included."""
    cited = (("work", row[1]) for row in entry.children.get("reference", ()))
    others = ((kind, number) for kind, some in entry.named.items() for number in some)
    return {(entry.kind, entry.id), *others, *cited}


def _miscounted(reading: Reading) -> list[str]:
    expected, records = reading.part.expected, reading.tallies.total()
    if expected is None or expected == records:
        return []
    return [f"{reading.part.name} has {records:,} records, its manifest says {expected:,}"]

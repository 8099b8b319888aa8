"""A part's lines → batches of entries. Boundaries depend on the file alone, so a resumed import cuts where it did."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from importers.openalex.entry import Entry, Rejected, Skipped, Survivors
from importers.openalex.letters import Letter, letter
from importers.openalex.records import read
from importers.openalex.snapshot import Damaged, Line, Part, lines
from importers.openalex.summary import Tallies

ENTITY = {
    "work": "works",
    "researcher": "authors",
    "institution": "institutions",
    "source": "sources",
    "topic": "topics",
}
BATCH_RECORDS = 4_000
BATCH_BYTES = 16 * 2**20
COLLECTED = 50_000  # records; what the reading of LaTeX leaves in cycles is little, but grows


class Read(NamedTuple):
    entry: Entry
    line: int
    data: bytes


@dataclass
class Batch:
    """What some lines hold; `lines` and `offset` are where the part has been read to."""

    lines: int = 0
    offset: int = 0
    size: int = 0
    records: int = 0
    reads: list[Read] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    tallies: Tallies = field(default_factory=Tallies)  # of what is not kept


@dataclass(frozen=True)
class Rules:
    """What decides how a record is read."""

    include_xpac: bool = False

    def read(self, part: Part, data: bytes, survivors: Survivors) -> Entry:
        return read(data, part.updated_date, include_xpac=self.include_xpac, survivors=survivors)


def batches(
    part: Part, rules: Rules, *, start: int = 0, size: int = BATCH_RECORDS, stdin: BinaryIO | None = None
) -> Iterator[Batch]:
    """The lines after the first `start`. Raises Damaged after the batch that holds the last good line."""
    batch, records = Batch(lines=start), 0
    try:
        for line in lines(part, start=start, stdin=stdin):
            _take(batch, part, rules, line)
            if batch.records >= size or batch.size >= BATCH_BYTES:
                yield batch
                records += batch.records
                batch = Batch(lines=line.number, offset=line.offset)
                if records >= COLLECTED:
                    gc.collect()
                    records = 0
    except Damaged:
        if batch.records:
            yield batch
        raise
    yield batch


def _take(batch: Batch, part: Part, rules: Rules, line: Line) -> None:
    batch.lines, batch.offset = line.number, line.offset
    batch.records += 1
    batch.size += len(line.data or b"")
    try:
        if line.problem or line.data is None:
            raise Rejected(line.problem or "no line")
        batch.reads.append(Read(rules.read(part, line.data, {}), line.number, line.data))
    except (Skipped, Rejected) as outcome:
        refuse(batch, part, line.number, line.data, outcome)


def refuse(batch: Batch, part: Part, line: int, data: bytes | None, outcome: Exception) -> None:
    """Count a record that is not kept, or write a letter for one that is not valid."""
    if isinstance(outcome, Skipped):
        entity = ENTITY.get(outcome.kind or "", part.entity or "other")
        batch.tallies[entity, "skipped", outcome.reason] += 1
    else:
        batch.tallies[part.entity or "other", "rejected", ""] += 1
        batch.letters.append(letter(part.name, line, str(outcome), data))

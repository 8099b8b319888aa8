"""A dry run: everything is read and checked, nothing written."""

from collections.abc import Sequence
from typing import BinaryIO

from importers.openalex.batches import ENTITY, Batch, Rules, batches
from importers.openalex.progress import Watched
from importers.openalex.snapshot import Damaged, Part, Snapshot
from importers.openalex.summary import Summary, Tallies, nested

LETTERS_SHOWN = 20


def check(snapshot: Snapshot, parts: Sequence[Part], rules: Rules, watched: Watched, stdin: BinaryIO | None) -> Summary:
    """What an empty database would import counts as imported; the first bad records stand among the problems."""
    tallies, damages, shown = Tallies(), list(snapshot.problems), list[str]()
    for part in parts:
        try:
            for batch in batches(part, rules, stdin=stdin):
                tallies += batch.tallies + Tallies((ENTITY[read.entry.kind], "imported", "") for read in batch.reads)
                shown += _first(batch, LETTERS_SHOWN - len(shown))
                watched.read(part, batch.offset, batch.records)
                batch.reads.clear()
        except Damaged as damaged:
            damages.append(str(damaged))
        watched.finish(part)
    return Summary(nested(tallies), files_read=len(parts), problems=damages + shown, ok=not damages)


def _first(batch: Batch, most: int) -> list[str]:
    return [f"{letter.file}, line {letter.line:,}: {letter.reason}" for letter in batch.letters[:most]]

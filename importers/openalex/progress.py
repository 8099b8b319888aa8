"""How far a run is, for whoever watches it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from importers.openalex.snapshot import Part


class Step(NamedTuple):
    """Bytes are those stored, compressed where the files are; `total` is 0 for standard input."""

    part: str
    done: int
    total: int
    records: int


Progress = Callable[[Step], None]


class Watched:
    """Adds up over the files of a run."""

    def __init__(self, parts: Sequence[Part], progress: Progress | None) -> None:
        self._progress = progress
        self._total = sum(part.size for part in parts)
        self._before = 0
        self._records = 0

    def read(self, part: Part, offset: int, records: int) -> None:
        self._records += records
        if self._progress:
            self._progress(Step(part.name, self._before + offset, self._total, self._records))

    def finish(self, part: Part) -> None:
        self._before += part.size
        self.read(part, 0, 0)

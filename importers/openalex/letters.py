"""Dead letters: records that could not be imported, one JSON object a line."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import orjson

SHOWN = 1_000  # characters of a record


class Letter(NamedTuple):
    file: str
    line: int
    reason: str
    record: str


def letter(file: str, line: int, reason: str, data: bytes | None) -> Letter:
    return Letter(file, line, reason, (data or b"")[: SHOWN * 4].decode(errors="replace")[:SHOWN])


class DeadLetters:
    """The file, made when the first letter comes. `size` is where the next one goes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def cut(self, size: int) -> None:
        """Take away letters of a batch that was never committed."""
        if self.size > size:
            os.truncate(self._path, size)

    def write(self, letters: Iterable[Letter]) -> None:
        """On disk when this returns, so a commit never counts a letter that is lost."""
        lines = [orjson.dumps(one._asdict()) + b"\n" for one in letters]
        if not lines:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

"""Which files have been read, how far, and by which run: what lets an import go on after it was killed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from importers.openalex.snapshot import Part
from importers.openalex.summary import Summary, Tallies, flat, nested
from models import ImportPart, ImportRun
from models.columns import now
from models.database import tell_changes

SOURCE = "openalex"
STREAM = "-"
DAMAGED = "damaged"  # the fingerprint of a file whose records may be wrong: it is read anew, whatever it is then
_SAMPLE = 65_536

_runs = ImportRun.__table__  # type: ignore[attr-defined]
_parts = ImportPart.__table__  # type: ignore[attr-defined]


def fingerprint(part: Part) -> str:
    """Tells a file from another of the same name: its size and both its ends; the end of a gzip sums up all of it."""
    if part.name == STREAM:
        return STREAM
    with part.path.open("rb") as file:
        digest = hashlib.sha256(file.read(_SAMPLE))
        file.seek(max(part.size - _SAMPLE, 0))
        digest.update(file.read(_SAMPLE))
    changed = "" if part.path.suffix == ".gz" else f"-{part.path.stat().st_mtime_ns}"
    return f"{part.size}-{digest.hexdigest()[:32]}{changed}"


def root_key(path: str, *, include_xpac: bool) -> str:
    """What was imported, and with which options."""
    place = path if path == STREAM else str(Path(path).resolve())
    return f"{place} with xpac" if include_xpac else place


@dataclass
class Reading:
    """How far a part has been read; `tallies` are of this run."""

    part: Part
    fingerprint: str
    lines: int
    finished: bool
    tallies: Tallies
    anew: bool = False  # what was read of it before is replaced, even by a record of the same version


class Ledger:
    """One run's entries. Every change belongs to the caller's transaction."""

    def __init__(self, connection: Connection, root: str) -> None:
        self._connection = connection
        self._root = root
        self.run_id = 0
        self._facts: dict[str, Any] = {}

    def open(self, *, since: date | None, letters_from: int) -> int:
        """Go on with the run that was interrupted, or begin one. How long the file of dead letters should be."""
        mine = (_runs.c.source == SOURCE, _runs.c.root == self._root, _runs.c.status == "RUNNING")
        if self._root.split(" ")[0] == STREAM:  # what came from a pipe cannot come again
            self._connection.execute(update(_runs).where(*mine).values(status="FAILED", finished_at=now()))
        found = self._connection.execute(select(_runs.c.id, _runs.c.summary).where(*mine).order_by(_runs.c.id)).first()
        if found is None:
            return self._begin(since, letters_from)
        self.run_id, self._facts = found.id, orjson.loads(found.summary)
        written = select(func.max(_parts.c.dead_letter_bytes)).where(_parts.c.run_id == self.run_id)
        return int(max(self._connection.scalar(written) or 0, self._facts.get("letters_from", 0)))

    def _begin(self, since: date | None, letters_from: int) -> int:
        self._facts = {"since": since.isoformat() if since else None, "letters_from": letters_from}
        values = {"source": SOURCE, "root": self._root, "status": "RUNNING", "started_at": now()}
        facts = orjson.dumps(self._facts).decode()
        made = self._connection.execute(_runs.insert().values(**values, summary=facts).returning(_runs.c.id))
        self.run_id = int(made.scalar_one())
        return letters_from

    def reading(self, part: Part) -> Reading:
        """Where to read on: at the start for another file, even of the same name."""
        mark = fingerprint(part)
        where = (_parts.c.root == self._root, _parts.c.name == part.name)
        row = self._connection.execute(select(_parts).where(*where)).first()
        if row is None or row.fingerprint != mark or part.name == STREAM:
            anew = row is not None and row.fingerprint == DAMAGED
            return Reading(part, mark, 0, finished=False, tallies=Tallies(), anew=anew)
        tallies = flat(orjson.loads(row.counts)) if row.run_id == self.run_id else Tallies()
        return Reading(part, mark, row.lines, row.finished, tallies)

    def save(self, reading: Reading, letter_bytes: int) -> None:
        values = {
            "fingerprint": reading.fingerprint,
            "entity": reading.part.entity,
            "updated_date": reading.part.updated_date,
            "lines": reading.lines,
            "finished": reading.finished,
            "run_id": self.run_id,
            "counts": orjson.dumps(nested(reading.tallies)).decode(),
            "dead_letter_bytes": letter_bytes,
        }
        dialect = postgresql if self._connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(_parts).values(root=self._root, name=reading.part.name, **values)
        self._connection.execute(insert.on_conflict_do_update(index_elements=["root", "name"], set_=values))
        tell_changes(self._connection)

    def watermark(self, entity: str | None) -> date | None:
        """The newest day that a completed run over everything has read."""
        newest = (
            select(_runs.c.summary, func.max(_parts.c.updated_date))
            .join(_runs, _runs.c.id == _parts.c.run_id)
            .where(
                _parts.c.root == self._root, _parts.c.entity == entity, _parts.c.finished, _runs.c.status == "COMPLETED"
            )
            .group_by(_runs.c.id)
        )
        # A run told to begin on some day has left out what is older.
        days = [day for facts, day in self._connection.execute(newest) if not orjson.loads(facts).get("since")]
        return max(filter(None, days), default=None)

    def tallies(self) -> Tallies:
        """All parts of this run, those read before it was interrupted included."""
        rows = self._connection.execute(select(_parts.c.counts).where(_parts.c.run_id == self.run_id))
        return sum((flat(orjson.loads(row.counts)) for row in rows), Tallies())

    def close(self, summary: Summary) -> None:
        facts = orjson.dumps({**self._facts, **summary.as_dict()}).decode()
        values = {"status": "COMPLETED" if summary.ok else "FAILED", "finished_at": now(), "summary": facts}
        self._connection.execute(update(_runs).where(_runs.c.id == self.run_id).values(**values))
        tell_changes(self._connection)


def within(part: Part, entities: Iterable[str] | None, since: date | None) -> bool:
    """Whether the caller asks for the part."""
    wanted = entities is None or part.entity is None or part.entity in set(entities)
    return wanted and not (since and part.updated_date and part.updated_date < since)

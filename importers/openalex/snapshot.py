"""Files of an OpenAlex snapshot, found in any layout and read line by line; nothing here knows a database."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple

from importers.inflate import Broken, inflated
from importers.openalex.manifest import SnapshotError, entities, listed, manifests, own

__all__ = ["Damaged", "Line", "Part", "Snapshot", "SnapshotError", "deleted_ids", "find", "lines", "merged_ids"]

ORDER = ("topics", "institutions", "sources", "authors", "works")  # what others point at comes first
ENTITIES = frozenset(
    (*ORDER, "awards", "concepts", "domains", "fields", "funders", "keywords", "publishers", "subfields")
)
MAX_LINE = 16 * 2**20  # bytes
SHOWN = 1_000  # bytes kept of a longer line
BOM = b"\xef\xbb\xbf"

OnProblem = Callable[[Path, int, str], None]


class Damaged(Exception):
    """The file breaks after line `line_number`, up to which every line was yielded."""

    def __init__(self, part: "Part", line_number: int, reason: str) -> None:
        super().__init__(f"{part.name} is damaged after line {line_number:,}: {reason}")
        self.part, self.line_number, self.reason = part, line_number, reason


@dataclass(frozen=True)
class Part:
    """One file. `name` is its POSIX path under the root, `-` for standard input; `size` in stored bytes."""

    path: Path
    name: str
    entity: str | None = None
    updated_date: date | None = None
    size: int = 0
    expected: int | None = None


@dataclass
class Snapshot:
    """Parts in the order to import them; `problems` say in a sentence each what is missing or unreadable."""

    root: Path
    parts: list[Part] = field(default_factory=list)
    deleted_works: list[Path] = field(default_factory=list)
    merges: list[tuple[str, Path]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Line(NamedTuple):
    """A line without its ending; with a `problem`, only its first bytes. `offset`: stored bytes read so far."""

    number: int
    data: bytes | None
    problem: str | None
    offset: int


def find(path: Path) -> Snapshot:
    """Every part under `path`: a root, `data`, entity or partition folder, a folder of files, one file, or `-`.

    SnapshotError where there is nothing to read or a manifest names a file outside of its entity's folder.
    """
    if str(path) == "-":
        return Snapshot(path, [Part(path, "-")])
    try:
        found = _found(path.absolute())
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error
    if not found.parts:
        raise SnapshotError("; ".join([f"{path} holds no snapshot files", *found.problems]))
    found.parts.sort(key=_rank)
    return found


def _rank(part: Part) -> tuple[int, str, date, str]:
    place = ORDER.index(part.entity) if part.entity in ORDER else len(ORDER)
    return place, part.entity or "", part.updated_date or date.min, part.name


def _found(path: Path) -> Snapshot:
    if not path.is_dir():
        return Snapshot(path.parent, [_part(path, path.parent)])
    found = Snapshot(path)
    bases = [base for base in (path / "data" / "jsonl", path / "jsonl", path / "data", path) if base.is_dir()]
    folders = [path] if _partitions(path) else next(filter(None, map(_entity_folders, bases)), [path])
    for folder in folders:
        found.parts += _parts(found, folder)
    works = dict.fromkeys([*folders, *(base / "works" for base in bases)])
    found.deleted_works = [
        file for folder in works if folder.name == "works" for file in folder.glob("deleted_ids.csv*")
    ]
    merges = [file for base in bases for file in base.glob("merged_ids/*/*.csv*")]
    found.merges = [(file.parent.name, file) for file in sorted(merges, key=lambda file: (file.name, file))]
    return found


def _partitions(folder: Path) -> list[Path]:
    return sorted(folder.glob("updated_date=*/"))


def _entity_folders(base: Path) -> list[Path]:
    """The folders of a base that hold an entity: by partitions, by a known name, or because the manifest says so."""
    children = [child for child in base.iterdir() if child.is_dir()]
    known = [child for child in children if child.name in ENTITIES and (_files(child) or own(child))]
    told = [base / name for name in entities(base / "manifest.json")]
    return sorted({*known, *told, *filter(_partitions, children)})


def _files(folder: Path) -> list[Path]:
    inside = folder.iterdir() if folder.is_dir() else ()
    return [file for file in inside if file.suffix in {".gz", ".jsonl"} and file.is_file()]


def _parts(found: Snapshot, folder: Path) -> list[Part]:
    for manifest in manifests(folder):
        if manifest.is_relative_to(found.root):
            try:
                return _listed(found, manifest, folder)
            except (OSError, ValueError) as error:
                name = manifest.relative_to(found.root).as_posix()
                found.problems.append(f"{name} cannot be used for {folder.name}, its folder is read instead: {error}")
    return [_part(file, found.root) for place in _partitions(folder) or [folder] for file in _files(place)]


def _listed(found: Snapshot, manifest: Path, folder: Path) -> list[Part]:
    parts = []
    for path, records, size in listed(manifest, folder):
        if not path.is_file():
            found.problems.append(f"{path.relative_to(found.root).as_posix()} is missing, though its manifest lists it")
            continue
        part = replace(_part(path, found.root, records), entity=folder.name)
        parts.append(part)
        if size not in {None, part.size}:
            found.problems.append(f"{part.name} has {part.size:,} bytes, its manifest says {size:,}")
    return parts


def _part(file: Path, root: Path, expected: int | None = None) -> Part:
    day = re.fullmatch(r"updated_date=(.+)", file.parent.name)
    named = re.match(rf"(?:{'|'.join(sorted(ENTITIES))})(?=[._-])", file.name)
    folder = file.parents[1].name if day else file.parent.name
    entity = folder if day or folder in ENTITIES else named and named[0]
    updated = _day(day[1]) if day else None
    return Part(file, file.relative_to(root).as_posix(), entity or None, updated, file.stat().st_size, expected)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def lines(part: Part, *, start: int = 0, stdin: BinaryIO | None = None) -> Iterator[Line]:
    """The part's lines after the first `start`, less blank ones, in bounded memory; Damaged where the file breaks.

    gzip is told by the first bytes. A line above MAX_LINE bytes comes as its first SHOWN bytes and a problem.
    """
    number = 0
    try:
        with nullcontext(stdin or sys.stdin.buffer) if part.name == "-" else part.path.open("rb") as raw:
            for number, (data, size, offset) in enumerate(_split(raw), 1):
                if number <= start:
                    continue
                if size > MAX_LINE:
                    problem = f"line has {size:,} bytes, more than {MAX_LINE:,}"
                    yield Line(number, data[:SHOWN], problem, offset)
                elif data and not data.isspace():
                    yield Line(number, data.removesuffix(b"\r"), None, offset)
    except (Broken, OSError) as error:
        raise Damaged(part, number, str(error)) from error


def _split(raw: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Each line, its size and the offset; of a line above MAX_LINE no more than that is ever held."""
    held, size, offset = [b""], 0, 0
    for data, offset in _without_bom(raw):
        first, *rest = data.split(b"\n")
        size += len(first)
        if size <= MAX_LINE:
            held.append(first)
        if rest:
            yield b"".join(held), size, offset
            *whole, last = rest
            for line in whole:
                yield line, len(line), offset
            held, size = [last], len(last)
    if size:
        yield b"".join(held), size, offset


def _without_bom(raw: BinaryIO) -> Iterator[tuple[bytes, int]]:
    pieces = inflated(raw)
    start = b""
    for data, offset in pieces:
        start += data
        if len(start) >= len(BOM):
            yield start.removeprefix(BOM), offset
            break
    else:
        yield start.removeprefix(BOM), len(start)
    yield from pieces


def deleted_ids(path: Path, on_problem: OnProblem | None = None) -> Iterator[tuple[int, date | None]]:
    """Works that are no more, as (id, day), from `work_id,deleted_date`; unreadable rows go to `on_problem`."""
    for number, (work, day) in _rows(path, ("work_id", "deleted_date"), on_problem):
        if (key := _key(work, "W")) is None:
            _report(on_problem, path, number, f"{work[:80]!r} is no work id")
        else:
            yield key, _day(day[:10])


def merged_ids(path: Path, on_problem: OnProblem | None = None) -> Iterator[tuple[date | None, int, int]]:
    """Merges as (day, id, id it became), from `merge_date,id,merge_into_id`; gzip or plain, problems as above."""
    for number, (day, old, new) in _rows(path, ("merge_date", "id", "merge_into_id"), on_problem):
        key, into = _key(old), _key(new)
        if key is None or into is None:
            _report(on_problem, path, number, f"{old[:80]!r} into {new[:80]!r} are no two ids")
        else:
            yield _day(day[:10]), key, into


def _rows(path: Path, names: tuple[str, ...], on_problem: OnProblem | None) -> Iterator[tuple[int, list[str]]]:
    """Rows in the order of `names`, which a header may change; neither ids nor dates hold a comma or a quote."""
    order = list(range(len(names)))
    try:
        for line in lines(Part(path, path.name)):
            values = [value.strip(' "') for value in (line.data or b"").decode(errors="replace").strip().split(",")]
            if set(names) <= set(values):
                order = [values.index(name) for name in names]
            elif line.problem or len(values) <= max(order):
                _report(
                    on_problem, path, line.number, line.problem or f"row has {len(values)} values, not {len(names)}"
                )
            else:
                yield line.number, [values[at] for at in order]
    except Damaged as error:
        _report(on_problem, path, error.line_number + 1, error.reason)


def _key(text: str, letter: str = "[A-Z]") -> int | None:
    found = re.fullmatch(rf"(?:https?://openalex\.org/(?:\w+/)?)?{letter}(\d{{1,18}})", text, re.IGNORECASE | re.ASCII)
    return int(found[1]) if found else None


def _report(on_problem: OnProblem | None, path: Path, line: int, reason: str) -> None:
    if on_problem:
        on_problem(path, line, reason)

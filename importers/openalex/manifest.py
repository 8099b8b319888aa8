"""The list of files that a finished snapshot carries, per entity (`manifest.json`, `manifest`) or for all of them."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import orjson


class SnapshotError(Exception):
    """What was given is no snapshot, or its manifest points outside of it."""


class Listed(NamedTuple):
    """A file as the manifest tells it; it need not exist. `size` in bytes."""

    path: Path
    records: int | None
    size: int | None


def own(folder: Path) -> list[Path]:
    """An entity's own list, of today and of old."""
    return [place for place in (folder / "manifest.json", folder / "manifest") if place.is_file()]


def manifests(folder: Path) -> list[Path]:
    """Where an entity's list may stand, best first: its own, then the combined one beside it."""
    combined = folder.parent / "manifest.json"
    return [*own(folder), *([combined] if combined.is_file() else [])]


def entities(manifest: Path) -> set[str]:
    """The entities a combined manifest tells of; none where there is no such file."""
    try:
        return set(_combined(orjson.loads(manifest.read_bytes())))
    except (OSError, ValueError):
        return set()


def listed(manifest: Path, folder: Path) -> list[Listed]:
    """The files of the entity `folder` is named after, each once; ValueError where the manifest cannot be read as one,
    SnapshotError where a file is outside of `folder`.
    """
    document = orjson.loads(manifest.read_bytes())
    if isinstance(document, dict) and "entities" in document:
        document = _combined(document).get(folder.name)
    files = document.get("files", document.get("entries")) if isinstance(document, dict) else None
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise ValueError("lists no files")
    found = [_listed(manifest, folder, file) for file in files]
    return list({file.path: file for file in found}.values())


def _combined(document: Any) -> dict[str, Any]:
    entries = document.get("entities") if isinstance(document, dict) else None
    named = [entry for entry in entries or () if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {name: entry for entry in named if re.fullmatch(r"[a-z_]+", name := str(entry.get("entity")))}


def _listed(manifest: Path, folder: Path, file: dict[str, Any]) -> Listed:
    url, meta = file.get("url"), file.get("meta")
    place = re.fullmatch(rf"s3://openalex/data/(?:jsonl/)?{re.escape(folder.name)}/(.{{1,500}})", str(url))
    if not place or not all(re.fullmatch(r"(?!\.)[\w.=+-]{1,200}", piece) for piece in place[1].split("/")):
        raise SnapshotError(f"{manifest} lists {str(url)[:500]!r}, which is no file of {folder.name}")
    path = folder / place[1]
    if not _inside(path, folder):
        raise SnapshotError(f"{manifest} lists {url!r}, which leads out of {folder}")
    counts = meta if isinstance(meta, dict) else {}
    return Listed(path, _count(counts.get("record_count")), _count(counts.get("content_length")))


def _inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None

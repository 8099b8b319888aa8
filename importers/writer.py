"""Batches of entries → rows, on both databases. The caller holds the transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import models
from importers import people, slugs, stale
from importers.openalex import stubs
from importers.openalex.entry import CHILDREN, COLUMNS, Entry, Row
from importers.store import Store
from models.topic import LEVELS

REMEMBERED = 500_000  # ids a kind: what is known to stand in the database need not be asked for again

# A kind's rows refer only to kinds before it.
_MODELS = {
    "institution": models.Institution,
    "source": models.Source,
    "topic": models.Topic,
    "researcher": models.Researcher,
    "work": models.Work,
}
_NAME = {"institution": 1, "topic": 3, "researcher": 1}  # the place of the display name in a kind's row
_SOURCE = COLUMNS["work"].index("source_id")
_NAMES = {  # the place of an id in a child's row
    "authorship": ("researcher", 2),
    "authorship_institution": ("institution", 2),
    "work_topic": ("topic", 1),
    "affiliation": ("institution", 1),
}
_OWNED_BY = {
    "researcher": {"affiliation": "researcher_id"},
    "work": {
        "authorship_institution": "work_id",
        "authorship": "work_id",
        "work_topic": "work_id",
        "work_keyword": "work_id",
        "reference": "citing_id",
    },
}


def _unfilled(kind: str) -> dict[str, object]:
    """The columns that no record fills, at what they are at first."""
    filled = {*COLUMNS[kind], "slug", "import_run_id"}
    return {name: field.default for name, field in _MODELS[kind].model_fields.items() if name not in filled}


_UNFILLED = {kind: _unfilled(kind) for kind in COLUMNS}


class Remembered:
    """A bounded set of ids, by kind."""

    def __init__(self) -> None:
        self._ids: defaultdict[str, set[int | str]] = defaultdict(set)

    def missing(self, kind: str, ids: Iterable[int | str]) -> set[int | str]:
        return set(ids) - self._ids[kind]

    def add(self, kind: str, ids: Iterable[int | str]) -> None:
        known = self._ids[kind]
        if len(known) > REMEMBERED:
            known.clear()
        known.update(ids)

    def clear(self) -> None:
        self._ids.clear()


class Writer:
    def __init__(self, store: Store, run_id: int | None) -> None:
        self._store = store
        self._run_id = run_id
        self._standing = Remembered()
        self._stale = Remembered()

    def forget(self) -> None:
        """To be called after a rollback, a deletion and a derivation: what was known may no longer be so."""
        self._standing.clear()
        self._stale.clear()

    def write(self, entries: Sequence[Entry], *, anew: bool = False) -> Counter[tuple[str, str]]:
        """Write what is newer than what is stored; `anew`, what is as new, too.

        Counts (kind, imported | updated | unchanged).
        """
        newest = _newest(entries)
        stored = self._versions(newest)
        new = [entry for key, entry in newest.items() if key not in stored]
        changed = [entry for key, entry in newest.items() if key in stored and entry.version + anew > stored[key]]
        counts = Counter((entry.kind, "unchanged") for entry in entries)
        for entry in [*new, *changed]:
            # What was only named so far is imported, not updated.
            counts[entry.kind, "updated" if stored.get((entry.kind, entry.id)) else "imported"] += 1
            counts[entry.kind, "unchanged"] -= 1
        self._replace(changed)
        arrived = self._arrive(
            new, [entry for entry in newest.values() if stored.get((entry.kind, entry.id), -1) < entry.version + anew]
        )
        for kind in COLUMNS:
            rows = [(*entry.row, self._run_id) for entry in changed if entry.kind == kind]
            self._store.update(kind, (*COLUMNS[kind], "import_run_id"), rows)
        written = [*new, *changed]
        children = {
            table: list(chain.from_iterable(one.children.get(table, ()) for one in written)) for table in CHILDREN
        }
        self._add_children(written, children)
        works = [entry.id for entry in written if entry.kind == "work"]
        people.detach(self._store, works)
        people.announce(self._store, [entry.id for entry in new if entry.kind == "work"])
        self._mark(written, children, arrived)
        return +counts

    def _versions(self, newest: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        ids: defaultdict[str, list[int]] = defaultdict(list)
        for kind, number in newest:
            ids[kind].append(number)
        return {
            (kind, number): version
            for kind, numbers in ids.items()
            for number, version in self._store.fetch(
                f"SELECT id, version FROM {kind} WHERE id IN (SELECT value FROM {{each}})",
                numbers,
            )
        }

    def _replace(self, changed: Sequence[Entry]) -> None:
        """Take away what the entries' own rows will stand for, and mark what it named."""
        ids: defaultdict[str, list[int]] = defaultdict(list)
        for entry in changed:
            ids[entry.kind].append(entry.id)
        for kind, numbers in ids.items():
            stale.mark_named_by(self._store, kind, numbers)
            for table, column in _OWNED_BY.get(kind, {}).items():
                self._store.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM {{each}})", numbers)
            forget_ids = f"DELETE FROM external_id WHERE kind = '{kind}' AND entity_id IN (SELECT value FROM {{each}})"
            self._store.execute(forget_ids, numbers)

    def _arrive(self, new: Sequence[Entry], named_by: Sequence[Entry]) -> dict[str, list[int]]:
        """Insert the new entries and those only named so far, in the order of the records. The ids, by kind."""
        arriving: dict[str, dict[int, Any]] = {kind: {} for kind in COLUMNS}
        own = {(entry.kind, entry.id): entry.row for entry in new}
        for entry in named_by:
            for kind, some in entry.named.items():
                rows = arriving[kind]
                for number, facts in some.items():
                    if number not in rows:
                        rows[number] = own.get((kind, number)) or facts
            if (entry.kind, entry.id) in own:
                arriving[entry.kind][entry.id] = entry.row
        for kind, rows in arriving.items():
            named = [number for number in rows if (kind, number) not in own]
            for standing in self._standing_among(kind, named):
                del rows[int(standing)]
            for number in rows:
                if (kind, number) not in own:
                    rows[number] = stubs.row(kind, number, rows[number])
            self._insert(kind, list(rows.values()))
            self._standing.add(kind, rows)
        return {kind: list(rows) for kind, rows in arriving.items()}

    def _standing_among(self, kind: str, named: Sequence[int | str]) -> set[int | str]:
        asked = self._standing.missing(kind, named)
        sql = f"SELECT id FROM {kind} WHERE id IN (SELECT value FROM {{each}})"
        found = {row[0] for row in self._store.fetch(sql, asked)} if asked else set()
        self._standing.add(kind, found)
        return found | (set(named) - asked)

    def _insert(self, kind: str, rows: list[Row]) -> None:
        if not rows:
            return
        columns = (*COLUMNS[kind], *_UNFILLED[kind], "import_run_id")
        unfilled = (*_UNFILLED[kind].values(), self._run_id)
        if kind in slugs.KINDS:
            given = slugs.give(self._store, kind, [row[_NAME[kind]] for row in rows])
            columns = (*columns, "slug")
            full = [(*row, *unfilled, slug) for row, slug in zip(rows, given, strict=True)]
        else:
            full = [(*row, *unfilled) for row in rows]
        if kind == "topic":
            full.sort(key=lambda row: LEVELS.index(row[1]))  # SQLite checks each row's parent at once
        self._store.insert(kind, columns, full)

    def _add_children(self, entries: Sequence[Entry], children: dict[str, list[Row]]) -> None:
        words = {word[0]: word for entry in entries for word in entry.keywords}
        standing = self._standing_among("keyword", list(words))
        self._store.insert(
            "keyword", ("id", "display_name"), [row for word, row in words.items() if word not in standing]
        )
        self._standing.add("keyword", words)
        for table, rows in children.items():
            self._store.insert(table, CHILDREN[table], rows)

    def _mark(self, entries: Sequence[Entry], children: dict[str, list[Row]], arrived: dict[str, list[int]]) -> None:
        named: dict[str, set[int | str]] = {kind: set(arrived[kind]) for kind in stale.KINDS}
        for table, (kind, place) in _NAMES.items():
            named[kind].update(map(itemgetter(place), children[table]))
        for entry in entries:
            if entry.kind == "work":
                named["source"].add(entry.row[_SOURCE])
            named[entry.kind].add(entry.id)  # it may have another name
        for kind, ids in named.items():
            ids.discard(None)
            fresh = self._stale.missing(kind, ids)
            stale.mark(self._store, kind, sorted(map(int, fresh)))
            self._stale.add(kind, fresh)


def _newest(entries: Sequence[Entry]) -> dict[tuple[str, int], Entry]:
    """Of entries with one id the newest, the last of equals."""
    newest: dict[tuple[str, int], Entry] = {}
    for entry in entries:
        held = newest.get((entry.kind, entry.id))
        if held is None or entry.version >= held.version:
            newest[entry.kind, entry.id] = entry
    return newest

"""Marks on records whose derived rows no longer follow from their works."""

from collections.abc import Iterable

from importers.store import Store

KINDS = ("researcher", "work", "topic", "institution", "source")

# By kind of record: what such records name now, by kind.
_NAMED_BY = {
    "work": {
        "researcher": "SELECT researcher_id FROM authorship WHERE work_id IN ({ids}) AND researcher_id IS NOT NULL",
        "institution": "SELECT institution_id FROM authorship_institution WHERE work_id IN ({ids})",
        "topic": "SELECT topic_id FROM work_topic WHERE work_id IN ({ids})",
        "source": "SELECT source_id FROM work WHERE id IN ({ids}) AND source_id IS NOT NULL",
    },
    "researcher": {"institution": "SELECT institution_id FROM affiliation WHERE researcher_id IN ({ids})"},
    "topic": {"topic": "SELECT parent_id FROM topic WHERE id IN ({ids}) AND parent_id IS NOT NULL"},
}


def mark(store: Store, kind: str, ids: Iterable[int]) -> None:
    if found := list(ids):
        store.execute(_marking(kind, "SELECT value FROM {each}"), found)


def mark_named_by(store: Store, kind: str, ids: Iterable[int]) -> None:
    """Mark everyone and everything that these records name now."""
    found = list(ids)
    for named, select in _NAMED_BY.get(kind, {}).items():
        if found:
            mark_selected(store, named, select.format(ids="SELECT value FROM {each}"), found)


def mark_selected(store: Store, kind: str, select: str, values: Iterable[int] | None = None) -> None:
    """Mark the ids that a SELECT of one column finds."""
    store.execute(_marking(kind, select), values)


def _marking(kind: str, select: str) -> str:
    return f"INSERT INTO stale (kind, id) SELECT '{kind}', found.* FROM ({select}) AS found WHERE true ON CONFLICT DO NOTHING"

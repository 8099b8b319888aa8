"""Works that are no more."""

from collections.abc import Sequence

from importers import stale
from importers.store import Store


def remove_works(store: Store, ids: Sequence[int]) -> int:
    """Delete those of the works that stand, with all that hangs on them. How many stood."""
    sql = "SELECT id FROM work WHERE id IN (SELECT value FROM {each})"
    standing = [row[0] for row in store.fetch(sql, ids)]
    if standing:
        stale.mark_named_by(store, "work", standing)
        stale.mark(store, "work", standing)
        store.execute(
            "DELETE FROM external_id WHERE kind = 'work' AND entity_id IN (SELECT value FROM {each})", standing
        )
        store.execute("DELETE FROM work WHERE id IN (SELECT value FROM {each})", standing)
    return len(standing)

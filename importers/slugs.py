"""Slugs given out once: the first of a name gets the base, later ones base-2, base-3 …"""

from collections import Counter
from collections.abc import Sequence

from importers.store import Store
from importers.text import slug

KINDS = {"researcher", "institution", "topic"}

_TAKE = """
    INSERT INTO slug_sequence (kind, base, last)
    SELECT '{kind}', value, count(*) FROM {{each}} WHERE true GROUP BY value
    ON CONFLICT (kind, base) DO UPDATE SET last = slug_sequence.last + excluded.last
    RETURNING base, last
"""


def give(store: Store, kind: str, names: Sequence[str]) -> list[str]:
    """A new slug for each name, in their order. A base never ends in a number, so numbered ones collide with none."""
    bases = [slug(name, kind) for name in names]
    wanted = Counter(bases)
    given = {base: last - wanted[base] for base, last in store.fetch(_TAKE.format(kind=kind), bases)}
    slugs = []
    for base in bases:
        given[base] += 1
        slugs.append(base if given[base] == 1 else f"{base}-{given[base]}")
    return slugs

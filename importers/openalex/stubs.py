"""What a work's or author's record says of others: enough to name them until their own records come."""

from functools import lru_cache

from importers.openalex import fields
from importers.openalex.entry import Stub, Survivors
from importers.openalex.fields import JSON
from importers.text import plain
from models.columns import fold

LEVELS = {"DOMAIN": 10**9, "FIELD": 2 * 10**9, "SUBFIELD": 3 * 10**9}
_CACHED = 16_384  # names repeat a lot: institutions in bylines, topics on works
UNNAMED = "Unnamed"
FIRST_LIVING_AUTHOR = 5_000_000_000
NOBODY = {9_999_999_999, 5_317_838_346}  # "no author" and "deleted author": a place in a byline, no researcher


@lru_cache(_CACHED)
def _name(given: str) -> str:
    return plain(given) or UNNAMED


def name(given: object) -> str:
    return _name(given) if isinstance(given, str) else UNNAMED


def researcher(number: int, given: object, orcid: object) -> Stub:
    shown = name(given)
    return Stub("researcher", (number, shown, fold(shown), "[]", fields.orcid(orcid), None, 0))


def institution(record: object, survivors: Survivors) -> Stub | None:
    found = fields.mapping(record)
    number = fields.key(found.get("id"), "I")
    if number is None:
        return None
    number = survivors.get(("institution", number), number)
    facts = (found.get("display_name"), found.get("ror"), found.get("country_code"), found.get("type"))
    return _institution(number, *(fact if isinstance(fact, str) else None for fact in facts))


@lru_cache(_CACHED)
def _institution(number: int, given: str | None, ror: str | None, country: str | None, kind: str | None) -> Stub:
    shown = name(given)
    row = (number, shown, fold(shown), "[]", fields.ror(ror), fields.country(country), fields.text(kind))
    return Stub("institution", (*row, None, None, None, None, 0))


def source(record: object, survivors: Survivors) -> Stub | None:
    found = fields.mapping(record)
    number = fields.key(found.get("id"), "S")
    if number is None:
        return None
    number = survivors.get(("source", number), number)
    publisher = fields.text(found.get("host_organization_name")) or fields.text(found.get("publisher"))
    row = (number, name(found.get("display_name")), fields.text(found.get("type")), fields.text(found.get("issn_l")))
    return Stub("source", (*row, publisher, None, fields.truth(found.get("is_oa")), 0))


def topic(record: JSON, survivors: Survivors) -> list[Stub]:
    """A topic after the levels above it, domain first; without them if one is missing. Empty without an id."""
    number = fields.key(record.get("id"), "T")
    if number is None:
        return []
    number = survivors.get(("topic", number), number)
    above: list[tuple[int | None, str]] = []
    for level in ("domain", "field", "subfield"):
        found = fields.mapping(record.get(level))
        above.append((fields.level_key(found.get("id")), name(found.get("display_name"))))
    return list(_topic(number, name(record.get("display_name")), tuple(above)))


@lru_cache(_CACHED)
def _topic(number: int, shown: str, above: tuple[tuple[int | None, str], ...]) -> tuple[Stub, ...]:
    chain: list[Stub] = []
    parent = None
    if all(level_number for level_number, _ in above):
        for (level, offset), (level_number, level_name) in zip(LEVELS.items(), above, strict=True):
            chain.append(_subject(offset + (level_number or 0), level, parent, level_name))
            parent = chain[-1].row[0]
    return (*chain, _subject(number, "TOPIC", parent, shown))


def _subject(number: int, level: str, parent: int | None, shown: str) -> Stub:
    return Stub("topic", (number, level, parent, shown, fold(shown), None, "[]", 0))

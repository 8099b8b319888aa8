"""What a record says of others: enough to name them until their own records come."""

from functools import lru_cache
from typing import Any

from importers.openalex import fields
from importers.openalex.entry import Named, Row, Survivors
from importers.openalex.fields import JSON
from importers.text import plain
from models.columns import fold
from models.topic import LEVELS, OFFSETS

UNNAMED = "Unnamed"
FIRST_LIVING_AUTHOR = 5_000_000_000
NOBODY = {9_999_999_999, 5_317_838_346}  # "no author" and "deleted author": a place in a byline, no researcher
_CACHED = 16_384  # the same few topics stand on most works

Above = tuple[tuple[str | int | None, str | None], ...]


def name(given: object) -> str:
    return plain(given) or UNNAMED if isinstance(given, str) else UNNAMED


def institution(record: object, named: Named, survivors: Survivors) -> int | None:
    """The id of an institution that a record names; what it says of it is kept in `named`."""
    return _named("institution", "I", record, named, survivors)


def source(record: object, named: Named, survivors: Survivors) -> int | None:
    return _named("source", "S", record, named, survivors)


def _named(kind: str, letter: str, record: object, named: Named, survivors: Survivors) -> int | None:
    number = fields.key(record.get("id"), letter) if isinstance(record, dict) else None
    if number is None:
        return None
    if survivors:
        number = survivors.get((kind, number), number)
    named[kind].setdefault(number, record)
    return number


def researcher(author: JSON, raw_name: str | None, named: Named, survivors: Survivors) -> int | None:
    """None for an author whom the source does not know."""
    number = fields.key(author.get("id"), "A")
    if number is None:
        return None
    if survivors:
        number = survivors.get(("researcher", number), number)
    if number < FIRST_LIVING_AUTHOR or number in NOBODY:
        return None
    named["researcher"].setdefault(number, (author.get("display_name") or raw_name, author.get("orcid")))
    return number


def topic(record: JSON, named: Named, survivors: Survivors) -> Row | None:
    """The topic's row; it and the levels above it, if all are given, are kept in `named`, domain first."""
    number = fields.key(record.get("id"), "T")
    if number is None:
        return None
    number = survivors.get(("topic", number), number)
    above = tuple(map(_level, (record.get("domain"), record.get("field"), record.get("subfield"))))
    rows = _chain(number, _told(record.get("display_name")), above)
    for row in rows:
        named["topic"].setdefault(row[0], row)
    return rows[-1]


def _level(given: object) -> tuple[str | int | None, str | None]:
    found = fields.mapping(given)
    number = found.get("id")
    return number if isinstance(number, (str, int)) else None, _told(found.get("display_name"))


def _told(given: object) -> str | None:
    return given if isinstance(given, str) else None


@lru_cache(_CACHED)
def _chain(number: int, shown: str | None, above: Above) -> tuple[Row, ...]:
    rows: list[Row] = []
    parent = None
    numbers = [fields.level_key(given) for given, _ in above]
    if all(numbers):
        for level, own, (_, level_name) in zip(LEVELS[:-1], numbers, above, strict=True):
            rows.append(_subject(OFFSETS[level] + (own or 0), level, parent, name(level_name)))
            parent = rows[-1][0]
    return (*rows, _subject(number, "TOPIC", parent, name(shown)))


def _subject(number: int, level: str, parent: int | None, shown: str) -> Row:
    return (number, level, parent, shown, fold(shown), None, "[]", 0)


def row(kind: str, number: int, facts: Any) -> Row:
    """The row, of version 0, of what `named` holds; made late, since most of it stands already."""
    match kind:
        case "topic":
            return facts  # type: ignore[no-any-return]
        case "researcher":
            given, orcid = facts
            shown = name(given)
            return (number, shown, fold(shown), "[]", fields.orcid(orcid), None, 0)
        case "institution":
            shown = name(facts.get("display_name"))
            told = (
                fields.ror(facts.get("ror")),
                fields.country(facts.get("country_code")),
                fields.text(facts.get("type")),
            )
            return (number, shown, fold(shown), "[]", *told, None, None, None, None, 0)
        case _:
            shown = name(facts.get("display_name"))
            publisher = fields.text(facts.get("host_organization_name")) or fields.text(facts.get("publisher"))
            told = (fields.text(facts.get("type")), fields.text(facts.get("issn_l")), publisher)
            return (number, shown, *told, None, fields.truth(facts.get("is_oa")), 0)

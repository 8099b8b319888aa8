"""Values read out of records that may hold anything: what does not fit is dropped, never raised."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from importers.text import clean

MAX_COUNT = 2**31 - 1
MAX_KEY = 2**63 - 1
MAX_INDEXED = 500  # characters: PostgreSQL indexes at most 2,704 bytes
YEARS = range(1000, 2201)

JSON = dict[str, Any]

_PREFIX = {letter: f"https://openalex.org/{letter}" for letter in "WAIST"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ORCID = re.compile(r"(\d{4}-\d{4}-\d{4}-\d{3}[\dX])/?$")
_ROR = re.compile(r"0[a-z0-9]{8}$")
_DOI = re.compile(r"10\.\d{3,9}(?:\.\d+)*/\S.*$")
_ARXIV = re.compile(
    r"(?:arxiv\.org/(?:abs|pdf|html)/|10\.48550/arxiv\.|^arxiv:)"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?=(?:\.[a-z]{2})?/\d{7}))(?:\.[a-z]{2})?(/\d{7})?",
)


def key(value: object, letter: str) -> int | None:
    """The number of `https://openalex.org/W123` or `W123`, if the letter is this one."""
    if type(value) is not str:
        return None
    if value.startswith(_PREFIX[letter]) and value.isascii() and len(digits := value[22:]) < 19 and digits.isdecimal():
        return int(digits) or None
    short = value[value.rfind("/") + 1 :]
    if short[:1].upper() != letter:
        return None
    return _number(short[1:])


def level_key(value: object) -> int | None:
    """The number of a domain, field or subfield: 2740, "2740" or `https://openalex.org/subfields/2740`."""
    number = value if type(value) is int else _number(str(value).rpartition("/")[2])
    return number if number and 0 < number < 10**9 else None


def _number(digits: str) -> int | None:
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        return None
    number = int(digits)
    return number if 0 < number <= MAX_KEY else None


def text(value: object) -> str | None:
    """Cleaned and trimmed; None for what is empty or no text."""
    return clean(value).strip() or None if type(value) is str else None


def word(value: object) -> str | None:
    """A text or number that is written as one: a volume, a page, another registry's id."""
    return str(value) if type(value) is int else text(value)


def texts(value: object) -> list[str]:
    """The distinct texts of a list, or of one text joined by semicolons, in order."""
    found = value.split(";") if type(value) is str else value
    return list(dict.fromkeys(filter(None, map(text, found)))) if isinstance(found, list) else []


def mapping(value: object) -> JSON:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[JSON]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def count(value: object) -> int:
    return min(max(whole(value) or 0, 0), MAX_COUNT)


def year(value: object) -> int | None:
    number = whole(value)
    return number if number in YEARS else None


def whole(value: object) -> int | None:
    if type(value) is float and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def real(value: object, low: float, high: float) -> float | None:
    """The number, clamped."""
    return min(max(float(value), low), high) if type(value) in (int, float) else None  # type: ignore[arg-type]


def truth(value: object) -> bool | None:
    return value if type(value) is bool else None


def day(value: object) -> str | None:
    """An ISO date (YYYY-MM-DD) that exists."""
    if type(value) is not str:
        return None
    try:
        found = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return found.isoformat() if found.year in YEARS else None


@lru_cache(4_096)
def stamp(value: str) -> int | None:
    """Microseconds since 1970 of an ISO date or time, UTC unless it says otherwise; at least 1."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    since = moment - _EPOCH
    return max((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds, 1)


def version(updated: object, partition: date | None) -> int:
    """When the source last changed a record: by itself, else by its partition, else 1."""
    own = stamp(updated) if type(updated) is str else None
    return own or (stamp(partition.isoformat()) if partition else None) or 1


def doi(value: object) -> str | None:
    given = text(value)
    found = _DOI.search(given.lower()) if given else None
    return found[0] if found and len(found[0]) <= MAX_INDEXED else None


def arxiv(value: object) -> str | None:
    """The arXiv id a DOI or address names, without version and subject class: 2003.00832, math/0211159."""
    if type(value) is not str or "arxiv" not in (lower := value.lower()):
        return None
    found = _ARXIV.search(lower)
    return found[1] + (found[2] or "") if found else None


def orcid(value: object) -> str | None:
    found = _ORCID.search(value.strip().upper()) if type(value) is str else None
    return found[1] if found else None


def ror(value: object) -> str | None:
    found = _ROR.search(value.strip().lower()) if type(value) is str else None
    return found[0] if found else None


def country(value: object) -> str | None:
    return value.upper() if type(value) is str and re.fullmatch(r"[A-Za-z]{2}", value) else None


def address(value: object) -> str | None:
    """A web address; nothing else may become a link."""
    found = text(value)
    return found if found and found.lower().startswith(("https://", "http://")) else None


def other_ids(ids: object, leave_out: frozenset[str]) -> list[tuple[str, str]]:
    """(scheme, value) of what other registries call a record."""
    if not isinstance(ids, dict) or ids.keys() <= leave_out:
        return []
    found = (
        (scheme, value)
        for name, given in ids.items()
        if name not in leave_out and (scheme := text(name))
        for one in (given if isinstance(given, list) else [given])
        if (value := _bare(scheme, word(one)))
    )
    return [(s, v) for s, v in dict.fromkeys(found) if len(s) <= MAX_INDEXED and len(v) <= MAX_INDEXED]


def _bare(scheme: str, value: str | None) -> str | None:
    if not value:
        return None
    match scheme:
        case "scopus":
            found = re.search(r"authorID=(\d+)", value)
            return found[1] if found else value
        case "pmid" | "pmcid" | "wikidata" | "mag":
            return value.rstrip("/").rpartition("/")[2] or None
        case _:
            return value

"""A record of a snapshot → its rows. Pure: what is given decides what comes out.

Three schema eras are read alike (2023, 2024/25, 2026): keys are looked for under each of their names.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import orjson

from importers.openalex import fields, stubs
from importers.openalex.entry import Entry, Named, Rejected, Row, Skipped, Survivors
from importers.openalex.fields import JSON
from importers.openalex.works import work
from models.columns import fold

KINDS = {"W": "work", "A": "researcher", "I": "institution", "S": "source", "T": "topic"}

_OTHER = re.compile(r"[A-Za-z]\d{1,19}")  # funders, publishers, concepts …
# Keywords, fields, countries …: their ids may look like ours, as in keywords/w3.
_WORDED = re.compile(r"https://openalex\.org/(?!works/|authors/|institutions/|sources/|topics/)[a-z-]+/[\w.-]+")


def read(data: bytes, partition: date | None, *, include_xpac: bool = False, survivors: Survivors = {}) -> Entry:  # noqa: B006 - a Mapping
    """The rows of one line.

    `survivors` replaces ids that were merged away. Raises Skipped for a record that is valid and not kept,
    Rejected for one that is not valid.
    """
    record = _loads(data)
    kind, number = identify(record)
    if (kind, number) in survivors:
        raise Skipped("merged", kind)
    if kind == "researcher" and number < stubs.FIRST_LIVING_AUTHOR:
        raise Skipped("retired author id", kind)
    if kind == "researcher" and number in stubs.NOBODY:
        raise Skipped("nobody", kind)
    if kind == "work" and record.get("is_xpac") is True and not include_xpac:
        raise Skipped("xpac", kind)
    version = fields.version(record.get("updated_date"), partition)
    return _READERS[kind](record, number, version, survivors)


def identify(record: JSON) -> tuple[str, int]:
    """(kind, number) by the id's letter. Raises as `read` does."""
    given = record.get("id")
    short = given[given.rfind("/") + 1 :] if isinstance(given, str) else ""
    letter = short[:1].upper()
    if (letter not in KINDS and _OTHER.fullmatch(short)) or (isinstance(given, str) and _WORDED.fullmatch(given)):
        raise Skipped("not kept")
    if letter in KINDS and (number := fields.key(given, letter)):
        return KINDS[letter], number
    raise Rejected(f"no usable id: {str(given)[:100]!r}" if "id" in record else "no id")


_JSON_NAMES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
}


def _loads(data: bytes) -> JSON:
    try:
        record = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        record = _with_surrogates(data, error)
    if not isinstance(record, dict):
        raise Rejected(f"not an object but {_JSON_NAMES[type(record)]}")
    return record


def _with_surrogates(data: bytes, error: orjson.JSONDecodeError) -> Any:
    """JSON allows half a surrogate pair and orjson does not; what is half is cleaned like any text."""
    try:
        if "surrogate" in str(error):
            return json.loads(data.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as other:
        raise Rejected(f"not JSON: {other}") from other
    raise Rejected(f"not JSON: {error}") from error


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON value")


def researcher(record: JSON, number: int, version: int, survivors: Survivors) -> Entry:
    named: Named = defaultdict(dict)
    affiliations = _affiliations(record, number, named, survivors)
    last = record.get("last_known_institutions")
    latest = next(fields.mappings(last or [record.get("last_known_institution")]), None)
    institution_id = stubs.institution(latest, named, survivors) or _latest(affiliations)
    name = stubs.name(record.get("display_name"))
    others = fields.texts(record.get("display_name_alternatives") or record.get("raw_author_names"))
    orcid = fields.orcid(record.get("orcid") or fields.mapping(record.get("ids")).get("orcid"))
    row = (number, name, fold(name), _names(others, name), orcid, institution_id, version)
    children = {"affiliation": affiliations, **_ids("researcher", record, number)}
    return Entry("researcher", number, version, row, named, children)


def _affiliations(record: JSON, number: int, named: Named, survivors: Survivors) -> list[Row]:
    """One row an institution, over all the years its entries give."""
    years: dict[int, list[int]] = {}
    for affiliation in fields.mappings(record.get("affiliations")):
        at = stubs.institution(affiliation.get("institution"), named, survivors)
        if at:
            given = affiliation.get("years")
            found = years.setdefault(at, [])
            found += [year for year in map(fields.year, given if isinstance(given, list) else []) if year]
    return [(number, at, min(found, default=None), max(found, default=None)) for at, found in years.items()]


def _latest(affiliations: list[Row]) -> int | None:
    latest = max(affiliations, key=lambda row: row[3] or 0, default=None)
    return latest[1] if latest else None


def institution(record: JSON, number: int, version: int, survivors: Survivors) -> Entry:
    geo = fields.mapping(record.get("geo"))
    name = stubs.name(record.get("display_name"))
    others = fields.texts(record.get("display_name_acronyms")) + fields.texts(record.get("display_name_alternatives"))
    row = (
        number,
        name,
        fold(name),
        _names(list(dict.fromkeys(others)), name),
        fields.ror(record.get("ror") or fields.mapping(record.get("ids")).get("ror")),
        fields.country(record.get("country_code") or geo.get("country_code")),
        fields.text(record.get("type")),
        fields.address(record.get("homepage_url")),
        fields.text(geo.get("city")),
        fields.real(geo.get("latitude"), -90, 90),
        fields.real(geo.get("longitude"), -180, 180),
        version,
    )
    return Entry("institution", number, version, row, defaultdict(dict), _ids("institution", record, number))


def source(record: JSON, number: int, version: int, survivors: Survivors) -> Entry:
    row = (
        number,
        stubs.name(record.get("display_name")),
        fields.text(record.get("type")),
        fields.text(record.get("issn_l")),
        fields.text(record.get("host_organization_name")) or fields.text(record.get("publisher")),
        fields.address(record.get("homepage_url")),
        fields.truth(record.get("is_oa")),
        version,
    )
    children = _ids("source", record, number)
    known = {(scheme, value) for _, _, scheme, value in children["external_id"]}
    issns = [
        ("source", number, "issn", issn) for issn in fields.texts(record.get("issn")) if len(issn) <= fields.MAX_INDEXED
    ]
    children["external_id"] += [row for row in issns if row[2:] not in known]
    return Entry("source", number, version, row, defaultdict(dict), children)


def topic(record: JSON, number: int, version: int, survivors: Survivors) -> Entry:
    named: Named = defaultdict(dict)
    _, level, parent, name, key, *_ = stubs.topic(record, named, survivors) or ()
    keywords = _dumped(tuple(fields.texts(record.get("keywords"))))
    row = (number, level, parent, name, key, fields.text(record.get("description")), keywords, version)
    return Entry("topic", number, version, row, named, _ids("topic", record, number))


def _names(names: list[str], leave_out: str) -> str:
    return _dumped(tuple(name for name in names if name != leave_out))


@lru_cache(1_024)
def _dumped(names: tuple[str, ...]) -> str:
    return orjson.dumps(names).decode()


_COLUMNS = frozenset({"openalex", "orcid", "ror", "issn_l", "doi"})  # what has a column or is our own key


def _ids(kind: str, record: JSON, number: int) -> dict[str, list[Row]]:
    return {"external_id": [(kind, number, *other) for other in fields.other_ids(record.get("ids"), _COLUMNS)]}


_READERS: dict[str, Callable[[JSON, int, int, Survivors], Entry]] = {
    "work": work,
    "researcher": researcher,
    "institution": institution,
    "source": source,
    "topic": topic,
}

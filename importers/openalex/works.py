"""A work's record → its rows."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from importers.openalex import fields, stubs
from importers.openalex.entry import Entry, Named, Rejected, Row, Survivors
from importers.openalex.fields import JSON
from importers.text import abstract, clean, plain
from models.columns import fold
from models.work import WORK_KINDS

_COLUMNS = frozenset({"openalex", "doi"})
_KINDS = {
    "journal-article": "ARTICLE", "proceedings-article": "ARTICLE", "conference-paper": "ARTICLE",
    "posted-content": "PREPRINT", "monograph": "BOOK", "edited-book": "BOOK", "reference-book": "BOOK",
    "book-set": "BOOK", "book-series": "BOOK", "proceedings": "BOOK", "book-section": "BOOK_CHAPTER",
    "book-part": "BOOK_CHAPTER", "book-track": "BOOK_CHAPTER", "database": "DATASET", "thesis": "DISSERTATION",
    "report-component": "REPORT", "report-series": "REPORT", "component": "SUPPLEMENTARY_MATERIALS",
    "journal-issue": "PARATEXT", "journal-volume": "PARATEXT", "corrigendum": "ERRATUM",
}  # fmt: skip


def work(record: JSON, number: int, version: int, survivors: Survivors) -> Entry:
    """Raises Rejected where the byline or the abstract is not what it should be."""
    named: Named = defaultdict(dict)
    authorships, at = _bylines(record.get("authorships"), number, survivors, named)
    topics = _topics(record, number, survivors, named)
    places = list(_places(record))
    found = (stubs.source(place.get("source"), named, survivors) for place in places)
    source_id = next(filter(None, found), None)
    keywords, tagged = _keywords(record.get("keywords"), number)
    children: dict[str, list[Row]] = {
        "authorship": authorships,
        "authorship_institution": at,
        "work_topic": topics,
        "work_keyword": tagged,
        "reference": _references(record.get("referenced_works"), number, survivors),
        "external_id": [("work", number, *other) for other in fields.other_ids(record.get("ids"), _COLUMNS)],
    }
    row = _row(record, number, version, places, source_id, len(authorships))
    return Entry("work", number, version, row, named, children, keywords)


def _row(record: JSON, number: int, version: int, places: list[JSON], source_id: int | None, authors: int) -> Row:
    title = plain(fields.text(record.get("title")) or fields.text(record.get("display_name")) or "") or "Untitled"
    year = fields.year(record.get("publication_year"))
    biblio = fields.mapping(record.get("biblio"))
    ids = fields.mapping(record.get("ids"))
    doi = fields.doi(record.get("doi")) or fields.doi(ids.get("doi"))
    addresses = [place.get(name) for place in places for name in ("landing_page_url", "pdf_url")]
    given, read = _abstract(record.get("abstract_inverted_index"))
    return (
        number,
        title,
        fold(title),
        kind(record.get("type")),
        fields.text(record.get("type")),
        year,
        fields.day(record.get("publication_date")),
        -(year or 0),
        source_id,
        doi,
        next(filter(None, map(fields.arxiv, (doi, *ids.values(), *addresses))), None),
        next(filter(None, map(fields.address, addresses[::2])), None),
        next(filter(None, map(fields.address, addresses[1::2])), None),
        fields.text(record.get("language")),
        record.get("is_retracted") is True,
        fields.truth(fields.mapping(record.get("open_access")).get("is_oa")),
        fields.count(record.get("cited_by_count")),
        authors,
        fields.word(biblio.get("volume")),
        fields.word(biblio.get("issue")),
        fields.word(biblio.get("first_page")),
        fields.word(biblio.get("last_page")),
        given,
        read,
        version,
    )


def kind(given: object) -> str:
    """One of WORK_KINDS for OpenAlex's word, and for Crossref's of older records."""
    if not isinstance(given, str):
        return "OTHER"
    upper = given.strip().upper().replace("-", "_")
    return upper if upper in WORK_KINDS else _KINDS.get(given.strip().lower(), "OTHER")


def _abstract(inverted: object) -> tuple[str | None, str | None]:
    """As given, and as a person reads it where that differs."""
    if inverted is None:
        return None, None
    try:
        found = abstract(inverted)
    except ValueError as error:
        raise Rejected(str(error)) from error
    if not found:
        return None, None
    given = clean(found)
    read = plain(given)
    return given, read if read != given else None


def _places(record: JSON) -> Iterator[JSON]:
    """Where the work appears, the best place first; older records have host venues instead of locations."""
    for name in ("primary_location", "best_oa_location"):
        if isinstance(place := record.get(name), dict):
            yield place
    yield from fields.mappings(record.get("locations"))
    venues = [record.get("host_venue"), *fields.mappings(record.get("alternate_host_venues"))]
    for venue in fields.mappings(venues):
        yield {"source": venue, "landing_page_url": venue.get("url"), "pdf_url": None}


def _bylines(given: object, number: int, survivors: Survivors, named: Named) -> tuple[list[Row], list[Row]]:
    """Authorships and their institutions; every place of the byline stays, known author or not."""
    if given is None:
        return [], []
    if not isinstance(given, list) or not all(isinstance(authorship, dict) for authorship in given):
        raise Rejected("authorships is not a list of objects")
    authorships: list[Row] = []
    at: list[Row] = []
    for position, authorship in enumerate(given):
        author = fields.mapping(authorship.get("author"))
        raw = fields.text(authorship.get("raw_author_name")) or fields.text(author.get("display_name"))
        person = stubs.researcher(author, raw, named, survivors)
        authorships.append((number, position, person, raw, authorship.get("is_corresponding") is True))
        if institutions := authorship.get("institutions"):
            ids = (stubs.institution(record, named, survivors) for record in fields.mappings(institutions))
            at += [(number, position, one, rank) for rank, one in enumerate(dict.fromkeys(filter(None, ids)))]
    return authorships, at


def _topics(record: JSON, number: int, survivors: Survivors, named: Named) -> list[Row]:
    scores: dict[int, float] = {}
    given = record.get("topics")
    for topic in fields.mappings(given or [record.get("primary_topic")]):
        if row := stubs.topic(topic, named, survivors):
            score = fields.real(topic.get("score"), 0, 1) or 0.0
            scores[row[0]] = max(score, scores.get(row[0], 0.0))
    return [(number, topic_id, score) for topic_id, score in scores.items()]


def _keywords(given: object, number: int) -> tuple[list[Row], list[Row]]:
    """The keywords, and the work's rows of them."""
    scores: dict[str, float] = {}
    words: dict[str, str] = {}
    for keyword in fields.mappings(given):
        shown = fields.text(keyword.get("display_name")) or fields.text(keyword.get("keyword"))
        found = _keyword(keyword.get("id") if isinstance(keyword.get("id"), str) else None, shown)
        if found:
            words.setdefault(*found)
            scores[found[0]] = max(fields.real(keyword.get("score"), 0, 1) or 0.0, scores.get(found[0], 0.0))
    return list(words.items()), [(number, word, score) for word, score in scores.items()]


@lru_cache(16_384)
def _keyword(given: str | None, shown: str | None) -> tuple[str, str] | None:
    """(id, display name); older keywords have no id, so theirs is made as OpenAlex came to make them."""
    own = fields.text((given or "").rstrip("/").rpartition("/")[2]) or re.sub(
        r"\W+", "-", (shown or "").casefold()
    ).strip("-")
    return (own, shown or own) if own and len(own) <= fields.MAX_INDEXED else None


def _references(given: object, number: int, survivors: Survivors) -> list[Row]:
    if not isinstance(given, list):
        return []
    found = (survivors.get(("work", key), key) for value in given if (key := fields.key(value, "W")))
    return [(number, cited) for cited in dict.fromkeys(found) if cited != number]

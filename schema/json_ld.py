"""Records as schema.org's JSON-LD, for the pages that show them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from strawberry.scalars import JSON

from resolvers.citations.cited import BETWEEN, WITHIN, Cited, described_by_id, doi_in_url, in_url, one_line
from resolvers.citations.written import in_stretches
from resolvers.institutions import institution_by_id
from resolvers.later import arrived
from schema.context import Context, Info
from schema.field import computed

_CONTEXT = "https://schema.org"
_INSTITUTION = institution_by_id.only(frozenset({"id", "display_name", "ror", "homepage_url"}))
_TYPES = {
    "BOOK": "Book",
    "BOOK_CHAPTER": "Chapter",
    "DATASET": "Dataset",
    "DISSERTATION": "Thesis",
    "GRANT": "CreativeWork",
    "LIBGUIDES": "CreativeWork",
    "OTHER": "CreativeWork",
    "PARATEXT": "CreativeWork",
    "REFERENCE_ENTRY": "Article",
    "REPORT": "Report",
    "SOFTWARE": "SoftwareSourceCode",
    "STANDARD": "CreativeWork",
    "SUPPLEMENTARY_MATERIALS": "CreativeWork",
}
_ON_PAGES = ("ScholarlyArticle", "Article", "Report", "Chapter")


def _known(type_name: str, /, **facts: Any) -> dict[str, Any]:
    return {"@type": type_name} | {name: value for name, value in facts.items() if value not in (None, "", [])}


def _identifiers(**values: str | None) -> list[dict[str, Any]]:
    return [_known("PropertyValue", propertyID=name, value=value) for name, value in values.items() if value]


def _field(batch: Callable[[Sequence[Any], Context], Awaitable[list[JSON]]], *needs: str, description: str) -> Any:
    async def resolve(root: Any, info: Info) -> JSON:
        (found,) = await batch([root], info.context)
        return found

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    embedded = "Embedded in a page, write each `<` in it as `\\u003c`."
    return computed(*needs, description=f"{description} {embedded}")(resolve)


def person_field() -> Any:
    """A researcher as a Person."""

    async def batch(rows: Sequence[Any], context: Context) -> list[JSON]:
        there = [id for row in rows if (id := row.shown_institution_id) is not None]
        loaded = context.store.load_all(_INSTITUTION, there)
        found: dict[int | None, Any] = dict(zip(there, await arrived(loaded), strict=True))
        return [_person(row, _INSTITUTION.made(found.get(row.shown_institution_id)), context) for row in rows]

    return _field(
        batch,
        "id",
        "slug",
        "display_name",
        "alternative_names",
        "headline",
        "homepage_url",
        "orcid",
        "shown_institution_id",
        description="The record as schema.org's Person, in JSON-LD.",
    )


def _person(row: Any, institution: Any, context: Context) -> Any:
    page = f"{context.public_url}/researchers/{row.slug}"
    ror = institution and institution.ror and f"https://ror.org/{institution.ror}"
    same = [row.orcid and f"https://orcid.org/{row.orcid}", f"https://openalex.org/A{row.id}", row.homepage_url]
    facts = _known(
        "Person",
        name=row.display_name,
        alternateName=orjson.loads(row.alternative_names),
        description=row.headline,
        url=page,
        identifier=_identifiers(orcid=row.orcid),
        sameAs=[*filter(None, same)],
        affiliation=institution
        and _known("Organization", name=institution.display_name, url=institution.homepage_url, sameAs=ror),
    )
    return {"@context": _CONTEXT, "@id": page, **facts}


def work_field() -> Any:
    async def batch(rows: Sequence[Any], context: Context) -> list[JSON]:
        loaded = context.store.load_all(described_by_id, [row.id for row in rows])
        found = await arrived(loaded)
        return await in_stretches(lambda row: row and _work(described_by_id.made(row), context.public_url), found)

    return _field(
        batch,
        "id",
        description="The record as schema.org's ScholarlyArticle, or as what else it is, in JSON-LD, with its whole "
        "byline.",
    )


def _work(row: Any, public_url: str) -> dict[str, Any]:
    cited = Cited(row)
    doi, arxiv = (
        row.doi and f"https://doi.org/{doi_in_url(row.doi)}",
        row.arxiv_id and f"https://arxiv.org/abs/{row.arxiv_id}",
    )
    record = f"https://openalex.org/{cited.id}"
    type_name = _TYPES.get(row.kind, "ScholarlyArticle")
    pages = {"pageStart": one_line(row.first_page), "pageEnd": one_line(row.last_page)}
    facts = _known(
        type_name,
        name=cited.title,
        headline=cited.title,
        author=_authors(row.people, public_url),
        datePublished=_published(row),
        identifier=_identifiers(doi=row.doi, arxiv=row.arxiv_id),
        sameAs=[*filter(None, (doi, arxiv, record))],
        url=in_url(row.landing_page_url),
        isPartOf=_container(row, cited),
        publisher=cited.publisher and _known("Organization", name=cited.publisher),
        inLanguage=row.language,
        isAccessibleForFree=None if row.is_open_access is None else bool(row.is_open_access),
        encoding=row.pdf_url
        and _known("MediaObject", contentUrl=in_url(row.pdf_url), encodingFormat="application/pdf"),
        **(pages if type_name in _ON_PAGES else {}),
    )
    return {"@context": _CONTEXT, "@id": doi or record, **facts}


def _authors(people: str | None, public_url: str) -> list[dict[str, Any]]:
    places = [place.split(WITHIN) for place in people.split(BETWEEN)] if people else []
    return [_author(name, slug, orcid, public_url) for printed, slug, orcid in places if (name := one_line(printed))]


def _author(name: str, slug: str, orcid: str, public_url: str) -> dict[str, Any]:
    page = slug and f"{public_url}/researchers/{slug}"
    facts = _known("Person", name=name, url=page, sameAs=orcid and f"https://orcid.org/{orcid}")
    return {"@id": page, **facts} if page else facts


def _published(row: Any) -> str | None:
    """The day; the year where a source that knows no more has called it the first of January."""
    day = row.publication_date
    if day is not None and (day.month, day.day) != (1, 1):
        return str(day.isoformat())
    return row.publication_year and str(row.publication_year)


def _container(row: Any, cited: Cited) -> dict[str, Any] | None:
    """The journal, by way of its volume and issue where they are known."""
    if not cited.container:
        return None
    if cited.form.csl == "chapter":
        return _known("Book", name=cited.container)
    kind = "Periodical" if row.source_kind == "journal" else "CreativeWorkSeries"
    part = _known(kind, name=cited.container, issn=row.issn)
    if volume := one_line(row.volume):
        part = _known("PublicationVolume", volumeNumber=volume, isPartOf=part)
    if issue := one_line(row.issue):
        part = _known("PublicationIssue", issueNumber=issue, isPartOf=part)
    return part

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.institutions import external_ids_by_institution
from resolvers.researchers import researchers_of_institution
from resolvers.works import works_of_institution
from schema.enums import ResearcherOrder, WorkOrder
from schema.field import column, computed, same_row, texts
from schema.filters import ResearcherFilter, WorkFilter
from schema.link import link, paged
from schema.links import AnInstitution
from schema.node import Followable, Node
from schema.provenance import ExternalId, Provenance, provenance
from schema.researcher_connection import ResearcherConnection
from schema.work_connection import WorkConnection


@strawberry.type(description="A university, company, laboratory or other organisation of researchers.")
class Institution(Node, Followable):
    slug: str = column("Its readable name in URLs.")
    display_name: str = column("Its name.")
    ror: str | None = column("Its ROR id, such as `01an7q238`.")
    country_code: str | None = column("Its country, in ISO 3166-1 alpha-2, such as `US`.")
    city: str | None = column("Its city.")
    latitude: float | None = column("Where it is, in degrees north.")
    longitude: float | None = column("Where it is, in degrees east.")
    kind: str | None = column("What it is, in its source's word: `education`, `company`, `facility` …")
    homepage_url: str | None = column("Its own page.")
    work_count: int = column("How many works name it in their bylines.")
    citation_count: int = column("How often those works have been cited.")
    researcher_count: int = column(
        "How many researchers are or were affiliated with it, those who withhold it included."
    )

    @computed("id", description="Its OpenAlex id, such as `I95457486`.")
    def open_alex_id(self) -> str | None:
        row: Any = self
        return f"I{row.id}"

    alternative_names: list[str] = texts("alternative_names", "Other names and acronyms of it.")

    researchers: ResearcherConnection = paged(
        researchers_of_institution,
        "Researchers who are or were affiliated with it, but for those who withhold that.",
        order=ResearcherOrder.NAME,
        filter=ResearcherFilter,
    )
    works: WorkConnection = paged(
        works_of_institution,
        "Works that name it in their bylines.",
        order=WorkOrder.NEWEST,
        filter=WorkFilter,
        total="work_count",
    )
    external_ids: list[ExternalId] = link(external_ids_by_institution, "What other registries call it.")
    provenance: list[Provenance] = provenance(lambda row: f"I{row.id}")


@strawberry.type(description="Where a researcher works or has worked.")
class Affiliation:
    institution: AnInstitution = same_row("The institution.")
    first_year: int | None = column("The first year that the record tells of.")
    last_year: int | None = column("The last year that the record tells of.")

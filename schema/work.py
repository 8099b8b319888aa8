from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import strawberry
from strawberry.scalars import JSON

from resolvers.researchers import authors_by_work, authorships_of_work, institutions_by_authorship
from resolvers.works import (
    external_ids_by_work,
    keywords_by_work,
    source_by_id,
    topics_by_work,
    works_cited_by,
    works_citing,
)
from schema.citation import citation_field
from schema.context import Info
from schema.enums import AbstractFormat, WorkKind, WorkOrder
from schema.field import PRINTED, column, computed, same_row
from schema.filters import WorkFilter
from schema.json_ld import work_field
from schema.link import link, paged
from schema.links import AnInstitution, AResearcher, ASource, AWork
from schema.node import Node
from schema.paging import Connection
from schema.provenance import ExternalId, Provenance, provenance
from schema.selection import columns
from schema.similar import related_field
from schema.topic import WorkTopic
from schema.work_connection import WorkConnection


@strawberry.type(description="A place in a work's byline.")
class Authorship:
    position: int = column("The place in the byline, from 0.")
    raw_name: str | None = column("The name as the work prints it.")
    is_corresponding: bool = column("Whether this author answers letters about the work.")
    researcher: AResearcher | None = same_row("Who it is; null where the source does not know.", unless_null="id")

    @computed("of_work_id", "position", description="The institutions named for this author, in the work's order.")
    async def institutions(self, info: Info) -> list[AnInstitution]:
        row: Any = self
        read = institutions_by_authorship.only(columns(info) | {"position"})
        rows = await info.context.store.load(read, row.of_work_id)
        return [found for found in rows if found.position == row.position]


@strawberry.type(description="A word or phrase a work is tagged with.")
class WorkKeyword:
    display_name: str = column("The keyword.")
    score: float = column("How surely it fits, 0 to 1.")


@strawberry.type(description="A published work.")
class Work(Node):
    title: str = column("Its title, as text to read.", age=PRINTED)
    kind: WorkKind = column("What sort of work it is.", age=PRINTED)
    raw_kind: str | None = column("The source's own word for its kind.", age=PRINTED)
    publication_year: int | None = column("The year it appeared.", age=PRINTED)
    publication_date: date | None = column(
        "The day it appeared, as the source tells it; sources often mean the year.", age=PRINTED
    )
    source: ASource | None = link(source_by_id, "Where it appeared.", key="source_id")
    doi: str | None = column("Its DOI, such as `10.48550/arxiv.2003.00832`, in lower case.", age=PRINTED)
    arxiv_id: str | None = column("Its arXiv id without version, such as `2003.00832`.", age=PRINTED)
    landing_page_url: str | None = column("Its page at the publisher or repository.", age=PRINTED)
    pdf_url: str | None = column("Its full text.", age=PRINTED)
    language: str | None = column("Its language, in ISO 639-1, such as `en`.", age=PRINTED)
    is_retracted: bool = column("Whether it has been withdrawn.")
    is_open_access: bool | None = column("Whether anyone may read it; null where the source does not say.")
    volume: str | None = column("The volume it appeared in.", age=PRINTED)
    issue: str | None = column("The issue it appeared in.", age=PRINTED)
    first_page: str | None = column("Its first page there.", age=PRINTED)
    last_page: str | None = column("Its last page there.", age=PRINTED)
    citation_count: int = column("How often it has been cited, as its source counts.")
    author_count: int = column("How many names its byline has.")

    @computed("id", description="Its OpenAlex id, such as `W2741809807`.", age=PRINTED)
    def open_alex_id(self) -> str | None:
        row: Any = self
        return f"W{row.id}"

    @computed("abstract", "abstract_plain", description="Its abstract; null where the source has none.", age=PRINTED)
    def abstract(
        self,
        format: Annotated[
            AbstractFormat | None, strawberry.argument(description="How to write it.")
        ] = AbstractFormat.PLAIN,
    ) -> str | None:
        row: Any = self
        given: str | None = row.abstract
        return given if format is AbstractFormat.LATEX else row.abstract_plain or given

    authorships: Connection[Authorship] = paged(
        authorships_of_work, "Its byline.", order="BYLINE", total="author_count"
    )
    authors: list[AResearcher] = link(
        authors_by_work, "The researchers of the byline's first 100 names, in order. `authorships` has all.", size=20
    )
    citation: str = citation_field()
    json_ld: JSON = work_field()
    topics: list[WorkTopic] = link(topics_by_work, "What it is about, surest first.")
    keywords: list[WorkKeyword] = link(keywords_by_work, "What it is tagged with, surest first.")
    references: WorkConnection = paged(
        works_cited_by, "Works held here that it cites.", order=WorkOrder.NEWEST, filter=WorkFilter
    )
    cited_by: WorkConnection = paged(
        works_citing, "Works held here that cite it.", order=WorkOrder.NEWEST, filter=WorkFilter
    )
    related: list[AWork] = related_field()
    external_ids: list[ExternalId] = link(external_ids_by_work, "What other registries call it.")
    provenance: list[Provenance] = provenance(lambda row: f"W{row.id}")

from __future__ import annotations

from asyncio import gather
from datetime import datetime
from typing import Annotated, Any

import strawberry

from resolvers.identifiers import recognise
from resolvers.imports import SURVIVORS, data_version, last_import
from resolvers.institutions import institution_by_id, institution_by_ror, institution_by_slug, institutions
from resolvers.reads import One
from resolvers.refused import Refused
from resolvers.researchers import researcher_by_id, researcher_by_orcid, researcher_by_slug, researchers
from resolvers.topics import topic_by_id, topic_by_slug, topics
from resolvers.works import source_by_id, work_by_arxiv_id, work_by_doi, work_by_id, works
from schema.account import Account
from schema.context import Info
from schema.enums import InstitutionOrder, ResearcherOrder, TopicOrder, WorkOrder
from schema.filters import InstitutionFilter, ResearcherFilter, TopicFilter, WorkFilter
from schema.inputs import quoted, storable
from schema.link import computed, paged
from schema.links import AnInstitution, AResearcher, ATopic, AWork
from schema.node import Node, read_id
from schema.paging import Connection
from schema.selection import columns

MOST_NODES = 100

BY_ID = {
    "Institution": institution_by_id,
    "Researcher": researcher_by_id,
    "Source": source_by_id,
    "Topic": topic_by_id,
    "Work": work_by_id,
}
# The other ways to a record: what an identifier is called, by type.
BY_KEY = {
    "Institution": {"slug": institution_by_slug, "ror": institution_by_ror},
    "Researcher": {"slug": researcher_by_slug, "orcid": researcher_by_orcid},
    "Topic": {"slug": topic_by_slug},
    "Work": {"doi": work_by_doi, "arxiv_id": work_by_arxiv_id},
}


def _exactly_one(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(one_of=True, description="Which researcher: exactly one of these.")
class ResearcherBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `kurt-keutzer`.")
    orcid: str | None = _exactly_one("An ORCID iD or its URL. Of several records with it, the one with most works.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `A5023888391`.")


@strawberry.input(one_of=True, description="Which work: exactly one of these.")
class WorkBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    doi: str | None = _exactly_one("A DOI or its URL.")
    arxiv_id: str | None = _exactly_one("An arXiv id or its URL, with or without version.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `W2741809807`.")


@strawberry.input(one_of=True, description="Which topic: exactly one of these.")
class TopicBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `continual-learning`.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `T10055` or `subfields/1702`.")


@strawberry.input(one_of=True, description="Which institution: exactly one of these.")
class InstitutionBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `google`.")
    ror: str | None = _exactly_one("A ROR id or its URL.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `I95457486`.")


@strawberry.type(description="The service, and the data it holds.")
class ServerInfo:
    version: str = strawberry.field(description="The version of the service.")
    data_version: int = strawberry.field(description="Grows with every import that changed something.")
    last_import: datetime | None = strawberry.field(description="When the last import was completed.")


async def _by_id(info: Info, type_name: str, id: int) -> Any:
    """The row with this id, or what it was merged into."""
    read = BY_ID[type_name].only(columns(info, type_name))
    found = await info.context.store.load(read, id)
    if found is None:
        merged = await info.context.store.load(SURVIVORS[type_name.lower()], id)
        found = merged and await info.context.store.load(read, merged.into_id)
    return found


async def _by(info: Info, type_name: str, by: Any) -> Any:
    name, text = next((name, value) for name, value in vars(by).items() if value is not strawberry.UNSET)
    if name == "id":
        return await _by_id(info, type_name, read_id(text, ["by", "id"], type_name)[1])
    expected = {"open_alex_id": type_name}.get(name, name)
    key: Any = storable(text, "by", "slug") if name == "slug" else _key(text, expected, name)
    if name == "open_alex_id":
        return await _by_id(info, type_name, key)
    return await _by_key(info, type_name, BY_KEY[type_name][name], key)


def _key(text: str, scheme: str, name: str) -> Any:
    found = next((key for kind, key in recognise(text) if kind == scheme), None)
    if found is None:
        argument = {"arxiv_id": "arxivId", "open_alex_id": "openAlexId"}.get(name, name)
        raise Refused("BAD_USER_INPUT", f"{quoted(text)} is not what `{argument}` takes.", "by", argument)
    return found


async def _by_key(info: Info, type_name: str, read: One, key: Any) -> Any:
    return await info.context.store.load(read.only(columns(info, type_name)), key)


async def _named(info: Info, scheme: str, key: Any) -> Any:
    """What one reading of an identifier names, of whatever type."""
    if scheme in BY_ID:
        return await _by_id(info, scheme, key)
    ways = [(type_name, reads[scheme]) for type_name, reads in BY_KEY.items() if scheme in reads]
    rows = await gather(*[_by_key(info, type_name, read, key) for type_name, read in ways])
    return next((row for row in rows if row is not None), None)


_NODES = tuple(BY_ID)


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="Whatever has this id, or what it was merged into; null when nothing has.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of any type.")]
    ) -> Node | None:
        found: Node | None = await _by_id(info, *read_id(id, ["id"], *_NODES))
        return found

    @strawberry.field(description="Whatever has these ids, at most 100, in their order, null where nothing has.")
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids of any types.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise Refused("BAD_USER_INPUT", f"At most {MOST_NODES} ids, not {len(ids)}.", "ids")
        wanted = [read_id(one, ["ids", str(index)], *_NODES) for index, one in enumerate(ids)]
        found: list[Node | None] = await gather(*[_by_id(info, type_name, number) for type_name, number in wanted])
        return found

    @computed(description="The account that is signed in; null when nobody is.", private=True)
    def viewer(self, info: Info) -> Account | None:
        return info.context.viewer

    @strawberry.field(description="One researcher; null when there is none.")
    async def researcher(
        self, info: Info, by: Annotated[ResearcherBy, strawberry.argument(description="What to find it by.")]
    ) -> AResearcher | None:
        found: AResearcher | None = await _by(info, "Researcher", by)
        return found

    @strawberry.field(description="One work; null when there is none.")
    async def work(
        self, info: Info, by: Annotated[WorkBy, strawberry.argument(description="What to find it by.")]
    ) -> AWork | None:
        found: AWork | None = await _by(info, "Work", by)
        return found

    @strawberry.field(description="One topic; null when there is none.")
    async def topic(
        self, info: Info, by: Annotated[TopicBy, strawberry.argument(description="What to find it by.")]
    ) -> ATopic | None:
        found: ATopic | None = await _by(info, "Topic", by)
        return found

    @strawberry.field(description="One institution; null when there is none.")
    async def institution(
        self, info: Info, by: Annotated[InstitutionBy, strawberry.argument(description="What to find it by.")]
    ) -> AnInstitution | None:
        found: AnInstitution | None = await _by(info, "Institution", by)
        return found

    @strawberry.field(
        description="Whatever an identifier names: a DOI, ORCID iD, ROR id, arXiv id or OpenAlex id, any of their "
        "URLs, or the slug of a researcher, topic or institution. Null when nothing has it."
    )
    async def resolve(
        self,
        info: Info,
        identifier: Annotated[str, strawberry.argument(description="The identifier, as it was found.")],
    ) -> Node | None:
        found: Node | None = None
        for scheme, key in recognise(identifier):
            found = found or await _named(info, scheme, key)
        return found

    @strawberry.field(description="The service, and the data it holds.")
    async def server_info(self, info: Info) -> ServerInfo:
        store = info.context.store
        version, run = await gather(store.load(data_version, 1), store.load(last_import, "openalex"))
        return ServerInfo(
            version=info.context.version,
            data_version=version.version if version else 0,
            last_import=run.finished_at if run else None,
        )

    researchers: Connection[AResearcher] = paged(
        researchers, "All researchers.", order=ResearcherOrder.NAME, filter=ResearcherFilter, key=None
    )
    works: Connection[AWork] = paged(works, "All works.", order=WorkOrder.NEWEST, filter=WorkFilter, key=None)
    topics: Connection[ATopic] = paged(topics, "All topics.", order=TopicOrder.NAME, filter=TopicFilter, key=None)
    institutions: Connection[AnInstitution] = paged(
        institutions, "All institutions.", order=InstitutionOrder.NAME, filter=InstitutionFilter, key=None
    )

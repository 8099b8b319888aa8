from __future__ import annotations

from asyncio import gather
from datetime import datetime
from typing import Annotated, Any

import strawberry

from resolvers.accounts import account_by_id
from resolvers.blocks import report_queue
from resolvers.claims import claim_queue
from resolvers.event_log import cursor_of
from resolvers.identifiers import recognise
from resolvers.imports import data_version, last_import
from resolvers.institutions import institutions
from resolvers.moderation import audit_log
from resolvers.records import BY_ID, BY_KEY
from resolvers.refused import Refused
from resolvers.researchers import researchers
from resolvers.topics import topics
from resolvers.works import works
from schema.account import Account
from schema.block import Report
from schema.context import Info
from schema.enums import ClaimOrder, InstitutionOrder, ResearcherOrder, TopicOrder, WorkOrder
from schema.field import computed
from schema.filters import ClaimFilter, InstitutionFilter, ReportFilter, ResearcherFilter, TopicFilter, WorkFilter
from schema.graph import RULE, WEIGHT, ResearchGraph, graph_around
from schema.identity import SignInProvider
from schema.link import paged
from schema.links import AClaim, AnInstitution, AResearcher, ATopic, AWork
from schema.lookup import (
    OF_VIEWER,
    InstitutionBy,
    ResearcherBy,
    TopicBy,
    WorkBy,
    found_by_id,
    found_by_key,
    looked_up,
)
from schema.moderation import AuditEntry
from schema.node import Node, read_id
from schema.paging import Connection
from schema.path import CollaborationPath, collaboration_path
from schema.privacy import moderators_only
from schema.rate_limit import RateLimit
from schema.researcher_connection import ResearcherConnection
from schema.search import SearchConnection, Suggestion, searched, suggested
from schema.selection import columns, metadata
from schema.work_connection import WorkConnection

MOST_NODES = 100


@strawberry.type(description="The service, and the data it holds.")
class ServerInfo:
    version: str = strawberry.field(description="The version of the service.")
    data_version: int = strawberry.field(description="Grows with every import that changed something.")
    last_import: datetime | None = strawberry.field(description="When the last import was completed.")


async def _named(info: Info, scheme: str, key: Any) -> Any:
    """What one reading of an identifier names, of whatever type."""
    if scheme in BY_ID:
        return await found_by_id(info, scheme, key)
    ways = [(type_name, reads[scheme]) for type_name, reads in BY_KEY.items() if scheme in reads]
    rows = await gather(*[found_by_key(info, type_name, read, key) for type_name, read in ways])
    return next((row for row in rows if row is not None), None)


_NODES = (*BY_ID, *OF_VIEWER)


@strawberry.type(description="What can be asked.")
class Query:
    @strawberry.field(description="Whatever has this id, or what it was merged into; null when nothing has.")
    async def node(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The id of any type.")]
    ) -> Node | None:
        found: Node | None = await found_by_id(info, *read_id(id, ["id"], *_NODES))
        return found

    @strawberry.field(
        description="Whatever has these ids, at most 100, in their order, null where nothing has.",
        metadata=metadata(size="ids"),
    )
    async def nodes(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids of any types.")]
    ) -> list[Node | None]:
        if len(ids) > MOST_NODES:
            raise Refused("BAD_USER_INPUT", f"At most {MOST_NODES} ids, not {len(ids)}.", "ids")
        wanted = [read_id(one, ["ids", str(index)], *_NODES) for index, one in enumerate(ids)]
        found: list[Node | None] = await gather(*[found_by_id(info, type_name, number) for type_name, number in wanted])
        return found

    @computed(description="The account that is signed in; null when nobody is.", private=True)
    async def viewer(self, info: Info) -> Account | None:
        viewer = info.context.viewer
        if viewer is None:
            return None
        found: Account = await info.context.store.load(account_by_id.only(columns(info)), viewer.id)
        return found

    @strawberry.field(description="The providers at which one can sign in, in the order of the settings.")
    def sign_in_providers(self, info: Info) -> list[SignInProvider]:
        offered: list[Any] = [*info.context.providers]
        return offered

    researcher: AResearcher | None = looked_up("Researcher", ResearcherBy, "One researcher; null when there is none.")
    work: AWork | None = looked_up("Work", WorkBy, "One work; null when there is none.")
    topic: ATopic | None = looked_up("Topic", TopicBy, "One topic; null when there is none.")
    institution: AnInstitution | None = looked_up(
        "Institution", InstitutionBy, "One institution; null when there is none."
    )

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

    search: SearchConnection = searched()
    suggest: list[Suggestion] = suggested()

    @strawberry.field(
        description="What whoever asks may spend on operations; to ask costs nothing more.",
        metadata=metadata(private=True, weight=0),
    )
    def rate_limit(self, info: Info) -> RateLimit:
        spent: Any = info.context.spent
        return spent  # type: ignore[no-any-return]

    @strawberry.field(
        description="Where the log of events ends now: a subscription `after` it tells all that comes after this "
        "answer, and perhaps again what came in its last moment.",
        metadata=metadata(private=True),
    )
    async def event_cursor(self, info: Info) -> str:
        return cursor_of(await info.context.hub.newest())

    @strawberry.field(description="The service, and the data it holds.")
    async def server_info(self, info: Info) -> ServerInfo:
        store = info.context.store
        version, run = await gather(store.load(data_version, 1), store.load(last_import, "openalex"))
        return ServerInfo(
            version=info.context.version,
            data_version=version.version if version else 0,
            last_import=run.finished_at if run else None,
        )

    research_graph: ResearchGraph = strawberry.field(
        resolver=graph_around,
        description=f"The research graph around anything. {RULE}",
        metadata=metadata(weight=WEIGHT),
    )
    collaboration_path: CollaborationPath | None = strawberry.field(
        resolver=collaboration_path,
        description="The shortest chain of co-authors from one researcher to another: of several, the one whose "
        "strengths multiply to most. Null when there is none of at most `maxLength` steps.",
        metadata=metadata(weight=50),
    )

    claim_queue: Connection[AClaim] = paged(
        claim_queue,
        "Everybody's claims, for moderators: usually those that wait for a decision.",
        order=ClaimOrder("OLDEST"),
        filter=ClaimFilter,
        key=None,
        guard=moderators_only,
    )
    report_queue: Connection[Report] = paged(
        report_queue,
        "What has been reported, for moderators: usually what waits for a decision.",
        order=ClaimOrder("OLDEST"),
        filter=ReportFilter,
        key=None,
        guard=moderators_only,
    )
    audit_log: Connection[AuditEntry] = paged(
        audit_log,
        "Every step about claims and accounts, newest first, for moderators.",
        order="NEWEST",
        key=None,
        guard=moderators_only,
    )
    researchers: ResearcherConnection = paged(
        researchers, "All researchers.", order=ResearcherOrder.NAME, filter=ResearcherFilter, key=None
    )
    works: WorkConnection = paged(works, "All works.", order=WorkOrder.NEWEST, filter=WorkFilter, key=None)
    topics: Connection[ATopic] = paged(topics, "All topics.", order=TopicOrder.NAME, filter=TopicFilter, key=None)
    institutions: Connection[AnInstitution] = paged(
        institutions, "All institutions.", order=InstitutionOrder.NAME, filter=InstitutionFilter, key=None
    )

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.scalars import JSON

from resolvers.follows import followers_of_researcher
from resolvers.institutions import institution_by_id
from resolvers.researchers import (
    activity_by_researcher,
    affiliations_by_researcher,
    collaborators,
    external_ids_by_researcher,
)
from resolvers.topics import topics_of_researcher
from resolvers.works import works_of_researcher, works_shared
from schema.claimable import OWN_WORDS, claim_blockers, own_words, verification_field
from schema.context import Info
from schema.enums import (
    AffiliationStatus,
    ClaimBlocker,
    ClaimStatus,
    CollaborationStatus,
    CollaboratorOrder,
    InviteBlocker,
    TopicShareOrder,
    WorkOrder,
)
from schema.field import column, computed, renamed, same_row, texts
from schema.filters import CollaboratorFilter, WorkFilter
from schema.follow import AccountConnection
from schema.graph import ResearchGraph, graph_of
from schema.institution import Affiliation
from schema.invitable import invite_blockers
from schema.json_ld import person_field
from schema.link import link, paged
from schema.links import AnInstitution, AResearcher
from schema.node import Followable, Node
from schema.paging import Connection
from schema.provenance import ExternalId, Provenance, provenance
from schema.similar import SimilarResearcher, similar_field
from schema.topic import ResearcherTopicConnection
from schema.trust import Trust, Verification, trust_field
from schema.work_connection import WorkConnection


@strawberry.type(description="What a researcher published in one year.")
class YearActivity:
    year: int = column("The year.")
    works: int = column("How many works appeared.")
    citations: int = column("How often those works have been cited so far.")


@strawberry.type(description="Somebody a researcher has published with.")
class Collaborator:
    researcher: AResearcher = same_row("Who they are.")
    shared_work_count: int = column("How many works they share; bylines of more than 50 names do not count.")
    first_year: int | None = renamed("shared_first_year", "The year of the first shared work.")
    last_year: int | None = renamed("shared_last_year", "The year of the newest shared work.")
    strength: float = column(
        "How closely they work together, 0 to 1: each shared work adds the more the fewer names its byline has."
    )
    is_close: bool = column("Whether they share works of at least 4 different years.")
    shared_works: WorkConnection = paged(
        works_shared, "The works they share.", order=WorkOrder.NEWEST, filter=WorkFilter, key=("of_id", "id")
    )


@strawberry.type(
    description="A person who publishes: the public record, whether or not the person has an account here."
)
class Researcher(Node, Followable):
    slug: str = column("Their readable name in URLs; the same across imports.")
    display_name: str = column("Their name.")
    orcid: str | None = column("Their ORCID iD, such as `0000-0002-1825-0097`, as a source tells it.")
    homepage_url: str | None = column("Their own page.")
    affiliation: AnInstitution | None = link(
        institution_by_id,
        "Where they work now; `affiliationStatus` says what a null means.",
        key="shown_institution_id",
    )
    affiliations: list[Affiliation] = link(
        affiliations_by_researcher,
        "Where they work and worked, newest first; empty where that is withheld.",
        key="shown_affiliations_id",
    )
    collaboration_status: CollaborationStatus = column("Whether they want to hear of collaborations.")
    claim_status: ClaimStatus = column("Whether the person has claimed this record.")
    verification: Verification = verification_field()
    trust: Trust = trust_field()
    work_count: int = column("How many works held here are theirs.")
    citation_count: int = column("How often those works have been cited.")
    h_index: int = column("The most works h of theirs that have each been cited at least h times.")
    i10_index: int = column("How many works of theirs have been cited at least 10 times.", name="i10Index")
    first_year: int | None = column("The year of their first work.")
    last_year: int | None = column("The year of their newest work.")
    topic_count: int = column("How many topics they have: those that stand surely on at least two of their works.")
    collaborator_count: int = column("How many people they have published with.")
    close_collaborator_count: int = column("With how many of them in at least 4 different years.")
    activity: list[YearActivity] = link(
        activity_by_researcher, "What they published, from their first year to their newest, no year left out."
    )
    works: WorkConnection = paged(
        works_of_researcher, "Their works.", order=WorkOrder.NEWEST, filter=WorkFilter, total="work_count"
    )
    topics: ResearcherTopicConnection = paged(
        topics_of_researcher, "What they work on.", order=TopicShareOrder.MOST_WORKS, total="topic_count"
    )
    collaborators: Connection[Collaborator] = paged(
        collaborators,
        "Whom they publish with.",
        order=CollaboratorOrder.STRENGTH,
        filter=CollaboratorFilter,
        total="collaborator_count",
    )
    followers: AccountConnection = paged(
        followers_of_researcher,
        "Who follows them. Accounts that hide themselves are counted and never listed.",
        order="NEWEST",
        total="follower_count",
    )
    similar: list[SimilarResearcher] = similar_field()
    research_graph: ResearchGraph = graph_of("RESEARCHER")
    external_ids: list[ExternalId] = link(external_ids_by_researcher, "What other registries call them.")
    provenance: list[Provenance] = provenance(
        lambda row: f"A{row.id}", "slug", "claim_status", *OWN_WORDS, own=own_words
    )

    json_ld: JSON = person_field()

    @computed(description="What to call a record of this type.")
    def kind(self) -> str:
        return "Researcher"

    @computed("headline", "display_name", description="A line about them: their own, or one made from their name.")
    def headline(self) -> str:
        row: Any = self
        return row.headline or f"{row.display_name} contributes to research discovery and scholarly infrastructure."

    alternative_names: list[str] = texts("alternative_names", "Other forms of their name that sources print.")

    @computed("id", description="Their OpenAlex id, such as `A5023888391`.")
    def open_alex_id(self) -> str | None:
        row: Any = self
        return f"A{row.id}"

    @computed("slug", description="The address of their profile page.")
    def url(self, info: Info) -> str:
        return f"{info.context.public_url}/researchers/{self.slug}"

    @computed(
        "institution_id",
        "own_institution_id",
        "affiliation_withheld",
        description="What is known of where they work.",
    )
    def affiliation_status(self) -> AffiliationStatus:
        row: Any = self
        known = row.institution_id is not None or row.own_institution_id is not None
        return AffiliationStatus("NOT_IMPORTED" if not known else "WITHHELD" if row.affiliation_withheld else "KNOWN")

    viewer_can_claim: bool = claim_blockers(
        lambda found: not found, "Whether the viewer could claim this record now, by one method or another."
    )
    viewer_cannot_claim_reasons: list[ClaimBlocker] = claim_blockers(
        lambda found: [ClaimBlocker(blocker) for blocker in found],
        "Why the viewer cannot claim this record now, weightiest first; empty when they can.",
    )

    viewer_can_invite: bool = invite_blockers(
        lambda found: not found, "Whether the viewer could invite them to collaborate now."
    )
    viewer_cannot_invite_reasons: list[InviteBlocker] = invite_blockers(
        lambda found: [InviteBlocker(blocker) for blocker in found],
        "Why the viewer cannot invite them to collaborate now, weightiest first; empty when they can.",
    )

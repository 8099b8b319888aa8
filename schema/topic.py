from __future__ import annotations

from typing import Any

import strawberry

from models.topic import OFFSETS
from resolvers.researchers import researchers_of
from resolvers.topics import topic_by_id, topics_below
from resolvers.works import works_of_topic
from schema.enums import TopicLevel, TopicOrder, TopicShareOrder, WorkOrder
from schema.field import column, computed, renamed, same_row, texts
from schema.filters import TopicFilter, WorkFilter
from schema.link import link, paged
from schema.links import AResearcher, ATopic
from schema.node import Followable, Node
from schema.paging import Connection, Counted, edge_cursor, page_edges, page_nodes
from schema.provenance import Provenance, provenance
from schema.work_connection import WorkConnection

_PREFIXES = {"TOPIC": "T", "DOMAIN": "domains/", "FIELD": "fields/", "SUBFIELD": "subfields/"}


def _open_alex_id(row: Any) -> str:
    return f"{_PREFIXES[row.level]}{row.id - OFFSETS[row.level]}"


@strawberry.type(description="A topic's researcher, with their place in the list.")
class TopicResearcherEdge:
    cursor: str = edge_cursor("This place in the list.")
    node: AResearcher = same_row("The researcher.")
    work_count: int = renamed("shown_work_count", "How many of the researcher's works are about the topic.")
    share: float = column("Which part of the researcher's works that is, 0 to 1.")


@strawberry.type(description="A page of a topic's researchers.")
class TopicResearcherConnection(Counted):
    edges: list[TopicResearcherEdge] = page_edges()
    nodes: list[AResearcher] = page_nodes()


@strawberry.type(description="A subject of research, in a hierarchy of four levels.")
class Topic(Node, Followable):
    slug: str = column("Its readable name in URLs.")
    display_name: str = column("Its name.")
    description: str | None = column("What it is about.")
    level: TopicLevel = column("Its level in the hierarchy.")
    parent: ATopic | None = link(topic_by_id, "The one above it; null for a domain.", key="parent_id")
    work_count: int = column("How many works are about it or about one below it.")
    citation_count: int = column("How often those works have been cited.")
    researcher_count: int = column("How many researchers have a work about it or about one below it.")

    @computed("id", "level", description="Its OpenAlex id, such as `T10055` or `subfields/1702`.")
    def open_alex_id(self) -> str | None:
        row: Any = self
        return _open_alex_id(row)

    keywords: list[str] = texts("keywords", "Words that its source uses for it.")

    children: Connection[ATopic] = paged(
        topics_below, "Those right below it.", order=TopicOrder.NAME, filter=TopicFilter
    )
    works: WorkConnection = paged(
        works_of_topic, "Works about it or about one below it.", order=WorkOrder.NEWEST, filter=WorkFilter
    )
    researchers: TopicResearcherConnection = paged(
        researchers_of,
        "Researchers who have it, or one below it, among their topics.",
        order=TopicShareOrder.MOST_WORKS,
        needs=("level",),
    )
    provenance: list[Provenance] = provenance(_open_alex_id, "level")


@strawberry.type(description="A topic of a work.")
class WorkTopic:
    topic: ATopic = same_row("The topic.")
    score: float = column("How surely the work is about it, 0 to 1.")


@strawberry.type(description="A topic of a researcher, with its place in the list.")
class ResearcherTopicEdge:
    cursor: str = edge_cursor("This place in the list.")
    node: ATopic = same_row("The topic.")
    work_count: int = renamed("shown_work_count", "How many of the researcher's works are about it.")
    share: float = column("Which part of the researcher's works that is, 0 to 1.")


@strawberry.type(description="A page of a researcher's topics.")
class ResearcherTopicConnection(Counted):
    edges: list[ResearcherTopicEdge] = page_edges()
    nodes: list[ATopic] = page_nodes()

"""The nodes and edges of a research graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import strawberry

from resolvers.adjacency import Node as GraphKey
from resolvers.graphs import MOST_NODES
from resolvers.reads import One
from resolvers.records import BY_ID
from resolvers.researchers import any_researcher_by_id
from resolvers.ties import KINDS
from schema.context import Context, Info
from schema.enums import GraphEdgeKind, GraphKind
from schema.field import column, computed
from schema.node import Node, global_id
from schema.selection import columns

TYPES = {kind: kind.capitalize() for kind in KINDS}
# Who is shown at all has been seen to; owners look at their own page, though it is gone.
_READS = {kind: BY_ID[name] for kind, name in TYPES.items()} | {"RESEARCHER": any_researcher_by_id}


@lru_cache(maxsize=MOST_NODES)  # each is asked for again by its edges
def graph_id(node: GraphKey) -> strawberry.ID:
    return global_id(TYPES[node.kind], node.id)


def record(key: Callable[[Any], GraphKey], description: str) -> Any:
    """The record of which a node is."""

    def reads(info: Info) -> dict[str, One]:
        return {kind: read.only(columns(info, TYPES[kind])) for kind, read in _READS.items()}

    async def resolve(root: Any, info: Info) -> Node:
        node = key(root)
        found: Node = await info.context.store.load(reads(info)[node.kind], node.id)
        return found

    def plan(info: Info) -> Any:
        narrowed = reads(info)

        async def batch(parents: Sequence[Any], context: Context) -> list[Any]:
            return await context.store.load_each([(narrowed[kind], id) for kind, id in map(key, parents)])

        return batch

    resolve.plan = plan  # type: ignore[attr-defined]
    return strawberry.field(resolver=resolve, description=description)


@strawberry.type(description="A node of a research graph.")
class GraphNode:
    id: strawberry.ID = computed("node", description="The id of what it shows, which edges name, too.")(
        lambda root: graph_id(root.node)
    )
    kind: GraphKind = column("What it is.")
    label: str = column("Its name or title.")
    weight: float = column(
        "How much it matters to the center, 0 to 1: along the strongest way there. Works matter the more the more they "
        "are cited, people of a byline or an institution the more works they have. To compare within a kind."
    )
    distance: int = column("How many edges it is away from the center in this graph; 0 for the center.")
    node: Node = record(lambda root: root.node, "What it shows.")


@strawberry.type(description="An edge of a research graph.")
class GraphEdge:
    source: strawberry.ID = computed("source", description="The node that it leads from.")(
        lambda root: graph_id(root.source)
    )
    target: strawberry.ID = computed("target", description="The node that it leads to.")(
        lambda root: graph_id(root.target)
    )
    kind: GraphEdgeKind = column("How they belong together.")
    weight: float = column("How strongly, 0 to 1, to six places; the kind tells what it counts.")

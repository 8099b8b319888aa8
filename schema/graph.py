"""The research graph around a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, cast

import strawberry

from resolvers.adjacency import Node as GraphKey
from resolvers.graphs import DEEPEST, FURTHER, MOST_NODES, research_graphs
from resolvers.growing import Graph
from resolvers.records import BY_ID, living
from resolvers.refused import Refused
from resolvers.ties import KINDS
from schema.context import Context, Info
from schema.enums import GraphKind
from schema.field import column
from schema.graph_node import TYPES, GraphEdge, GraphNode, record
from schema.node import Node, read_id
from schema.selection import metadata

WEIGHT = 100  # of a graph, in an operation's cost
RULE = (
    "The nodes around it that matter most, with every edge among those shown. `maxNodes` is shared out evenly among "
    "the distances, and within one in turns among the kinds, the strongest of each first; what one does not need goes "
    "to the next, and at last to what was cut nearer by. Topics and institutions besides the center lead on only "
    "weakly, the less the more researchers they have."
)


@strawberry.type(description="What is around a node.")
class ResearchGraph:
    center: Node = record(lambda root: root.center, "What everything is around.")
    nodes: list[GraphNode] = column("The center, and what is around it: nearest first, then by weight.", size=60)
    edges: list[GraphEdge] = column("All edges among the nodes, by kind, then in the nodes' order.", size=200)
    truncated: bool = column(
        "Whether something within this depth is left out: beyond `maxNodes`, or because besides the center only the "
        f"strongest ties of each sort are followed, {FURTHER[0][0] - 1} from a researcher or a work and "
        f"{FURTHER[-1][0] - 1} from a topic or an institution."
    )


Depth = Annotated[int | None, strawberry.argument(description=f"How many edges away, 1 to {DEEPEST}.")]
Kinds = Annotated[
    list[GraphKind] | None,
    strawberry.argument(description="Only these kinds of nodes, besides the center; all unless given."),
]
MaxNodes = Annotated[int | None, strawberry.argument(description=f"How many nodes, 1 to {MOST_NODES}.")]


async def _graphs(
    context: Context, centers: Sequence[GraphKey], depth: int | None, kinds: list[Any] | None, most: int | None
) -> list[Graph]:
    depth, most = 1 if depth is None else depth, 60 if most is None else most
    if not 1 <= depth <= DEEPEST:
        raise Refused("BAD_USER_INPUT", f"`depth` must be from 1 to {DEEPEST}, not {depth}.", "depth")
    if not 1 <= most <= MOST_NODES:
        raise Refused("BAD_USER_INPUT", f"`maxNodes` must be from 1 to {MOST_NODES}, not {most}.", "maxNodes")
    if kinds is not None and not kinds:
        raise Refused("BAD_USER_INPUT", "Name at least one kind, or leave `kinds` out.", "kinds")
    wanted = frozenset(KINDS if kinds is None else [kind.value for kind in kinds])
    return await research_graphs(context.store, centers, depth, wanted, most)


def graph_of(kind: str) -> Any:
    """The field that shows the graph around its row."""

    def plan(_info: Info) -> Any:
        async def batch(parents: Sequence[Any], context: Context, **given: Any) -> list[Graph]:
            most = given.get("max_nodes", 60)
            centers = [GraphKey(kind, parent.id) for parent in parents]
            return await _graphs(context, centers, given.get("depth", 1), given.get("kinds"), most)

        return batch

    async def resolve(
        root: Any, info: Info, depth: Depth = 1, kinds: Kinds = None, max_nodes: MaxNodes = 60
    ) -> ResearchGraph:
        found: list[Any] = await _graphs(info.context, [GraphKey(kind, root.id)], depth, kinds, max_nodes)
        return cast("ResearchGraph", found[0])

    resolve.plan = plan  # type: ignore[attr-defined]
    return strawberry.field(resolver=resolve, description=RULE, metadata=metadata("id", weight=WEIGHT))


async def graph_around(
    info: Info,
    center: Annotated[
        strawberry.ID, strawberry.argument(description="The id of a researcher, work, topic or institution.")
    ],
    depth: Depth = 1,
    kinds: Kinds = None,
    max_nodes: MaxNodes = 60,
) -> ResearchGraph:
    type_name, number = read_id(center, ["center"], *TYPES.values())
    row = await living(info.context.store, type_name, BY_ID[type_name].only(frozenset({"id"})), number)
    if row is None:
        raise Refused("BAD_USER_INPUT", "Nothing has this id.", "center")
    found: list[Any] = await _graphs(info.context, [GraphKey(type_name.upper(), row.id)], depth, kinds, max_nodes)
    return cast("ResearchGraph", found[0])

"""The research graph around nodes: the nearest and strongest first, within a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from resolvers.adjacency import Node, Tied, edges_among, far
from resolvers.growing import Graph, Growing
from resolvers.institutions import institution_by_id
from resolvers.later import arrived
from resolvers.reads import One
from resolvers.researchers import any_researcher_by_id, researcher_by_id
from resolvers.store import Store
from resolvers.ties import I, R, T, W
from resolvers.topics import topic_by_id
from resolvers.works import work_by_id

DEEPEST, MOST_NODES = 3, 500
MOST_TOGETHER = 5_000  # nodes that are looked for in one go
# One more than are weighed, which tells that there are more. Topics and institutions are shared by many who have little
# to do with each other.
FURTHER = ((51, 100), (51, 100), (11, 20), (11, 20))
KNOWN = 2_001  # of one sort of tie of a center, that are not taken for further away
_MANY = frozenset({"display_name", "researcher_count"})
ROWS: dict[str, One] = {
    R: researcher_by_id.only(frozenset({"display_name"})),
    W: work_by_id.only(frozenset({"title"})),
    T: topic_by_id.only(_MANY),
    I: institution_by_id.only(_MANY),
}
# Owners look at their own page, though it is gone.
CENTERS = ROWS | {R: any_researcher_by_id.only(frozenset({"display_name"}))}


async def research_graphs(
    store: Store, centers: Sequence[Node], depth: int, kinds: frozenset[str], most: int
) -> list[Graph]:
    """The graph around each of these."""
    found = []
    several = max(1, MOST_TOGETHER // most)
    for start in range(0, len(centers), several):
        found += await _drawn_together(store, centers[start : start + several], depth, kinds, most)
    return found


async def _drawn_together(
    store: Store, centers: Sequence[Node], depth: int, kinds: frozenset[str], most: int
) -> list[Graph]:
    """A fixed number of statements for each step, whatever there is."""
    graphs = [Growing(center, most) for center in centers]
    rows = await _rows(store, centers, CENTERS)
    for step in range(depth):
        tied = Tied(kinds, FURTHER if step else far(most if depth == 1 else KNOWN))
        nodes = [*dict.fromkeys(node for graph in graphs for node in graph.frontier)]
        ties = dict(zip(nodes, await arrived(store.load_all(tied, nodes)), strict=True))
        for graph in graphs:
            await graph.weigh(ties, tied, rows)
            graph.step(depth - step)
        rows |= await _rows(store, (node for graph in graphs for node in graph.frontier))
        for graph in graphs:
            graph.keep(rows)
    refilled = [graph.refill(depth) for graph in graphs]
    rows |= await _rows(store, (node for one in refilled for node in one))
    for graph in graphs:
        graph.keep(rows)
    shown = [frozenset(graph.weights) for graph in graphs]
    edges = await arrived(store.load_all(edges_among, shown))
    return [await graph.drawn(rows, among) for graph, among in zip(graphs, edges, strict=True)]


async def _rows(store: Store, nodes: Iterable[Node], reads: Mapping[str, One] = ROWS) -> dict[Node, Any]:
    """What is to be shown of these, without whom nobody may see."""
    wanted = [*nodes]
    rows = await store.load_each([(reads[node.kind], node.id) for node in wanted])
    return {node: row for node, row in zip(wanted, rows, strict=True) if row is not None}

"""A research graph on its way, from step to step: the strongest of each kind in turns, within a budget."""

from __future__ import annotations

from asyncio import sleep
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from resolvers.adjacency import Edge, Node, Tied, Ties
from resolvers.edges import EDGE_KINDS
from resolvers.ties import KINDS, MILLION, R, W

AT_ONCE = 64  # nodes whose ties are weighed without letting others run


class GraphNode(NamedTuple):
    node: Node
    kind: str
    label: str
    weight: float
    distance: int


class Graph(NamedTuple):
    center: Node
    nodes: list[GraphNode]
    edges: list[Edge]
    truncated: bool


class Growing:
    """A graph on its way: what is shown so far, and what was found at each step and left out."""

    def __init__(self, center: Node, most: int) -> None:
        self._center, self._most = center, most
        self.weights = {center: 1.0}
        self.frontier = [center]
        self._known: dict[str, set[int]] = {kind: {center.id} if kind == center.kind else set() for kind in KINDS}
        self._found: dict[str, dict[int, float]] = {}
        self._left: list[list[tuple[Node, float]]] = []
        self._cut = False

    async def weigh(self, ties: Mapping[Node, Ties], tied: Tied, rows: Mapping[Node, Any]) -> None:
        """What the frontier is tied to, each as strongly as by its strongest tie."""
        found: dict[str, dict[int, float]] = {kind: {} for kind in KINDS}
        for place, node in enumerate(self.frontier):
            if place % AT_ONCE == 0:
                await sleep(0)
            passed_on = self.weights[node] * self._share(node, rows) / MILLION
            most = tied.most(node.kind) - 1
            for far, ids, pulls in ties[node]:
                self._cut |= len(ids) > most
                known, of_kind = self._known[far], found[far]
                for id, pull in zip(ids[:most], pulls, strict=False):
                    if id not in known and passed_on * pull > of_kind.get(id, -1):
                        of_kind[id] = passed_on * pull
        for kind, of_kind in found.items():
            self._known[kind].update(of_kind)
        self._found = found

    def _share(self, node: Node, rows: Mapping[Node, Any]) -> float:
        """What a node passes on: many share a topic or an institution, and have little to do with each other."""
        if node == self._center or node.kind in {R, W}:
            return 1.0
        return 1 / float(1 + rows[node].researcher_count)

    def step(self, left: int) -> None:
        """Take the strongest of each kind in turns, an equal part of the room for each of the steps left."""
        ranked = [self._ranked(kind) for kind in KINDS]
        in_turns = [one for turn in zip_longest(*ranked) for one in turn if one]
        room = -(-(self._most - len(self.weights)) // left)
        self._left.append(in_turns[room:])
        self.weights |= in_turns[:room]
        self.frontier = [node for node, _ in in_turns[:room]]

    def _ranked(self, kind: str) -> list[tuple[Node, float]]:
        ranked = sorted((-weight, id) for id, weight in self._found[kind].items())
        self._cut |= len(ranked) > self._most
        return [(Node(kind, id), -weight) for weight, id in ranked[: self._most]]

    def refill(self, depth: int) -> list[Node]:
        """Give what room is over to what was left out, the nearest first."""
        found: list[Node] = []
        for distance, left in enumerate(self._left, 1):
            room = self._most - len(self.weights)
            self.weights |= left[:room]
            found += [node for node, _ in left[:room]]
            self._cut |= len(left) > room or (bool(left) and distance < depth)
        return found

    def keep(self, rows: Mapping[Node, Any]) -> None:
        """Only what has a row."""
        self.frontier = [node for node in self.frontier if node in rows]
        self.weights = {node: weight for node, weight in self.weights.items() if node in rows}

    async def drawn(self, rows: Mapping[Node, Any], edges: Sequence[Edge]) -> Graph:
        await sleep(0)
        distances = _distances(self._center, edges)
        nodes = [
            GraphNode(node, node.kind, _label(rows[node]), self.weights[node], distance)
            for node, distance in distances.items()
        ]
        nodes.sort(key=lambda one: (one.distance, -one.weight, KINDS.index(one.kind), one.node.id))
        place = {one.node: place for place, one in enumerate(nodes)}
        drawn = [edge for edge in edges if edge.source in place]
        drawn.sort(key=lambda edge: (EDGE_KINDS.index(edge.kind), place[edge.source], place[edge.target]))
        return Graph(self._center, nodes, drawn, self._cut)


def _label(row: Any) -> str:
    label: str = row.title if row.entity.__name__ == "Work" else row.display_name
    return label


def _distances(center: Node, edges: Sequence[Edge]) -> dict[Node, int]:
    """How many edges away from the center each is, along these."""
    beside: dict[Node, list[Node]] = defaultdict(list)
    for edge in edges:
        beside[edge.source].append(edge.target)
        beside[edge.target].append(edge.source)
    distances = {center: 0}
    waiting = [center]
    for node in waiting:
        for other in beside[node]:
            if other not in distances:
                distances[other] = distances[node] + 1
                waiting.append(other)
    return distances

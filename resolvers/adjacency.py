"""What is adjacent in the research graph: one statement for all nodes of a level, one for all edges of a graph.

Both answer JSON, a row for each sort of tie: thousands of rows, fetched one by one in a thread, would be fought over
with the event loop.
"""

from __future__ import annotations

from asyncio import sleep
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, BigInteger, CompoundSelect, Integer, Select, bindparam, func, literal_column, union_all

from resolvers.drivers import Reader
from resolvers.edges import EDGES
from resolvers.later import Later, arrived, lazily
from resolvers.reads import Statement, select
from resolvers.rowless import Rowless
from resolvers.ties import KINDS, MILLION, TIES, examined

Ties = list[tuple[str, list[int], list[int]]]  # by sort of tie: the far kind, ids and pulls, strongest first
JSON = {"sqlite": (func.json_array, func.json_group_array), "postgresql": (func.json_build_array, func.json_agg)}
Reach = tuple[tuple[int, int], ...]  # of nodes of each kind, to how many of one sort, and how many rows are looked at
MOST_LOOKED_AT = 10_000


def far(most: int) -> Reach:
    """For the few nodes that everything is about: to so many of one sort each."""
    return ((most, MOST_LOOKED_AT),) * len(KINDS)


class Node(NamedTuple):
    kind: str
    id: int


class Edge(NamedTuple):
    kind: str
    source: Node
    target: Node
    weight: float


class _Adjacency(Rowless):
    moved_by = "Researcher"  # who tells or withholds where they are


class Tied(_Adjacency, NamedTuple("Tied", [("kinds", frozenset[str]), ("reach", Reach)])):
    """To which nodes of these kinds each node is tied, as far as this reaches."""

    def most(self, kind: str) -> int:
        """To how many a node of this kind is tied at most by one sort of tie."""
        return self.reach[KINDS.index(kind)][0]

    def fetch(self, reader: Reader, keys: Sequence[Node]) -> Later:
        values = {_most(kind): most for kind, (most, _) in zip(KINDS, self.reach, strict=True)}
        values |= {examined(kind): looked_at for kind, (_, looked_at) in zip(KINDS, self.reach, strict=True)}
        return _tied(keys, _ties(self.kinds).fetch(reader, **_by_kind(keys), **values))


class EdgesAmong(_Adjacency):
    """All edges among the nodes of each graph."""

    def fetch(self, reader: Reader, keys: Sequence[frozenset[Node]]) -> Later:
        return _edges(keys, _EDGES.fetch(reader, **_by_kind({node for key in keys for node in key})))


edges_among = EdgesAmong()


def _by_kind(nodes: Iterable[Node]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for kind, id in nodes:
        found[kind].append(id)
    return found


@cache
def _ties(kinds: frozenset[str]) -> Statement:
    places = [place for place, tie in enumerate(TIES) if tie.far in kinds]
    return Statement(lambda dialect: union_all(*[_of_each(dialect, place) for place in places]))


def _most(kind: str) -> str:
    return f"most {kind}"


def _of_each(dialect: str, place: int) -> Select[Any]:
    """The tie's place, and for each node of the near kind what it is tied to."""
    near, _, found = TIES[place]
    ranked = found.order_by(literal_column("pull").desc(), literal_column("id")).limit(
        bindparam(_most(near), type_=Integer())
    )
    one = ranked.subquery("found")
    array, every = JSON[dialect]
    listed: Any = select(array(every(one.c.id), every(one.c.pull))).scalar_subquery()
    if dialect == "sqlite":
        k: Any = func.json_each(bindparam(near)).table_valued("key", "value").alias("k")
        listed = func.json(listed)  # else it would be taken for a string
    else:
        given = bindparam(near, type_=ARRAY(BigInteger()))
        k = func.unnest(given).table_valued("value", with_ordinality="key").render_derived(name="k")
    return select(literal_column(f"{place}").label("place"), every(listed).label("found")).select_from(k)


@lazily
async def _tied(keys: Sequence[Node], rows: Later) -> list[Ties]:
    found: list[Ties] = [[] for _ in keys]
    of_kind = {kind: [ties for ties, key in zip(found, keys, strict=True) if key.kind == kind] for kind in KINDS}
    for place, text in await arrived(rows):
        await sleep(0)  # others come between: of many nodes it takes its time
        near, far, _ = TIES[place]
        for ties, (ids, pulls) in zip(of_kind[near], orjson.loads(text or "[]"), strict=True):
            ties.append((far, ids or [], pulls or []))
    return found


def _every_edge(dialect: str) -> CompoundSelect[Any]:
    return union_all(*[_of_kind(dialect, place) for place in range(len(EDGES))])


def _of_kind(dialect: str, place: int) -> Select[Any]:
    edge = EDGES[place].found.subquery("edge")
    array, every = JSON[dialect]
    return select(literal_column(f"{place}").label("place"), every(array(*edge.c)).label("found"))


_EDGES = Statement(_every_edge)


@lazily
async def _edges(keys: Sequence[frozenset[Node]], rows: Later) -> list[list[Edge]]:
    graphs: dict[Node, set[int]] = defaultdict(set)  # the places of those that have the node
    for graph, key in enumerate(keys):
        for node in key:
            graphs[node].add(graph)
    nodes: dict[str, dict[int, Node]] = {kind: {} for kind in KINDS}
    for node in graphs:
        nodes[node.kind][node.id] = node
    found: list[list[Edge]] = [[] for _ in keys]
    for place, text in await arrived(rows):
        await sleep(0)
        kind, source_kind, target_kind, _ = EDGES[place]
        sources, targets = nodes[source_kind], nodes[target_kind]
        for source_id, target_id, weight in orjson.loads(text or "[]"):
            edge = Edge(kind, sources[source_id], targets[target_id], weight / MILLION)
            for graph in graphs[edge.source] & graphs[edge.target]:
                found[graph].append(edge)
    return found

"""Works that have to do with a work: through its authors, its topics, and what is cited with it."""

from __future__ import annotations

from asyncio import sleep
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from resolvers.adjacency import Node, Tied, Ties, far
from resolvers.later import arrived
from resolvers.store import Store
from resolvers.ties import MILLION, R, T, W

_ITS = Tied(frozenset({R, T, W}), far(50))
_BEYOND = Tied(frozenset({W}), ((50, 100), (50, 100), (100, 500), (0, 0)))
Ways = dict[Node, int]  # what a work has to do with others through, with weights in millionths


async def related_works(store: Store, ids: Sequence[int], first: int) -> list[list[int]]:
    """The ids of the works that have most to do with each of these: two statements for all."""
    works = [Node(W, id) for id in ids]
    ways = [_ways(ties) for ties in await arrived(store.load_all(_ITS, works))]
    nodes = [*{node: None for way in ways for node in way}]
    beyond = dict(zip(nodes, await arrived(store.load_all(_BEYOND, nodes)), strict=True))
    found = []
    for work, way in zip(works, ways, strict=True):
        await sleep(0)  # what others wait for comes between
        scores = _scores(way, beyond)
        del scores[work.id]
        ranked = sorted(scores.items(), key=lambda one: (-one[1], one[0]))
        found.append([id for id, _ in ranked[:first]])
    return found


def _ways(ties: Ties) -> Ways:
    """An author counts the more the fewer there are; a topic a quarter, as surely as it fits; a citation a quarter."""

    def each() -> Iterator[tuple[Node, int]]:
        for kind, ids, pulls in ties:
            for id, pull in zip(ids, pulls, strict=True):
                weight = {R: MILLION // len(ids), T: pull // 4, W: MILLION // 4}[kind]
                yield Node(kind, id), weight

    return dict(each())


def _scores(way: Ways, beyond: Mapping[Node, Ties]) -> Counter[int]:
    scores: Counter[int] = Counter()
    for node, weight in way.items():
        if node.kind == W:
            scores[node.id] += weight * MILLION
        for _, ids, pulls in beyond[node]:
            for id, pull in zip(ids, pulls, strict=True):
                scores[id] += weight * pull
    return scores

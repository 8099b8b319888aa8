"""Researchers who are like others without having published with them, and what they share."""

from __future__ import annotations

from asyncio import sleep
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from resolvers.adjacency import Node, Tied, Ties, far
from resolvers.later import arrived
from resolvers.store import Store
from resolvers.ties import SOURCE, R, T

CANDIDATES = 40  # who are compared, of all who are met
SHARED = 10  # things that a reason names
# What each sort of reason counts at most; together one.
POINTS = {"TOPICS": 0.5, "COLLABORATORS": 0.3, "VENUES": 0.2}
_OF = {"TOPICS": T, "COLLABORATORS": R, "VENUES": SOURCE}
_PROFILE = Tied(frozenset({R, T, SOURCE}), far(2_000))
_BEYOND = Tied(frozenset({R}), ((50, 50), (0, 0), (50, 50), (0, 0)))
BRIDGES = {R: 50, T: 20}

Profile = dict[str, dict[int, int]]  # by kind: what somebody has to do with, and how much


class Reason(NamedTuple):
    kind: str
    points: float
    shared_count: int
    shared: list[int]  # ids, of what both have most of first


class Similar(NamedTuple):
    researcher_id: int
    score: float
    reasons: list[Reason]


async def similar_researchers(store: Store, ids: Sequence[int], first: int) -> list[list[Similar]]:
    """Who is most like each of these: three statements for all."""
    profiles = await _profiles(store, ids)
    bridges = {id: [*_bridges(profiles[id])] for id in ids}
    nodes = [*{node: None for of in bridges.values() for node, _ in of}]
    beyond = dict(zip(nodes, await arrived(store.load_all(_BEYOND, nodes)), strict=True))
    met = {}
    for id in ids:
        await sleep(0)  # what others wait for comes between
        met[id] = _met(id, profiles[id], bridges[id], beyond)
    profiles |= await _profiles(store, [*{one: None for of in met.values() for one in of}])
    return [(await _ranked(profiles[id], {one: profiles[one] for one in met[id]}))[:first] for id in ids]


async def _profiles(store: Store, ids: Sequence[int]) -> dict[int, Profile]:
    found = await arrived(store.load_all(_PROFILE, [Node(R, id) for id in ids]))
    return {
        id: {kind: dict(zip(others, much, strict=True)) for kind, others, much in ties}
        for id, ties in zip(ids, found, strict=True)
    }


def _bridges(profile: Profile) -> Iterator[tuple[Node, int]]:
    """The strongest collaborators and topics, with how much leads over them."""
    for kind, most in BRIDGES.items():
        yield from [(Node(kind, id), much) for id, much in [*profile[kind].items()][:most]]


def _met(id: int, profile: Profile, bridges: Sequence[tuple[Node, int]], beyond: Mapping[Node, Ties]) -> list[int]:
    """Whom the bridges lead to most, but for themselves and those they have published with."""
    scores: Counter[int] = Counter()
    for node, much in bridges:
        for _, others, pulls in beyond[node]:
            for other, pull in zip(others, pulls, strict=True):
                scores[other] += much * pull
    for known in (id, *profile[R]):
        del scores[known]
    return [other for other, _ in sorted(scores.items(), key=lambda one: (-one[1], one[0]))[:CANDIDATES]]


async def _ranked(profile: Profile, others: Mapping[int, Profile]) -> list[Similar]:
    await sleep(0)
    found = []
    for id, other in others.items():
        reasons = [_reason(kind, profile[_OF[kind]], other[_OF[kind]]) for kind in POINTS]
        reasons = [reason for reason in reasons if reason.shared_count]
        found.append(Similar(id, sum(reason.points for reason in reasons), reasons))
    return sorted(found, key=lambda one: (-one.score, one.researcher_id))


def _reason(kind: str, one: Mapping[int, int], other: Mapping[int, int]) -> Reason:
    """How much both have in common, by how much either has."""
    both = {id: min(one[id], other[id]) for id in one.keys() & other.keys()}
    either = sum(max(one.get(id, 0), other.get(id, 0)) for id in one.keys() | other.keys())
    shared = sorted(both, key=lambda id: (-both[id], id))
    share = sum(both.values()) / either if both else 0.0
    return Reason(kind, POINTS[kind] * share, len(both), shared[:SHARED])

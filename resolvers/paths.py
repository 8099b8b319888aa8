"""The shortest chain of co-authors between two researchers, looked for from both ends at once."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Select
from sqlmodel import col

from models import Collaboration
from resolvers.adjacency import JSON
from resolvers.drivers import Reader
from resolvers.later import Later, arrived, lazily
from resolvers.reads import Among, AmongMany, Statement, select
from resolvers.refused import Refused
from resolvers.rowless import Rowless
from resolvers.ties import MILLION, SUPPRESSED, Millionths

LONGEST, USUAL = 20, 6
MOST_MET = 100_000  # researchers on both sides


class Step(NamedTuple):
    from_id: int
    to_id: int
    shared_work_count: int
    strength: float


class Path(NamedTuple):
    steps: list[Step]

    @property
    def length(self) -> int:
        return len(self.steps)


Edge = tuple[int, int, int, int]  # both ends, shared works, and strength in millionths
Layer = AbstractSet[int]


def _around(dialect: str) -> Select[Any]:
    _, every = JSON[dialect]
    beside = select(col(Collaboration.collaborator_id).label("id")).where(
        Among(Collaboration.researcher_id, "ids"), col(Collaboration.collaborator_id).not_in(SUPPRESSED)
    )
    return select(every(beside.distinct().subquery().c.id).label("found"))


def _between(dialect: str) -> Select[Any]:
    array, every = JSON[dialect]
    edges = array(
        Collaboration.researcher_id,
        Collaboration.collaborator_id,
        Collaboration.shared_work_count,
        Millionths(Collaboration.strength),
    )
    ends = Among(Collaboration.researcher_id, "few"), AmongMany(Collaboration.collaborator_id, "many")
    return select(every(edges).label("found")).where(*ends)


_AROUND, _BETWEEN = Statement(_around), Statement(_between)


class Paths(Rowless, NamedTuple("Paths", [("most", int)])):
    """The path of so many steps at most for each pair of researchers, or None. Raises Refused (BAD_USER_INPUT)."""

    def fetch(self, reader: Reader, keys: Sequence[tuple[int, int]]) -> Later:
        return _paths(reader, keys, self.most)


@lazily
async def _paths(reader: Reader, pairs: Sequence[tuple[int, int]], most: int) -> list[Path | None]:
    return [*await gather(*[_path(reader, *pair, most) for pair in pairs])]


async def _path(reader: Reader, start: int, end: int, most: int) -> Path | None:
    if start == end:
        return Path([])
    near, far = [{start}], [{end}]  # by distance from each end
    for length in range(1, most + 1):
        middle = await _edges(reader, near[-1], far[-1])
        if middle:
            return Path(_strongest(await _steps(reader, near, middle, far), start, end))
        if length < most and not await _grow(reader, min(near, far, key=lambda side: len(side[-1]))):
            break
        if sum(map(len, [*near, *far])) > MOST_MET:
            message = f"More than {MOST_MET} researchers lie between them; give a smaller `maxLength`."
            raise Refused("BAD_USER_INPUT", message, "maxLength")
    return None


async def _grow(reader: Reader, side: list[set[int]]) -> bool:
    """One step further from an end; whether there is anybody."""
    found = await _listed(_AROUND.fetch(reader, ids=[*side[-1]]))
    side.append(set(found).difference(*side))
    return bool(side[-1])


async def _edges(reader: Reader, one: Layer, other: Layer) -> list[Edge]:
    """From the first to the others."""
    turned = len(one) > len(other)
    few, many = (other, one) if turned else (one, other)
    edges: list[Edge] = await _listed(_BETWEEN.fetch(reader, few=[*few], many=[*many]))
    return [(to, of, works, strength) for of, to, works, strength in edges] if turned else edges


async def _listed(rows: Later) -> list[Any]:
    ((found,),) = await arrived(rows)
    listed: list[Any] = orjson.loads(found or "[]")
    return listed


async def _steps(
    reader: Reader, near: Sequence[Layer], middle: list[Edge], far: Sequence[Layer]
) -> list[Iterable[Edge]]:
    """All edges of shortest paths, step by step from the start."""
    steps: list[Iterable[Edge]] = [middle]
    for layer in reversed(near[:-1]):
        steps.insert(0, await _edges(reader, layer, {of for of, *_ in steps[0]}))
    for layer in reversed(far[:-1]):
        steps.append(await _edges(reader, {to for _, to, *_ in steps[-1]}, layer))
    return steps


def _strongest(steps: Sequence[Iterable[Edge]], start: int, end: int) -> list[Step]:
    """Of all shortest paths the one whose strengths multiply to most; of several, that of the smallest ids."""
    # By researcher: the product of the best way from there to the end, negated, and the way.
    best: dict[int, tuple[int, tuple[int, ...]]] = {end: (-1, (end,))}
    known: dict[tuple[int, int], Step] = {}
    for edges in reversed(steps):
        ways: dict[int, tuple[int, tuple[int, ...]]] = {}
        for of, to, works, strength in edges:
            if to in best:
                product, way = best[to]
                ways[of] = min((product * strength, (of, *way)), ways.get(of, (1, ())))
                known[of, to] = Step(of, to, works, strength / MILLION)
        best = ways
    way = best[start][1]
    return [known[pair] for pair in pairwise(way)]

"""Paths of collaboration against networkx, on graphs made by chance."""

import asyncio
from itertools import pairwise
from math import prod
from random import Random

import networkx as nx
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from models import Collaboration, Detached, Researcher
from models.detached import NO_WORK
from resolvers import paths
from resolvers.paths import LONGEST, Paths
from resolvers.refused import Refused

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)


def kept(engine, people, edges, gone=()):
    """Put this graph into the database; whose page is gone stays in what was derived until it is derived anew."""
    with engine.begin() as connection:
        for table in (Collaboration, Detached, Researcher):
            connection.execute(delete(table))
        named = [{"id": id, "slug": f"s-{id}", "display_name": f"N {id}", "name_key": f"n {id}"} for id in people]
        connection.execute(insert(Researcher), named)
        both = [*edges.items(), *[((other, one), strength) for (one, other), strength in edges.items()]]
        for (one, other), strength in both:
            known = {"shared_work_count": one + other, "strength": strength, "is_close": False}
            connection.execute(insert(Collaboration), {"researcher_id": one, "collaborator_id": other} | known)
        for person in gone:
            connection.execute(insert(Detached), {"researcher_id": person, "work_id": NO_WORK, "reason": "SUPPRESSED"})


@pytest.fixture
def find(on_store):
    """The paths between the two of each pair."""

    async def ask(store, pairs, most):
        return await store.load_all(Paths(most), pairs)

    return lambda pairs, most=LONGEST: on_store(ask, pairs, most)


def compare(graph, found, one, other, most):
    """The path is one of the shortest, the strongest of those, and the first by its ids of the strongest."""
    if one not in graph or other not in graph or not nx.has_path(graph, one, other):
        assert found is None
        return
    shortest = [*nx.all_shortest_paths(graph, one, other)]
    if len(shortest[0]) - 1 > most:
        assert found is None
        return
    ways = sorted(
        (-prod(int(graph.edges[pair]["strength"] * 10**6) for pair in pairwise(way)), way) for way in shortest
    )
    assert [one, *[step.to_id for step in found.steps]] == ways[0][1]
    assert found.length == len(found.steps)
    for step in found.steps:
        assert step.shared_work_count == step.from_id + step.to_id
        assert step.strength == graph.edges[step.from_id, step.to_id]["strength"]


def drawn(edges, gone=()):
    graph = nx.Graph()
    for (one, other), strength in edges.items():
        if not {one, other} & {*gone}:
            graph.add_edge(one, other, strength=strength)
    return graph


@pytest.mark.parametrize("degree", [1.2, 2, 4])
def test_hundreds_of_pairs(engine, find, degree):
    chance, people = Random(degree), range(1, 301)
    edges = {}
    for _ in range(int(len(people) * degree / 2)):
        edges[tuple(sorted(chance.sample(people, 2)))] = chance.choice((0.25, 0.5, 0.75))
    kept(engine, people, edges)
    graph = drawn(edges)
    pairs = [tuple(chance.sample(people, 2)) for _ in range(200)]
    for pair, found in zip(pairs, find(pairs), strict=True):
        compare(graph, found, *pair, LONGEST)


@SETTINGS
@given(
    edges=st.dictionaries(
        st.sets(st.integers(1, 9), min_size=2, max_size=2).map(lambda ends: tuple(sorted(ends))),
        st.sampled_from((0.25, 0.5, 0.75)),
        max_size=20,
    ),
    gone=st.sets(st.integers(3, 9), max_size=2),
    most=st.integers(1, 5),
)
def test_small_graphs(engine, find, edges, gone, most):
    kept(engine, range(1, 10), edges, gone)
    (found,) = find([(1, 2)], most)
    compare(drawn(edges, gone), found, 1, 2, most)
    event(f"length: {found and found.length}")


def test_from_somebody_to_themselves(engine, find):
    kept(engine, [1], {})
    (found,) = find([(1, 1)])
    assert (found.length, found.steps) == (0, [])


def test_it_gives_up_when_too_many_are_met(engine, find, monkeypatch):
    monkeypatch.setattr(paths, "MOST_MET", 10)
    kept(
        engine,
        range(1, 40),
        dict.fromkeys([*zip([1] * 20, range(2, 22), strict=True), (30, 31)], 0.5),
    )
    with pytest.raises(Refused, match="smaller `maxLength`"):
        find([(1, 30)])


async def test_it_can_be_cancelled_between_steps(engine, reader, statements):
    kept(engine, range(1, 30), dict.fromkeys(pairwise(range(1, 30)), 0.5))
    asked = asyncio.ensure_future(Paths(LONGEST).fetch(reader, [(1, 29)]))
    while len(statements) < 3:  # noqa: ASYNC110  a list has no event
        await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    before = len(statements)
    await asyncio.sleep(0.05)
    assert len(statements) == before

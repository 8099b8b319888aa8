"""The research graph against one counted out, in worlds made by chance; its rule of who is shown; its cost at hubs."""

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from models import Affiliation, Authorship, Institution, Researcher, ResearcherTopic, Topic, Work, WorkTopic
from resolvers import graphs as module
from resolvers.graphs import research_graphs
from resolvers.store import Store
from resolvers.ties import KINDS
from tests.resolvers.small_worlds import I, R, T, W, around, edges, kept, made, weights

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
EVERY = frozenset(KINDS)


@SETTINGS
@given(
    chance=st.randoms(use_true_random=False),
    depth=st.integers(1, 3),
    kinds=st.frozensets(st.sampled_from(KINDS), min_size=1),
    most=st.sampled_from((1, 2, 5, 10, 500)),
)
def test_it_is_what_can_be_counted_out(engine, on_store, chance, depth, kinds, most):
    world = made(chance)
    kept(world, engine)
    every = edges(world)
    centers = [chance.choice([R(one) for one in world.shown] or [T(1)]), W(101), T(chance.choice((1, 3))), I(1)]
    graphs = on_store(research_graphs, centers, depth, kinds, most)
    for center, graph in zip(centers, graphs, strict=True):
        nodes = {one.node: one for one in graph.nodes}
        found = {(edge.kind, edge.source, edge.target): edge.weight for edge in graph.edges}
        assert len(nodes) == len(graph.nodes) <= most
        assert graph.center == graph.nodes[0].node == center
        assert found == {ends: weight for ends, weight in every.items() if {ends[1], ends[2]} <= nodes.keys()}
        assert len(found) == len(graph.edges)
        assert {node: one.distance for node, one in nodes.items()} == around(found, center, 500, lambda _: True)
        assert all(one.kind in kinds for one in graph.nodes[1:])
        assert all(0 < one.weight <= 1 for one in graph.nodes)
        order = [(one.distance, -one.weight) for one in graph.nodes]
        assert order == sorted(order)
        whole = around(every, center, depth, lambda node: node.kind in kinds)
        assert nodes.keys() <= whole.keys()
        assert graph.truncated or {node: one.distance for node, one in nodes.items()} == whole
        if most == 500:
            assert not graph.truncated
            known = weights(world, every, whole)
            assert {node: one.weight for node, one in nodes.items()} == pytest.approx(known, abs=1e-12)
        event(f"truncated: {graph.truncated}")


@pytest.fixture
def hubs(engine):
    """A topic and an institution that everybody has, and a researcher who wrote everything."""
    people, works = range(1, 301), range(1001, 1301)
    named = [{"id": id, "slug": f"s-{id}", "display_name": f"N {id}", "name_key": f"n {id}"} for id in people]
    with engine.begin() as connection:
        connection.execute(insert(Researcher), [one | {"work_count": one["id"]} for one in named])
        connection.execute(insert(Topic), named[0] | {"level": "TOPIC", "researcher_count": 300})
        connection.execute(insert(Institution), named[0] | {"researcher_count": 300})
        titled = [
            {"id": w, "title": f"W {w}", "title_key": f"w {w}", "kind": "ARTICLE", "author_count": 1} for w in works
        ]
        connection.execute(insert(Work), [one | {"citation_count": 1300 - one["id"]} for one in titled])
        connection.execute(insert(Authorship), [{"work_id": w, "position": 0, "researcher_id": 1} for w in works])
        connection.execute(insert(WorkTopic), [{"work_id": w, "topic_id": 1, "score": 0.5} for w in works])
        connection.execute(insert(Affiliation), [{"researcher_id": p, "institution_id": 1} for p in people])
        about = {"topic_id": 1, "best_score": 0.5, "share": 0.5}
        connection.execute(insert(ResearcherTopic), [about | {"researcher_id": p, "work_count": p} for p in people])


async def test_a_hub_is_cut_to_the_strongest_of_each_kind_in_turns(hubs, reader):
    (graph,) = await research_graphs(Store(reader), [T(1)], 1, EVERY, 41)
    assert graph.truncated
    assert {one.node for one in graph.nodes[1:]} == {R(id) for id in range(281, 301)} | {
        W(id) for id in range(1001, 1021)
    }
    (graph,) = await research_graphs(Store(reader), [I(1)], 1, EVERY, 500)
    assert not graph.truncated
    assert [one.node for one in graph.nodes] == [I(1), *[R(id) for id in range(300, 0, -1)]]


async def test_what_one_kind_or_distance_does_not_need_goes_to_others(hubs, reader):
    (graph,) = await research_graphs(Store(reader), [R(1)], 1, EVERY, 13)
    assert [one.node for one in graph.nodes if one.node.kind == "WORK"] == [W(id) for id in range(1001, 1011)]
    assert {T(1), I(1)} <= {one.node for one in graph.nodes}
    # Half of the room is for the second step, where nothing is to be found.
    (graph,) = await research_graphs(Store(reader), [R(1)], 2, frozenset({"WORK"}), 101)
    assert [one.node for one in graph.nodes[1:]] == [W(id) for id in range(1001, 1101)]
    assert graph.truncated


async def test_others_than_the_center_are_looked_at_only_so_far(hubs, reader):
    (graph,) = await research_graphs(Store(reader), [W(1001)], 2, frozenset({"RESEARCHER", "TOPIC"}), 500)
    assert sum(one.distance == 2 for one in graph.nodes) == 10
    assert graph.truncated


@pytest.mark.parametrize(("depth", "most"), [(1, 7), (2, 6 + 6)])
async def test_the_number_of_statements_is_fixed(hubs, reader, statements, depth, most):
    counts = []
    for centers, nodes in (([R(1)], 5), ([R(1), R(2), R(3)], 100)):
        statements.clear()
        await research_graphs(Store(reader), centers, depth, EVERY, nodes)
        counts.append(len(statements))
    assert max(counts) <= most


async def test_it_is_the_same_every_time(hubs, reader):
    first, *others = [await research_graphs(Store(reader), [R(1), T(1)], 3, EVERY, 200) for _ in range(3)]
    assert all(one == first for one in others)


async def test_many_are_drawn_some_at_a_time(hubs, reader, monkeypatch):
    centers = [R(id) for id in range(1, 8)]
    together = await research_graphs(Store(reader), centers, 2, EVERY, 20)
    monkeypatch.setattr(module, "MOST_TOGETHER", 50)
    assert await research_graphs(Store(reader), centers, 2, EVERY, 20) == together

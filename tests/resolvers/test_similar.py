"""Who is like somebody, and what has to do with a work, against the same counted out in worlds made by chance."""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from resolvers.related import related_works
from resolvers.similar import similar_researchers
from resolvers.store import Store
from resolvers.ties import MILLION
from tests.resolvers.small_worlds import R, T, W, kept, made, pull, shares, strength

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
POINTS = {"TOPICS": 0.5, "COLLABORATORS": 0.3, "VENUES": 0.2}


def profile(world, person):
    together = {other: int(strength(world, person, other) * MILLION) for other in world.shown - {person}}
    return {
        "TOPICS": {topic: int(share * MILLION) for topic, (_, share) in shares(world, person).items()},
        "COLLABORATORS": {other: weight for other, weight in together.items() if weight},
        "VENUES": Counter(world.sources[work] for work in world.works_of(person) if world.sources[work]),
    }


def reasons(one, other):
    for kind, most in POINTS.items():
        mine, theirs = one[kind], other[kind]
        both = {id: min(mine[id], theirs[id]) for id in {*mine} & {*theirs}}
        either = {id: max(mine.get(id, 0), theirs.get(id, 0)) for id in {*mine} | {*theirs}}
        if both:
            points = pytest.approx(most * sum(both.values()) / sum(either.values()))
            yield kind, points, len(both), sorted(both, key=lambda id: (-both[id], id))[:10]


@SETTINGS
@given(chance=st.randoms(use_true_random=False))
def test_who_is_similar(engine, on_store, chance):
    world = made(chance)
    kept(world, engine)
    people = sorted(world.shown)
    profiles = {person: profile(world, person) for person in people}
    found = on_store(similar_researchers, people, 50) if people else []
    for person, similar in zip(people, found, strict=True):
        expected = {}
        for other in world.shown - {person, *profiles[person]["COLLABORATORS"]}:
            why = [*reasons(profiles[person], profiles[other])]
            if {kind for kind, *_ in why} - {"VENUES"}:
                expected[other] = why
        assert {one.researcher_id: [*map(tuple, one.reasons)] for one in similar} == expected
        assert all(one.score == pytest.approx(sum(reason.points for reason in one.reasons)) for one in similar)
        order = [(-one.score, one.researcher_id) for one in similar]
        assert order == sorted(order)
        event(f"similar: {len(similar)}")


def beside(world, work):
    """The works that it cites and that cite it."""
    cited = [other for one, other in world.references if one == work]
    return cited + [one for one, other in world.references if other == work]


def related(world, work):
    """By work, how much it has to do with this one."""
    scores = Counter()
    cited = {other: pull(world, 1, W(work), W(other)) for other in world.bylines}
    authors = {person for person, _ in world.bylines[work]} & world.shown
    for person in authors:
        for other in world.works_of(person):
            scores[other] += MILLION // len(authors) * cited[other]
    for topic, score in world.topics[work].items():
        for other, topics in world.topics.items():
            if topic in topics:
                scores[other] += int(score * MILLION) // 4 * pull(world, topics[topic], T(topic), W(other))
    for near in {*beside(world, work)}:
        scores[near] += MILLION // 4 * MILLION
        for other in beside(world, near):
            scores[other] += MILLION // 4 * cited[other]
    del scores[work]
    return [other for other, _ in sorted(scores.items(), key=lambda one: (-one[1], one[0]))]


@SETTINGS
@given(chance=st.randoms(use_true_random=False), first=st.sampled_from((2, 50)))
def test_what_is_related(engine, on_store, chance, first):
    world = made(chance)
    kept(world, engine)
    works = [*world.bylines]
    for work, found in zip(works, on_store(related_works, works, first), strict=True):
        assert found == related(world, work)[:first]
        event(f"related: {len(found)}")


@pytest.mark.parametrize(("function", "key"), [(similar_researchers, R), (related_works, W)])
async def test_many_cost_the_statements_of_one(engine, reader, statements, function, key):
    world = made(Random(3))
    kept(world, engine)
    ids = sorted(world.shown) if key is R else [*world.bylines]
    counts = []
    for size in (1, len(ids)):
        statements.clear()
        await function(Store(reader), ids[:size], 10)
        counts.append(len(statements))
    assert counts[1] <= counts[0] <= 3

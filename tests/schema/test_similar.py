"""Similar researchers and related works over GraphQL."""

import pytest
from sqlalchemy import text

from execution import PlanExecutor
from models import Collaboration
from schema.node import global_id

SIMILAR = """query($id: ID!, $first: Int) { researcher(by: {id: $id}) { similar(first: $first) {
  score researcher { slug }
  reasons { kind points sharedCount topics { slug } collaborators { slug } sources { displayName } } } } }"""
RELATED = (
    "query($id: ID!, $first: Int) { work(by: {id: $id}) { related(first: $first) { title source { displayName } } } }"
)


@pytest.fixture
def strangers(world, engine, save):
    """1 and 2 have published with 3 only, 4 with nobody; everybody has the same topics and the same journal."""
    world(researchers=4, works=2)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM collaboration"))
    known = {"shared_work_count": 1, "strength": 0.5, "is_close": False}
    pairs = [(1, 3), (3, 1), (2, 3), (3, 2)]
    save(*[Collaboration(researcher_id=one, collaborator_id=other, **known) for one, other in pairs])


def reason(kind, points, count, **shared):
    lists = {"topics": [], "collaborators": [], "sources": []}
    return {"kind": kind, "points": points, "sharedCount": count} | lists | shared


async def test_similar_people_and_what_they_share(strangers, ask):
    PlanExecutor.runs.clear()
    found = await ask(SIMILAR, id=global_id("Researcher", 1))
    assert PlanExecutor.runs == {"planned": 1}
    topics = reason("TOPICS", 0.5, 3, topics=[{"slug": f"t-{id}"} for id in (1, 2, 3)])
    venues = reason("VENUES", 0.2, 1, sources=[{"displayName": "Journal"}])
    collaborators = reason("COLLABORATORS", 0.3, 1, collaborators=[{"slug": "r-3"}])
    assert found["researcher"]["similar"] == [
        {"score": 1.0, "researcher": {"slug": "r-2"}, "reasons": [topics, collaborators, venues]},
        {"score": 0.7, "researcher": {"slug": "r-4"}, "reasons": [topics, venues]},
    ]


async def test_who_is_gone_is_not_similar_and_nobody_is_led_to_by_them(strangers, ask, engine):
    with engine.begin() as connection:
        gone = "UPDATE researcher SET suppressed_at = '2026-01-01 00:00:00+00:00' WHERE id IN (3, 4)"
        connection.execute(text(gone))
        for id in (3, 4):
            row = f"INSERT INTO detached (researcher_id, work_id, reason) VALUES ({id}, 0, 'SUPPRESSED')"
            connection.execute(text(row))
    found = await ask(SIMILAR, id=global_id("Researcher", 1), first=None)
    assert [one["researcher"]["slug"] for one in found["researcher"]["similar"]] == ["r-2"]
    assert [one["kind"] for one in found["researcher"]["similar"][0]["reasons"]] == ["TOPICS", "VENUES"]


async def test_related_works(world, ask):
    world(researchers=2, works=2)
    found = await ask(RELATED, id=global_id("Work", 2000), first=2)
    shown = [{"title": title, "source": {"displayName": "Journal"}} for title in ("Work 1000", "Work 2001")]
    assert sorted(found["work"]["related"], key=lambda one: one["title"]) == shown


@pytest.mark.parametrize(("query", "kind", "id"), [(SIMILAR, "Researcher", 1), (RELATED, "Work", 1000)])
@pytest.mark.parametrize("first", [0, 51])
async def test_sizes_that_are_refused(world, post, query, kind, id, first):
    world()
    body = await post(query, id=global_id(kind, id), first=first)
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert body["errors"][0]["extensions"]["argument"] == ["first"]


@pytest.mark.parametrize(
    "field", ["similar { researcher { slug } reasons { topics { slug } } }", "works { nodes { related { title } } }"]
)
async def test_many_cost_the_statements_of_one(world, ask, statements, field):
    world(researchers=4)
    counts = []
    for size in (1, 4):
        statements.clear()
        data = await ask(f"{{ researchers(first: {size}) {{ nodes {{ {field} }} }} }}")
        assert len(data["researchers"]["nodes"]) == size
        counts.append(len(statements))
    assert counts[0] == counts[1]

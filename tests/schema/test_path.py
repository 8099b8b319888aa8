"""Paths of collaboration over GraphQL."""

import pytest
from sqlalchemy import text

from models import Collaboration
from schema.node import global_id

PATH = """query($from: ID!, $to: ID!, $most: Int) { collaborationPath(from: $from, to: $to, maxLength: $most) {
  length steps { from { slug } to { slug } sharedWorkCount strength
    sharedWorks(first: 1) { totalCount nodes { title } } } } }"""
IDS = {id: global_id("Researcher", id) for id in (1, 2, 3, 4, 77, 999)}


@pytest.fixture
def chain(world, save, engine):
    """1 and 2 share works 1000 to 1002, as 2 and 3 do; nobody shares any with 4."""
    world(researchers=4)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM collaboration"))
        connection.execute(text("UPDATE authorship SET researcher_id = 2 WHERE work_id < 2000 AND position = 1"))
        connection.execute(text("UPDATE authorship SET researcher_id = 2 WHERE work_id >= 3000 AND position = 1"))
    together = {"shared_work_count": 3, "strength": 0.75, "is_close": False}
    pairs = [(1, 2), (2, 1), (2, 3), (3, 2)]
    save(*[Collaboration(researcher_id=one, collaborator_id=other, **together) for one, other in pairs])


def step(one, other, first):
    shared = {"totalCount": 3, "nodes": [{"title": f"Work {first}"}]}
    return {"from": {"slug": f"r-{one}"}, "to": {"slug": f"r-{other}"}, "sharedWorkCount": 3, "strength": 0.75} | {
        "sharedWorks": shared
    }


@pytest.mark.parametrize("start", [1, 999])
async def test_each_step_has_the_works_behind_it(chain, ask, start):
    found = await ask(PATH, **{"from": IDS[start], "to": IDS[3]})
    assert found["collaborationPath"] == {"length": 2, "steps": [step(1, 2, 1000), step(2, 3, 3000)]}


async def test_where_there_is_none(chain, ask):
    for to, most in ((4, 6), (77, 6), (3, 1)):
        assert await ask(PATH, **{"from": IDS[1], "to": IDS[to], "most": most}) == {"collaborationPath": None}
    found = await ask(PATH, **{"from": IDS[1], "to": IDS[999], "most": None})
    assert found == {"collaborationPath": {"length": 0, "steps": []}}


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"most": 0}, "maxLength"),
        ({"most": 21}, "maxLength"),
        ({"from": "nonsense"}, "from"),
        ({"to": global_id("Work", 1000)}, "to"),
    ],
)
async def test_what_cannot_be_asked(chain, post, given, argument):
    body = await post(PATH, **{"from": IDS[1], "to": IDS[2]} | given)
    assert body["data"] == {"collaborationPath": None}
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert body["errors"][0]["extensions"]["argument"] == [argument]


async def test_nobody_passes_through_a_page_that_is_gone(chain, ask, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET suppressed_at = '2026-01-01 00:00:00+00:00' WHERE id = 2"))
        connection.execute(text("INSERT INTO detached (researcher_id, work_id, reason) VALUES (2, 0, 'SUPPRESSED')"))
    for to in (2, 3):
        assert await ask(PATH, **{"from": IDS[1], "to": IDS[to]}) == {"collaborationPath": None}

"""The research graph over GraphQL."""

from base64 import b64decode

import pytest
from sqlalchemy import text

from execution import PlanExecutor
from models import Claim
from models.columns import now
from schema.node import global_id

SHOWN = """ center { __typename id } truncated
  nodes { id kind label weight distance node { __typename id ... on Researcher { slug } ... on Work { doi } } }
  edges { source target kind weight } """
AROUND = f"""query($id: ID!, $depth: Int, $kinds: [GraphKind!], $most: Int) {{
  researchGraph(center: $id, depth: $depth, kinds: $kinds, maxNodes: $most) {{ {SHOWN} }} }}"""
ME = global_id("Researcher", 1)


async def test_around_a_researcher(world, ask):
    world()
    PlanExecutor.runs.clear()
    graph = (await ask(AROUND, id=ME))["researchGraph"]
    assert PlanExecutor.runs == {"planned": 1}
    assert graph["center"] == {"__typename": "Researcher", "id": ME}
    assert graph["nodes"][0] == {
        "id": ME,
        "kind": "RESEARCHER",
        "label": "Researcher 1",
        "weight": 1.0,
        "distance": 0,
        "node": {"__typename": "Researcher", "id": ME, "slug": "r-1"},
    }
    assert [(node["kind"], node["label"]) for node in graph["nodes"][1:]] == [
        ("INSTITUTION", "Institute 1"),
        *[("RESEARCHER", "Researcher 2")],
        *[("WORK", f"Work {id}") for id in (1000, 1001, 1002)],
        *[("TOPIC", f"T{id}") for id in (1, 2, 3)],
    ]
    assert all(node["id"] == node["node"]["id"] for node in graph["nodes"])
    wrote = {(edge["source"], edge["target"], edge["weight"]) for edge in graph["edges"] if edge["kind"] == "WROTE"}
    assert wrote == {(ME, global_id("Work", id), 0.5) for id in (1000, 1001, 1002)}
    assert not graph["truncated"]


@pytest.mark.parametrize(("type_name", "id"), [("Work", 1000), ("Topic", 1), ("Institution", 1), ("Researcher", 999)])
async def test_around_anything_and_by_merged_ids(world, ask, type_name, id):
    world()
    graph = (await ask(AROUND, id=global_id(type_name, id), depth=2, most=12))["researchGraph"]
    assert graph["center"] == {"__typename": type_name, "id": ME if id == 999 else global_id(type_name, id)}
    assert len(graph["nodes"]) == 12
    assert graph["truncated"]


async def test_only_some_kinds(world, ask):
    world()
    graph = (await ask(AROUND, id=ME, kinds=["TOPIC"], depth=None, most=None))["researchGraph"]
    assert [node["kind"] for node in graph["nodes"]] == ["RESEARCHER", "TOPIC", "TOPIC", "TOPIC"]


@pytest.mark.parametrize(
    ("given", "argument"),
    [
        ({"depth": 0}, "depth"),
        ({"depth": 4}, "depth"),
        ({"most": 0}, "maxNodes"),
        ({"most": 501}, "maxNodes"),
        ({"kinds": []}, "kinds"),
        ({"id": "nonsense"}, "center"),
        ({"id": global_id("Source", 1)}, "center"),
    ],
)
async def test_what_cannot_be_drawn(world, post, given, argument):
    world()
    body = await post(AROUND, **{"id": ME} | given)
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]
    assert body["errors"][0]["extensions"]["argument"] == [argument]


async def test_a_page_that_is_gone_is_nowhere(world, ask, post, engine):
    world()
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET suppressed_at = '2026-01-01 00:00:00+00:00' WHERE id = 2"))
        connection.execute(text("INSERT INTO detached (researcher_id, work_id, reason) VALUES (2, 0, 'SUPPRESSED')"))
    graph = (await ask(AROUND, id=ME, depth=3, most=500))["researchGraph"]
    assert global_id("Researcher", 2) not in {node["id"] for node in graph["nodes"]}
    for gone in (2, 77):
        body = await post(AROUND, id=global_id("Researcher", gone))
        assert body["errors"][0]["message"] == "Nothing has this id."
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_owners_see_what_is_around_their_page_though_it_is_gone(world, ask, sign_up, save):
    world()
    await sign_up("Ada")
    owner = int(b64decode((await ask("{ viewer { id } }"))["viewer"]["id"]).decode().partition(":")[2])
    save(Claim(id=5, account_id=owner, researcher_id=1, state="APPROVED", method="ORCID", level=3, approved_at=now()))
    await ask("mutation($id: ID!) { suppressProfile(input: {researcherId: $id}) { userErrors { code } } }", id=ME)
    found = await ask(f"{{ viewer {{ claims {{ researcher {{ researchGraph {{ {SHOWN} }} }} }} }} }}")
    graph = found["viewer"]["claims"][0]["researcher"]["researchGraph"]
    assert graph["center"]["id"] == graph["nodes"][0]["id"] == graph["nodes"][0]["node"]["id"] == ME
    assert not {node["kind"] for node in graph["nodes"][1:]} & {"RESEARCHER", "WORK", "TOPIC"}


async def test_graphs_of_many_cost_the_statements_of_one(world, ask, statements):
    world(researchers=4)
    counts = []
    for size in (1, 4):
        statements.clear()
        data = await ask(f"{{ researchers(first: {size}) {{ nodes {{ researchGraph(depth: 2) {{ {SHOWN} }} }} }} }}")
        assert len(data["researchers"]["nodes"]) == size
        counts.append(len(statements))
    assert counts[1] <= counts[0] <= 1 + 13 + 5  # what one has read another need not

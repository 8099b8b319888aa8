"""What operations cost, by the formula in docs/cost-and-limits.md, and that no more is run than may be."""

import sys

import pytest
from graphql import OperationDefinitionNode, get_introspection_query, parse, validate

from schema.root import build_schema
from server import documents
from server.cost import Costs, introspected
from server.running import Running

ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none is asked
PAGES = "{ works(first: 100) { nodes { authors { works(first: 100) { nodes { authors { id } } } } } } }"
DRY = {"dryRun": True}


@pytest.fixture(scope="module")
def schema():
    return build_schema()._schema


@pytest.fixture(scope="module")
def cost(schema):
    meta = introspected(schema)

    def of(text, **variables):
        document = parse(text)
        assert validate(schema, document) == []
        (operation,) = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        return Costs(schema, meta, document).operation(operation).of(variables)

    return of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 1),
        ('{ researcher(by: {slug: "a"}) { displayName workCount } }', 1 + 1),
        ("{ works { nodes { id title } } }", 1 + 1 + 20),
        ("{ works(first: 3) { nodes { id } pageInfo { hasNextPage } } }", 1 + 1 + 3),
        ("{ works(last: 3) { edges { cursor node { id } } } }", 1 + 1 + 3),
        ("{ works(first: 3) { nodes { id } edges { node { id } } } }", 1 + 1 + 3 + 3),
        ("{ works { totalCount } }", 1 + 1 + 5),
        ("{ works { facets(by: [YEAR, AUTHOR]) { buckets { count } } } }", 1 + 1 + 10 * (5 + 6)),
        ("{ works { facets(by: [YEAR], first: 3) { withoutCount buckets { node { id } } } } }",
         1 + 1 + 3 * (5 + 5 + 6 * (1 + 1))),
        ('{ search(query: "a", first: 5) { nodes { node { id } } } }', 1 + 20 + 5 * (1 + 1)),
        ('{ suggest(prefix: "a") { text node { id } } }', 1 + 10 * (1 + 1)),
        ('{ suggest(prefix: "a", first: 3) { text } }', 1 + 3),
        ("{ works(first: 3) { nodes { source { id } authors { id } } } }", 1 + 1 + 3 * (1 + 1 + 20)),
        ("{ works(first: 3) { nodes { topics { topic { id } } } } }", 1 + 1 + 3 * (1 + 10)),  # both of one row
        ("{ works(first: 2) { nodes { citedBy(first: 5) { nodes { id } } } } }", 1 + 1 + 2 * (1 + 1 + 5)),
        ("{ works(first: 3) { nodes { citation(format: RIS) } } }", 1 + 1 + 3 * (1 + 20)),
        ("{ works(first: 3) { export(format: RIS) nodes { id } } }", 1 + 1 + 3 * (20 + 1)),
        ('{ researchGraph(center: "a") { nodes { id } edges { weight } } }', 1 + 100 + 60 + 200),
        ('{ collaborationPath(from: "a", to: "b") { steps { to { id } } } }', 1 + 50 + 10 * (1 + 1)),
        ("{ works(first: 2) { nodes { related(first: 3) { id } } } }", 1 + 1 + 2 * (1 + 3 * 3)),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 1 + 3),
        ("{ a: works(first: 1) { nodes { id } } b: works(first: 1) { nodes { id } } }", 1 + 2 * (1 + 1)),
        ("{ works(first: 9) @skip(if: true) { nodes { id } } }", 1),
        ("{ works(first: 9) @include(if: true) { nodes @include(if: false) { id } } }", 1 + 1),
        ("{ works(first: 7) { ...F } } fragment F on WorkConnection { nodes { ...G } } fragment G on Work { id }",
         1 + 1 + 7),
        ("{ works(first: 7) { ... { ... on WorkConnection { nodes { id } } } } }", 1 + 1 + 7),
        ("mutation { signOut { userErrors { code } } }", 1 + 10 + 10),
        ("{ works(first: 1000) { nodes { id } } }", 1 + 1 + 100),
        ("{ works(first: -1) { nodes { id } } }", 1 + 1),
        ("{ works(first: null) { nodes { id } } }", 1 + 1 + 20),
    ],
)  # fmt: skip
def test_the_formula(cost, text, expected):
    assert cost(text) == expected


def test_variables_tell_sizes_and_conditions(cost):
    text = (
        "query ($n: Int = 3, $m: Int, $all: Boolean = true) { works(first: $n) { nodes { ...F @include(if: $all) } } }"
    )
    text += " fragment F on Work { citedBy(last: $m) { nodes { id } } }"
    assert cost(text) == 1 + 1 + 3 * (1 + 1 + 20)
    assert cost(text, n=2, m=5) == 1 + 1 + 2 * (1 + 1 + 5)
    assert cost(text, n=2, m=5, all=False) == 1 + 1 + 2
    assert cost(text, n=None, m=10**9) == 1 + 1 + 20 * (1 + 1 + 100)
    assert cost(text, n="x", m=[], all=5) == 1 + 1 + 20
    assert cost("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["a"] * 100) == 1 + 100
    assert cost("query ($a: ID!) { nodes(ids: [$a, $a]) { id } }", a="x") == 1 + 2


def test_introspection_is_cheap_and_going_round_in_it_is_not(cost):
    assert cost(get_introspection_query()) < 5_000
    assert cost("{ __schema { types { fields { type { fields { name } } } } } }") > 1_000


@pytest.mark.parametrize("first", ["5", "$n"])
def test_a_fragment_is_gone_through_once(schema, first):
    """However often it is spread, and however often what spreads it is."""

    def calls(deep):
        text = "query ($n: Int = 5) { ...F0 } " + " ".join(
            f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} a: works(first: {first}) {{ nodes {{ id }} }} }}"
            for n in range(deep)
        )
        document = parse(f"{text} fragment F{deep} on Query {{ works(first: {first}) {{ nodes {{ id }} }} }}")
        counted = 0

        def count(_frame, event, _argument):
            nonlocal counted
            counted += event == "call"

        meta = introspected(schema)
        sys.setprofile(count)
        try:
            found = Costs(schema, meta, document).operation(document.definitions[0]).of({})
        finally:
            sys.setprofile(None)
        assert found == 1 + 6 * 2**deep + 6 * (2**deep - 1)
        return counted

    assert calls(40) < 2.2 * calls(20)


@ON_ONE
async def test_what_costs_too_much_is_not_run(client, statements):
    for kind, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        response = await client.post("/graphql", json={"query": PAGES}, headers={"accept": kind})
        assert response.status_code == status
        assert list(response.json()) == ["errors"]
        (error,) = response.json()["errors"]
        assert error["message"] == "The operation costs 4,204,102, more than 20,000."
        assert error["extensions"]["code"] == "COST_LIMIT"
        assert error["extensions"]["cost"] == {"formula": 1, "cost": 4_204_102, "maximum": 20_000}
    assert statements == []


@ON_ONE
async def test_the_cost_is_told_on_request(client, statements, monkeypatch):
    asked = {"query": "query ($n: Int) { works(first: $n) { nodes { id } } }", "variables": {"n": 4}}
    told = {"cost": {"formula": 1, "cost": 6, "maximum": 20_000}}
    answer = (await client.post("/graphql", json=asked | {"extensions": {"cost": True}})).json()
    assert answer == {"data": {"works": {"nodes": []}}, "extensions": told}
    assert "extensions" not in (await client.post("/graphql", json=asked | {"extensions": {"cost": "yes"}})).json()
    statements.clear()
    monkeypatch.setattr(Running, "executed", lambda *_: pytest.fail("run"))
    assert (await client.post("/graphql", json=asked | {"extensions": DRY})).json() == {
        "data": None,
        "extensions": told,
    }
    dear = (await client.post("/graphql", json={"query": PAGES, "extensions": DRY})).json()
    assert dear["extensions"]["cost"]["cost"] == 4_204_102
    got = await client.get("/graphql", params={"query": "{ __typename }", "extensions": '{"dryRun": true}'})
    assert got.json()["extensions"]["cost"]["cost"] == 1
    write = {"query": "mutation { signOut { userErrors { code } } }", "extensions": DRY}
    assert (await client.post("/graphql", json=write)).json()["extensions"]["cost"]["cost"] == 21
    assert statements == []


@ON_ONE
async def test_the_part_that_variables_do_not_change_is_kept_with_the_document(client, monkeypatch):
    asked = {"query": "query ($n: Int) { works(first: $n) { nodes { id } } }", "extensions": DRY}
    await client.post("/graphql", json=asked)
    monkeypatch.setattr(documents, "Costs", lambda *_: pytest.fail("made again"))
    monkeypatch.setattr(Costs, "operation", lambda *_: pytest.fail("made again"))
    answer = await client.post("/graphql", json=asked | {"variables": {"n": 50}})
    assert answer.json()["extensions"]["cost"]["cost"] == 52


async def test_the_maximum_may_be_switched_off(served):
    async with served(max_cost=0, rate_limit=0) as client:
        answer = (await client.post("/graphql", json={"query": PAGES, "extensions": {"cost": True}})).json()
    assert answer["data"] == {"works": {"nodes": []}}
    assert answer["extensions"]["cost"] == {"formula": 1, "cost": 4_204_102, "maximum": None}

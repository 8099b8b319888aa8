"""Every attack of the OWASP GraphQL cheat sheet is refused before anything is validated or run."""

import sys

import pytest
from graphql import parse

from server import documents
from server.measures import measured

DOUBLED = "query { ...F0 } " + " ".join(
    f"fragment F{n} on Query {{ a: node(id: 1) {{ ...F{n + 1} }} b: node(id: 1) {{ ...F{n + 1} }} }}" for n in range(24)
)
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none is asked
FRAGMENTS = (
    "{"
    + " ".join(f"...F{n}" for n in range(101))
    + "} "
    + " ".join(f"fragment F{n} on Query {{ ...G }}" for n in range(101))
)
PAGES = "works { nodes { authors "
SIGN_IN = 'signIn(input: {email: "a@example.org", password: "x"}) { token }'


@pytest.fixture
def refused(client, statements, monkeypatch):
    """Send a document that must be refused before validation; answers the sentence and its code."""
    monkeypatch.setattr(documents, "validate", lambda *_, **__: pytest.fail("validated"))

    async def send(query, **variables):
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        body = response.json()
        assert list(body) == ["errors"]
        assert statements == []
        (error,) = body["errors"]
        return error["message"], error["extensions"]["code"]

    return send


@ON_ONE
@pytest.mark.parametrize(
    ("query", "told", "code"),
    [
        ("{" + " ".join(f"a{n}: __typename" for n in range(51)) + "}", "51 aliases", None),
        ("mutation {" + " ".join(f"a{n}: {SIGN_IN}" for n in range(51)) + "}", "aliases", None),
        (f"{{ {'works { nodes { id } } ' * 500} }}", "tokens", "GRAPHQL_PARSE_FAILED"),
        (f"{{ {'works{nodes{id}}' * 250} }}", "fields", None),
        (f"{{ {'__typename ' * 500} }}", "fields", None),
        ("{ __typename " + "@aa " * 51 + "}", "directives", None),
        ("query " + "@skip(if: false) " * 51 + "{ __typename }", "directives", None),
        ("query (" + "".join(f"$a{n}: Int @b " for n in range(51)) + ") { __typename }", "directives", None),
        ("{ __typename " + "@include(if: true) " * 500 + "}", "tokens", "GRAPHQL_PARSE_FAILED"),
        ("{ works { nodes { " + "authors { " * 30 + "id" + " }" * 33, "deep", None),
        ("{" + PAGES * 60 + "{ id }" + "} } " * 60 + "}", "deep", None),
        ("{" + "a{" * 300 + "b" + "}" * 301, "nest", "GRAPHQL_PARSE_FAILED"),
        ("{ nodes(ids: " + "[" * 300 + "]" * 300 + ") { id } }", "nest", "GRAPHQL_PARSE_FAILED"),
        (" ".join(f"query Q{n} {{ __typename }}" for n in range(11)), "operations", None),
        (FRAGMENTS + " fragment G on Query { __typename }", "fragments", None),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "spreads itself", None),
        ("{ ...A } fragment A on Query { ...A }", "spreads itself", None),
        ("{ ...A } fragment A on Query { works { nodes { authors { ...A } } } }", "spreads itself", None),
        (DOUBLED + " fragment F24 on Query { __typename }", "fields", None),
        ('{ resolve(identifier: "' + "x" * 100_000 + '") { id } }', "larger", "GRAPHQL_PARSE_FAILED"),
        ('{ resolve(identifier: """' + "\n" * 100_000 + '""") { id } }', "larger", "GRAPHQL_PARSE_FAILED"),
        ("{ " + "é" * 40_000 + " }", "larger", "GRAPHQL_PARSE_FAILED"),
        ("#\n" * 3_000 + "{ __typename }", "comments", "GRAPHQL_PARSE_FAILED"),
        ("{ nodes(ids: [" + '"a" ' * 3_000 + "]) { id } }", "tokens", "GRAPHQL_PARSE_FAILED"),
    ],
    ids=["aliases", "aliased guesses of a password", "repeated fields, many tokens", "repeated fields",
         "repeated leaves", "directives", "directives of an operation", "directives of variables",
         "directives, many tokens", "deep", "deep pages", "deeper than can be parsed", "deep values", "operations",
         "fragments that are all compared", "a circle of fragments", "a fragment in itself", "a fragment in itself, deeper", "doubling fragments",
         "a huge string", "a huge block string", "a huge name", "comments", "a long list"],
)  # fmt: skip
async def test_a_document_that_asks_too_much_is_refused_before_it_is_validated(refused, query, told, code):
    message, found = await refused(query)
    assert told.replace("51 ", "50 ") in message
    assert found == (code or "GRAPHQL_VALIDATION_FAILED")


@ON_ONE
async def test_variables_hold_only_so_many_values(client, statements):
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    nested = ["a"]
    for _ in range(500):
        nested = [nested]
    for ids in (["a"] * 6_000, [["a"] * 3_000] * 2, [{"a": ["b"] * 2_000}] * 3, [{str(n): n for n in range(6_000)}]):
        response = await client.post("/graphql", json={"query": query, "variables": {"ids": ids}})
        assert response.status_code == 400
        assert "5,000 values" in response.json()["errors"][0]["message"]
    response = await client.post("/graphql", json={"query": query, "variables": {"ids": nested}})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert statements == []


@ON_ONE
async def test_batches_are_refused(client, statements):
    batch = [{"query": "{ works { totalCount } }"}] * 2
    response = await client.post("/graphql", json=batch)
    assert (response.status_code, list(response.json()), statements) == (400, ["errors"], [])


@ON_ONE
async def test_introspection_does_not_go_round_in_circles(client):
    query = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    body = (await client.post("/graphql", json={"query": query})).json()
    assert [error["extensions"]["code"] for error in body["errors"]] == ["GRAPHQL_VALIDATION_FAILED"]
    assert "data" not in body


@pytest.mark.parametrize(
    "query",
    ["{" + " ".join(f"nothing{n}" for n in range(40)) + "}",
     "query(" + " ".join(f"$a{n}: Int!" for n in range(40)) + ") {" + " ".join(
         f"a{n}: works(first: $a{n}) {{ totalCount }}" for n in range(40)) + "}"],
)  # fmt: skip
async def test_no_more_is_told_than_five_mistakes(client, query):
    body = (await client.post("/graphql", json={"query": query})).json()
    assert len(body["errors"]) == 5
    assert list(body) == ["errors"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", '"; DROP TABLE work; --', "\\u0000", "%", "_", "$(id)", "{{7*7}}"])
async def test_no_value_is_taken_for_sql_or_anything_else(client, text):
    query = 'query { works(filter: {titleContains: "%s"}) { totalCount } resolve(identifier: "%s") { id } }'
    written = text.replace('"', '\\"')
    body = (await client.post("/graphql", json={"query": query % (written, written)})).json()
    if "errors" in body:
        assert {error["extensions"]["code"] for error in body["errors"]} == {"BAD_USER_INPUT"}
    else:
        assert body["data"] == {"works": {"totalCount": 0}, "resolve": None}


def calls(document):
    """How many functions are called to measure it."""
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event == "call"

    sys.setprofile(count)
    try:
        measured(document, 10**6)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize(
    "text",
    [lambda n: "{" + " ".join(f"a{i}: __typename" for i in range(n)) + "}",
     lambda n: "{" + "__typename " * n + "}",
     lambda n: "{ __typename " + "@a " * n + "}",
     lambda n: "{" + "...F " * n + "} fragment F on Query { __typename }",
     lambda n: " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(n)) + "{ ...F0 }",
     lambda n: " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(n)) + "{ ...F0 }",
     lambda n: " ".join(f"fragment F{i} on Query {{ ...F{(i + 1) % n} }}" for i in range(n)) + "{ ...F0 }",
     lambda n: "{" + "...on Query { " * (n // 10) + "__typename" + "}" * (n // 10 + 1)],
    ids=["aliases", "repeated", "directives", "spreads", "a chain", "a doubled chain", "a circle", "inline"],
)  # fmt: skip
def test_to_measure_a_document_takes_as_long_as_it_is(text):
    once, twice = (calls(parse(text(n))) for n in (500, 1000))
    assert twice < 2.2 * once

"""Bad input is told what was wrong and where, in our words and never Python's."""

import asyncio
from base64 import b64encode

import pytest

from schema.node import global_id

WORK = global_id("Work", 1)
HUGE = b64encode(b"Work:99999999999999999999").decode()
NAMELESS = b64encode(b":1").decode()


@pytest.mark.parametrize(
    ("query", "code", "argument"),
    [
        ("{ works(first: 0) { totalCount } }", "BAD_USER_INPUT", ["first"]),
        ("{ works(first: 101) { totalCount } }", "BAD_USER_INPUT", ["first"]),
        ("{ works(last: -5) { totalCount } }", "BAD_USER_INPUT", ["last"]),
        ("{ works(first: 1, last: 1) { totalCount } }", "BAD_USER_INPUT", ["last"]),
        ("{ works { facets(by: []) { by } } }", "BAD_USER_INPUT", ["by"]),
        ("{ works { facets(by: [YEAR, KIND, YEAR]) { by } } }", "BAD_USER_INPUT", ["by"]),
        ("{ works { facets(by: [YEAR], first: 0) { by } } }", "BAD_USER_INPUT", ["first"]),
        ("{ works { facets(by: [YEAR], first: 101) { by } } }", "BAD_USER_INPUT", ["first"]),
        ("{ researchers { facets(by: [YEAR]) { by } } }", "GRAPHQL_VALIDATION_FAILED", None),
        (
            '{ researchers(filter: {countries: ["\\u0000"]}) { totalCount } }',
            "BAD_USER_INPUT",
            ["filter", "countries", "0"],
        ),
        ('{ works(after: "x") { totalCount } }', "BAD_CURSOR", ["after"]),
        ('{ works(before: "") { totalCount } }', "BAD_CURSOR", ["before"]),
        ('{ node(id: "x") { id } }', "BAD_USER_INPUT", ["id"]),
        ('{ node(id: "") { id } }', "BAD_USER_INPUT", ["id"]),
        (f'{{ node(id: "{HUGE}") {{ id }} }}', "BAD_USER_INPUT", ["id"]),
        (f'{{ node(id: "{NAMELESS}") {{ id }} }}', "BAD_USER_INPUT", ["id"]),
        (f'{{ nodes(ids: ["{WORK}", "é"]) {{ id }} }}', "BAD_USER_INPUT", ["ids", "1"]),
        (f'{{ researcher(by: {{id: "{WORK}"}}) {{ id }} }}', "BAD_USER_INPUT", ["by", "id"]),
        ('{ researcher(by: {orcid: "x"}) { id } }', "BAD_USER_INPUT", ["by", "orcid"]),
        ('{ researcher(by: {openAlexId: "W1"}) { id } }', "BAD_USER_INPUT", ["by", "openAlexId"]),
        ('{ work(by: {doi: "x"}) { id } }', "BAD_USER_INPUT", ["by", "doi"]),
        ('{ work(by: {arxivId: "x"}) { id } }', "BAD_USER_INPUT", ["by", "arxivId"]),
        ('{ institution(by: {ror: "x"}) { id } }', "BAD_USER_INPUT", ["by", "ror"]),
        ('{ works(filter: {titleContains: ""}) { totalCount } }', "BAD_USER_INPUT", ["filter", "titleContains"]),
        ('{ works(filter: {titleContains: "\\u0000"}) { totalCount } }', "BAD_USER_INPUT", ["filter", "titleContains"]),
        (
            f'{{ works(filter: {{authors: ["{WORK}"]}}) {{ totalCount }} }}',
            "BAD_USER_INPUT",
            ["filter", "authors", "0"],
        ),
        ('{ works(filter: {topics: ["T1"]}) { totalCount } }', "BAD_USER_INPUT", ["filter", "topics", "0"]),
        ('{ topic(by: {slug: "\\u0000"}) { id } }', "BAD_USER_INPUT", ["by", "slug"]),
        (
            '{ institutions(filter: {kinds: ["a", "\\u0000"]}) { totalCount } }',
            "BAD_USER_INPUT",
            ["filter", "kinds", "1"],
        ),
        ("{ researcher(by: {}) { id } }", "BAD_USER_INPUT", None),
        ('{ researcher(by: {slug: "a", orcid: "b"}) { id } }', "BAD_USER_INPUT", None),
        ("{ works(orderBy: AGE) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", None),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", None),
        ("{ works(", "GRAPHQL_PARSE_FAILED", None),
        ("query ($n: Int!) { works(first: $n) { totalCount } }", "BAD_USER_INPUT", None),
    ],
)
async def test_each_mistake_has_its_code_and_place(post, query, code, argument):
    (error,) = (await post(query))["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"].get("argument") == argument
    assert error["extensions"]["requestId"]
    assert not any(word in error["message"] for word in ("ValueError", "int()", "base 10", "Traceback", "codec"))


async def test_too_many_ids_are_refused(post):
    (error,) = (await post("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[WORK] * 101))["errors"]
    assert error["extensions"]["argument"] == ["ids"]
    many = [global_id("Topic", n) for n in range(101)]
    query = "query ($ids: [ID!]!) { works(filter: {topics: $ids}) { totalCount } }"
    assert (await post(query, ids=many))["errors"][0]["extensions"]["argument"] == ["filter", "topics"]


async def test_what_is_not_there_is_null(ask):
    query = """{ node(id: "%s") { id } researcher(by: {slug: "nobody"}) { id } work(by: {doi: "10.1000/none"}) { id }
        topic(by: {slug: ""}) { id } institution(by: {openAlexId: "I1"}) { id } resolve(identifier: "nothing") { id }
        empty: resolve(identifier: "") { id } viewer { id } works(filter: {kinds: []}) { totalCount nodes { id } } }"""
    data = await ask(query % WORK)
    assert data.pop("works") == {"totalCount": 0, "nodes": []}
    assert set(data.values()) == {None}


async def test_a_fault_is_hidden_from_the_client_and_told_to_the_log(post, reader, monkeypatch, caplog):
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(reader.reader, "fetch", fail)
    body = await post("{ works { totalCount } }")
    (error,) = body["errors"]
    assert body["data"] is None
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in str(body)
    assert "the secret is 42" in caplog.text
    assert error["extensions"]["requestId"] in {
        record.told["request_id"] for record in caplog.records if record.exc_info
    }


@pytest.mark.parametrize(
    ("declared", "value"), [("ID!", None), ("Int", True), ("Int", False), ("[ID!]!", [None]), ("WorkFilter", {"yearFrom": True})]
)  # fmt: skip
async def test_values_of_variables_are_shown_as_json_has_them(post, declared, value):
    use = {
        "ID!": "node(id: $v)",
        "[ID!]!": "nodes(ids: $v)",
        "Int": "works(first: $v)",
        "WorkFilter": "works(filter: $v)",
    }
    body = await post(f"query ($v: {declared}) {{ {use[declared]} {{ __typename }} }}", v=value)
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(word in error["message"] for word in ("None", "True", "False")), error["message"]


async def test_a_type_that_fails_leaves_none_waiting(post, world):
    """One type's rows are on their way while another's arguments are refused; graphql-core then asks for the same."""
    world()
    found = (await post("{ topics(first: 1) { nodes { id } } works(first: 1) { nodes { id } } }"))["data"]
    topic, work = [found[field]["nodes"][0]["id"] for field in ("topics", "works")]
    document = f"""{{ nodes(ids: ["{topic}", "{work}"]) {{
        ... on Topic {{ works(first: 1) {{ nodes {{ id }} }} }} ... on Work {{ references(first: 1000) {{ totalCount }} }}
    }} }}"""
    for _ in range(3):
        answer = await asyncio.wait_for(post(document), 10)
        assert [one["path"] for one in answer["errors"]] == [["nodes", 1, "references"]], answer
        assert answer["data"]["nodes"][1] is None

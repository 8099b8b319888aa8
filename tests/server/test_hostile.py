"""Thousands of hostile requests: each is answered, none as a fault of ours, none in Python's words."""

import re
from base64 import b64encode
from functools import cache

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from schema.node import global_id
from schema.root import build_schema

ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SETTINGS = settings(
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to find what is wrong, not its smallest cause, takes a known time
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PYTHON = re.compile(
    r"Traceback|\w+Error\b|\w+Exception\b|object at 0x|NoneType|<class|\bNone\b|\bTrue\b|\bFalse\b|codec|base 10"
    r"|psycopg|asyncpg|sqlite|sqlalchemy|SELECT |\.py\b",
)
ENDS_THE_SESSION = {"signOut"}

HOSTILE = ["", " ", "\0", "a\0b", "' OR 1=1 --", '"; DROP TABLE work; --', "%", "_", "\\", "*", '"', "(", "a" * 5_000, "😀",
           "e\u0301" * 200, "\u202e", "\ufffe", "../../etc/passwd", "{{7*7}}", "${x}", "<script>", "null", "-0", "1e999",
           "10.1000/" + "x" * 3_000, "https://orcid.org/0000-0000-0000-0000", "W" + "9" * 40, "A0", "name@example.org"]  # fmt: skip

letters = st.characters(exclude_categories=["Cs"])
texts = st.one_of(
    st.text(letters, max_size=60),
    st.sampled_from(HOSTILE),
    st.builds(global_id, st.sampled_from(["Work", "Topic", "Account", "Nothing", ""]), st.integers(-(2**70), 2**70)),
    st.binary(max_size=30).map(lambda raw: b64encode(raw).decode()),
)
numbers = st.one_of(
    st.integers(-5, 200), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)


def mostly(usual, seldom):
    return st.integers(0, 19).flatmap(lambda chance: usual if chance else seldom)


@cache
def of_type(kind):
    """Values that are mostly shaped as this input type is, and hostile inside."""
    if isinstance(kind, GraphQLNonNull):
        return of_type(kind.of_type)
    if isinstance(kind, GraphQLList):
        return mostly(st.lists(of_type(kind.of_type), max_size=4), values)
    if isinstance(kind, GraphQLEnumType):
        return mostly(st.sampled_from([*kind.values]), scalars)
    if isinstance(kind, GraphQLInputObjectType):
        fields = {name: st.deferred(lambda field=field: of_type(field.type)) for name, field in kind.fields.items()}
        if kind.is_one_of:
            one = st.sampled_from([*fields]).flatmap(lambda name: st.fixed_dictionaries({name: fields[name]}))
            return mostly(one, values)
        needed = {name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        shaped = st.fixed_dictionaries(
            {name: fields[name] for name in needed},
            optional={name: fields[name] for name in fields.keys() - needed},
        )
        return mostly(shaped, values)
    whole = st.integers(-5, 200) | st.integers(-(2**31), 2**31 - 1)
    return mostly({"Int": whole, "Float": numbers, "Boolean": st.booleans()}.get(kind.name, texts), scalars)


def selected(kind):
    named = get_named_type(kind)
    if not is_composite_type(named):
        return ""
    if named.name.endswith("Connection"):
        return "{ totalCount nodes { __typename } edges { cursor } pageInfo { endCursor } }"
    return "{ __typename userErrors { code message path } }" if named.name.endswith("Payload") else "{ __typename }"


@cache
def operations():
    return [*_operations(build_schema()._schema)]


def _operations(schema):
    for verb, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        for name, field in root.fields.items():
            if field.args and name not in ENDS_THE_SESSION:
                declared = ", ".join(f"${one}: {argument.type}" for one, argument in field.args.items())
                given_ = ", ".join(f"{one}: ${one}" for one in field.args)
                yield f"{verb} ({declared}) {{ {name}({given_}) {selected(field.type)} }}", field.args


@st.composite
def requests(draw):
    text, arguments = draw(st.sampled_from(operations()))
    there = [name for name, one in arguments.items() if isinstance(one.type, GraphQLNonNull) or draw(st.booleans())]
    return {"query": text, "variables": {name: draw(of_type(arguments[name].type)) for name in there}}


def judge(status, body, sent):
    """What was sent itself may come back in a message."""
    assert status < 500, body
    for error in orjson.loads(body).get("errors", ()) if body.startswith(b"{") else ():
        assert error["extensions"]["code"] not in {"INTERNAL", "UNAVAILABLE"}
        assert [word for word in PYTHON.findall(error["message"]) if word not in sent] == [], error["message"]


async def posted(client, body, headers=()):
    headers = {"content-type": "application/json", **dict(headers)}
    response = await client.post("/graphql", content=body, headers=headers)
    judge(response.status_code, response.content, body.decode(errors="replace"))
    return response.status_code


@pytest.fixture
async def eve(signed_up):
    """The token of somebody who is signed in."""
    return (await signed_up("Eve")).token


@given(asked=requests(), signed_in=st.booleans())
@settings(SETTINGS, max_examples=700)
async def test_values(client, eve, asked, signed_in):
    await posted(client, orjson.dumps(asked), {"authorization": f"Bearer {eve}"} if signed_in else {})


@st.composite
def bodies(draw):
    """JSON of any kind, and what is left of a good body after some of it was changed."""
    parameters = {name: draw(values) for name in ("query", "variables", "operationName", "extensions", "documentId")}
    good = {"query": "query A($id: ID!) { node(id: $id) { id } }", "variables": {"id": "a"}, "operationName": "A"}
    said = {name: value for name, value in parameters.items() if draw(st.booleans())}
    body = orjson.dumps(draw(st.one_of(values, st.just(said), st.just(good | said))), option=orjson.OPT_NON_STR_KEYS)
    start = draw(st.integers(0, len(body)))
    return draw(st.sampled_from([body, body[:start], body[:start] + draw(st.binary(max_size=5)) + body[start + 1 :]]))


@ON_ONE
@given(body=st.one_of(bodies(), bodies(), st.binary(max_size=200)))
@settings(SETTINGS, max_examples=500)
async def test_bodies(client, body):
    assert await posted(client, body) in {200, 400}


HEADERS = ["accept", "authorization", "content-encoding", "content-type", "content-length", "cookie", "if-none-match",
           "origin", "host", "user-agent", "access-control-request-headers", "x-request-id", "forwarded", "range"]  # fmt: skip
header_values = st.one_of(
    st.binary(max_size=60),
    st.text(st.sampled_from('abz019,;=/*"\\+- q.\t'), max_size=40).map(str.encode),
    st.sampled_from([b"application/json", b"text/html", b"gzip", b"Bearer x", b"*", b'W/"x"', b"null", b"x" * 70_000]),
)
methods = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "QUERY", "get", "X"])


@ON_ONE
@given(
    method=methods,
    headers=st.lists(st.tuples(st.sampled_from(HEADERS).map(str.encode), header_values), max_size=4),
    string=st.one_of(st.binary(max_size=60), st.just(b"query={__typename}"), st.builds(
        lambda name, value: b"query={__typename}&%s=%s" % (name, value),
        st.sampled_from([b"variables", b"extensions", b"operationName", b"query", b"documentId"]), st.binary(max_size=40)
    )),
)  # fmt: skip
@settings(SETTINGS, max_examples=500)
async def test_headers_and_query_strings(client, method, headers, string):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b'{"query": "{__typename}"}', "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/graphql", "query_string": string, "headers": headers,
             "client": ("127.0.0.1", 1), "scheme": "http", "server": ("test", 80), "http_version": "1.1"}  # fmt: skip
    await client._transport.app(scope, receive, send)
    judge(sent[0]["status"], sent[1]["body"], repr((headers, string)))
    for name, value in sent[0]["headers"]:
        assert not re.search(rb"[\r\n\0]", name + value)


@ON_ONE
@given(
    text=st.one_of(st.text(letters, max_size=200), st.text(st.sampled_from('{}()[]:!$@.,|&=#"\\ \naf1-'), max_size=120))
)
@settings(SETTINGS, max_examples=500)
async def test_documents(client, text):
    for query in (text, f"{{ {text} }}", f'{{ resolve(identifier: "{text}") {{ id }} }}'):
        await posted(client, orjson.dumps({"query": query}))

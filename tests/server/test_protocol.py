"""GraphQL over HTTP: what a request must be like, and what its answer is like."""

import pytest

from server.media import GRAPHQL_JSON, JSON, answered_with
from server.settings import Settings

QUERY = "{ __typename }"
MUTATION = "mutation { signOut { userErrors { code } } }"
DATA = {"data": {"__typename": "Query"}}
PAGE = "https://page.example"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (b"", JSON),
        (b"*/*", JSON),
        (b"application/*", JSON),
        (b"text/html, */*;q=0.1", JSON),
        (b"application/json, application/graphql-response+json", GRAPHQL_JSON),
        (b"application/graphql-response+json;q=0.5, application/json", JSON),
        (b"Application/GraphQL-Response+JSON; charset=utf-8; q=1.0, application/json;q=0.9", GRAPHQL_JSON),
        (b"application/graphql-response+json, */*", GRAPHQL_JSON),
        (b"application/json, */*", JSON),
        (b"*/*, application/json;q=0", GRAPHQL_JSON),
        (b"application/graphql-response+json;q=0, */*", JSON),
        (b"application/json;q=nonsense", JSON),
        (b"application/json;q=nan, text/plain", JSON),
        (b"nonsense", JSON),
        (b"text/plain", None),
        (b"text/event-stream, image/*", None),
        (b"application/json;q=0", None),
        (b"text/plain, " * 1000 + b"application/json", JSON),
    ],
)
def test_the_answer_has_the_type_that_is_liked_best(accept, kind):
    assert answered_with(accept) == kind


async def test_whoever_accepts_neither_type_is_told_so(client):
    response = await client.post("/graphql", json={"query": QUERY}, headers={"accept": "text/plain"})
    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp",
     "application/graphql", "application/json; charset=utf-16", "text/plain; application/json"],
)  # fmt: skip
async def test_nothing_that_a_form_could_send_is_read(client, kind):
    response = await client.post("/graphql", content=b'{"query": "mutation { signOut { userErrors { code } } }"}',
                                 headers={"content-type": kind})  # fmt: skip
    assert response.status_code == 415
    assert "data" not in response.json()


@pytest.mark.parametrize(
    "kind", ["application/json", "APPLICATION/JSON;charset=UTF-8", 'application/json; charset="utf-8"']
)
async def test_json_is_read_however_it_is_written(client, kind):
    response = await client.post("/graphql", content=b'{"query": "{__typename}"}', headers={"content-type": kind})
    assert response.json() == DATA


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip", "x"])
async def test_compressed_bodies_are_refused(client, coding):
    headers = {"content-type": "application/json", "content-encoding": coding}
    response = await client.post("/graphql", content=b'{"query": "{__typename}"}', headers=headers)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize(
    "body",
    ['{"query": "{__typename}", "extensions": 5}', '{"query": "{__typename}", "extensions": []}',
     '{"query": "{__typename}", "variables": "{}"}', '{"query": ["{__typename}"]}', '{"query": null}', "true", "1e400",
     '[{"query": "{__typename}"}, {"query": "{__typename}"}]', '{"query": "{__typename}",}', '{"query": "\\ud800"}',
     '{"variables": ' + '{"a":' * 5000 + "1" + "}" * 5001, '{"query": "{__typename}"} {}', "NaN", "\ufeff{}"],
)  # fmt: skip
async def test_whatever_else_is_in_a_body_is_the_clients_mistake(client, body):
    response = await client.post("/graphql", content=body.encode(), headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert list(response.json()) == ["errors"]


@pytest.mark.parametrize(
    "string",
    ["", "query=", "query=%20", "query=%ff", "query={__typename}&variables=5", "query={__typename}&variables=%7B",
     "query={__typename}&extensions=[]", "&".join(["query={__typename}"] * 100), "a=b"],
)  # fmt: skip
async def test_a_malformed_query_string_is_told_so(client, string):
    response = await client.get(f"/graphql?{string}")
    assert response.status_code == 400
    assert list(response.json()) == ["errors"]


async def sent_in_parts(client, parts, headers=(), method="POST", query_string=b""):
    """The status, and how many parts were asked for."""
    taken, sent = 0, []

    async def receive():
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": parts, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/graphql", "query_string": query_string,
             "headers": [(b"content-type", b"application/json"), *headers]}  # fmt: skip
    await client._transport.app(scope, receive, send)
    return sent[0]["status"], taken


async def test_of_a_body_that_is_too_large_no_more_is_read_than_may_be(client):
    assert await sent_in_parts(client, b" " * 100_000) == (413, 11)
    assert await sent_in_parts(client, b" ", [(b"content-length", b"1000001")]) == (413, 0)
    assert await sent_in_parts(client, b" ", [(b"content-length", b"9" * 5000)]) == (413, 0)
    assert await sent_in_parts(client, b"", method="GET", query_string=b"x" * 1_000_001) == (414, 0)


async def test_mutations_are_never_sent_by_get(client):
    for method in ("GET", "HEAD"):
        response = await client.request(method, "/graphql", params={"query": MUTATION})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


async def test_an_operation_that_cannot_be_told_is_no_malformed_request(client):
    asked = {"query": "query A { __typename } query B { __typename }"}
    for kind, status in (("application/json", 200), ("application/graphql-response+json", 400)):
        response = await client.post("/graphql", json=asked, headers={"accept": kind})
        assert response.status_code == status
        assert list(response.json()) == ["errors"]


async def test_head_says_what_get_would(client):
    head = await client.head("/graphql", params={"query": QUERY})
    got = await client.get("/graphql", params={"query": QUERY})
    assert (head.status_code, head.headers["content-length"]) == (200, got.headers["content-length"])


@pytest.fixture
async def with_pages(served):
    async with served(allowed_origins=[PAGE]) as client:
        yield client


async def test_a_listed_page_may_ask(with_pages):
    asked = {"origin": PAGE, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    preflight = await with_pages.options("/graphql", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == PAGE
    assert preflight.headers["access-control-allow-headers"] == "content-type"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    for answer in (
        await with_pages.post("/graphql", json={"query": QUERY}, headers={"origin": PAGE}),
        await with_pages.post("/graphql", content=b"", headers={"origin": PAGE}),
    ):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "ETag" in answer.headers["access-control-expose-headers"]
        assert answer.headers["vary"] == "Accept, Origin"


async def test_no_other_page_may(client, with_pages):
    for service in (client, with_pages):
        for origin in ("https://evil.example", "null", f"{PAGE}.evil.example", PAGE.upper(), ""):
            preflight = await service.options("/graphql", headers={"origin": origin})
            answer = await service.post("/graphql", json={"query": QUERY}, headers={"origin": origin})
            assert answer.json() == DATA
            assert not [name for name in (*preflight.headers, *answer.headers) if name.startswith("access-control")]
    assert (await client.options("/graphql")).headers["allow"] == "GET, HEAD, POST"


async def test_a_cookie_counts_on_our_own_pages_and_listed_ones(with_pages, signed_up):
    token = (await signed_up()).token
    asked = {"query": "{ viewer { displayName } }"}
    for origin in (None, "http://test", "http://127.0.0.1:8000", PAGE):
        headers = {"cookie": f"peergraph_session={token}"} | ({"origin": origin} if origin else {})
        answer = await with_pages.post("/graphql", json=asked, headers=headers)
        assert answer.json() == {"data": {"viewer": {"displayName": "Ada"}}}
    for origin in ("https://evil.example", "null", "http://test.evil.example", "http://nottest"):
        headers = {"cookie": f"peergraph_session={token}", "origin": origin}
        answer = await with_pages.post("/graphql", json=asked, headers=headers)
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("origin", ["*", "null", "page.example", "https://page.example/", "https://a:b@page.example"])
def test_what_is_no_origin_is_not_listed(monkeypatch, origin):
    monkeypatch.setenv("PEERGRAPH_ALLOWED_ORIGINS", f"{PAGE},{origin}")
    with pytest.raises(ValueError, match="an origin is https"):
        Settings()


def test_origins_are_separated_by_commas(monkeypatch):
    monkeypatch.setenv("PEERGRAPH_ALLOWED_ORIGINS", f"{PAGE}, http://localhost:5173")
    assert Settings().allowed_origins == [PAGE, "http://localhost:5173"]

import httpx2
import orjson
import pytest

from server.app import create_app
from server.settings import Settings

QUERY = "{ __typename }"
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


@pytest.mark.parametrize(
    "body",
    [b"", b"5", b"null", b'"x"', b"[]", b"[[1]]", b"{", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"query": 5}',
     b'{"query": ""}', b'{"query": "{__typename}", "variables": []}', b'{"query": "{__typename}", "operationName": 1}'],
)  # fmt: skip
async def test_a_malformed_body_is_told_so(client, body):
    response = await client.post("/graphql", content=body, headers={"content-type": JSON})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert "data" not in response.json()


async def test_another_media_type_is_refused(client):
    response = await client.post("/graphql", content=b"{}", headers={"content-type": "text/plain"})
    assert response.status_code == 415


async def test_a_large_body_is_refused(client):
    response = await client.post("/graphql", content=b" " * 1_000_001, headers={"content-type": JSON})
    assert response.status_code == 413


@pytest.mark.parametrize(("accept", "kind"), [(JSON, JSON), ("*/*", JSON), (f"{GRAPHQL_JSON}, {JSON}", GRAPHQL_JSON)])
async def test_the_media_type_is_negotiated(client, accept, kind):
    response = await client.post("/graphql", json={"query": QUERY}, headers={"accept": accept})
    assert response.headers["content-type"] == f"{kind}; charset=utf-8"
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_JSON, 400)])
async def test_a_document_that_cannot_run_has_no_data(client, accept, status):
    response = await client.post("/graphql", json={"query": "{ nothing }"}, headers={"accept": accept})
    assert response.status_code == status
    assert "data" not in response.json()


async def test_queries_by_get(client):
    response = await client.get(
        "/graphql",
        params={"query": "query ($a: String!) { resolve(identifier: $a) { id } }", "variables": '{"a": "x"}'},
    )
    assert response.json() == {"data": {"resolve": None}}
    assert (await client.get("/graphql", params={"query": QUERY, "variables": "{"})).status_code == 400
    assert (await client.get("/graphql")).status_code == 400


async def test_the_operation_is_named_where_there_are_several(client):
    several = "query A { __typename } query B { a: __typename }"
    named = await client.post("/graphql", json={"query": several, "operationName": "B"})
    assert named.json() == {"data": {"a": "Query"}}
    missing = await client.post("/graphql", json={"query": several, "operationName": "C"})
    assert missing.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    unnamed = await client.post("/graphql", json={"query": several})
    assert unnamed.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in unnamed.json()


async def test_other_methods_are_told_which_to_use(client):
    response = await client.put("/graphql", json={"query": QUERY})
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_browsers_get_a_page_and_the_root_leads_there(client):
    page = await client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert (await client.get("/")).headers["location"] == "/graphql"


async def test_a_missing_database_is_unavailable(tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/none.sqlite3"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        body = (await client.post("/graphql", json={"query": "{ works { totalCount } }"})).json()
    assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert str(tmp_path) not in orjson.dumps(body).decode()


async def test_a_slash_behind_it_leads_there(client):
    response = await client.get("/graphql/", params={"query": QUERY}, follow_redirects=True)
    assert response.json() == {"data": {"__typename": "Query"}}

import socket
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from server.app import create_app
from server.pages import PROFILE_PAGE
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


async def test_browsers_get_a_page_and_the_root_leads_there_unless_it_has_its_own(client, monkeypatch, tmp_path):
    page = await client.get("/graphql", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    monkeypatch.setattr(PROFILE_PAGE, "dist", tmp_path)
    assert (await client.get("/")).headers["location"] == "/graphql"
    (tmp_path / "index.html").write_text("<title>a profile</title>")
    for path in ("/", "/search", "/researchers/ada-lovelace"):
        page = await client.get(path)
        assert (page.status_code, page.text) == (200, "<title>a profile</title>")
        assert "unsafe" not in page.headers["content-security-policy"]


async def test_the_example_page_can_be_switched_off(served, monkeypatch, tmp_path):
    monkeypatch.setattr(PROFILE_PAGE, "dist", tmp_path)
    (tmp_path / "index.html").write_text("<title>a profile</title>")
    async with served(profile_page=False) as client:
        for path in ("/", "/search", "/researchers/ada-lovelace"):
            assert (await client.get(path)).headers["location"] == "/graphql"


async def test_a_missing_database_is_unavailable(tmp_path):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/none.sqlite3"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        body = (await client.post("/graphql", json={"query": "{ works { totalCount } }"})).json()
    assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert str(tmp_path) not in orjson.dumps(body).decode()


async def test_a_slash_behind_it_leads_there(client):
    response = await client.get("/graphql/", params={"query": QUERY}, follow_redirects=True)
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_an_authorization_that_lets_nobody_in_is_told_so(client):
    schemes = [b"", b"Bearer", b"Bearer ", b"Basic eDp5", b"Bearer  ", b"Digest a=b, c=d", b"peergraph_session_x"]
    for given in [*schemes, b"\xff\xfe", b"Bearer \xff\x00", b"Bearer " + b"x" * 200_000, "Bearer ключ".encode()]:
        headers = {b"authorization": given}
        for response in (
            await client.get("/graphql", params={"query": QUERY}, headers=headers),
            await client.post("/graphql", json={"query": QUERY}, headers=headers),
        ):
            assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer"), given
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("name", [b"cookie", b"user-agent", b"accept", b"if-none-match", b"content-length"])
async def test_headers_that_make_no_sense_are_passed_over(client, name):
    cookies = [b"peergraph_session", b"peergraph_session=", b'peergraph_session="\\', b"peergraph_session=\xff"]
    several = [b"peergraph_session=a; peergraph_session=b", b"a=b; " * 20_000, b"peergraph_session=" + b"x" * 200_000]
    for given in [*cookies, *several, b"", b";", b"=;;;==", b"\xff\xfe=\x80;\x00", "ключ=значение".encode()]:
        posted = await client.post("/graphql", json={"query": QUERY}, headers={name: given})
        got = await client.get("/graphql", params={"query": "{ viewer { id } }"}, headers={name: given})
        assert (posted.status_code, got.status_code) == (200, 200), given
        assert got.json() == {"data": {"viewer": None}}


async def test_what_a_client_calls_itself_may_be_anything(client, quick_passwords):
    names = [b"\xff\xfe\x00", b"x" * 100_000, b"\x1b[31m", b"", "имя".encode(), b"curl/8"]
    for number, name in enumerate(names):
        given = f'displayName: "A", email: "a{number}@example.org", password: "correct horse battery"'
        query = f"mutation {{ signUp(input: {{{given}}}) {{ account {{ sessions {{ name }} }} }} }}"
        response = await client.post("/graphql", json={"query": query}, headers={b"user-agent": name})
        (session,) = response.json()["data"]["signUp"]["account"]["sessions"]
        assert 1 <= len(session["name"]) <= 100
        assert session["name"].isprintable()
    assert session["name"] == "curl/8"


@pytest.mark.parametrize(
    "line", [b"X-Long: " + b"x" * 300_000, b"Authorization: \xff\xfe", b"Cookie: \xff\xfe=\x80", b": x", b"no colon"]
)
def test_a_server_is_not_brought_down_by_headers(live_server, line):
    address = urlsplit(live_server)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(
            b"GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n"
        )
        status = connection.makefile("rb").readline().split()[1]
    assert 200 <= int(status) < 500
    assert httpx2.get(f"{live_server}/graphql", params={"query": QUERY}).json() == {"data": {"__typename": "Query"}}

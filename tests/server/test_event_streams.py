"""GraphQL over Server-Sent Events: an operation a request."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlalchemy import insert

from models import Event
from resolvers.drivers import open_reader
from resolvers.writing import open_writer
from schema.node import global_id
from server.app import create_app
from server.settings import Settings

STREAM, ACCEPT = "/graphql/stream", {"accept": "text/event-stream"}
FOLLOWERS = {"kind": "FOLLOWERS", "subject_kind": "researcher", "subject_id": 1}
QUERY = (
    "subscription ($id: ID!, $after: String) { followersChanged(researcherId: $id, after: $after) { followerCount } }"
)


@pytest.fixture
async def asked(database_url, record, listening):
    """A client of the service on a socket."""
    record("researcher")  # not later: it would wait for what the service writes, and this for the loop
    reader = open_reader(database_url)
    app = create_app(
        Settings(database_url=database_url, allowed_origins=["https://friend.example"]),
        reader,
        open_writer(database_url, reader),
    )
    async with (
        listening(app) as (host, port),
        httpx2.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as client,
    ):
        yield client


@pytest.fixture
def happen(engine):
    async def write(many=1):
        def run():
            with engine.begin() as connection:
                connection.execute(insert(Event), [FOLLOWERS] * many)

        await asyncio.to_thread(run)

    return write


def subscription(**variables):
    return {"query": QUERY, "variables": {"id": global_id("Researcher", 1), **variables}}


@asynccontextmanager
async def stream(client, body, **known):
    """The events as they come: their kinds and what they hold."""
    async with client.stream("POST", STREAM, json=body, headers=ACCEPT | known.pop("headers", {})) as response:
        assert response.headers["content-type"].startswith("text/event-stream"), await response.aread()
        lines = response.aiter_lines()

        async def events():
            kind = None
            async for line in lines:
                name, _, value = line.partition(":")
                if name == "event":
                    kind = value.strip()
                elif name == "data":
                    yield kind, json.loads(value) if value.strip() else None

        yield events()


async def test_a_query_is_answered_and_over(asked):
    async with stream(asked, {"query": "{ __typename }"}) as events:
        assert [event async for event in events] == [("next", {"data": {"__typename": "Query"}}), ("complete", None)]


async def test_events_come_as_they_happen_and_after_a_break(asked, happen):
    cursors = []
    async with stream(asked, subscription()) as events:
        for _ in range(2):
            await happen()
            kind, told = await anext(events)
            assert (kind, told["data"]) == ("next", {"followersChanged": {"followerCount": 0}})
            cursors.append(told["extensions"]["cursor"])
    await happen(150)
    async with stream(asked, subscription(after=cursors[0])) as events:
        again = [(await anext(events))[1]["extensions"]["cursor"] for _ in range(151)]
    assert again[0] == cursors[1]
    assert len({*again}) == 151


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestARequest:
    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"query": "{"}, 400, "GRAPHQL_PARSE_FAILED"),
            ({"query": "{ nothing }"}, 400, "GRAPHQL_VALIDATION_FAILED"),
            (subscription(id=5), 400, "BAD_USER_INPUT"),
            ([], 400, "BAD_USER_INPUT"),
        ],
    )
    async def test_what_is_malformed_is_no_stream(self, asked, body, status, code):
        body = body | {"variables": {"id": [5]}} if isinstance(body, dict) and "variables" in body else body
        response = await asked.post(STREAM, json=body, headers=ACCEPT)
        assert (response.status_code, response.headers["content-type"]) == (status, "application/json; charset=utf-8")
        assert response.json()["errors"][0]["extensions"]["code"] == code

    async def test_who_may_not_listen_is_told_so(self, asked):
        notified = {"query": "subscription { notificationAdded { kind } }"}
        response = await asked.post(STREAM, json=notified, headers=ACCEPT)
        assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        refused = await asked.post(STREAM, json=subscription(), headers=ACCEPT | {"authorization": "Bearer nobody"})
        assert refused.status_code == 401

    async def test_its_methods_and_media_types(self, asked):
        assert (await asked.post(STREAM, json=subscription())).status_code == 406
        assert (await asked.put(STREAM, headers=ACCEPT)).headers["allow"] == "GET, POST"
        assert (await asked.post(STREAM, content=b"{}", headers=ACCEPT)).status_code == 415
        mutation = await asked.get(
            STREAM, params={"query": "mutation { signOut { userErrors { code } } }"}, headers=ACCEPT
        )
        assert mutation.status_code == 405
        query = await asked.get(STREAM, params={"query": "{ __typename }"}, headers=ACCEPT)
        assert query.text.endswith("event: complete\ndata:\n\n")

    async def test_pages_of_listed_origins_may_read_it(self, asked):
        friend = {"origin": "https://friend.example", "access-control-request-method": "POST"}
        assert (await asked.options(STREAM, headers=friend)).headers["access-control-allow-origin"] == friend["origin"]
        answer = await asked.post(STREAM, json={"query": "{ __typename }"}, headers=ACCEPT | friend)
        assert answer.headers["access-control-allow-origin"] == friend["origin"]
        foe = await asked.post(
            STREAM,
            json={"query": "{ __typename }"},
            headers=ACCEPT | {"origin": "https://foe.example", "cookie": "peergraph_session=x"},
        )
        assert foe.status_code == 403

    async def test_silence_is_no_end(self, asked, happen, monkeypatch):
        monkeypatch.setattr("server.sse.SILENCE", 0.05)
        async with asked.stream("POST", STREAM, json=subscription(), headers=ACCEPT) as response:
            lines = response.aiter_lines()
            assert [await anext(lines) for _ in range(6)] == [":", ""] * 3
            await happen()
            while (line := await anext(lines)) in (":", ""):
                pass
            assert line == "event: next"

    async def test_who_goes_is_forgotten(self, asked, caplog):
        async with stream(asked, subscription()):
            pass
        for _ in range(100):
            told = (await asked.get("/metrics")).text
            if "peergraph_live_connections 0.0" in told:
                break
            await asyncio.sleep(0.05)
        else:
            pytest.fail(told)
        assert not [one for one in caplog.records if one.exc_info]

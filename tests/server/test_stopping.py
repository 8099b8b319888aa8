"""SIGTERM and SIGKILL: what has been asked is answered; what was killed serves again."""

import asyncio
import signal

import httpx2
import orjson
import pytest

from schema.node import global_id
from server.app import create_app
from server.connection import PromptConnection
from server.settings import Settings

SIGN_IN = """mutation($email: String!) { signIn(input: {email: $email, password: "not the right one"}) {
  userErrors { code } } }"""
ASKED = 8


async def ask_slowly(address, stop):
    """Requests that take their time, since each hashes a password; they are under way when `stop` is called."""
    async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
        bodies = [{"query": SIGN_IN, "variables": {"email": f"p{place}@example.org"}} for place in range(ASKED)]
        await asyncio.gather(*[client.get("/graphql", params={"query": "{ __typename }"}) for _ in range(ASKED)])
        asked = [asyncio.create_task(client.post("/graphql", json=body)) for body in bodies]
        await asyncio.sleep(0.05)
        under_way = [one for one in asked if not one.done()]
        stop()
        return under_way, await asyncio.gather(*asked)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_has_been_asked_is_answered(serve, workers):
    process, address = serve("--workers", str(workers))
    under_way, answers = asyncio.run(ask_slowly(address, process.terminate))
    assert under_way
    for answer in answers:
        assert answer.json()["data"]["signIn"]["userErrors"] == [{"code": "INVALID_CREDENTIALS"}]
    assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    with pytest.raises(httpx2.TransportError):
        httpx2.get(address)


async def test_what_has_been_sent_and_not_read_is_answered(database_url, listening, monkeypatch):
    """On a connection that stayed open, and is to be closed by whoever stops the service."""
    stopped = []
    monkeypatch.setattr(PromptConnection, "connection_made", _noted(PromptConnection.connection_made, stopped))
    async with listening(create_app(Settings(database_url=database_url))) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        for stays in (True, False):
            if not stays:
                stopped[0].shutdown()
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert (b"connection: close" in head) is not stays
            assert await reader.readexactly(len(b'{"status":"ok"}')) == b'{"status":"ok"}'
        assert await reader.read() == b""
        writer.close()


async def test_a_stream_that_is_asked_for_at_the_last_moment_ends(database_url, record, listening, monkeypatch):
    record("researcher")
    stopped = []
    monkeypatch.setattr(PromptConnection, "connection_made", _noted(PromptConnection.connection_made, stopped))
    query = f'subscription {{ followersChanged(researcherId: "{global_id("Researcher", 1)}") {{ followerCount }} }}'
    body = orjson.dumps({"query": query})
    head = b"POST /graphql/stream HTTP/1.1\r\nhost: test\r\naccept: text/event-stream\r\n"
    head += b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with listening(create_app(Settings(database_url=database_url))) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        while not stopped:  # noqa: ASYNC110  nothing tells when it is made
            await asyncio.sleep(0.01)
        stopped[0].shutdown()
        writer.write(head + body)
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_silent_connection_is_closed_when_it_stops(database_url, listening):
    async with listening(create_app(Settings(database_url=database_url))) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        await asyncio.sleep(0.05)
    assert await reader.read() == b""
    writer.close()


def _noted(made, connections):
    def connection_made(connection, transport):
        connections.append(connection)
        made(connection, transport)

    return connection_made


def test_what_was_killed_serves_again(serve):
    process, _ = serve()
    process.kill()
    process.wait()
    serve()  # which waits for its first answer

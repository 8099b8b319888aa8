"""Too slow, too many, or gone: what happens to requests that cannot all be answered."""

import asyncio
import socket
from urllib.parse import urlsplit

import orjson
import pytest

from resolvers.changes import Changes

ASK = {"query": "{ serverInfo { version } }"}
SLOW = {"query": '{ researcher(by: {slug: "nobody"}) { displayName } }'}
ENDLESS = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000)
SELECT count(*) FROM n"""
MORE_THAN_THERE_ARE = 12  # threads or connections of the reader


class Slow:
    """A reader that looks for people's slugs for ever, or as long as it is told."""

    def __init__(self, reader):
        self.reader, self.dialect, self.gate = reader, reader.dialect, None

    def fetch(self, sql, values, *, long=False):
        if "slug" not in sql:
            return self.reader.fetch(sql, values, long=long)
        return self._gated() if self.gate else self.reader.fetch(ENDLESS, [], long=True)

    def look_up(self, _read, _key):
        return None

    async def _gated(self):
        await self.gate.wait()
        return []

    async def changes(self) -> Changes | None:
        return None

    def tell(self, subject):
        self.reader.tell(subject)


@pytest.fixture
def slow(reader):
    return Slow(reader)


async def test_what_takes_too_long_ends_with_its_statement(served, slow):
    async with served(reader=slow, deadline_seconds=0.1) as client:
        for _ in range(MORE_THAN_THERE_ARE):
            answer = await client.post("/graphql", json=SLOW)
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
        assert (await client.post("/graphql", json=ASK)).status_code == 200
        long = "{ works { totalCount } }"  # by the threads and connections that the others had
        assert (await client.post("/graphql", json={"query": long})).json()["data"] == {"works": {"totalCount": 0}}


async def test_who_hangs_up_ends_the_statement(served, slow):
    client = served(reader=slow, deadline_seconds=0)
    app, sent = client._transport.app, []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def send(message):
        sent.append(message)

    for _ in range(MORE_THAN_THERE_ARE):
        coming = iter([{"type": "http.request", "body": orjson.dumps(SLOW)}, {"type": "http.disconnect"}])

        async def receive(coming=coming):
            return next(coming)

        await app(scope, receive, send)
    assert sent == []
    long = "{ works { totalCount } }"
    assert (await client.post("/graphql", json={"query": long})).json()["data"] == {"works": {"totalCount": 0}}
    await client.aclose()


async def test_more_than_can_be_answered_are_told_so_at_once(served, slow):
    slow.gate = asyncio.Event()
    async with served(reader=slow, max_requests=2, max_waiting=1) as client:
        asked = [asyncio.create_task(client.post("/graphql", json=SLOW)) for _ in range(10)]
        waiting = set(asked)
        while len(waiting) > 3:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for answer in [one.result() for one in asked if one.done()]:
            assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "OVERLOADED")
            assert answer.headers["retry-after"] == "1"
        slow.gate.set()
        answers = await asyncio.gather(*asked)
        assert sum(answer.status_code == 200 for answer in answers) == 3
        assert (await client.post("/graphql", json=ASK)).status_code == 200


async def test_requests_that_come_together_are_counted_before_one_is_answered(served, reader):
    async with served(max_requests=1, max_waiting=1) as client:
        answers = await asyncio.gather(*[client.post("/graphql", json=ASK) for _ in range(10)])
        assert sorted(answer.status_code for answer in answers) == [200] * 2 + [503] * 8


async def test_limits_can_be_switched_off(served, slow):
    slow.gate = asyncio.Event()
    async with served(reader=slow, max_requests=0, deadline_seconds=0) as client:
        asked = [asyncio.create_task(client.post("/graphql", json=SLOW)) for _ in range(60)]
        await asyncio.sleep(0.2)
        slow.gate.set()
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {200}


HEAD = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (HEAD, b""),
        (HEAD + b"content-length: 10\r\n\r\n{", b"HTTP/1.1 408"),
        (HEAD + b"x: " + b"y" * 100_000, b"HTTP/1.1 431"),
        (b"GET /graphql?query={__typename} HTTP/1.1\r\nhost: x\r\n\r\n" + HEAD, b"HTTP/1.1 200"),
    ],
)
def test_slow_senders_are_not_waited_for(serve, sent, answered):
    _, address = serve(PEERGRAPH_SENDER_SECONDS="0.5")
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65_536):  # until it is closed
            received += part
    assert received.startswith(answered)
    assert bool(received) == bool(answered)

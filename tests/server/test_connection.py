"""Requests that a connection hands to the endpoint itself are answered as those that go by way of ASGI."""

from __future__ import annotations

import asyncio
import gc
import re

import orjson
import pytest

from server import connection
from server.app import create_app
from server.settings import Settings
from tests.server.over_sockets import answer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ASK = b'{"query": "{ serverInfo { version } }"}'
MOST = 2_000


def post(body: bytes, *headers: bytes, path: bytes = b"/graphql", version: bytes = b"1.1") -> bytes:
    told = b"".join(b"%b\r\n" % one for one in headers)
    if not any(one.lower().startswith(b"content-type") for one in headers):
        told += b"Content-Type: application/json\r\n"
    return b"POST %b HTTP/%b\r\nhost: x\r\n%bcontent-length: %d\r\n\r\n%b" % (path, version, told, len(body), body)


REQUESTS = {
    "a query": post(ASK),
    "graphql-response+json": post(ASK, b"Accept: application/graphql-response+json"),
    "nothing acceptable": post(ASK, b"Accept: image/png"),
    "an origin that is listed": post(ASK, b"Origin: https://a.example"),
    "an origin that is not": post(ASK, b"Origin: https://b.example"),
    "no JSON": post(b"{"),
    "no object": post(b"[1]"),
    "no query": post(b"{}"),
    "nothing": post(b""),
    "an unknown field": post(b'{"query": "{ unknown }"}'),
    "a syntax error": post(b'{"query": "{"}'),
    "another type": post(ASK, b"Content-Type: text/plain"),
    "no type": post(ASK, b"Content-Type:"),
    "compressed": post(ASK, b"Content-Encoding: gzip"),
    "too large": post(ASK.ljust(MOST + 1)),
    "a wrong token": post(ASK, b"Authorization: Bearer wrong"),
    "a cookie of nobody's": post(ASK, b"Cookie: peergraph_session=gone", b"X-Anything: \xe9"),
    "a last request": post(ASK, b"Connection: close"),
    "an older protocol": post(ASK, b"Connection: keep-alive", version=b"1.0"),
    "parameters": post(ASK, path=b"/graphql?query=1"),
    "another path": post(ASK, path=b"/graphql/"),
    "in chunks": b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    b"%x\r\n%b\r\n0\r\n\r\n" % (len(ASK), ASK),
}


@pytest.fixture
async def service(database_url, reader, writer, listening, slow):
    settings = Settings(
        database_url=database_url, max_body_bytes=MOST, allowed_origins=["https://a.example"], deadline_seconds=0
    )
    app = create_app(settings, slow(reader), writer)
    async with listening(app) as address:
        yield app, address


@pytest.fixture
def slow():
    """Makes a reader that reads nothing of researchers until it is told to."""

    class Slow:
        def __init__(self, reader):
            self.reader, self.dialect = reader, reader.dialect
            self.began, self.ended, self.gate = asyncio.Event(), asyncio.Event(), asyncio.Event()

        def fetch(self, sql, values, *, long=False):
            if "slug" not in sql:
                return self.reader.fetch(sql, values, long=long)
            return self._gated()

        def look_up(self, _read, _key):
            return None

        async def _gated(self):
            self.began.set()
            try:
                await self.gate.wait()
            finally:
                self.ended.set()
            return []

        async def changes(self):
            return None

        async def close(self):
            pass

    return Slow


@pytest.fixture
def asgi(monkeypatch):
    """The requests that went by way of ASGI."""
    went, begin = [], connection.PromptConnection._begin

    def noted(self):
        went.append(self.url)
        begin(self)

    monkeypatch.setattr(connection.PromptConnection, "_begin", noted)
    return went


@pytest.fixture
def impatient(monkeypatch):
    """Has new connections rest only so many seconds."""
    made = connection.PromptConnection.connection_made

    def rest(seconds):
        def made_so(self, transport):
            self.timeout_keep_alive = seconds
            made(self, transport)

        monkeypatch.setattr(connection.PromptConnection, "connection_made", made_so)

    return rest


async def answered(address, *pieces: bytes) -> bytes:
    """All that comes until the connection is closed, or nothing more."""
    reader, writer = await asyncio.open_connection(*address)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.03)
    found = b""
    while not complete(found):
        part = await asyncio.wait_for(reader.read(65_536), 5)
        found += part
        if not part:
            break
    writer.close()
    return found


def complete(found: bytes) -> bool:
    head, separator, body = found.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(separator) and (length is None or len(body) >= int(length[1]))


def compared(found: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Without what differs from one request to another."""
    head, _, body = found.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    changing = (b"date:", b"x-request-id:", b"ratelimit:", b"content-length:")
    body = re.sub(rb'"requestId":"[0-9a-f]+"', b'"requestId":""', body)
    return status, sorted(one for one in headers if not one.startswith(changing)), body


@pytest.mark.parametrize("name", REQUESTS)
async def test_both_ways_answer_alike(service, asgi, name):
    _, address = service
    sent = REQUESTS[name]
    plain = b" /graphql HTTP/1.1" in sent
    whole = await answered(address, sent)
    assert len(asgi) == (not plain)
    head = sent.index(b"\r\n\r\n") + 4
    in_pieces = await answered(address, sent[:head], sent[head:]) if sent[head:] else whole
    assert compared(in_pieces) == compared(whole)
    assert len(asgi) == (1 if plain and sent[head:] else 0 if plain else 2)


async def test_requests_in_one_piece_are_answered_in_turn(service, asgi):
    _, address = service
    reader, writer = await asyncio.open_connection(*address)
    fields = ["a", "b", "c", "d"]
    bodies = [b'{"query": "{ %b: __typename }"}' % name.encode() for name in fields]
    writer.write(b"".join(map(post, bodies)))
    for name in fields:
        _, body = await asyncio.wait_for(answer(reader), 5)
        assert orjson.loads(body) == {"data": {name: "Query"}}
    writer.write(post(ASK))
    assert (await reader.readuntil(b"\r\n")) == b"HTTP/1.1 200 OK\r\n"
    assert len(asgi) == 3  # the first, and the one after all, waited for no other
    writer.close()


async def test_who_hangs_up_ends_what_is_read(service):
    app, address = service
    _, writer = await asyncio.open_connection(*address)
    writer.write(post(b'{"query": "{ researcher(by: {slug: \\"a\\"}) { slug } }"}'))
    slow = app._endpoint._reader
    await asyncio.wait_for(slow.began.wait(), 5)
    assert app._endpoint.admission.inside == 1
    writer.close()
    await asyncio.wait_for(slow.ended.wait(), 5)
    assert not slow.gate.is_set()
    await asyncio.sleep(0.05)
    assert app._endpoint.admission.inside == 0


async def test_what_is_asked_while_the_service_stops_is_answered(database_url, reader, writer, listening, slow):
    app = create_app(Settings(database_url=database_url), slow(reader), writer)
    async with listening(app) as address:
        connection_reader, connection_writer = await asyncio.open_connection(*address)
        connection_writer.write(post(b'{"query": "{ researcher(by: {slug: \\"a\\"}) { slug } }"}'))
        await asyncio.wait_for(app._endpoint._reader.began.wait(), 5)
        asyncio.get_running_loop().call_later(0.2, app._endpoint._reader.gate.set)
    found = await asyncio.wait_for(connection_reader.read(), 5)
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in found
    assert found.endswith(b'{"data":{"researcher":null}}')
    connection_writer.close()


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([], "127.0.0.1"),
        ([b"X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
        ([b"X-Forwarded-For: 192.0.2.1, 192.0.2.2"], "192.0.2.2"),
        ([b"X-Forwarded-For: 192.0.2.1", b"x-forwarded-for: 127.0.0.1"], "192.0.2.1"),
        ([b"X-Forwarded-For:"], "127.0.0.1"),
    ],
)
async def test_whom_a_proxy_forwards_for(service, monkeypatch, forwarded, address):
    app, host = service
    seen, asking = [], app._endpoint._access.asking

    async def noted(address, headers):
        seen.append(address)
        return await asking(address, headers)

    monkeypatch.setattr(app._endpoint._access, "asking", noted)
    sent = post(ASK, *forwarded)
    head = sent.index(b"\r\n\r\n") + 4
    await answered(host, sent)
    await answered(host, sent[:head], sent[head:])
    assert seen == [address, address]


async def test_a_connection_that_rests_is_closed(database_url, reader, writer, listening, impatient):
    app = create_app(Settings(database_url=database_url), reader, writer)
    async with listening(app) as address:
        impatient(0.3)
        connection_reader, connection_writer = await asyncio.open_connection(*address)
        for _ in range(4):  # each begins its rest anew
            connection_writer.write(post(ASK))
            await answer(connection_reader)
            await asyncio.sleep(0.15)
        began = asyncio.get_running_loop().time()
        assert await asyncio.wait_for(connection_reader.read(), 5) == b""
        assert asyncio.get_running_loop().time() - began < 1
        connection_writer.close()


async def test_a_websocket_outlives_the_rest_of_its_connection(service, impatient):
    impatient(0.2)
    _, address = service
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(ASK))
    await answer(reader)
    writer.write(
        b"GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.6)
    writer.close()


async def test_headers_that_never_end_are_cut_off_on_a_connection_in_use(service, monkeypatch):
    monkeypatch.setattr(connection, "_seconds", lambda: 0.3)
    _, address = service
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(ASK) + b"POST /graphql HTTP/1.1\r\n" + b"x-many: %b\r\n" % (b"a" * 60_000))
    lines, _ = await answer(reader)
    assert lines[0].startswith(b"http/1.1 200")  # what was asked before is answered
    writer.write(b"x-many: %b\r\n" % (b"a" * 70_000))
    assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 431")
    writer.close()


async def test_a_large_body_is_none_of_the_next_request_s_headers(service):
    _, address = service
    reader, writer = await asyncio.open_connection(*address)
    writer.write(post(b" " * 70_000) + b"POST /graph")
    lines, _ = await answer(reader)
    assert lines[0].startswith(b"http/1.1 413")
    writer.write(b"ql HTTP/1.1\r\n" + post(ASK).partition(b"\r\n")[2])
    assert (await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)) == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def test_what_cannot_be_parsed_is_refused_without_an_error(service, caplog):
    _, address = service
    head = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    found = await answered(address, head + b"5\r\nhello\r\nzz\r\n")
    assert found.startswith(b"HTTP/1.1 400")
    assert [record.exc_info for record in caplog.records if record.exc_info] == []


async def test_nothing_of_a_request_is_left_for_a_collection(service):
    _, address = service
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            await answered(address, post(ASK))
        await asyncio.sleep(0.05)
        assert sum(isinstance(one, connection.Answering) for one in gc.get_objects()) <= 1
    finally:
        gc.enable()

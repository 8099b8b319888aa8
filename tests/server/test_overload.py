"""What is refused where more come than can be answered: by the connection itself, before a request is made of it."""

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise

import orjson
import pytest

from server.admission import FEW, Admission
from server.app import create_app
from server.malformed import Malformed
from server.settings import Settings
from tests.server.over_sockets import answer

BODY = b'{"query": "{ __typename }"}'
POST = b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(BODY)


@pytest.fixture
async def service(database_url, reader, writer, listening):
    """The service on a socket, which has room for one request, and its address."""
    settings = Settings(database_url=database_url, max_requests=1, max_waiting=0, allowed_origins=["https://a.example"])
    app = create_app(settings, reader, writer)
    async with listening(app) as address:
        yield app, address


@asynccontextmanager
async def full(app):
    await app._endpoint.admission.enter()
    yield
    app._endpoint.admission.leave()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAConnection:
    async def test_it_refuses_and_stays_and_answers_when_there_is_room(self, service, caplog):
        app, address = service
        reader, writer = await asyncio.open_connection(*address)
        async with full(app):
            writer.write(POST + b"origin: https://a.example\r\n\r\n" + BODY[:5])
            await asyncio.sleep(0.05)
            writer.write(BODY[5:] + POST + b"\r\n" + BODY)
            for expected in (b"access-control-allow-origin: https://a.example", b"retry-after: 1"):
                lines, body = await answer(reader)
                assert lines[0] == b"http/1.1 503 service unavailable"
                assert {expected, b"x-content-type-options: nosniff", b"cache-control: private, no-store"} <= {*lines}
                ((error,),) = orjson.loads(body).values()
                assert error["extensions"]["code"] == "OVERLOADED"
                assert b"x-request-id: " + error["extensions"]["requestId"].encode() in lines
        writer.write(POST + b"\r\n" + BODY)
        lines, body = await answer(reader)
        assert (lines[0], body) == (b"http/1.1 200 ok", b'{"data":{"__typename":"Query"}}')
        writer.close()
        assert [record.message for record in caplog.records] == ["Refused 1 requests: too many at once"]
        assert app._endpoint.admission.refused == 2

    async def test_who_wants_the_connection_closed_has_it_closed(self, service):
        app, address = service
        reader, writer = await asyncio.open_connection(*address)
        async with full(app):
            writer.write(POST + b"connection: close\r\n\r\n" + BODY)
            lines, _ = await answer(reader)
            assert lines[0] == b"http/1.1 503 service unavailable"
            assert b"connection: close" in lines
            assert await reader.read() == b""
        writer.close()

    @pytest.mark.parametrize(
        "sent",
        [
            b"GET /graphql?query={__typename} HTTP/1.1\r\nhost: x\r\n\r\n",
            POST + b"expect: 100-continue\r\n\r\n" + BODY,
            POST.replace(b"/graphql", b"/graphql?x=1") + b"\r\n" + BODY,
        ],
    )
    async def test_what_is_less_plain_is_refused_in_the_usual_way(self, service, sent):
        app, address = service
        reader, writer = await asyncio.open_connection(*address)
        async with full(app):
            writer.write(sent)
            lines, body = await answer(reader)
            assert lines[0] == b"http/1.1 503 service unavailable"
            assert b"OVERLOADED" in body
        writer.close()

    async def test_other_paths_are_answered(self, service):
        app, address = service
        reader, writer = await asyncio.open_connection(*address)
        async with full(app):
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
            assert (await answer(reader))[0][0] == b"http/1.1 200 ok"
        writer.close()


@pytest.fixture
def clock(monkeypatch):
    """The time as admissions see it, in milliseconds."""
    now = [0.0]
    monkeypatch.setattr("server.admission.perf_counter", lambda: 1000 + now[0] / 1000)

    def pass_by(milliseconds):
        now[0] += milliseconds

    return pass_by


async def entered(admission, many):
    going = [asyncio.create_task(admission.enter()) for _ in range(many)]
    for _ in range(2 * many):
        await asyncio.sleep(0)
    return going


async def at_pace(admission, clock, milliseconds):
    """Requests in a row, each over so long after the one before."""
    first = await entered(admission, 2)
    for _ in range(100):
        clock(milliseconds)
        admission.leave()
        await admission.enter()
    for _ in first:
        clock(milliseconds)
        admission.leave()


@pytest.mark.parametrize(
    ("milliseconds", "let_in"),
    [(0.1, 2 + 40), (1.1, 2 + 19), (2.1, 2 + 10), (100, 2 + FEW)],
)
async def test_as_many_wait_as_are_answered_soon(clock, milliseconds, let_in):
    admission = Admission(inside=2, waiting=40, seconds=0.02)
    await at_pace(admission, clock, milliseconds)
    waiting = await entered(admission, 2 + FEW)
    clock(300)  # it is no burst
    going = waiting + await entered(admission, 50)
    refused = [one for one in going if one.done() and isinstance(one.exception(), Malformed)]
    assert len(going) - len(refused) == let_in
    for one in going:
        one.cancel()
    await asyncio.gather(*going, return_exceptions=True)


async def test_a_burst_may_wait(clock):
    admission = Admission(inside=2, waiting=40, seconds=0.02)
    await at_pace(admission, clock, 100)
    going = await entered(admission, 60)
    assert sum(one.done() and isinstance(one.exception(), Malformed) for one in going) == 60 - 42
    for one in going:
        one.cancel()
    await asyncio.gather(*going, return_exceptions=True)


async def test_after_a_while_nobody_knows_their_pace(clock):
    admission = Admission(inside=2, waiting=40, seconds=0.02)
    await at_pace(admission, clock, 100)
    clock(2000)
    going = await entered(admission, 42)
    assert not admission.full or admission.waiting == 40
    for one in going:
        one.cancel()
    await asyncio.gather(*going, return_exceptions=True)


async def test_time_in_which_nobody_asks_is_not_theirs(clock):
    admission = Admission(inside=2, waiting=40, seconds=0.02)
    for _ in range(50):
        await at_pace(admission, clock, 0.1)
        clock(900)
    going = await entered(admission, 2 + 30)
    assert not admission.full
    for one in going:
        one.cancel()
    await asyncio.gather(*going, return_exceptions=True)


@pytest.mark.parametrize(("milliseconds", "calm", "begun"), [
    (0.1, True, [5]), (4, True, [2, 2, 1]), (20, True, [1] * 5), (0.1, False, [5]), (4, False, [1] * 5),
])  # fmt: skip
async def test_a_turn_of_the_loop_has_as_many_as_a_moment(clock, milliseconds, calm, begun):
    admission = Admission(inside=5, waiting=40, seconds=0.02)
    await at_pace(admission, clock, milliseconds)
    clock(20)
    if not calm:
        admission.refusal()
    assert await begun_in_turns(admission) == begun


async def begun_in_turns(admission):
    """How many begin in each turn of the loop in which any does, of five that have come in one before."""
    going = [asyncio.create_task(admission.enter()) for _ in range(5)]
    begun = [0]
    await asyncio.sleep(0)
    assert (admission.inside, admission.waiting) == (0, 5)
    while not all(one.done() for one in going):
        await asyncio.sleep(0)
        begun.append(admission.inside)
    return [after - before for before, after in pairwise(begun) if after > before]


async def test_a_queue_that_begins_anew_while_some_are_refused_is_no_burst(clock):
    admission = Admission(inside=2, waiting=40, seconds=0.02)
    await at_pace(admission, clock, 10)
    admission.refusal()
    going = await entered(admission, 60)
    assert sum(one.done() and isinstance(one.exception(), Malformed) for one in going) == 60 - 2 - FEW
    for one in going:
        one.cancel()
    await asyncio.gather(*going, return_exceptions=True)

"""What those who only listen cost, and how soon all of them are told: part of `make bench`.

2,000 WebSockets, each with a subscription, in one process: the memory that each takes; how long an event that concerns
all of them takes to the last; and what others' queries meanwhile wait, against an idle process.

    python -m tests.benchmarks.listening [--sqlite FILE --postgres URL]
"""

from __future__ import annotations

import asyncio
import base64
import os
import resource
import time
from pathlib import Path

import orjson
import uvloop
from sqlalchemy import insert, select, text

from models import Event, Researcher
from models.database import connect
from schema.node import global_id
from tests.benchmarks.closed_loop import ask, request
from tests.benchmarks.databases import arguments, filled
from tests.benchmarks.serving import SERVED, SLUG, Running, body, served

LISTENERS, MOST_KILOBYTES, MOST_SECONDS, MOST_TIMES = 2_000, 60, 2.0, 5.0
QUERY = "subscription ($id: ID!) { followersChanged(researcherId: $id) { displayName followerCount } }"


def frame(message: object) -> bytes:
    """A masked frame of text; the mask is of zeros."""
    payload = orjson.dumps(message)
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + payload


class Listener:
    """A WebSocket with as little around it as will do, so that the client is not what is measured."""

    async def connect(self, port: int, id: str) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        key = base64.b64encode(os.urandom(16)).decode()
        self._writer.write(
            f"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        await self._reader.readuntil(b"\r\n\r\n")
        self._writer.write(frame({"type": "connection_init"}))
        await self.hear()
        listening = {"query": QUERY, "variables": {"id": id}}
        self._writer.write(frame({"id": "1", "type": "subscribe", "payload": listening}))
        self._writer.write(frame({"id": "2", "type": "subscribe", "payload": {"query": "{ __typename }"}}))
        for _ in range(2):  # by then the first has begun
            await self.hear()

    async def hear(self) -> bytes:
        while True:
            first, length = await self._reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self._reader.readexactly(2), "big")
            payload = await self._reader.readexactly(length)
            if first == 0x81:
                return payload
            if first == 0x89:  # a ping
                self._writer.write(b"\x8a" + bytes([0x80 | length]) + b"\0\0\0\0" + payload)

    def close(self) -> None:
        self._writer.close()


def kilobytes(pid: int) -> int:
    """What a process holds of memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


async def asked(port: int, until: asyncio.Event) -> float:
    """The p99 of small queries, one after the other, in milliseconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent, latencies = request(port, body("SMALL")), []
    while not until.is_set():
        start = time.perf_counter()
        await ask(reader, writer, sent)
        latencies.append(time.perf_counter() - start)
        await asyncio.sleep(0.001)
    writer.close()
    return 1000 * sorted(latencies)[int(len(latencies) * 0.99)]


async def during(port: int, seconds: float) -> float:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    return await asked(port, over)


async def on(database: str, url: str, server: Running) -> None:
    engine = connect(url)
    with engine.connect() as connection:
        id = connection.scalar(select(Researcher.id).where(text("slug = :slug")), {"slug": SLUG})
    await during(server.port, 1)
    idle, before = await during(server.port, 3), kilobytes(server.pid)
    listeners = [Listener() for _ in range(LISTENERS)]
    for some in range(0, LISTENERS, 50):
        await asyncio.gather(
            *[one.connect(server.port, global_id("Researcher", id)) for one in listeners[some : some + 50]]
        )
    each = (kilobytes(server.pid) - before) / LISTENERS
    hearing = [asyncio.create_task(one.hear()) for one in listeners]
    over = asyncio.Event()
    queries = asyncio.create_task(asked(server.port, over))
    await asyncio.sleep(0.2)

    def happen() -> None:
        with engine.begin() as connection:
            connection.execute(insert(Event).values(kind="FOLLOWERS", subject_kind="researcher", subject_id=id))

    start = time.perf_counter()
    await asyncio.to_thread(happen)
    told = await asyncio.gather(*hearing)
    seconds = time.perf_counter() - start
    over.set()
    busy = await queries
    assert all(b"followersChanged" in one for one in told)
    for one in listeners:
        one.close()
    missed = each > MOST_KILOBYTES or seconds > MOST_SECONDS or busy > MOST_TIMES * idle
    print(
        f"{database:10} {LISTENERS:,} listeners take {each:.0f} KB each (at most {MOST_KILOBYTES}); an event reaches all of"
        f" them within {seconds:.2f} s (at most {MOST_SECONDS:g}); meanwhile the p99 of SMALL is {busy / idle:.1f} times the"
        f" idle one (at most {MOST_TIMES:g}){'  MISSED' if missed else ''}",
        flush=True,
    )
    engine.dispose()


def main() -> None:
    given = arguments(__doc__).parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * LISTENERS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    os.environ["PEERGRAPH_MAX_SOCKETS_PER_ADDRESS"] = "0"
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            with served(SERVED, url) as server:
                uvloop.run(on(database, url, server))


if __name__ == "__main__":
    main()

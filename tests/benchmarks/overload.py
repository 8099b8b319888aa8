"""What happens at four times the requests that can be answered: part of `make bench`.

16 connections ask for a whole profile page as fast as it is answered, which tells the capacity; then four times as many
requests come as that, whether others have been answered or not. What is admitted must be answered nearly as well as
before, and all others told at once to try again.

    python -m tests.benchmarks.overload [--sqlite FILE --postgres URL] [--seconds S]
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from statistics import median
from typing import Any

import uvloop

from tests.benchmarks.closed_loop import Measured, closed_loop, request
from tests.benchmarks.databases import arguments, filled
from tests.benchmarks.serving import CONNECTIONS, SERVED, Running, body, served

TIMES = 4
LEAST_GOODPUT, MOST_P99 = 0.8, 3.0  # of the capacity, and times the p99 at capacity
ROUNDS = 3
HELD = 512  # connections, as a proxy holds them


class Connection(asyncio.Protocol):
    """Takes less than streams do: the machine is the service's."""

    def connection_made(self, transport: Any) -> None:
        self._transport, self._left = transport, 0
        self._answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def status(self, sent: bytes) -> int:
        """Of the answer, all of which has come."""
        self._left, self._answered = 0, asyncio.get_running_loop().create_future()
        self._transport.write(sent)
        return await self._answered

    def data_received(self, data: bytes) -> None:
        if not self._left:  # a head comes in one piece
            head = data.index(b"\r\n\r\n") + 4
            self._status = int(data[9:12])
            at = data.lower().index(b"content-length:", 0, head) + 15
            self._left = head + int(data[at : data.index(b"\r", at)])
        self._left -= len(data)
        if not self._left:
            self._answered.set_result(self._status)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError())

    def close(self) -> None:
        self._transport.close()


async def open_loop(port: int, sent: bytes, rate: float, seconds: float) -> dict[int, Measured]:
    """Requests at this rate, whatever becomes of them; what was answered, by status."""
    found, idle = {200: Measured(), 503: Measured()}, deque[Connection]()
    loop = asyncio.get_running_loop()
    for _ in range(HELD):
        _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
        idle.append(connection)
        await connection.status(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")  # so that it has been accepted

    async def one() -> None:
        if not idle:
            raise RuntimeError(f"{HELD} requests wait: the service neither answers nor refuses them.")
        connection, start = idle.popleft(), time.perf_counter()  # the one that has been idle longest
        answered = await connection.status(sent)
        found[answered].latencies.append(time.perf_counter() - start)
        idle.append(connection)

    started, count = time.perf_counter(), 0
    async with asyncio.TaskGroup() as under_way:
        while (passed := time.perf_counter() - started) < seconds:
            while count < passed * rate:
                count += 1
                under_way.create_task(one())
            await asyncio.sleep(0.001)
    for measured in found.values():
        measured.seconds = time.perf_counter() - started
    for connection in idle:
        connection.close()
    return found


def on(database: str, server: Running, seconds: float) -> None:
    """Several times, each between two looks at the capacity: a machine's pace may change within a minute."""
    sent = body("PROFILE")

    def capacity(seconds: float = 4) -> Measured:
        return uvloop.run(closed_loop(server.port, sent, connections=CONNECTIONS, seconds=seconds))

    capacity(1)
    before, goodputs, times, refused = capacity(), [], [], Measured()
    for _ in range(ROUNDS):
        rate = TIMES * before.rate
        found = uvloop.run(open_loop(server.port, request(server.port, sent), rate, seconds))
        after = capacity()
        goodputs.append(2 * found[200].rate / (before.rate + after.rate))
        usual = (before.percentile(0.99) + after.percentile(0.99)) / 2
        times.append(found[200].percentile(0.99) / usual)
        refused.latencies += found[503].latencies
        before = after
    goodput, p99 = median(goodputs), median(times)
    missed = goodput < LEAST_GOODPUT or p99 > MOST_P99
    print(
        f"{database:10} at {TIMES} times {before.rate:.0f} requests a second: {goodput:.2f} of that answered (at least"
        f" {LEAST_GOODPUT}), their p99 {p99:.1f} times that at capacity (at most {MOST_P99:.0f}),"
        f" {len(refused.latencies)} refused within {refused.percentile(0.5):.0f} ms (median)"
        f"{'  MISSED' if missed else ''}",
        flush=True,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each round")
    given = parser.parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            with served(SERVED, url) as server:
                on(database, server, given.seconds)


if __name__ == "__main__":
    main()

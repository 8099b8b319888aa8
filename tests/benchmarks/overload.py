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
ROUNDS = 5
HELD = 512  # connections, as a proxy holds them


async def open_loop(port: int, sent: bytes, rate: float, seconds: float) -> dict[int, Measured]:
    """Requests at this rate, whatever becomes of them; what was answered, by status."""
    found, idle = {200: Measured(), 503: Measured()}, deque[Any]()
    for _ in range(HELD):
        idle.append(await asyncio.open_connection("127.0.0.1", port))
        await status(*idle[-1], b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")  # so that it has been accepted

    async def one() -> None:
        if not idle:
            raise RuntimeError(f"{HELD} requests wait: the service neither answers nor refuses them.")
        connection, start = idle.popleft(), time.perf_counter()  # the one that has been idle longest
        answered = await status(*connection, sent)
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
    for _, writer in idle:
        writer.close()
    return found


async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> int:
    """Of the answer, all of which has come."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])


def on(database: str, server: Running, seconds: float) -> None:
    """Several times, each between two looks at the capacity: a machine's pace may change within a minute."""
    sent = body("PROFILE")

    def capacity(seconds: float = 4) -> Measured:
        return uvloop.run(closed_loop(server.port, sent, connections=CONNECTIONS, seconds=seconds))

    capacity(1)
    before, goodputs, times, refused = capacity(), [], [], Measured()
    for _ in range(ROUNDS):
        rate = TIMES * before.rate
        found = uvloop.run(open_loop(server.port, request(server.port, sent), rate, seconds / ROUNDS))
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
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            with served(SERVED, url) as server:
                on(database, server, given.seconds)


if __name__ == "__main__":
    main()

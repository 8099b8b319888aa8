"""A long time of everything: `make soak`. Memory must stay flat, and nothing may be left open.

Whole profiles, small queries, searches, queries that are refused, clients that hang up, and WebSockets that come and go,
all at once; what the process holds is looked at every ten seconds.

    python -m tests.benchmarks.soak [--minutes M] [--sqlite FILE --postgres URL]
"""

from __future__ import annotations

import asyncio
import time
from itertools import count
from pathlib import Path

import orjson
import uvloop
from sqlalchemy import text

from models.database import connect
from schema.node import global_id
from tests.benchmarks.closed_loop import ask, request
from tests.benchmarks.databases import arguments, filled
from tests.benchmarks.listening import Listener, kilobytes
from tests.benchmarks.serving import SERVED, SLUG, Running, body, served

MOST_SLOPE = 1.0  # MB a minute, in the last third
EVERY = 10.0  # seconds
SEARCH = "query ($q: String!) { search(query: $q, first: 10) { nodes { node { id } } totalCount } }"
NUMBERS = count()


def search() -> bytes:
    """Another text each time, so that no answer is kept for long."""
    words = {"q": f"{'abcdefghij'[next(NUMBERS) % 10]} learning {next(NUMBERS)}"}
    return orjson.dumps({"query": SEARCH, "variables": words})


def document() -> bytes:
    """Another document each time."""
    return orjson.dumps({"query": f"{{ a{next(NUMBERS)}: __typename serverInfo {{ version }} }}"})


async def asks(port: int, until: float, sent: object) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        try:
            await ask(reader, writer, request(port, sent() if callable(sent) else sent))  # type: ignore[arg-type]
        except RuntimeError:  # refused
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def hangs_up(port: int, until: float) -> None:
    while time.monotonic() < until:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(port, body("PROFILE")))
        await asyncio.sleep(0.001)
        writer.close()
        await asyncio.sleep(0.05)


async def listens(port: int, until: float, id: int) -> None:
    while time.monotonic() < until:
        listener = Listener()
        await listener.connect(port, global_id("Researcher", id))
        await asyncio.sleep(0.5)
        listener.close()


def files(pid: int) -> int:
    """That a process has open, sockets too."""
    return len([*Path(f"/proc/{pid}/fd").iterdir()])


def asked_of(url: str, statement: str) -> int:
    """The number that it answers."""
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.scalar(text(statement))
    engine.dispose()
    return int(found or 0)


def connections(url: str) -> int:
    """Of the service, to PostgreSQL."""
    if not url.startswith("postgresql"):
        return 0
    return asked_of(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'peergraph%'")


async def on(database: str, url: str, server: Running, minutes: float) -> None:
    port, until = server.port, time.monotonic() + 60 * minutes
    followed = asked_of(url, f"SELECT id FROM researcher WHERE slug = '{SLUG}'")
    await asks(port, time.monotonic() + 2, body("PROFILE"))
    opened = files(server.pid)
    load = [
        *[asyncio.create_task(asks(port, until, sent)) for sent in (body("PROFILE"), body("SMALL"), search, document)],
        asyncio.create_task(hangs_up(port, until)),
        *[asyncio.create_task(listens(port, until, followed)) for _ in range(5)],
    ]
    seen: list[tuple[float, float]] = []
    while time.monotonic() < until:
        await asyncio.sleep(EVERY)
        seen.append((time.monotonic() / 60, kilobytes(server.pid) / 1024))
    await asyncio.gather(*load)
    await asyncio.sleep(20)  # what is idle is closed
    last = seen[len(seen) * 2 // 3 :]
    mean_at, mean = (sum(one[place] for one in last) / len(last) for place in (0, 1))
    slope = sum((at - mean_at) * (held - mean) for at, held in last) / sum((at - mean_at) ** 2 for at, _ in last)
    left = files(server.pid) - opened
    missed = slope > MOST_SLOPE or left > 20
    print(
        f"{database:10} {minutes:g} minutes: {seen[0][1]:.0f} MB after the first ten seconds, {seen[-1][1]:.0f} MB at the"
        f" end, {slope:+.2f} MB a minute in the last third (at most {MOST_SLOPE:g}); {left:+d} open files and sockets,"
        f" {connections(url)} connections to the database{'  MISSED' if missed else ''}",
        flush=True,
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            with served(SERVED, url) as server:
                uvloop.run(on(database, url, server, given.minutes))


if __name__ == "__main__":
    main()

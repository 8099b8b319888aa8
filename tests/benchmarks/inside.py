"""What a request takes inside the process: memory, and the time to compile its plan. Run by serving.py for itself."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from statistics import median
from typing import Any

import orjson
from graphql import execute, parse

from execution import PlanExecutor
from resolvers.accesses import Client
from resolvers.drivers import open_reader
from resolvers.store import Store
from schema.context import Context
from schema.root import build_schema
from server.app import create_app
from server.settings import Settings
from tests.benchmarks.graphql_core import GraphQLCore
from tests.benchmarks.serving import QUERIES, SLUG, body

ROUNDS = 15


async def asked(app: Any, sent: bytes) -> bytes:
    """The body of the application's answer, without a server in between."""
    parts: list[bytes] = []
    messages = iter([{"type": "http.request", "body": sent, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(messages, None) or await asyncio.get_running_loop().create_future()  # nothing comes after it

    async def send(message: dict[str, Any]) -> None:
        parts.append(message.get("body", b""))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return b"".join(parts)


async def peak(app: Any, sent: bytes) -> int:
    """The bytes that one request needs at most, when the server is warm."""
    for _ in range(3):
        await asked(app, sent)
    gc.collect()
    tracemalloc.start()
    peaks = []
    for _ in range(ROUNDS):
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await asked(app, sent)
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    return int(median(peaks))


async def compiled(run: Callable[[Any, bool], Awaitable[None]], text: str) -> dict[str, float]:
    """Milliseconds: to run with the plan, to compile it besides, and to run on graphql-core's executor."""
    times: dict[str, list[float]] = {"planned": [], "first": [], "graphql_core": []}
    for _ in range(ROUNDS):
        document = parse(text)
        for name, planned in (("graphql_core", False), ("first", True), ("planned", True)):
            start = time.perf_counter()
            await run(document, planned)
            times[name].append(1000 * (time.perf_counter() - start))
    found = {name: median(values) for name, values in times.items()}
    found["compile"] = found["first"] - found["planned"]
    return found


async def inside(url: str, sent: bytes, text: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The figures for this database and query."""
    os.environ["DATABASE_URL"] = url
    from tests.benchmarks import handwritten  # noqa: PLC0415  reads the variable when it is imported

    schema = build_schema()._schema
    reader = open_reader(url)

    async def run(document: Any, planned: bool) -> None:
        unused: Any = None
        client = Client("", "")
        context = Context(Store(reader), "http://127.0.0.1", "0", "0", unused, client, spent=unused, hub=unused)
        executor = PlanExecutor if planned else GraphQLCore
        running = execute(schema, document, context_value=context, variable_values=variables, executor_class=executor)
        result: Any = await running if isawaitable(running) else running
        assert result.errors is None

    await handwritten.database.open()
    return {
        "peak_bytes": await peak(create_app(Settings(database_url=url, answers_bytes=0)), sent),
        "peak_bytes_by_hand": await peak(handwritten.create(), sent),
        **await compiled(run, text),
    }


def main() -> None:
    figures = asyncio.run(inside(sys.argv[1], body("PROFILE"), QUERIES["PROFILE"], {"slug": SLUG}))
    sys.stdout.buffer.write(orjson.dumps(figures))


if __name__ == "__main__":
    main()

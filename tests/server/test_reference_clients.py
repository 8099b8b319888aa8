"""The protocols' reference clients, who go on from their last cursor when a server goes: nothing is missed or comes twice."""

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import insert, select

from models import Event
from resolvers.event_log import cursor_of
from schema.node import global_id
from server.pages import PATH

NODE = Path(__file__).parent / "node"
ROOT = Path(__file__).parents[2]
FOLLOWERS = {"kind": "FOLLOWERS", "subject_kind": "researcher", "subject_id": 1}
WRITERS = 8


async def happen(engine, many: int) -> None:
    """So many events, by several transactions at a time, which commit in any order."""
    chance = Random(many)
    left = many

    async def write() -> None:
        nonlocal left
        while left > 0:
            some = min(left, chance.randrange(1, 40))
            left -= some
            await asyncio.to_thread(commit, some)

    def commit(some: int) -> None:
        with engine.begin() as connection:
            for _ in range(some):
                connection.execute(insert(Event).values(**FOLLOWERS))

    await asyncio.gather(*[write() for _ in range(WRITERS if engine.dialect.name == "postgresql" else 1)])


@pytest.mark.parametrize(
    ("database_url", "protocol", "many"),
    [("postgresql", "ws", 10_000), ("sqlite", "ws", 1_000), ("postgresql", "sse", 1_000), ("sqlite", "sse", 300)],
    indirect=["database_url"],
)
async def test_a_client_of_a_killed_server_goes_on_at_another(serve, engine, record, node, protocol, many):
    record("researcher")
    await happen(engine, 50)
    (first, one), (_, other) = serve(), serve()
    command = [node, NODE / "listen.mjs", protocol, global_id("Researcher", 1), cursor_of(0), f"{many}"]
    client = await asyncio.create_subprocess_exec(
        *map(str, command),
        f"{one}/graphql",
        f"{other}/graphql",
        stdout=subprocess.PIPE,
        env=os.environ | {"PATH": PATH},
    )
    writing = asyncio.create_task(happen(engine, many - 50))
    received = []
    async with asyncio.timeout(200):
        async for line in client.stdout:
            received.append(json.loads(line)["cursor"])
            if len(received) == many // 3:
                os.kill(first.pid, signal.SIGKILL)
        assert await client.wait() == 0
    await writing
    with engine.connect() as connection:
        places = [*connection.scalars(select(Event.position).order_by(Event.position))]
    assert received == [*map(cursor_of, places)]

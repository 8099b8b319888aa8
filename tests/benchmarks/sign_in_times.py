"""Whether the time of a refused sign-in tells if there is such an account: part of `make bench`.

Both kinds of guesses in random order, on a new SQLite database; the Kolmogorov-Smirnov distance of their times beside
the one that chance exceeds in 5 % of such runs.

    python -m tests.benchmarks.sign_in_times [--guesses N]
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from bisect import bisect_right
from pathlib import Path
from statistics import median

from models import migrate
from models.database import connect
from resolvers import accounts, signing_in
from resolvers.accesses import Client
from resolvers.drivers import open_reader
from resolvers.refused import Declined
from resolvers.writing import open_writer

CLIENT = Client("", "bench")
WARMING = 5
CHANCE = 1.36  # times the square root of 2 / n: the distance at 5 %


async def times(url: str, guesses: int) -> dict[str, list[float]]:
    """Seconds of each guess, by the address that was guessed at."""
    reader = open_reader(url)
    writer = open_writer(url, reader)
    accounts.GUESSES = signing_in.GUESSES = signing_in.GUESSES_FROM_ADDRESS = 10**9
    await signing_in.sign_up(writer, CLIENT, "Ada", "known@example.org", "a long password")
    found: dict[str, list[float]] = {"known@example.org": [], "unknown@example.org": []}
    for _ in range(guesses + WARMING):
        for email in random.sample(list(found), 2):
            started = time.perf_counter()
            try:
                await signing_in.sign_in(writer, CLIENT, email, "another password")
            except Declined:
                found[email].append(time.perf_counter() - started)
    await writer.close()
    await reader.close()
    return {email: sorted(some[WARMING:]) for email, some in found.items()}


def distance(one: list[float], other: list[float]) -> float:
    """The greatest difference of their shares below any time."""
    return max(abs(bisect_right(one, at) / len(one) - bisect_right(other, at) / len(other)) for at in one + other)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--guesses", type=int, default=200)
    guesses = parser.parse_args().guesses
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        engine = connect(url)
        migrate.upgrade(engine)
        engine.dispose()
        found = asyncio.run(times(url, guesses))
    for email, some in found.items():
        print(f"sign-in  {email:20} median {1000 * median(some):6.1f} ms")
    print(f"sign-in  distance {distance(*found.values()):.3f}, by chance up to {CHANCE * (2 / guesses) ** 0.5:.3f}")


if __name__ == "__main__":
    main()

"""What all limits, the log and the metrics cost together: part of `make bench`.

Two services over the same database, as they are served: one as it is by default, and one with every limit, the log of
requests and the metrics switched off. They are asked in turn, a moment each, so that a machine that slows down slows
both.

    python -m tests.benchmarks.guarding [--sqlite FILE --postgres URL] [--rounds N] [--seconds S]
"""

from __future__ import annotations

from statistics import median

from schema.context import UNLIMITED
from server.settings import Settings
from tests.benchmarks.databases import arguments, filled
from tests.benchmarks.serving import UNKEPT, Running, Variant, compared, measured, served

MOST = {"SMALL": 0.25, "PROFILE": 0.04}  # of the requests a second that there would be without
PREFIXES = ("max_", "rate_limit", "deadline_", "sender_")
LIMITS = {
    f"PEERGRAPH_{name.upper()}": "0"
    for name in Settings.model_fields
    if name.startswith(PREFIXES) and name != "rate_limit_storage"
}
QUIET = {"PEERGRAPH_LOG_LEVEL": "WARNING", "PEERGRAPH_METRICS": "false"}
# What nobody uses up, but is told of in headers, as it is not where there is no limit.
RATES = dict.fromkeys(("PEERGRAPH_RATE_LIMIT", "PEERGRAPH_RATE_LIMIT_SIGNED_OUT"), f"{UNLIMITED - 1}")
GUARDED = Variant("guarded", "server", "PEERGRAPH_DATABASE_URL", UNKEPT | RATES | {"PEERGRAPH_LOG_FORMAT": "json"})
BARE = Variant("bare", "server", "PEERGRAPH_DATABASE_URL", UNKEPT | LIMITS | QUIET)


def on(database: str, guarded: Running, bare: Running, rounds: int, seconds: float) -> None:
    for name, most in MOST.items():
        servers = (guarded, bare)
        compared(servers, name)
        for server in servers:
            measured(server, name, 4 * seconds)  # until it is warm
        rates, cpu = [], []
        for number in range(rounds):
            turn = servers[:: 1 if number % 2 else -1]
            found = {server.variant.name: measured(server, name, seconds) for server in turn}
            rates.append(1 - found["guarded"]["rate"] / found["bare"]["rate"])
            cpu.append(found["guarded"]["cpu"] / found["bare"]["cpu"] - 1)
        cost = median(rates)
        print(
            f"{database:10} {name:8} limits, log and metrics take {100 * cost:.1f} % of the requests a second (at most"
            f" {100 * most:.0f}), and {100 * median(cpu):.1f} % more CPU each{'  MISSED' if cost > most else ''}",
            flush=True,
        )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            with served(GUARDED, url, quiet=True) as guarded, served(BARE, url) as bare:
                on(database, guarded, bare, given.rounds, given.seconds)


if __name__ == "__main__":
    main()

"""/metrics, as Prometheus reads it; of all processes together where there are several.

What happens in a request is added up in plain numbers, and told to Prometheus' own once a second and when it asks:
these take locks, and with several processes write to files.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter as Counts
from math import nan
from time import perf_counter
from typing import Literal, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from resolvers.drivers import Database, Reader
from resolvers.later import arrived
from resolvers.refused import Unavailable
from resolvers.replica import Replica
from resolvers.writing import Writer
from server.admission import Admission
from server.answers import Answers
from server.documents import Documents
from server.live import Connections
from server.seen import Seen

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus-client's: where several processes write
EVERY = 1.0  # seconds
PATIENCE = 2.0  # seconds that the database has to count
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
OfAll = Literal["livesum", "livemax", "livemostrecent"]  # how the gauges of several processes make one
MAILS = "SELECT count(*) FROM mail"


class Observed(NamedTuple):
    """What is looked at once a second."""

    documents: Documents
    answers: Answers
    admission: Admission
    reader: Database
    writer: Writer
    connections: Connections
    replica: Replica | None


class Metrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        # The codes are those of our own errors and refusals: no client can make up another.
        self._requests = self._counter("requests", "Requests at /graphql, by the first of their errors.", "code")
        self._plans = self._counter("operations", "Operations that were run, by how their plan went.", "plan")
        self._statements = self._counter("statements", "Statements that read for operations.")
        self._reading = self._counter("statement_seconds", "How long they took.")
        self._lookups = self._counter("cache_lookups", "Looks into a cache.", "cache", "result")
        self._seconds = self._histogram("request_seconds", "How long requests at /graphql took.")
        self._lag = self._histogram("loop_lag_seconds", "How late the event loop was, once a second.")
        self._bytes = self._gauge("cache_bytes", "What a cache holds.", "cache")
        self._present = self._gauge("requests_present", "Requests inside, and those that wait for that.", "state")
        self._connected = self._gauge("live_connections", "WebSockets and event streams that are open.")
        self._events = self._counter("events_told", "Events that subscribers have been told.")
        self._too_slow = self._counter("slow_connections_closed", "Connections closed for reading too slowly.")
        self._in_use = self._gauge("database_connections_in_use", "Connections at work.", "work")
        self._behind = self._gauge("replica_lag_seconds", "How far the replica is behind.", of_all="livemax")
        self._followed = self._gauge("replica_in_use", "Processes that read at the replica.")
        self._mails = self._gauge("mails_waiting", "Messages to send.", of_all="livemostrecent")
        self._codes, self._outcomes = Counts[str](), Counts[str]()
        self._read, self._read_seconds = 0, 0.0
        self._told: dict[tuple[Counter, tuple[str, ...]], float] = {}

    def over(self, seen: Seen) -> None:
        """Count a request that is over."""
        self._codes["HUNG_UP" if seen.status is None else seen.codes[0] if seen.codes else "OK"] += 1
        self._seconds.observe(perf_counter() - seen.began)
        if seen.plan:
            self._outcomes[seen.plan] += 1
        self._read += seen.statements
        self._read_seconds += seen.reading

    def refused(self, code: str) -> None:
        """Count a request that was refused before anything was known of it."""
        self._codes[code] += 1

    def publish(self, observed: Observed) -> None:
        """Tell Prometheus' own how all of it stands."""
        for code, count in self._codes.items():
            self._raise(self._requests, count, code)
        for plan, count in self._outcomes.items():
            self._raise(self._plans, count, plan)
        self._raise(self._statements, self._read)
        self._raise(self._reading, self._read_seconds)
        caches: tuple[tuple[str, Documents | Answers], ...] = (
            ("documents", observed.documents),
            ("answers", observed.answers),
        )
        for name, cache in caches:
            self._raise(self._lookups, cache.hits, name, "hit")
            self._raise(self._lookups, cache.misses, name, "miss")
            self._bytes.labels(name).set(cache.bytes)
        self._present.labels("inside").set(observed.admission.inside)
        self._present.labels("waiting").set(observed.admission.waiting)
        self._connected.set(observed.connections.open)
        self._raise(self._events, observed.connections.told)
        self._raise(self._too_slow, observed.connections.too_slow)
        self._in_use.labels("reading").set(observed.reader.in_use)
        self._in_use.labels("writing").set(observed.writer.in_use)
        if observed.replica:
            self._in_use.labels("reading at the replica").set(observed.replica.connections_in_use)
            self._behind.set(observed.replica.lag)
            self._followed.set(observed.replica.in_use)

    async def run(self, observed: Observed) -> None:
        """Publish, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                due = loop.time() + EVERY
                await asyncio.sleep(EVERY)
                self._lag.observe(max(loop.time() - due, 0))
                self.publish(observed)
        finally:
            if FOLDER in os.environ:
                self.publish(observed)
                mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]

    def route(self, observed: Observed) -> BaseRoute:
        async def told(_request: Request) -> Response:
            self._mails.set(await _mails(observed.reader))
            self.publish(observed)
            registry = self._registry
            if FOLDER in os.environ:
                MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
            return Response(generate_latest(registry), 200, {"cache-control": "no-store"}, CONTENT_TYPE_LATEST)

        return Route("/metrics", told)

    def _raise(self, counter: Counter, total: float, *labels: str) -> None:
        child = counter.labels(*labels) if labels else counter
        child.inc(total - self._told.get((counter, labels), 0))
        self._told[counter, labels] = total

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"peergraph_{name}", about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str) -> Histogram:
        return Histogram(f"peergraph_{name}", about, buckets=SECONDS, registry=self._registry)

    def _gauge(self, name: str, about: str, *labels: str, of_all: OfAll = "livesum") -> Gauge:
        return Gauge(f"peergraph_{name}", about, labels, registry=self._registry, multiprocess_mode=of_all)


async def _mails(reader: Reader) -> float:
    """How many wait; not a number where that cannot be known now."""
    try:
        async with asyncio.timeout(PATIENCE):
            rows = await arrived(reader.fetch(MAILS, []))
    except (Unavailable, TimeoutError):
        return nan
    return float(rows[0][0])

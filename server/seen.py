"""What is known of a request when it is over, and the line of the log that tells it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from random import getrandbits
from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from starlette.types import Message, Send

from resolvers.drivers import Reader
from resolvers.later import Later, lazily
from server.logs import EACH

if TYPE_CHECKING:  # see server/tracing.py
    from opentelemetry.trace import Span

    from resolvers.reads import Keyed
    from server.tracing import Trace

_log = logging.getLogger("peergraph.request")
MOMENT, MOST = 0.05, 100  # seconds after which requests are logged that are over, or how many of them sooner
LONGEST_NAME = 100  # characters of an operation's name, which its sender chose


def new_id() -> str:
    """Of a request: unique is enough for it, and takes no system call."""
    return f"{getrandbits(128):032x}"


class Seen:
    """A request, filled in while it is answered: nothing of what was sent but its operation's name."""

    # Most requests leave most of it as it is.
    status: int | None = None  # None while, or where, it is not answered
    operation: str | None = None
    cost: int | None = None
    plan: str | None = None  # planned, replanned, abandoned or unplanned, if anything was run
    kept = False  # whether it was answered with what another was
    statements, reading = 0, 0.0  # that read for it, and the seconds that they took
    codes: Sequence[str] = ()  # of its errors
    trace: Trace | None = None
    # Known when it is over: when that was, how many seconds after it began, and what was asked.
    at, took = 0.0, 0.0
    method, path = "", ""

    def __init__(self) -> None:
        self.id = new_id()
        self.began = perf_counter()

    @property
    def name(self) -> str | None:
        """Of its operation, which the sender chose: no more of it than one reads."""
        return self.operation and self.operation[:LONGEST_NAME]

    def noted(self, send: Send) -> Send:
        """This, which notes the status on the way."""

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await send(message)

        return send_noted

    def tell(self, method: str, path: str) -> None:
        """Log it, now that it is over; without a status its client has gone meanwhile."""
        if self.trace:
            self.trace.over(self)
        if _log.isEnabledFor(logging.INFO):
            self.at, self.took = time(), perf_counter() - self.began
            self.method, self.path = method, path
            requests.add(self)

    def line(self) -> dict[str, Any]:
        told = {
            "at": datetime.fromtimestamp(self.at, UTC),
            "request_id": self.id,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "milliseconds": round(1000 * self.took, 3),
            "operation": self.name,
            "cost": self.cost,
            "plan": self.plan,
            "kept": self.kept or None,
            "statements": self.statements or None,
            "codes": self.codes or None,
        }
        return {name: value for name, value in told.items() if value is not None}


class Requests:
    """The log of requests, a record for all of a moment: one by one, they took a fifth of a small request's time."""

    def __init__(self) -> None:
        self._over: list[Seen] = []

    def add(self, seen: Seen) -> None:
        self._over.append(seen)
        if len(self._over) == 1:
            asyncio.get_running_loop().call_later(MOMENT, self.write)
        elif len(self._over) >= MOST:
            self.write()

    def write(self) -> None:
        """What is not written yet."""
        if self._over:
            over, self._over = self._over, []
            each = {EACH: [seen.line() for seen in over]}
            _log.handle(_log.makeRecord(_log.name, logging.INFO, "", 0, "request", (), None, extra=each))


requests = Requests()


class Watched:
    """A reader as one request has it: what it reads is counted."""

    __slots__ = ("_reader", "_seen", "dialect")

    def __init__(self, reader: Reader, seen: Seen) -> None:
        self._reader, self._seen, self.dialect = reader, seen, reader.dialect

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        seen = self._seen
        seen.statements += 1
        span = seen.trace.statement(sql) if seen.trace else None
        began, found = perf_counter(), None
        try:
            found = self._reader.fetch(sql, values, long=long)
        finally:
            if found is None or isinstance(found, list):
                self._over(began, span)
        return found if isinstance(found, list) else self._awaited(found, began, span)

    def look_up(self, read: Keyed, key: Any) -> Later | None:
        # A span belongs to one request.
        found = None if self._seen.trace else self._reader.look_up(read, key)
        if found is None or isinstance(found, list):
            return found
        self._seen.statements += 1
        return self._awaited(found, perf_counter(), None)

    @lazily
    async def _awaited(self, found: Awaitable[list[Any]], began: float, span: Span | None) -> list[Any]:
        try:
            return await found
        finally:
            self._over(began, span)

    def _over(self, began: float, span: Span | None) -> None:
        self._seen.reading += perf_counter() - began
        if span:
            span.end()

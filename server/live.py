"""Operations over a connection that stays: what each answers, as it comes, until its connection ends."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import NamedTuple

from starlette.types import Scope

from schema.errors import HIDDEN
from server.access import Accesses, Session
from server.admission import Admission
from server.asked import Asked
from server.malformed import Malformed
from server.rates import place
from server.response import refusal
from server.running import Ran, Running
from server.seen import Seen
from server.settings import Settings
from server.subscribed import BEGUN, Subscribed

AT_ONCE = 4  # events that are told at the same time: however many listen, requests are answered in between
_log = logging.getLogger("peergraph.server")


class Told(NamedTuple):
    """A body: an answer, or, if nothing was run or nothing more comes, why."""

    body: bytes
    status: int
    answers: bool


class Connections:
    """Those that stay open, of this process."""

    def __init__(self, settings: Settings) -> None:
        self._most, self._most_of_address = settings.max_sockets, settings.max_sockets_per_address
        self._addresses: Counter[str] = Counter()
        self.open = 0
        self.told = 0  # events
        self.too_slow = 0  # that were closed for it

    @contextmanager
    def connected(self, scope: Scope) -> Iterator[None]:
        """For as long as it is. Raises Malformed (OVERLOADED, RATE_LIMITED) where there are too many."""
        address = place((scope.get("client") or ("",))[0])
        if self._most and self.open >= self._most:
            raise Malformed("Too many connections stay open; try again later.", 503, code="OVERLOADED")
        if self._most_of_address and self._addresses[address] >= self._most_of_address:
            raise Malformed("Too many connections stay open from this address.", 429, code="RATE_LIMITED")
        self.open += 1
        self._addresses[address] += 1
        try:
            yield
        finally:
            self.open -= 1
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]


class Live:
    """What runs over them."""

    def __init__(
        self,
        running: Running,
        admission: Admission,
        accesses: Accesses,
        connections: Connections,
        *,
        settings: Settings,
        over: Callable[[Seen], None],
    ) -> None:
        self._running, self._admission, self._over = running, admission, over
        self.accesses, self.connections = accesses, connections
        self._deadline = settings.deadline_seconds or None
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def results(
        self, asked: Asked, session: Session, scope: Scope, *, may_write: bool = True
    ) -> AsyncGenerator[Told, None]:
        """What the operation answers: once, or with each event. Only the first or the last may be a refusal."""
        seen = Seen()
        try:
            async with aclosing(self._results(asked, session, seen, may_write=may_write)) as results:
                async for ran in results:
                    seen.status = ran.status
                    yield Told(ran.body, ran.status, ran.status == 200)  # noqa: PLR2004
        except Malformed as malformed:
            seen.status, seen.codes = malformed.status, [malformed.code]
            yield Told(refusal(malformed.message, malformed.code, seen.id), malformed.status, answers=False)
        except Exception:  # noqa: BLE001  whatever it was, the client learns no more than that
            _log.exception("An operation failed", extra={"told": {"request_id": seen.id}})
            seen.status, seen.codes = 500, ["INTERNAL"]
            yield Told(refusal(HIDDEN, "INTERNAL", seen.id), 500, answers=False)
        finally:
            seen.tell(scope.get("method", "WebSocket"), scope["path"])
            self._over(seen)

    async def _results(
        self, asked: Asked, session: Session, seen: Seen, *, may_write: bool
    ) -> AsyncGenerator[Ran, None]:
        """Raises Malformed."""
        prepared = self._running.prepared(asked, seen)
        if isinstance(prepared, Ran):
            yield prepared
        elif prepared.subscribes:
            subscribed = Subscribed(
                self._running, prepared, session, seen, turn=self._turn, deadline=self._deadline or 0
            )
            async with aclosing(subscribed.results()) as results:
                async for ran in results:
                    self.connections.told += ran.status == 200 and ran is not BEGUN  # noqa: PLR2004
                    yield ran
        else:
            await self._admission.enter()
            try:
                async with asyncio.timeout(self._deadline):
                    ran = await self._running.run(prepared, await session.asking(), seen, may_write=may_write)
            except TimeoutError:
                message = f"The request took longer than {self._deadline:g} s."
                raise Malformed(message, 504, code="TIMEOUT") from None
            finally:
                self._admission.leave()
            yield ran

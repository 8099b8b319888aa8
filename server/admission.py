"""How many requests are answered at once, and how many may wait for that, and how long."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import perf_counter

from server.malformed import Malformed

AGAIN = b"1"  # seconds after which it may be tried again
FEW = 8  # may wait in any case, however long each request takes
RECENT = 16  # requests, whose pace is what others may expect
QUIET = 1.0  # seconds, after which their pace says nothing any more
BURST = 0.25  # seconds, for which as many may wait as there is room for: many small requests may come at once
_log = logging.getLogger("peergraph.server")


class Admission:
    def __init__(self, inside: int, waiting: int, seconds: float) -> None:
        self._inside, self._waiting, self._seconds = inside, waiting, seconds
        self._room = asyncio.Semaphore(inside)
        self._here = 0
        self._pace = 0.0  # seconds from one that is over to the next, lately; 0 where it is not known
        self._over_at = 0.0
        self._queue_since = 0.0  # when others began to wait, if they do
        self._begun = False  # whether one has begun in this turn of the event loop
        self._turns: deque[asyncio.Future[None]] = deque()
        self.inside = 0
        self.refused = 0
        self._refused_since, self._told_at = 0, 0.0

    @property
    def waiting(self) -> int:
        return self._here - self.inside

    @property
    def full(self) -> bool:
        """Whether another would be refused: where as many wait as may, or its turn would not come soon enough."""
        waiting = self._here - self._inside
        if not self._inside or waiting < 0:
            return False
        if waiting >= self._waiting:
            return True
        long = waiting >= FEW and bool(self._seconds) and waiting * self._pace > self._seconds
        return long and perf_counter() > self._queue_since + BURST

    def refusal(self) -> Malformed:
        """What another is told. The log has a line a second of these, not one of each: they may be very many."""
        self.refused += 1
        self._refused_since += 1
        if (now := perf_counter()) > self._told_at + 1:
            _log.warning("Refused %d requests: too many at once", self._refused_since)
            self._refused_since, self._told_at = 0, now
        message = "Too many requests at once; try again in a moment."
        return Malformed(message, 503, code="OVERLOADED", headers=[(b"retry-after", AGAIN)])

    async def enter(self) -> None:
        """Take a place among those that are answered. Raises Malformed (OVERLOADED) where it would come too late."""
        if self.full:
            raise self.refusal()
        if not self._here:
            now = perf_counter()
            if now > self._over_at + QUIET:
                self._pace = 0.0
            self._over_at = now
        self._here += 1
        if not self._inside:
            self.inside += 1
            return
        if self._here == self._inside + 1:
            self._queue_since = perf_counter()
        try:
            await self._turn()
            await self._room.acquire()
        except BaseException:
            self._here -= 1
            raise
        self.inside += 1

    def leave(self) -> None:
        self._here -= 1
        self.inside -= 1
        if self._inside:
            now = perf_counter()
            if self._here:
                self._pace += (now - self._over_at - self._pace) / RECENT
            self._over_at = now
            self._room.release()

    async def _turn(self) -> None:
        """Begin in a turn of the loop of one's own: on SQLite an answer is one step, and whoever came meanwhile is to
        be counted, and refused, before the next."""
        loop = asyncio.get_running_loop()
        if self._begun or self._turns:
            turn = loop.create_future()
            self._turns.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._next()
                raise
        self._begun = True
        loop.call_soon(self._next)

    def _next(self) -> None:
        self._begun = False
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return

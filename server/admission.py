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
CALM = 1.0  # seconds after the last was refused
MOMENT = 0.01  # seconds, after which another waits for the next turn of the event loop
SHORT_MOMENT = 0.005  # that as many take as begin in one turn while some are refused
BURST = 0.25  # seconds of calm, for which as many may wait as there is room for: many small ones may come at once
_log = logging.getLogger("peergraph.server")


class Admission:
    def __init__(self, inside: int, waiting: int, seconds: float) -> None:
        self._inside, self._waiting, self._seconds = inside, waiting, seconds
        self._room = asyncio.Semaphore(inside)
        self._here = 0
        self._pace = 0.0  # seconds from one that is over to the next, lately; 0 where it is not known
        self._over_at = 0.0
        self._queue_since = 0.0  # when others began to wait, if they do
        self._calm_at = 0.0
        self._turn_began = 0.0  # when whoever waited last for a turn of the loop began in it
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
        return long and ((now := perf_counter()) > self._queue_since + BURST or now < self._calm_at)

    def refusal(self) -> Malformed:
        """What another is told. The log has a line a second of these, not one of each: they may be very many."""
        self.refused += 1
        self._refused_since += 1
        self._calm_at = (now := perf_counter()) + CALM
        if now > self._told_at + 1:
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
        if self._inside:
            if self._here == self._inside + 1:
                self._queue_since = perf_counter()
            try:
                if self._turns or (now := perf_counter()) > self._turn_began + MOMENT or now < self._calm_at:
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
        """Wait for another turn of the loop: on SQLite an answer is one step, and whoever came meanwhile is to be
        counted, and refused, before the next."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._turns.append(turn)
        if len(self._turns) == 1:
            loop.call_soon(self._next)
        await turn
        self._turn_began = perf_counter()

    def _next(self) -> None:
        """Let in as many as are answered in a moment, and more in the turn after."""
        moment = MOMENT if perf_counter() > self._calm_at else SHORT_MOMENT
        room = max(int(moment / self._pace), 1) if self._pace else 1
        while self._turns and room:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1
        if self._turns:
            asyncio.get_running_loop().call_soon(self._next)

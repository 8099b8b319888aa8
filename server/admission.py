"""How many requests are answered at once, and how many may wait for that."""

from __future__ import annotations

import asyncio
from collections import deque

from server.malformed import Malformed

AGAIN = b"1"  # seconds after which it may be tried again


class Admission:
    def __init__(self, inside: int, waiting: int) -> None:
        self._most = inside + waiting if inside else 0
        self._room = asyncio.Semaphore(inside)
        self._here = 0
        self._begun = False  # whether one has begun in this turn of the event loop
        self._turns: deque[asyncio.Future[None]] = deque()
        self.inside = 0

    @property
    def waiting(self) -> int:
        return self._here - self.inside

    async def enter(self) -> None:
        """Take a place among those that are answered. Raises Malformed (OVERLOADED) where too many wait for one."""
        if not self._most:
            self._here += 1
            self.inside += 1
            return
        if self._here >= self._most:
            message = "Too many requests at once; try again in a moment."
            raise Malformed(message, 503, code="OVERLOADED", headers=[(b"retry-after", AGAIN)])
        self._here += 1
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
        if self._most:
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

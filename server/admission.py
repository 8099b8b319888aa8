"""How many requests are answered at once, and how many may wait for that."""

from __future__ import annotations

import asyncio

from server.malformed import Malformed

AGAIN = b"1"  # seconds after which it may be tried again


class Admission:
    def __init__(self, inside: int, waiting: int) -> None:
        self._most = inside + waiting if inside else 0
        self._room = asyncio.Semaphore(inside)
        self._here = 0
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
            # Let all whose requests have come be counted before the first of them is answered: on SQLite that is one
            # step of the event loop.
            await asyncio.sleep(0)
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

"""How many requests are answered at once, and how many may wait for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

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

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those that are answered. Raises Malformed (OVERLOADED) where too many wait for one."""
        if self._most and self._here >= self._most:
            message = "Too many requests at once; try again in a moment."
            raise Malformed(message, 503, code="OVERLOADED", headers=[(b"retry-after", AGAIN)])
        self._here += 1
        try:
            # Let all whose requests have come be counted before the first of them is answered: on SQLite that is one
            # step of the event loop.
            if self._most:
                await asyncio.sleep(0)
            async with self._room if self._most else nullcontext():
                self.inside += 1
                try:
                    yield
                finally:
                    self.inside -= 1
        finally:
            self._here -= 1

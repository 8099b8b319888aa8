"""How many requests are answered at once, and how many may wait for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.malformed import Malformed

AGAIN = b"1"  # seconds after which it may be tried again


class Admission:
    def __init__(self, inside: int, waiting: int) -> None:
        self._most = inside + waiting if inside else 0
        self._room = asyncio.Semaphore(inside)
        self._here = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among those that are answered. Raises Malformed (OVERLOADED) where too many wait for one."""
        if not self._most:
            yield
            return
        if self._here >= self._most:
            message = "Too many requests at once; try again in a moment."
            raise Malformed(message, 503, code="OVERLOADED", headers=[(b"retry-after", AGAIN)])
        self._here += 1
        try:
            # Let all whose requests have come be counted before the first of them is answered: on SQLite that is one
            # step of the event loop.
            await asyncio.sleep(0)
            async with self._room:
                yield
        finally:
            self._here -= 1

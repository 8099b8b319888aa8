"""How long a request may take: until its deadline, and while anybody waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter
from typing import Any, TypeVar

from server.bodies import HungUp
from server.malformed import Malformed

SOON = 0.05  # seconds, after which it is worth looking whether the client is still there

T = TypeVar("T")


class Patience:
    """Most requests are over before it looks at them, and one timer looks at all."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds  # 0 is no limit
        self._waiting: dict[_Waiting, None] = {}  # those that nobody has looked at, in the order in which they began
        self._looks = False  # whether a timer runs

    async def wait(self, work: Coroutine[Any, Any, T], gone: Callable[[], Awaitable[None]]) -> T:
        """What the work answers. Raises Malformed (TIMEOUT) after so many seconds, and HungUp when the client goes;
        the work is cancelled then."""
        waiting = _Waiting(self._seconds, gone)
        self._waiting[waiting] = None
        if not self._looks:
            self._look_later()
        try:
            return await work
        except asyncio.CancelledError:
            if waiting.ended is None:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            raise waiting.ended from None
        finally:
            self._waiting.pop(waiting, None)
            waiting.stop()

    def _look_later(self) -> None:
        self._looks = True
        asyncio.get_running_loop().call_later(SOON, self._look)

    def _look(self) -> None:
        now = perf_counter()
        for waiting in [*self._waiting]:
            if waiting.began > now - SOON:
                break
            del self._waiting[waiting]
            waiting.look(now)
        if self._waiting:
            self._look_later()
        else:
            self._looks = False


class _Waiting:
    __slots__ = ("_gone", "_looking", "_seconds", "_task", "began", "ended")

    def __init__(self, seconds: float, gone: Callable[[], Awaitable[None]]) -> None:
        self._seconds, self._gone = seconds, gone
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._looking: asyncio.Task[None] | None = None
        self.ended: Exception | None = None
        self.began = perf_counter()

    def stop(self) -> None:
        self._task = None
        if self._looking is not None:
            self._looking.cancel()

    def look(self, now: float) -> None:
        self._looking = asyncio.create_task(self._until_over(max(self._seconds - (now - self.began), 0)))

    async def _until_over(self, left: float) -> None:
        try:
            async with asyncio.timeout(left if self._seconds else None):
                await self._gone()
            self.ended = HungUp()
        except TimeoutError:
            message = f"The request took longer than {self._seconds:g} s. A mutation may have been done all the same."
            self.ended = Malformed(message, 504, code="TIMEOUT")
        if self._task is not None:
            self._task.cancel()

"""How long a request may take: until its deadline, and while anybody waits for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from server.bodies import HungUp
from server.malformed import Malformed

SOON = 0.05  # seconds, after which it is worth looking whether the client is still there

T = TypeVar("T")


class Patience:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds  # 0 is no limit

    async def wait(self, work: Coroutine[Any, Any, T], receive: Receive) -> T:
        """What the work answers. Raises Malformed (TIMEOUT) after so many seconds, and HungUp when the client goes;
        the work is cancelled then."""
        waiting = _Waiting(self._seconds, receive)
        try:
            return await work
        except asyncio.CancelledError:
            if waiting.ended is None:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            raise waiting.ended from None
        finally:
            waiting.stop()


class _Waiting:
    """Most requests are over before it begins to look, so it costs them one timer."""

    def __init__(self, seconds: float, receive: Receive) -> None:
        self._seconds, self._receive = seconds, receive
        self._task: asyncio.Task[Any] | None = asyncio.current_task()
        self._looking: asyncio.Task[None] | None = None
        self.ended: Exception | None = None
        self._timer = asyncio.get_running_loop().call_later(SOON, self._look)

    def stop(self) -> None:
        self._task = None
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _look(self) -> None:
        self._looking = asyncio.create_task(self._until_over())

    async def _until_over(self) -> None:
        try:
            async with asyncio.timeout(max(self._seconds - SOON, 0) if self._seconds else None):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
            self.ended = HungUp()
        except TimeoutError:
            message = f"The request took longer than {self._seconds:g} s. A mutation may have been done all the same."
            self.ended = Malformed(message, 504, code="TIMEOUT")
        if self._task is not None:
            self._task.cancel()

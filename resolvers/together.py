"""One statement for what several requests look up in the same turn of the event loop."""

from __future__ import annotations

import asyncio
from asyncio import Future
from typing import TYPE_CHECKING, Any

from resolvers.later import arrived, lazily

if TYPE_CHECKING:
    from resolvers.drivers import Reader
    from resolvers.reads import Keyed


class Together:
    """What a request asks of a database by itself costs its service more than all else that a small one does."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._asked: dict[Keyed, dict[Any, list[Future[Any]]]] = {}
        self._reading: set[asyncio.Task[None]] = set()

    @lazily
    async def load(self, read: Keyed, key: Any) -> list[Any]:
        """What the read answers for the key, alone in a list. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        keys = self._asked.get(read)
        if keys is None:
            keys = self._asked[read] = {}
            loop.call_soon(self._begin, read)  # after those who ask in this turn
        future = loop.create_future()
        keys.setdefault(key, []).append(future)
        return [await future]

    def _begin(self, read: Keyed) -> None:
        task = asyncio.create_task(self._read(read, self._asked.pop(read)))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, read: Keyed, keys: dict[Any, list[Future[Any]]]) -> None:
        try:
            found = await arrived(read.fetch_apart(self._reader, [*keys]))
        except BaseException as error:
            for future in (one for waiting in keys.values() for one in waiting if not one.done()):
                future.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for waiting, value in zip(keys.values(), found, strict=True):
            for future in waiting:
                if not future.done():  # whoever asked may have gone
                    future.set_result(value)

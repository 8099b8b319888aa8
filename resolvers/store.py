"""The database as one request sees it: each read batched, nothing read twice."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Sequence
from typing import Any

from aiodataloader import DataLoader

from resolvers.drivers import Reader
from resolvers.reads import Read
from resolvers.refused import Unavailable


class Store:
    """Made per request, inside the running loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._batches: dict[Read, _Batch] = {}

    def load(self, read: Read, key: Any) -> Awaitable[Any]:
        """What the read answers for this key; keys asked for in the same turn of the loop share one statement."""
        return self._batch(read).load(key)

    async def load_all(self, read: Read, keys: Sequence[Any]) -> list[Any]:
        """What the read answers for each key, in their order, by at most one statement."""
        return await self._batch(read).load_level(keys)

    def _batch(self, read: Read) -> _Batch:
        batch = self._batches.get(read)
        if batch is None:
            batch = self._batches[read] = _Batch(read, self._reader)
        return batch


class _Batch(DataLoader[Any, Any]):
    def __init__(self, read: Read, reader: Reader) -> None:
        self._read, self._reader = read, reader
        self._answers: dict[Any, Future[Any]] = {}
        super().__init__(cache_map=self._answers)

    async def batch_load_fn(self, keys: list[Any]) -> list[Any]:
        try:
            return await self._read.fetch(self._reader, keys)
        except asyncio.CancelledError as error:
            # The loader passes on only Exceptions; after a bare cancellation its keys would be awaited forever.
            raise Unavailable("The read was cancelled.") from error

    async def load_level(self, keys: Sequence[Any]) -> list[Any]:
        """All keys at once, without the future and the turn of the loop that each `load` costs."""
        fresh = [key for key in dict.fromkeys(keys) if key not in self._answers]
        if fresh:
            await self._fetch(fresh)
        answers = [self._answers[key] for key in keys]
        return [answer.result() if answer.done() else await answer for answer in answers]

    async def _fetch(self, keys: list[Any]) -> None:
        for key in keys:  # whoever asks meanwhile waits for this answer
            self._answers[key] = self.loop.create_future()
        waited = [self._answers[key] for key in keys]
        try:
            values = await self.batch_load_fn(keys)
        except Exception as error:
            for key, future in zip(keys, waited, strict=True):
                self.clear(key)
                future.set_exception(error)
                future.exception()  # who asked first gets it raised here: nobody need look at the future
            raise
        for future, value in zip(waited, values, strict=True):
            future.set_result(value)

"""The database as one request sees it: each read batched, nothing read twice."""

from __future__ import annotations

import asyncio
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
        batch = self._batches.get(read)
        if batch is None:
            batch = self._batches[read] = _Batch(read, self._reader)
        return batch.load(key)

    async def load_all(self, read: Read, keys: Sequence[Any]) -> list[Any]:
        return await asyncio.gather(*[self.load(read, key) for key in keys])


class _Batch(DataLoader[Any, Any]):
    def __init__(self, read: Read, reader: Reader) -> None:
        super().__init__()
        self._read, self._reader = read, reader

    async def batch_load_fn(self, keys: list[Any]) -> list[Any]:
        try:
            return await self._read.fetch(self._reader, keys)
        except asyncio.CancelledError as error:
            # The loader passes on only Exceptions; after a bare cancellation its keys would be awaited forever.
            raise Unavailable("The read was cancelled.") from error

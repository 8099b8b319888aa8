"""The database as one request sees it: each read batched, nothing read twice."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Sequence
from functools import cached_property
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
        return self._batch(read).loader.load(key)

    async def load_all(self, read: Read, keys: Sequence[Any]) -> list[Any]:
        """What the read answers for each key, in their order, by at most one statement."""
        return await self._batch(read).load_level(keys)

    def _batch(self, read: Read) -> _Batch:
        batch = self._batches.get(read)
        if batch is None:
            batch = self._batches[read] = _Batch(read, self._reader)
        return batch


class _Batch:
    """One read's answers: what is known, and what is on its way as a future of nothing."""

    def __init__(self, read: Read, reader: Reader) -> None:
        self._read, self._reader = read, reader
        self._known: dict[Any, Any] = {}

    @cached_property
    def loader(self) -> DataLoader[Any, Any]:
        return DataLoader(self._loaded)

    async def _loaded(self, keys: list[Any]) -> list[Any]:
        try:
            return await self.load_level(keys)
        except asyncio.CancelledError as error:
            # The loader passes on only Exceptions; after a bare cancellation its keys would be awaited forever.
            raise Unavailable("The read was cancelled.") from error

    async def load_level(self, keys: Sequence[Any]) -> list[Any]:
        """All keys at once, without the future and the turn of the loop that each `load` costs."""
        known = self._known
        fresh = [key for key in dict.fromkeys(keys) if key not in known]
        if fresh:
            await self._fetch(fresh)
        answers = [known[key] for key in keys]
        for place, answer in enumerate(answers):
            if isinstance(answer, Future):
                await answer
                answers[place] = known[keys[place]]
        return answers

    async def _fetch(self, keys: list[Any]) -> None:
        arrival = asyncio.get_running_loop().create_future()  # whoever asks meanwhile waits for this
        self._known.update(dict.fromkeys(keys, arrival))
        try:
            values = await self._read.fetch(self._reader, keys)
        except BaseException as error:
            for key in keys:
                del self._known[key]
            fault = error if isinstance(error, Exception) else Unavailable("The read was cancelled.")
            arrival.set_exception(fault)
            arrival.exception()  # who asked first gets it raised here: nobody need look at the future
            raise
        self._known.update(zip(keys, values, strict=True))
        arrival.set_result(None)

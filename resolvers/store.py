"""The database as one request sees it: each read batched, nothing read twice."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Awaitable, Iterator, Sequence
from functools import cached_property
from typing import Any

from aiodataloader import DataLoader

from models.database import subject
from resolvers.drivers import Reader
from resolvers.later import Later
from resolvers.reads import SUBJECTS, Loadable
from resolvers.refused import Unavailable


class Store:
    """Made per request, inside the running loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._batches: dict[Loadable, _Batch] = {}

    def load(self, read: Loadable, key: Any) -> Awaitable[Any]:
        """What the read answers for this key; keys asked for in the same turn of the loop share one statement."""
        return self._batch(read).loader.load(key)

    def load_all(self, read: Loadable, keys: Sequence[Any]) -> Later:
        """What the read answers for each key, in their order, by at most one statement; its rows are plain."""
        return self._batch(read).load_level(keys)

    def subjects(self) -> set[str]:
        """All that has been read of what people's own writes change."""
        return {one for read, batch in self._batches.items() for one in batch.subjects(read)}

    def _batch(self, read: Loadable) -> _Batch:
        batch = self._batches.get(read)
        if batch is None:
            batch = self._batches[read] = _Batch(read, self._reader)
        return batch


class _Batch:
    """One read's answers: what is known, and what is on its way as a future of nothing."""

    def __init__(self, read: Loadable, reader: Reader) -> None:
        self._read, self._reader = read, reader
        self._known: dict[Any, Any] = {}
        self._last: tuple[list[Any], list[Any]] | None = None  # keys and values that are not among the known yet
        self._arriving = 0  # statements under way

    @cached_property
    def loader(self) -> DataLoader[Any, Any]:
        return DataLoader(self._loaded)

    async def _loaded(self, keys: list[Any]) -> list[Any]:
        try:
            found = self.load_level(keys)
            return [*map(self._read.made, found if isinstance(found, list) else await found)]
        except asyncio.CancelledError as error:
            # The loader passes on only Exceptions; after a bare cancellation its keys would be awaited forever.
            raise Unavailable("The read was cancelled.") from error

    def load_level(self, keys: Sequence[Any]) -> Later:
        """All keys at once, without the future and the turn of the loop that each `load` costs."""
        known = self._all_known()
        fresh = [key for key in dict.fromkeys(keys) if key not in known] if known else [*dict.fromkeys(keys)]
        if fresh:
            values = self._read.fetch(self._reader, fresh)
            if not isinstance(values, list):
                arrival = _Arrival()
                known.update(dict.fromkeys(fresh, arrival))
                self._arriving += 1
                return self._arrived(values, arrival, fresh, keys)
            self._last = fresh, values
            if len(fresh) == len(keys):
                return values
        known = self._all_known()
        return self._awaited(keys) if self._arriving else [known[key] for key in keys]

    def _all_known(self) -> dict[Any, Any]:
        """What has been read, by key: most of it is never asked for again, so it is put there only now."""
        if self._last:
            self._known.update(zip(*self._last, strict=True))
            self._last = None
        return self._known

    def subjects(self, read: Loadable) -> Iterator[str]:
        kind = read.kind
        if kind is None or kind.entity not in SUBJECTS:
            return
        name, place = kind.entity.__name__, kind._fields.index("id")
        for value in self._all_known().values():
            for row in read.rows(value):
                if row[place] is not None:
                    yield subject(name, row[place])

    async def _arrived(
        self, values: Awaitable[list[Any]], arrival: _Arrival, fresh: list[Any], keys: Sequence[Any]
    ) -> list[Any]:
        try:
            self._known.update(zip(fresh, await values, strict=True))
        except BaseException as error:
            for key in fresh:
                del self._known[key]
            arrival.end(error if isinstance(error, Exception) else Unavailable("The read was cancelled."))
            raise
        finally:
            self._arriving -= 1
        arrival.end(None)
        return await self._awaited(keys)

    async def _awaited(self, keys: Sequence[Any]) -> list[Any]:
        known = self._known
        answers = [known[key] for key in keys]
        for place, answer in enumerate(answers):
            if isinstance(answer, _Arrival):
                await answer.wait()
                answers[place] = known[keys[place]]
        return answers


class _Arrival:
    """The end of a statement under way, for whoever else asks for the same meanwhile: mostly nobody."""

    __slots__ = ("_error", "_over", "_waited")

    def __init__(self) -> None:
        self._over = False
        self._error: Exception | None = None
        self._waited: Future[None] | None = None

    async def wait(self) -> None:
        """Raises what the statement raised."""
        if not self._over:
            if self._waited is None:
                self._waited = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waited)  # one who is cancelled leaves the others waiting
        if self._error:
            raise self._error

    def end(self, error: Exception | None) -> None:
        self._over, self._error = True, error
        if self._waited:
            self._waited.set_result(None)

"""The database as one request sees it: each read batched, nothing read twice."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple, cast

from aiodataloader import DataLoader

from models.database import subject
from resolvers.drivers import Reader
from resolvers.joined import DIALECT, Join, fetched
from resolvers.later import Later, arrived, lazily
from resolvers.reads import SUBJECTS, Loadable
from resolvers.refused import Unavailable

Fetch = Callable[[Reader, Sequence[Any]], Later]


class Store:
    """Made per request, inside the running loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._batches: dict[Loadable, _Batch] = {}
        self._reading: set[asyncio.Task[Any]] = set()  # of loaders, which no cancellation reaches

    def load(self, read: Loadable, key: Any) -> Awaitable[Any]:
        """What the read answers for this key; keys asked for in the same turn of the loop share one statement."""
        return _shielded(self._batch(read).loader.load(key))

    def load_all(self, read: Loadable, keys: Sequence[Any], joins: tuple[Join, ...] = ()) -> Later:
        """What the read answers for each key, in their order, by at most one statement; its rows are plain.

        With `joins`, what these links of its rows answer may come along, and is known then.
        """
        fetch: Fetch = read.fetch
        if joins and len(keys) == 1 and self.joins:
            fetch = partial(fetched, cast("Any", read), joins, self._put)
        return self._batch(read).load_level(keys, fetch)

    @property
    def joins(self) -> bool:
        """Whether the database joins what links lead to."""
        return self._reader.dialect.name == DIALECT

    def _put(self, read: Loadable, keys: Sequence[Any], values: list[Any]) -> None:
        self._batch(read).put(keys, values)

    async def load_each(self, wanted: Sequence[tuple[Loadable, Any] | None]) -> list[Any]:
        """What each of these reads answers for its key, by at most one statement a read; None for None."""
        places: defaultdict[Loadable, list[int]] = defaultdict(list)
        for place, one in enumerate(wanted):
            if one is not None:
                places[one[0]].append(place)
        found: list[Any] = [None] * len(wanted)

        async def load(read: Loadable, among: Sequence[int]) -> None:
            values = self.load_all(read, [wanted[place][1] for place in among])  # type: ignore[index]
            for place, value in zip(among, await arrived(values), strict=True):
                found[place] = read.made(value)

        await asyncio.gather(*[load(read, among) for read, among in places.items()])
        return found

    def subjects(self) -> set[str]:
        """All that has been read of what people's own writes change."""
        return {one for read, batch in self._batches.items() for one in batch.subjects(read)}

    def abandon(self) -> None:
        """Nobody waits for it any more: end the statements under way."""
        for reading in [*self._reading]:
            reading.cancel()

    def forget(self) -> None:
        """Read anew from now on: something was written."""
        self._batches.clear()

    def _batch(self, read: Loadable) -> _Batch:
        batch = self._batches.get(read)
        if batch is None:
            batch = self._batches[read] = _Batch(read, self._reader, self._reading)
        return batch


class _Failed(NamedTuple):
    """In place of a value: an exception that nobody waits for, as where whoever asked has gone, would be logged."""

    error: Exception


@lazily
async def _shielded(value: Awaitable[Any]) -> Any:
    # Whoever is cancelled, as graphql-core does with the siblings of what fails, leaves the others waiting.
    found = await asyncio.shield(value)
    if found.__class__ is _Failed:
        raise found.error
    return found


class _Batch:
    """One read's answers: what is known, and what is on its way as an arrival."""

    def __init__(self, read: Loadable, reader: Reader, reading: set[asyncio.Task[Any]]) -> None:
        self._read, self._reader, self._reading = read, reader, reading
        self._known: dict[Any, Any] = {}
        self._last: tuple[list[Any], list[Any]] | None = None  # keys and values that are not among the known yet
        self._awaits = False  # whether its statements must be awaited

    @cached_property
    def loader(self) -> DataLoader[Any, Any]:
        return DataLoader(self._loaded)

    async def _loaded(self, keys: list[Any]) -> list[Any]:
        try:
            found = self.load_level(keys, self._read.fetch)
            return [*map(self._read.made, found if isinstance(found, list) else await self._running(found))]
        except asyncio.CancelledError:
            # After a bare cancellation the loader's keys would be awaited forever.
            return self._failed(keys, Unavailable("The read was cancelled."))
        except Exception as error:  # noqa: BLE001  raised to whoever waits
            return self._failed(keys, error)

    def _failed(self, keys: list[Any], error: Exception) -> list[Any]:
        for key in keys:
            self.loader.clear(key)  # whoever asks again reads again
        return [_Failed(error)] * len(keys)

    async def _running(self, found: Awaitable[list[Any]]) -> list[Any]:
        task = asyncio.current_task()
        assert task is not None
        self._reading.add(task)
        try:
            return await found
        finally:
            self._reading.discard(task)

    def load_level(self, keys: Sequence[Any], fetch: Fetch) -> Later:
        """All keys at once, without the future and the turn of the loop that each `load` costs."""
        known = self._all_known()
        fresh = [key for key in dict.fromkeys(keys) if key not in known] if known else [*dict.fromkeys(keys)]
        mine: list[_Arrival] = []
        if fresh:
            values = fetch(self._reader, fresh)
            if isinstance(values, list):
                self._last = fresh, values
                if len(fresh) == len(keys):
                    return values
                known = self._all_known()
            else:
                mine = [_Arrival(known, fresh, values)]
                known.update(dict.fromkeys(fresh, mine[0]))
                self._awaits = True
        if self._awaits:
            others = [one for key in keys if isinstance(one := known[key], _Arrival)]
            if others:
                return self._after(dict.fromkeys([*mine, *others]), keys)
        return [known[key] for key in keys]

    @lazily
    async def _after(self, arrivals: Iterable[_Arrival], keys: Sequence[Any]) -> list[Any]:
        for arrival in arrivals:
            await arrival.wait()
        known = self._known
        return [known[key] for key in keys]

    def put(self, keys: Sequence[Any], values: list[Any]) -> None:
        """What it answers for these, which came with something else."""
        if not self._known and self._last is None:
            self._last = [*keys], values
            return
        known = self._all_known()
        for key, value in zip(keys, values, strict=True):
            known.setdefault(key, value)

    def _all_known(self) -> dict[Any, Any]:
        """What has been read, by key: most of it is never asked for again, so it is put there only now."""
        if self._last:
            self._known.update(zip(*self._last, strict=True))
            self._last = None
        return self._known

    def subjects(self, read: Loadable) -> Iterator[str]:
        if read.moved_by:
            yield read.moved_by
        kind = read.kind
        if kind is None or kind.entity not in SUBJECTS:
            return
        name, place = kind.entity.__name__, kind._fields.index("id")
        for value in self._all_known().values():
            for row in () if isinstance(value, _Arrival) else read.rows(value):
                if row[place] is not None:
                    yield subject(name, row[place])


class _Arrival:
    """A statement under way: whoever waits first runs it, so that none waits for one who never does."""

    __slots__ = ("_error", "_keys", "_known", "_over", "_values", "_waited")

    def __init__(self, known: dict[Any, Any], keys: list[Any], values: Awaitable[list[Any]]) -> None:
        self._known, self._keys = known, keys
        self._values: Awaitable[list[Any]] | None = values
        self._error: Exception | None = None
        self._over = False
        self._waited: Future[None] | None = None

    async def wait(self) -> None:
        """Raises what the statement raised."""
        if self._values is not None:
            values, self._values = self._values, None
            await self._run(values)
        elif not self._over:
            if self._waited is None:
                self._waited = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._waited)  # one who is cancelled leaves the others waiting
        if self._error:
            raise self._error

    async def _run(self, values: Awaitable[list[Any]]) -> None:
        try:
            self._known.update(zip(self._keys, await values, strict=True))
        except BaseException as error:
            for key in self._keys:
                del self._known[key]
            self._error = error if isinstance(error, Exception) else Unavailable("The read was cancelled.")
            raise
        finally:
            self._over = True
            if self._waited:
                self._waited.set_result(None)

"""Connections, and what a request sees of the database while others ask for the same."""

import asyncio
from typing import Any

import pytest

from resolvers.drivers import open_reader
from resolvers.reads import Loadable
from resolvers.refused import Unavailable
from resolvers.store import Store

COUNTED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'peergraph'"
PLANS = "SELECT current_setting('plan_cache_mode')"


@pytest.mark.parametrize(("most", "modes"), [(5, ["force_generic_plan", "auto"]), (1, ["auto", "auto"])])
async def test_short_and_long_reads_have_connections_of_their_own(database_url, most, modes):
    if database_url.startswith("sqlite"):
        return
    reader = open_reader(database_url, connections=most)
    for long in (False, True, False):
        await asyncio.gather(*[reader.fetch("SELECT pg_sleep(0.01)", [], long=long) for _ in range(10)])
    assert (await reader.fetch(COUNTED, []))[0][0] == most
    assert [(await reader.fetch(PLANS, [], long=long))[0][0] for long in (False, True)] == modes
    await reader.close()


async def test_a_connection_that_was_cut_makes_room_for_another(database_url):
    if database_url.startswith("sqlite"):
        return
    reader = open_reader(database_url, connections=2)
    for _ in range(4):
        with pytest.raises(Unavailable):
            await reader.fetch("SELECT pg_terminate_backend(pg_backend_pid())", [])
    assert (await reader.fetch(COUNTED, []))[0][0] == 1
    await reader.close()


class Slow(Loadable):
    """A read under way until it is told to end."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.ends: list[asyncio.Future[None]] = []

    def fetch(self, _reader: Any, keys: Any) -> Any:
        self.asked.append(list(keys))
        self.ends.append(asyncio.get_running_loop().create_future())
        return self._later(self.ends[-1], keys)

    async def _later(self, end: asyncio.Future[None], keys: Any) -> list[Any]:
        await end
        return [-key for key in keys]

    def made(self, value: Any) -> Any:
        return value


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_what_is_under_way_is_waited_for_and_not_read_twice():
    store, read = Store(None), Slow()
    waiting = [asyncio.ensure_future(store.load_all(read, keys)) for keys in ([1, 2], [2, 3], [1, 3, 1])]
    one = asyncio.ensure_future(store.load(read, 2))
    await settled()
    assert read.asked == [[1, 2], [3]]
    read.ends[1].set_result(None)
    await settled()
    read.ends[0].set_result(None)
    assert await asyncio.gather(*waiting, one) == [[-1, -2], [-2, -3], [-1, -3, -1], -2]
    assert store.load_all(read, [3, 2]) == [-3, -2]
    assert len(read.asked) == 2


async def test_a_read_that_fails_fails_for_all_who_wait_and_may_be_tried_again():
    store, read = Store(None), Slow()
    waiting = [asyncio.ensure_future(store.load_all(read, keys)) for keys in ([1, 2], [2], [1])]
    await settled()
    read.ends[0].set_exception(Unavailable("not now"))
    for failed in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(failed, Unavailable)
    again = asyncio.ensure_future(store.load_all(read, [2]))
    await settled()
    read.ends[1].set_result(None)
    assert await again == [-2]


async def test_one_who_is_cancelled_leaves_the_others_waiting():
    store, read = Store(None), Slow()
    first, second, third = [asyncio.ensure_future(store.load_all(read, [1])) for _ in range(3)]
    await settled()
    second.cancel()
    await settled()
    read.ends[0].set_result(None)
    assert (await first, await third) == ([-1], [-1])


async def test_a_cancelled_read_tells_the_others():
    store, read = Store(None), Slow()
    first, second = [asyncio.ensure_future(store.load_all(read, [1])) for _ in range(2)]
    await settled()
    first.cancel()
    with pytest.raises(Unavailable):
        await second


async def test_one_who_waits_for_a_read_that_failed_is_told_so_whatever_else_succeeds():
    store, read = Store(None), Slow()
    first, second = [asyncio.ensure_future(store.load_all(read, keys)) for keys in ([1, 2], [2, 3])]
    other = asyncio.ensure_future(store.load(read, 3))
    await settled()
    read.ends[0].set_exception(Unavailable("not now"))
    await settled()
    read.ends[1].set_result(None)
    for failed in (first, second):
        with pytest.raises(Unavailable):
            await failed
    assert await other == -3


async def test_none_waits_for_one_who_never_began():
    store, read = Store(None), Slow()
    store.load_all(read, [1])
    waiting = asyncio.ensure_future(store.load_all(read, [1]))
    await settled()
    read.ends[0].set_result(None)
    assert await waiting == [-1]

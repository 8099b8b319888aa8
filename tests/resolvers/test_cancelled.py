"""A transaction ends with who asked for it, however they go."""

import asyncio
import time
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from models import Account
from resolvers.accounts import account_by_id
from resolvers.refused import Declined, Unavailable
from resolvers.store import Store
from resolvers.writing import open_writer


async def test_who_goes_in_the_middle_keeps_nobody_out(writer, reader, database_url):
    """Cancelled after so many turns of the loop: before, while and after the transaction begins, writes and commits."""
    added = select(Account.id).where(Account.display_name == "A").order_by(Account.id)
    other, stands = open_writer(database_url, reader), []
    try:
        for turns in range(40):

            async def rule(write, id=turns + 1):
                await write.add(Account(id=id, display_name="A"))
                return await write.rows(added)

            going = asyncio.create_task(writer.write(rule))
            for _ in range(turns):
                await asyncio.sleep(0)
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
            for each in (other, writer):
                await each.write(lambda write: write.add(Account(display_name="B")))
                found = await each.write(lambda write: write.rows(added))
                assert found in (stands, [*stands, (turns + 1,)])
            stands = found
    finally:
        await other.close()


async def test_who_goes_takes_nobodys_answer_along(reader, viewer):
    me, store = viewer(), Store(reader)

    async def look() -> str:
        return (await store.load(account_by_id, me.id)).display_name

    going, staying = asyncio.create_task(look()), asyncio.create_task(look())
    await asyncio.sleep(0)
    going.cancel()
    assert await staying == "Person 1"
    assert going.cancelled()


ENDLESS = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000)
SELECT count(*) FROM n"""


async def endless(reader):
    await reader.fetch(ENDLESS, [], long=True)


@dataclass(frozen=True)
class Endless:
    """A read that never ends by itself."""

    def fetch(self, reader, _keys):
        return reader.fetch(ENDLESS, [], long=True)

    def made(self, value):
        return value


async def test_a_statement_ends_with_who_waits_for_it(reader):
    """More of them than there are threads or connections: were one left running, the last read would wait for ever."""
    for _ in range(3):
        going = [asyncio.create_task(endless(reader)) for _ in range(8)]
        await asyncio.sleep(0.1)
        for one in going:
            one.cancel()
        assert all(
            isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*going, return_exceptions=True)
        )
    assert [*map(tuple, await reader.fetch("SELECT 1", [], long=True))] == [(1,)]


async def test_a_statement_ends_whenever_its_waiter_goes(reader):
    """Also in the moment in which it begins, which a thread may reach while the loop does something else."""
    for microseconds in range(0, 400, 2):
        going = asyncio.create_task(endless(reader))
        await asyncio.sleep(0)
        time.sleep(microseconds / 1e6)  # noqa: ASYNC251  the loop is busy
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
    assert [*map(tuple, await reader.fetch("SELECT 1", [], long=True))] == [(1,)]


async def test_an_abandoned_store_ends_its_statements(reader):
    for _ in range(12):
        store = Store(reader)
        going = asyncio.ensure_future(store.load(Endless(), 1))
        await asyncio.sleep(0.02)
        store.abandon()
        with pytest.raises(Unavailable):
            await going
    assert [*map(tuple, await reader.fetch("SELECT 1", [], long=True))] == [(1,)]


async def test_what_is_declined_leaves_nothing(writer):
    async def rule(write):
        await write.add(Account(id=1, display_name="A"))
        raise Declined("NOT_FOUND", "No.")

    for _ in range(2):
        with pytest.raises(Declined):
            await writer.write(rule)
    assert await writer.write(lambda write: write.rows(select(Account.id))) == []

"""A transaction ends with who asked for it, however they go."""

import asyncio

import pytest
from sqlalchemy import select

from models import Account
from resolvers.accounts import account_by_id
from resolvers.refused import Declined
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


async def test_what_is_declined_leaves_nothing(writer):
    async def rule(write):
        await write.add(Account(id=1, display_name="A"))
        raise Declined("NOT_FOUND", "No.")

    for _ in range(2):
        with pytest.raises(Declined):
            await writer.write(rule)
    assert await writer.write(lambda write: write.rows(select(Account.id))) == []

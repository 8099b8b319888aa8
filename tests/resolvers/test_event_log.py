"""What has happened, in the order of commits; and who is woken by it."""

import asyncio
from contextlib import aclosing, contextmanager

import pytest
from sqlalchemy import insert

from models import Event, Work
from resolvers.drivers import open_reader
from resolvers.event_log import FEED, FOLLOWERS, NOTIFICATIONS, cursor_of, give_positions, newest, place_of, since
from resolvers.follows import follow, unfollow
from resolvers.hub import Hub
from resolvers.refused import Refused, Unavailable
from resolvers.writing import open_writer


@contextmanager
def transaction(engine):
    with engine.connect() as connection:
        begun = connection.begin()
        yield connection
        if begun.is_active:
            begun.rollback()


def happen(connection, account_id):
    row = insert(Event).values(kind="ACCOUNT", account_id=account_id).returning(Event.id)
    return connection.scalar(row)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_commits_later_comes_later_whatever_its_id(engine, reader, writer):
    with transaction(engine) as slow, transaction(engine) as quick:
        first = happen(slow, 1)
        second = happen(quick, 2)
        assert first < second
        quick.commit()
        await give_positions(reader, writer)
        place = await newest(reader)
        assert [event.account_id for event in await since(reader, 0)] == [2]
        slow.commit()
        await give_positions(reader, writer)
        assert [event.account_id for event in await since(reader, place)] == [1]


async def test_nothing_is_missed_or_seen_twice_while_many_write(engine, reader, writer, database_url):
    """Rows that commit in any order, positions given by several at once, read by one who goes on from its last place."""
    seen, done = [], False
    other = open_writer(database_url, reader)

    async def write(number):
        async def rule(transaction):
            await transaction.add(Event(kind="ACCOUNT", account_id=number))
            await asyncio.sleep(0.001 * (number % 7))
            await transaction.add(Event(kind="ACCOUNT", account_id=1000 + number))

        await (writer if number % 2 else other).write(rule)

    async def place():
        while not done:
            await give_positions(reader, writer)
            await asyncio.sleep(0)

    async def read():
        at = 0
        while len(seen) < 200:
            for event in await since(reader, at):
                seen.append(event.account_id)
                at = event.position
            await asyncio.sleep(0.001)
        return at

    placing = [asyncio.create_task(place()) for _ in range(3)]
    reading = asyncio.create_task(read())
    await asyncio.gather(*map(write, range(100)))
    assert await asyncio.wait_for(reading, 30) == 200
    done = True
    await asyncio.gather(*placing)
    await other.close()
    assert sorted(seen) == [*range(100), *range(1000, 1100)]


@pytest.mark.parametrize(
    "cursor", ["", "x", "ZXZlbnQ6", "ZXZlbnQ6LTE", "ZXZlbnQ6MQ==", "ZXZlbnQ6MDE", "é", cursor_of(2**63)]
)
def test_what_is_no_cursor(cursor):
    with pytest.raises(Refused) as refused:
        place_of(cursor)
    assert (refused.value.code, refused.value.path) == ("BAD_CURSOR", ("after",))


@pytest.mark.parametrize("place", [0, 1, 2**63 - 1])
def test_a_cursor_is_its_place(place):
    assert place_of(cursor_of(place)) == place


async def test_followers_change_without_a_name(engine, reader, writer, viewer, record):
    record("researcher")
    me = viewer()
    for verb in (follow, follow, unfollow):
        await verb(writer, me, "researcher", 1)
    await give_positions(reader, writer)
    rows = await FOLLOWERS.after(reader, 1, 0)
    assert [(row.kind, row.account_id, row.actor_id, row.subject_id) for row in rows] == [
        ("FOLLOWERS", None, None, 1)
    ] * 2
    assert await FOLLOWERS.after(reader, 2, 0) == []
    assert [row.position for row in await FOLLOWERS.after(reader, 1, rows[0].position)] == [rows[1].position]


class Failing:
    """A reader whose database can be gone."""

    def __init__(self, reader):
        self.reader, self.gone, self.dialect = reader, False, reader.dialect

    def fetch(self, sql, values, *, long=False):
        if self.gone:
            raise Unavailable("It is gone.")
        return self.reader.fetch(sql, values, long=long)

    def look_up(self, _read, _key):
        return None

    async def changes(self):
        if self.gone:
            raise Unavailable("It is gone.")
        return await self.reader.changes()


@pytest.fixture
async def hub(database_url, monkeypatch):
    """A hub that runs, and its reader."""
    monkeypatch.setattr("resolvers.hub.SELDOM", 0.05)
    reader = open_reader(database_url)
    writer = open_writer(database_url, reader)
    hub = Hub(failing := Failing(reader), writer)
    running = asyncio.create_task(hub.run())
    yield hub, failing
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await writer.close()
    await reader.close()


async def few(events, many):
    return [(await asyncio.wait_for(anext(events), 20)) for _ in range(many)]


async def test_who_listens_is_told_what_concerns_them(hub, engine, viewer, record, save, writer):
    hub, _ = hub
    ada, bob = viewer(), viewer()
    record("researcher")
    save(Work(id=1, title="W", title_key="w", kind="ARTICLE", newest_key=0, author_count=1))
    async with (
        aclosing(hub.events(NOTIFICATIONS, ada.id, 0)) as told,
        aclosing(hub.events(FOLLOWERS, 1, 0)) as followed,
        aclosing(hub.events(FEED, bob.id, 0)) as feed,
    ):
        coming = [asyncio.create_task(few(events, 1)) for events in (told, followed, feed)]
        await asyncio.sleep(0.2)
        with engine.begin() as connection:
            happen(connection, ada.id)
        assert (await coming[0])[0].account_id == ada.id
        await follow(writer, bob, "researcher", 1)
        assert (await coming[1])[0].subject_id == 1
        with engine.begin() as connection:
            new = {"kind": "NEW_WORK", "subject_kind": "researcher", "subject_id": 1, "work_id": 1}
            connection.execute(insert(Event).values(**new))
        assert (await coming[2])[0].work_id == 1


async def test_a_lost_database_loses_nobody_anything(hub, engine, viewer):
    hub, reader = hub
    ada = viewer()
    async with aclosing(hub.events(NOTIFICATIONS, ada.id, 0)) as told:
        coming = asyncio.create_task(few(told, 3))
        await asyncio.sleep(0.1)
        for gone in (False, True, False):
            reader.gone = gone
            with engine.begin() as connection:
                happen(connection, ada.id)
            await asyncio.sleep(0.2)
        rows = await coming
        assert [row.position for row in rows] == sorted({row.position for row in rows})


async def test_a_long_backlog_comes_whole(hub, engine, viewer):
    hub, _ = hub
    ada = viewer()
    with engine.begin() as connection:
        connection.execute(insert(Event), [{"kind": "ACCOUNT", "account_id": ada.id} for _ in range(250)])
    async with aclosing(hub.events(NOTIFICATIONS, ada.id, 0)) as told:
        rows = await few(told, 250)
    assert len({row.id for row in rows}) == 250


async def test_silence_is_told(hub, monkeypatch):
    monkeypatch.setattr("resolvers.hub.SILENCE", 0.05)
    async with aclosing(hub[0].events(NOTIFICATIONS, 1, 0)) as told:
        assert await few(told, 2) == [None, None]
    assert not hub[0]._listening

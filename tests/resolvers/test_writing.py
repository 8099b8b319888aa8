"""A rule's writes stand all together or not at all, whatever happens meanwhile."""

import asyncio
import shutil
import sqlite3
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import bindparam, func, select, text, update
from sqlmodel import col

from models import Account, Attempts
from models.columns import Instant, now
from resolvers import writing
from resolvers.accounts import BY_ID, account_by_id
from resolvers.drivers import open_reader
from resolvers.refused import Unavailable
from resolvers.store import Store
from resolvers.writing import Conflict, open_writer

ONE = select(Attempts).where(col(Attempts.key) == bindparam("which"))
LOCKED = ONE.with_for_update()
SET = update(Attempts).where(col(Attempts.key) == bindparam("which")).values(count=bindparam("new"))
MORE = update(Attempts).where(col(Attempts.key) == bindparam("which")).values(count=col(Attempts.count) + 1)


def adding(*names: str, then: Any = None) -> Any:
    """A rule that adds rows of these names, then does this."""

    async def rule(write: Any) -> None:
        for name in names:
            await write.add(Attempts(key=name, count=0, until=now()))
        if then:
            await then(write)

    return rule


SQLITE, POSTGRESQL = (
    pytest.mark.parametrize("database_url", [kind], indirect=True) for kind in ("sqlite", "postgresql")
)


@pytest.fixture
def stored(engine):
    def counts() -> dict[str, int]:
        with engine.connect() as connection:
            return dict([*connection.execute(select(Attempts.key, Attempts.count))])

    return counts


@pytest.fixture
async def other(database_url):
    """A reader and a writer as another process has them."""
    reader = open_reader(database_url)
    writer = open_writer(database_url, reader)
    yield reader, writer
    await writer.close()
    await reader.close()


@pytest.fixture
def path(database_url):
    """The SQLite database's file."""
    return Path(database_url.removeprefix("sqlite:///"))


@pytest.fixture
def terminate(database_url, engine):
    """End the writers' connections on PostgreSQL's side."""

    def end(state: str = "%") -> int:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'peergraph' AND state LIKE :state"
        with engine.begin() as connection:
            return len(connection.execute(text(ended), {"state": state}).all())

    return end


async def test_a_rule_that_raises_leaves_nothing(writer, stored):
    async def fail(_write: Any) -> None:
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            await writer.write(adding("a", "b", then=fail))
    assert stored() == {}
    await writer.write(adding("a"))
    assert stored() == {"a": 0}


async def test_a_rule_that_is_cancelled_leaves_nothing(writer, stored):
    there = asyncio.Event()

    async def wait(_write: Any) -> None:
        there.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(writer.write(adding("a", then=wait)))
    await there.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stored() == {}
    await writer.write(adding("a"))
    assert stored() == {"a": 0}


async def test_whenever_it_is_cancelled_all_or_nothing_stands_and_the_next_write_works(writer, stored):
    await writer.write(adding("first"))
    for turns in range(40):
        task = asyncio.create_task(writer.write(adding(f"{turns} a", f"{turns} b")))
        for _ in range(turns):
            await asyncio.sleep(0.0002 if turns % 2 else 0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.write(adding(f"{turns} next"))
    assert all(f"{turns} next" in stored() for turns in range(40))
    by_turn = Counter(name.split()[0] for name in stored() if name[-1] in "ab")
    assert set(by_turn.values()) <= {2}


async def test_what_must_be_the_only_one_is_a_conflict_inside_the_rule_and_out(writer, stored):
    await writer.write(adding("a"))
    met = []

    async def again(write: Any) -> None:
        try:
            await write.add(Attempts(key="a", count=0, until=now()))
        except Conflict as conflict:
            met.append(conflict)
            raise

    with pytest.raises(Conflict):
        await writer.write(adding("b", then=again))
    assert len(met) == 1
    assert stored() == {"a": 0}
    await writer.write(adding("b"))


async def test_a_rule_that_passes_over_a_conflict_does_not_stand_by_halves(writer, stored):
    await writer.write(adding("a"))

    async def pass_over(write: Any) -> None:
        with pytest.raises(Conflict):
            await write.add(Attempts(key="a", count=0, until=now()))

    with pytest.raises(Conflict):
        await writer.write(adding("b", then=pass_over))
    assert stored() == {"a": 0}


async def test_a_single_statement_stands_alone(writer, stored):
    await writer.write(adding("a"), alone=True)
    with pytest.raises(Conflict):
        await writer.write(adding("a"), alone=True)
    for turns in range(20):
        task = asyncio.create_task(writer.write(adding(f"{turns}"), alone=True))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.write(adding(f"{turns} next"), alone=True)
    assert {"a", *[f"{turns} next" for turns in range(20)]} <= stored().keys()


async def test_values_come_back_as_they_went(writer, reader, engine):
    moments = [datetime(2026, 1, 2, 3, 4, 5, us, timezone(timedelta(hours=2))) for us in (0, 1, 678_901)]
    for moment in moments:
        account = Account(display_name="Ada ⚡", is_hidden=True, email_verified_at=moment, created_at=moment)
        await writer.write(lambda write, account=account: write.add(account))
        written = await writer.write(lambda write, account=account: write.row(BY_ID, account=account.id))
        read = await Store(reader).load(account_by_id, account.id)
        with engine.connect() as connection:
            by_orm = connection.execute(select(Account).where(col(Account.id) == account.id)).one()
        for row in (written, read, by_orm):
            stamp = row.created_at
            assert (stamp if stamp.tzinfo else stamp.replace(tzinfo=timezone.utc)) == moment  # noqa: UP017
            assert (row.is_hidden, row.digested_at, row.email, row.display_name) == (True, None, None, "Ada ⚡")
        assert written.email_verified_at == read.email_verified_at == moment
    before = select(func.count()).where(col(Account.created_at) <= bindparam("moment", type_=Instant))
    counts = [await writer.write(lambda write, at=at: write.value(before, moment=at)) for at in moments]
    assert counts == [1, 2, 3]


async def test_concurrent_writes_lose_nothing(writer, other, stored):
    await writer.write(adding("a"))

    async def one_more(write: Any) -> None:
        row = await write.row(LOCKED, which="a")
        await write.rows(SET, which="a", new=row.count + 1)

    await asyncio.gather(*[(writer, other[1])[number % 2].write(one_more) for number in range(100)])
    assert stored() == {"a": 100}


@POSTGRESQL
async def test_a_deadlock_is_tried_again(writer, stored, terminate):
    await writer.write(adding("a", "b"))
    meeting, runs = asyncio.Barrier(2), []

    def crossing(first: str, second: str) -> Any:
        async def rule(write: Any) -> None:
            runs.append(first)
            await write.rows(MORE, which=first)
            if runs.count(first) == 1:
                await meeting.wait()
            await write.rows(MORE, which=second)

        return rule

    await asyncio.gather(writer.write(crossing("a", "b")), writer.write(crossing("b", "a")))
    assert stored() == {"a": 2, "b": 2}
    assert len(runs) == 3


async def eventually(holds: Any) -> bool:
    for _ in range(200):
        if await holds():
            return True
        await asyncio.sleep(0.02)
    return False


@pytest.mark.parametrize("in_thread", [False, True])
async def test_a_write_is_told_here_at_once_and_elsewhere_soon(reader, writer, other, in_thread):
    async def tell(write: Any) -> None:
        await write.tell("Researcher 1")

    def insert(connection: Any) -> None:
        connection.execute(sqlalchemy.insert(Attempts).values(key="t", count=0, until=now()))

    here, elsewhere = await reader.reader.changes(), await other[0].changes()
    then, there = here.now, elsewhere.now
    await (writer.in_thread(insert) if in_thread else writer.write(adding("a", then=tell)))
    here = await reader.reader.changes()
    assert here.since(then, {"Researcher 1"})
    assert here.since(then, {"Researcher 2"}) is in_thread

    async def heard() -> bool:
        changes = await other[0].changes()
        return changes is not None and changes.since(there, {"Researcher 1"})

    assert await eventually(heard)
    assert elsewhere.since(there, {"Researcher 2"}) is in_thread


async def test_what_does_not_stand_is_not_told(reader, writer):
    async def tell_and_fail(write: Any) -> None:
        await write.tell("Researcher 1")
        raise LookupError

    then = (await reader.reader.changes()).now
    with pytest.raises(LookupError):
        await writer.write(tell_and_fail)
    assert not (await reader.reader.changes()).since(then, {"Researcher 1"})


async def test_a_long_write_stands_whole_or_not_at_all(writer, stored):
    def insert(connection: Any) -> str:
        connection.execute(sqlalchemy.insert(Attempts).values(key="t", count=0, until=now()))
        return "done"

    def fail(connection: Any) -> None:
        insert(connection)
        raise LookupError

    with pytest.raises(LookupError):
        await writer.in_thread(fail)
    assert stored() == {}
    assert await writer.in_thread(insert) == "done"
    with pytest.raises(Conflict):
        await writer.in_thread(insert)
    assert stored() == {"t": 0}


@SQLITE
async def test_who_waits_for_sqlites_lock_holds_up_nobody_else(path, reader, writer, stored):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = [asyncio.create_task(writer.write(adding(name))) for name in "abc"]
    for _ in range(20):
        assert await Store(reader).load(account_by_id, 1) is None
        await asyncio.sleep(0.005)
    waiting[0].cancel()  # at its BEGIN
    waiting[1].cancel()  # at its turn
    assert not waiting[2].done()
    holder.execute("COMMIT")
    holder.close()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert stored() == {"c": 0}
    await writer.write(adding("d"))
    assert stored() == {"c": 0, "d": 0}


@SQLITE
async def test_sqlites_lock_is_not_waited_for_for_ever(path, writer, stored, monkeypatch):
    monkeypatch.setattr(writing, "BUSY_MS", 50)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await writer.write(adding("a"))
    holder.execute("ROLLBACK")
    holder.close()
    await writer.write(adding("b"))
    assert stored() == {"b": 0}


@pytest.mark.parametrize("before", [False, True])
@SQLITE
async def test_without_its_file_sqlite_is_unavailable_until_there_is_one(path, writer, before):
    if before:
        await writer.write(adding("a"))
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    (path.parent / "kept").mkdir()
    for file in files:
        shutil.copy(file, path.parent / "kept")
        file.unlink()
    for _ in range(2):
        with pytest.raises(Unavailable):
            await writer.write(adding("b"))
    for file in files:
        shutil.copy(path.parent / "kept" / file.name, file)
    await writer.write(adding("c"))
    with sqlite3.connect(path) as connection:
        assert [*connection.execute("SELECT key FROM attempts ORDER BY 1")] == [("a",)] * before + [("c",)]
    connection.close()


@SQLITE
async def test_sqlite_is_unavailable_while_its_file_cannot_be_written(path, writer, stored):
    await writer.write(adding("a"))
    writer._driver._connection.close()
    # What SQLite itself gives whoever opens a file that is write-protected; root, who may run this, has none such.
    writer._driver._connection = sqlite3.connect(
        f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
    )
    with pytest.raises(Unavailable):
        await writer.write(adding("b"))
    await writer.write(adding("c"))
    assert stored() == {"a": 0, "c": 0}


@POSTGRESQL
async def test_a_connection_cut_between_writes_is_replaced(terminate, writer, stored):
    await asyncio.gather(*[writer.write(adding(name)) for name in "abc"])
    assert await asyncio.to_thread(terminate) >= 1
    await asyncio.sleep(0.05)
    await writer.write(adding("d"))
    assert stored() == dict.fromkeys("abcd", 0)


@pytest.mark.parametrize("setting", ["default_transaction_read_only = on", "idle_in_transaction_session_timeout = 20"])
@POSTGRESQL
async def test_a_database_that_takes_no_writes_is_unavailable_until_it_does(terminate, engine, writer, stored, setting):
    def change(statement: str) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"ALTER DATABASE {engine.url.database} {statement}"))

    async def idle(_write: Any) -> None:
        await asyncio.sleep(0.1)

    await asyncio.to_thread(change, f"SET {setting}")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await writer.write(adding("a", then=idle))
    await asyncio.to_thread(change, f"RESET {setting.split()[0]}")
    await asyncio.to_thread(terminate)
    await asyncio.sleep(0.05)
    await writer.write(adding("b"))
    assert stored() == {"b": 0}


@pytest.mark.parametrize("when", ["between statements", "in a statement", "before the commit"])
@POSTGRESQL
async def test_a_connection_cut_during_a_write_leaves_nothing(terminate, writer, stored, when):
    async def cut(write: Any) -> None:
        if when == "in a statement":
            sleeping = asyncio.ensure_future(write.rows(select(func.pg_sleep(60))))
            assert await eventually(lambda: asyncio.to_thread(terminate, "active"))
            await sleeping
        await asyncio.to_thread(terminate, "idle in transaction")
        if when == "between statements":
            await write.rows(MORE, which="a")

    with pytest.raises(Unavailable):
        await writer.write(adding("a", then=cut))
    assert stored() == {}
    await writer.write(adding("b"))
    assert stored() == {"b": 0}


@SQLITE
async def test_who_waits_for_others_that_wait_is_told_so(writer, path, monkeypatch):
    monkeypatch.setattr(writing, "BUSY_MS", 100)
    async with writer._driver._turn:  # as long as somebody waits for the file
        with pytest.raises(Unavailable):
            await writer.write(lambda write: write.rows(BY_ID, account=1))
    assert await writer.write(lambda write: write.rows(BY_ID, account=1)) == []

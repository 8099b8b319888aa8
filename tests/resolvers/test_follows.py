"""Following: once, whatever the race, and counted as often as it stands."""

import asyncio
from random import Random

import pytest
from sqlalchemy import delete, func, select, text

from models import Account, Event, Follow, MergedId
from models.columns import now
from resolvers.follows import follow, unfollow
from resolvers.refused import Declined


@pytest.fixture
def counted(engine):
    """The count of a record's followers as it is kept, and by a recount."""

    def count(kind: str, id: int = 1) -> tuple[int, int]:
        with engine.connect() as connection:
            kept = connection.scalar(text(f"SELECT follower_count FROM {kind} WHERE id = {id}"))
            rows = connection.scalar(
                select(func.count()).where(Follow.kind == kind, Follow.subject_id == id)  # type: ignore[arg-type]
            )
        return kept, rows

    return count


@pytest.mark.parametrize("kind", ["researcher", "topic", "institution"])
async def test_twice_is_once(writer, viewer, record, counted, kind):
    record(kind)
    me = viewer()
    for _ in range(2):
        assert await follow(writer, me, kind, 1) == 1
        assert counted(kind) == (1, 1)
    for _ in range(2):
        assert await unfollow(writer, me, kind, 1) == 1
        assert counted(kind) == (0, 0)


async def test_nothing_is_not_followed(writer, viewer, record):
    record("researcher", suppressed_at=now())
    for verb in (follow, unfollow):
        for kind in ("researcher", "topic", "institution"):
            with pytest.raises(Declined) as declined:
                await verb(writer, viewer(), kind, 1)
            assert (declined.value.code, declined.value.path) == ("NOT_FOUND", ("subjectId",))


async def test_a_merged_record_is_its_survivor(writer, viewer, record, save, counted):
    record("researcher")
    save(MergedId(kind="researcher", old_id=9, into_id=1))
    me = viewer()
    assert await follow(writer, me, "researcher", 9) == 1
    assert counted("researcher") == (1, 1)
    assert await unfollow(writer, me, "researcher", 9) == 1
    assert counted("researcher") == (0, 0)


async def test_a_hundred_at_once(writer, viewer, record, counted):
    record("researcher")
    people = [viewer() for _ in range(10)]
    await asyncio.gather(*[follow(writer, people[n % 10], "researcher", 1) for n in range(100)])
    assert counted("researcher") == (10, 10)
    await asyncio.gather(*[unfollow(writer, people[n % 10], "researcher", 1) for n in range(100)])
    assert counted("researcher") == (0, 0)
    chance = Random(1)
    await asyncio.gather(
        *[chance.choice([follow, unfollow])(writer, chance.choice(people), "researcher", 1) for _ in range(200)]
    )
    kept, rows = counted("researcher")
    assert kept == rows


async def test_an_account_that_goes_takes_its_follows_along(writer, viewer, record, counted, engine):
    record("researcher")
    me = viewer()
    await follow(writer, me, "researcher", 1)
    with engine.begin() as connection:
        connection.execute(delete(Account).where(Account.id == me.id))  # type: ignore[arg-type]
    assert counted("researcher") == (0, 0)


async def test_events_are_never_rewritten(engine, save):
    save(Event(kind="CLAIM", note="as it was"))
    for statement in ("UPDATE event SET note = 'otherwise'", "DELETE FROM event"):
        with pytest.raises(Exception, match="never"), engine.begin() as connection:
            connection.execute(text(statement))
    with engine.begin() as connection:
        connection.execute(text("UPDATE event SET read_at = at"))


async def test_a_follow_is_one_statement(writer, viewer, record, monkeypatch):
    record("researcher")
    ran = []
    run = writer._driver.run

    async def counting(rule, alone):
        ran.append(alone)
        return await run(rule, alone)

    monkeypatch.setattr(writer._driver, "run", counting)
    await follow(writer, viewer(), "researcher", 1)
    assert ran == [True]

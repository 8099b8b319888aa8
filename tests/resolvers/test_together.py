"""What several requests look up in the same turn of the event loop is one statement's work."""

from __future__ import annotations

import asyncio

import pytest

from models import Researcher
from resolvers.drivers import PostgresReader, open_reader
from resolvers.refused import Unavailable
from resolvers.researchers import researcher_by_id, researcher_by_slug
from resolvers.store import Store
from resolvers.works import topics_by_work

NAMED = researcher_by_slug.only(frozenset({"id", "slug"}))


@pytest.fixture
async def shared(database_url, save, monkeypatch):
    """The service's own reader, and the statements that it ran."""
    save(*[Researcher(id=id, slug=f"r-{id}", display_name=f"R {id}", name_key=f"r {id}") for id in range(1, 4)])
    reader, ran = open_reader(database_url), []
    fetch = reader.fetch

    def noted(sql, values, *, long=False):
        ran.append(sql)
        return fetch(sql, values, long=long)

    monkeypatch.setattr(reader, "fetch", noted)
    yield reader, ran
    await reader.close()


def looked_up(reader, slug):
    return Store(reader).load(NAMED, slug)


async def test_all_of_a_turn_share_a_statement(shared):
    reader, ran = shared
    asked = ["r-1", "r-2", "r-1", "r-9", "r-3"]
    rows = await asyncio.gather(*[looked_up(reader, slug) for slug in asked])
    assert [row and row.slug for row in rows] == ["r-1", "r-2", "r-1", None, "r-3"]
    together = isinstance(reader, PostgresReader)
    assert len(ran) == (1 if together else 5)
    ran.clear()
    for slug in ("r-1", "r-2"):  # one after the other: what has been read is not kept
        await looked_up(reader, slug)
    assert len(ran) == 2


async def test_each_read_has_a_statement_of_its_own(shared):
    reader, ran = shared
    by_id = researcher_by_id.only(frozenset({"id", "slug"}))
    found = await asyncio.gather(
        looked_up(reader, "r-1"), Store(reader).load(by_id, 2), Store(reader).load(topics_by_work, 1)
    )
    assert [found[0].slug, found[1].slug, found[2]] == ["r-1", "r-2", []]
    assert len(ran) == 3


async def test_who_goes_leaves_the_others_theirs(shared):
    reader, _ = shared
    going, staying = [asyncio.ensure_future(looked_up(reader, "r-1")) for _ in range(2)]
    await asyncio.sleep(0)
    going.cancel()
    assert (await staying).slug == "r-1"
    with pytest.raises(asyncio.CancelledError):
        await going


@pytest.mark.usefixtures("collected")  # warnings of what is never awaited are errors
async def test_what_fails_fails_for_all_and_may_be_asked_again(shared, monkeypatch):
    reader, _ = shared
    if not isinstance(reader, PostgresReader):
        return

    async def gone():
        raise Unavailable("It is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(reader, "fetch", lambda *_given, **_known: gone())
        found = await asyncio.gather(*[looked_up(reader, slug) for slug in ("r-1", "r-2")], return_exceptions=True)
        assert [*map(str, found)] == ["It is gone."] * 2
    assert (await looked_up(reader, "r-2")).slug == "r-2"

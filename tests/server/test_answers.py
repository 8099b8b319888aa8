"""Answers are kept whole until anything in the database changes, whoever changes it, and only where anyone may see them."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from importers.openalex.run import run
from models.database import tell_changes
from server.answers import Answers
from server.app import create_app
from server.settings import Settings

SEED = Path(__file__).parents[3] / "shared" / "data" / "openalex-seed"
COUNT = {"query": "{ works { totalCount } }"}
PRIVATE = {"query": "{ works { totalCount } viewer { id } }"}


@pytest.fixture
def watched(reader):
    """The counting reader, which now tells of changes, so that answers are kept."""
    reader.version = reader.reader.version
    return reader


@pytest.fixture
def keeping(client, watched):
    return client


async def arrived(watched, before):
    """PostgreSQL's word of a change comes a moment after the commit."""
    for _ in range(100):
        if await watched.version() not in {before, None}:
            return
        await asyncio.sleep(0.02)


async def test_what_was_answered_is_not_read_again(keeping, watched):
    first = await keeping.post("/graphql", json=COUNT)
    reads = len(watched.statements)
    again = await keeping.post("/graphql", json=COUNT)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert reads == len(watched.statements) > 0
    assert first.headers["cache-control"] == "public, no-cache"
    assert "Accept" in first.headers["vary"]
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    other = await keeping.post("/graphql", json=COUNT, headers={"accept": "application/graphql-response+json"})
    assert other.headers["content-type"].startswith("application/graphql-response+json")


async def test_a_client_that_has_it_is_told_so(keeping):
    got = await keeping.get("/graphql", params=COUNT)
    same = await keeping.get("/graphql", params=COUNT, headers={"if-none-match": got.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    other = await keeping.get("/graphql", params=COUNT, headers={"if-none-match": '"something else"'})
    assert (other.status_code, other.content) == (200, got.content)


async def test_a_write_makes_it_stale_at_once(keeping, watched, engine):
    query = {"query": '{ nodes(ids: ["U291cmNlOjE="]) { id } }'}
    assert (await keeping.post("/graphql", json=query)).json() == {"data": {"nodes": [None]}}
    before = await watched.version()
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO source (id, display_name, work_count, citation_count, version) VALUES (1, 'J', 0, 0, 1)")
        )
        tell_changes(connection)
    await arrived(watched, before)
    assert (await keeping.post("/graphql", json=query)).json() == {"data": {"nodes": [{"id": "U291cmNlOjE="}]}}


async def test_an_import_makes_all_stale(keeping, watched, engine, tmp_path):
    assert (await keeping.post("/graphql", json=COUNT)).json()["data"]["works"]["totalCount"] == 0
    before = await watched.version()
    await asyncio.to_thread(run, engine, str(SEED), dead_letters=tmp_path / "dead.jsonl")
    await arrived(watched, before)
    assert (await keeping.post("/graphql", json=COUNT)).json()["data"]["works"]["totalCount"] == 45


async def test_what_depends_on_the_viewer_is_never_kept(keeping, watched):
    first = await keeping.post("/graphql", json=PRIVATE)
    reads = len(watched.statements)
    assert (await keeping.post("/graphql", json=PRIVATE)).content == first.content
    assert len(watched.statements) == 2 * reads
    assert first.headers["cache-control"] == "private, no-store"
    assert "etag" not in first.headers


@pytest.mark.parametrize("query", ["{ works(first: 0) { totalCount } }", "{ nothing }", "{"])
async def test_errors_are_never_kept(keeping, query):
    ids = [
        (await keeping.post("/graphql", json={"query": query})).json()["errors"][0]["extensions"]["requestId"]
        for _ in range(2)
    ]
    assert len(set(ids)) == 2


async def test_nothing_is_kept_where_that_is_switched_off(database_url, watched):
    app = create_app(Settings(database_url=database_url, answers_bytes=0), watched)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        for _ in range(2):
            assert "etag" not in (await client.post("/graphql", json=COUNT)).headers
    assert len(watched.statements) >= 2


async def test_a_lost_connection_counts_as_a_change(keeping, watched, engine):
    if engine.dialect.name == "sqlite":
        return
    await keeping.post("/graphql", json=COUNT)
    before = await watched.version()
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'peergraph changes'")
        )
    for _ in range(200):
        if await watched.version() not in {before, None}:
            break
        await asyncio.sleep(0.02)
    assert await watched.version() > before
    assert (await keeping.post("/graphql", json=COUNT)).status_code == 200


def test_a_flood_of_answers_stays_within_its_bytes():
    answers = Answers(100_000)
    for number in range(1_000):
        answers.keep((True, b"", b"%d" % number), 1, bytes(1_000))
    kept = [number for number in range(1_000) if answers.get((True, b"", b"%d" % number), 1)]
    assert 50 < len(kept) < 100
    assert kept == list(range(1_000 - len(kept), 1_000))
    assert answers.get((True, b"", b"999"), 2) is None
    answers.keep((True, b"", b"large"), 1, bytes(200_000))
    assert answers.get((True, b"", b"large"), 1) is None

"""Answers are kept whole until anything in the database changes, whoever changes it, and only where anyone may see them."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text, update
from sqlmodel import col

from importers.openalex.run import run
from models import Account, Affiliation, Institution, Researcher, Work, database
from models.columns import now
from models.database import subject, tell_changes
from models.indexing import reindex
from resolvers import changes, follows
from resolvers.changes import Changes
from resolvers.viewers import Viewer
from schema.node import global_id
from server.answers import Answers, Kept
from server.app import create_app
from server.settings import Settings

SEED = Path(__file__).parents[3] / "shared" / "data" / "openalex-seed"
INSTITUTION = global_id("Institution", 1)
COUNT = {"query": "{ works { totalCount } }"}
PRIVATE = {"query": "{ works { totalCount } viewer { id } }"}


@pytest.fixture
def watched(reader):
    """The counting reader, which now tells of changes, so that answers are kept."""
    reader.changes = reader.reader.changes
    return reader


@pytest.fixture
def keeping(client, watched):
    return client


@pytest.fixture
def people(save):
    save(*[Researcher(id=id, slug=f"r-{id}", display_name=f"R {id}", name_key=f"r {id}") for id in (1, 2, 3)])


async def clock(watched):
    """What the clock of changes shows; None while that cannot be known."""
    changes = await watched.changes()
    return changes and changes.now


async def arrived(watched, before):
    """PostgreSQL's word of a change comes a moment after the commit."""
    for _ in range(200):
        if await clock(watched) not in {before, None}:
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
    any_ = await keeping.get("/graphql", params=COUNT, headers={"if-none-match": "*"})
    assert (any_.status_code, any_.content) == (304, b"")
    other = await keeping.get("/graphql", params=COUNT, headers={"if-none-match": '"something else"'})
    assert (other.status_code, other.content) == (200, got.content)


async def test_a_write_makes_it_stale_at_once(keeping, watched, engine):
    query = {"query": '{ nodes(ids: ["U291cmNlOjE="]) { id } }'}
    assert (await keeping.post("/graphql", json=query)).json() == {"data": {"nodes": [None]}}
    before = await clock(watched)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO source (id, display_name, work_count, citation_count, version) VALUES (1, 'J', 0, 0, 1)")
        )
        tell_changes(connection)
    await arrived(watched, before)
    assert (await keeping.post("/graphql", json=query)).json() == {"data": {"nodes": [{"id": "U291cmNlOjE="}]}}


async def test_an_import_makes_all_stale(keeping, watched, engine, tmp_path):
    assert (await keeping.post("/graphql", json=COUNT)).json()["data"]["works"]["totalCount"] == 0
    before = await clock(watched)
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
    before = await clock(watched)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'peergraph changes'")
        )
    await arrived(watched, before)
    assert await clock(watched) > before
    assert (await keeping.post("/graphql", json=COUNT)).status_code == 200


async def test_while_the_connection_is_lost_nothing_is_kept(keeping, watched, engine, people):
    if engine.dialect.name == "sqlite":
        return
    query = {"query": PEOPLE % '"r-1"'}
    await keeping.post("/graphql", json=query)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'peergraph changes'")
        )
    await asyncio.sleep(0.1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET follower_count = 7 WHERE id = 1"))
        tell_changes(connection, subject("Researcher", 1))
    assert b'"followerCount":7' in (await keeping.post("/graphql", json=query)).content


PEOPLE = "{ researcher(by: { slug: %s }) { displayName followerCount works(first: 1) { nodes { title } } } }"


async def follow(engine, watched, slug, *, told=True):
    """What a follower changes, and the word of it."""
    before = await clock(watched)
    with engine.begin() as connection:
        changed = text("UPDATE researcher SET follower_count = follower_count + 1 WHERE slug = :slug RETURNING id")
        id = connection.scalar(changed, {"slug": slug})
        tell_changes(connection, *[subject("Researcher", id)] if told else [])
    await arrived(watched, before)


async def test_a_write_makes_stale_only_what_shows_its_subject(keeping, watched, engine, people):
    one, other = [{"query": PEOPLE % f'"r-{number}"'} for number in (1, 2)]
    both = {"query": "{ researchers(first: 3) { nodes { followerCount } } }"}

    async def read(query):
        """The answer, and whether it was read again."""
        before = len(watched.statements)
        return (await keeping.post("/graphql", json=query)).content, len(watched.statements) > before

    for query in (one, other, both):
        assert (await read(query))[1]
        assert not (await read(query))[1]
    for round in (1, 2):
        await follow(engine, watched, "r-1")
        answer, again = await read(one)
        assert (again, b'"followerCount":%d' % round in answer) == (True, True)
        assert (await read(both))[1]
        assert not (await read(other))[1]
        assert not (await read(one))[1]
    await follow(engine, watched, "r-3", told=False)  # by whoever does not say what
    assert [(await read(query))[1] for query in (one, other, both)] == [True, True, True]


async def test_what_a_rule_tells_of_is_stale_when_it_is_answered(keeping, watched, writer, people):
    one, other = [{"query": PEOPLE % f'"r-{number}"'} for number in (1, 2)]
    more = update(Researcher).where(col(Researcher.id) == 1).values(follower_count=col(Researcher.follower_count) + 1)

    async def rule(write):
        await write.rows(more)
        await write.tell(subject("Researcher", 1))

    for query in (one, other):
        await keeping.post("/graphql", json=query)
    for round in (1, 2, 3):
        await writer.write(rule)  # and not a moment later:
        assert b'"followerCount":%d' % round in (await keeping.post("/graphql", json=one)).content
    for _ in range(10):  # PostgreSQL's own word of it comes later, and is of no more
        await asyncio.sleep(0.01)
        reads = len(watched.statements)
        await keeping.post("/graphql", json=other)
        assert len(watched.statements) == reads


@pytest.mark.parametrize(
    "query",
    [
        "{ researchers(first: 1, orderBy: MOST_FOLLOWED) { nodes { slug } } }",
        "{ researchers(filter: { claimStatuses: [CLAIMED] }) { totalCount } }",
        "{ researchers(filter: { claimStatuses: [CLAIMED] }) { nodes { slug } } }",
        f'{{ institution(by: {{id: "{INSTITUTION}"}}) {{ researchers {{ nodes {{ slug }} }} }} }}',
        f'{{ researchers(filter: {{institutions: ["{INSTITUTION}"]}}) {{ totalCount }} }}',
        "{ researchers { facets(by: [INSTITUTION]) { buckets { count } } } }",
        "{ researchers { facets(by: [INSTITUTION]) { withoutCount } } }",
        '{ search(query: "told") { totalCount } }',
        '{ suggest(prefix: "told") { text } }',
    ],
)
async def test_a_list_is_stale_when_a_write_may_bring_others_into_it(keeping, watched, engine, people, save, query):
    save(
        Institution(id=1, slug="i", display_name="I", name_key="i"),
        *[Affiliation(researcher_id=id, institution_id=1) for id in (1, 2)],
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET affiliation_withheld = true WHERE id = 1"))
    before = (await keeping.post("/graphql", json={"query": query})).content
    seen = await clock(watched)
    with engine.begin() as connection:
        changed = "follower_count = 9, claim_status = 'CLAIMED', affiliation_withheld = false, headline = 'told'"
        connection.execute(text(f"UPDATE researcher SET {changed} WHERE id = 1"))
        reindex(connection)
        tell_changes(connection, subject("Researcher", 1))
    await arrived(watched, seen)
    assert (await keeping.post("/graphql", json={"query": query})).content != before


async def test_an_import_of_nothing_new_is_told_too(keeping, watched, engine, tmp_path):
    asked = {"query": "{ serverInfo { lastImport } }"}
    answers = set()
    for _ in range(2):
        before = await clock(watched)
        await asyncio.to_thread(run, engine, str(SEED), dead_letters=tmp_path / "dead.jsonl")
        await arrived(watched, before)
        await asyncio.sleep(0.2)
        answers.add((await keeping.post("/graphql", json=asked)).content)
    assert len(answers) == 2


async def test_what_was_missed_counts_as_everything(keeping, watched, engine, people, monkeypatch):
    if engine.dialect.name != "sqlite":
        return
    monkeypatch.setattr(database, "CHANGES_KEPT", 2)
    other = {"query": PEOPLE % '"r-2"'}
    await keeping.post("/graphql", json=other)
    with engine.begin() as connection:
        for _ in range(4):
            tell_changes(connection, subject("Researcher", 1))
    reads = len(watched.statements)
    await keeping.post("/graphql", json=other)
    assert len(watched.statements) > reads


@pytest.mark.parametrize(
    ("query", "control"),
    [
        ('{ work(by: { doi: "10.1/x" }) { id title doi __typename } }', "public, max-age=300"),
        ('{ work(by: { doi: "10.1/x" }) { title citationCount } }', "public, no-cache"),
        ('{ work(by: { doi: "10.1/none" }) { title } }', "public, no-cache"),  # it may come
        ("{ works { nodes { title } } }", "public, no-cache"),
    ],
)
async def test_an_answer_is_as_lasting_as_its_fields(keeping, save, query, control):
    save(Work(id=1, title="X", title_key="x", kind="ARTICLE", doi="10.1/x"))
    assert (await keeping.post("/graphql", json={"query": query})).headers["cache-control"] == control


def test_more_subjects_than_are_told_apart_are_everything(monkeypatch):
    monkeypatch.setattr(changes, "SUBJECTS", 3)
    clock = Changes()
    for number in range(2):
        clock.tell(f"Researcher {number}")
    assert clock.since(0, {"Researcher 1", "Topic 1"})
    assert not clock.since(1, {"Researcher 0"})
    assert clock.since(1, {"Researcher"})
    assert not clock.since(0, {"Topic 1"})
    clock.tell("Researcher 2")
    assert clock.since(2, {"Topic 1"})
    assert not clock.since(3, {"Topic 1"})


def test_a_flood_of_answers_stays_within_its_bytes():
    answers, clock = Answers(100_000), Changes()

    def keep(name: bytes, body: bytes) -> None:
        asked = ("POST", b"", name)
        answers.keep(asked, Kept(asked, body, set(), clock.now, 0))

    for number in range(1_000):
        keep(b"%d" % number, bytes(1_000))
    kept = [number for number in range(1_000) if answers.get(("POST", b"", b"%d" % number), clock)]
    assert 50 < len(kept) < 100
    assert kept == list(range(1_000 - len(kept), 1_000))
    keep(b"large", bytes(200_000))
    assert answers.get(("POST", b"", b"large"), clock) is None
    clock.tell(None)
    assert answers.get(("POST", b"", b"999"), clock) is None


async def test_a_follow_is_seen_at_once_by_whoever_asks_for_its_subject(keeping, watched, people, writer, save):
    save(Account(id=1, display_name="A", email_key=None))
    me = Viewer(
        1, 0, session=True, scopes=frozenset({"READ", "WRITE"}), email_verified=True, moderator=False, used_at=now()
    )
    one, other = ({"query": f'{{ researcher(by: {{slug: "r-{id}"}}) {{ followerCount }} }}'} for id in (1, 2))
    for _ in range(2):
        for query in (one, other):
            assert (await keeping.post("/graphql", json=query)).json()["data"]["researcher"] == {"followerCount": 0}
    await follows.follow(writer, me, "researcher", 1)
    reads = len(watched.statements)
    assert (await keeping.post("/graphql", json=one)).json()["data"]["researcher"] == {"followerCount": 1}
    assert len(watched.statements) > reads
    reads = len(watched.statements)
    assert (await keeping.post("/graphql", json=other)).json()["data"]["researcher"] == {"followerCount": 0}
    told = [sql for sql in watched.statements[reads:] if "FROM researcher" in sql]
    assert told == []

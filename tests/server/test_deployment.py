"""What it is deployed with, linted; and nginx's own configuration, in front of two servers of which one goes."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import httpx2
import pytest
import websockets

from schema.node import global_id
from server.pages import PATH

ROOT = Path(__file__).parents[2]
NODE = ROOT / "tests/server/node/node_modules"
TYPENAME = {"query": "{ __typename }"}
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_image_is_built_by_the_rules():
    subprocess.run([shutil.which("hadolint", path=PATH), "Dockerfile"], cwd=ROOT, check=True)


def test_the_services_are_put_together_by_the_rules(node):
    linter = NODE / ".bin/dclint"
    subprocess.run(
        [linter, "--max-warnings", "0", "compose.yaml"], cwd=ROOT, env=os.environ | {"PATH": PATH}, check=True
    )


def test_the_image_holds_what_is_served_and_nothing_else():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    dockerfile = (ROOT / "Dockerfile").read_text()
    for room in ("models", "resolvers", "schema", "execution", "importers", "server"):
        assert f"!{room}" in ignored
        assert f"COPY {room}/ {room}/" in dockerfile
    pins = (ROOT / "requirements.lock").read_text()
    for line in (ROOT / "requirements-serve.lock").read_text().splitlines():
        if "==" in line and not line.startswith(" "):
            assert line in pins
    assert "pytest" not in (ROOT / "requirements-serve.lock").read_text()


@pytest.fixture
def nginx():
    """nginx, by whatever name it is there."""
    if not shutil.which("nginx") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update"], check=False)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "nginx-light"], check=False)
    return shutil.which("nginx") or pytest.fail(
        "This needs nginx: apt-get install -y --no-install-recommends nginx-light"
    )


@pytest.fixture
def balanced(nginx, serve, tmp_path):
    """The first of two servers, and nginx's address in front of them."""
    (first, one), (_, two) = serve(), serve()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = (ROOT / ".deploy/nginx.conf").read_text()
    for ours, tested in (
        ("one:8000", one.removeprefix("http://")),
        ("two:8000", two.removeprefix("http://")),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/run/nginx.pid", f"{tmp_path}/nginx.pid"),
    ):
        assert ours in config
        config = config.replace(ours, tested)
    path = tmp_path / "nginx.conf"
    path.write_text(config)
    tmp_path.chmod(0o755)
    subprocess.run([nginx, "-t", "-c", path, "-p", tmp_path], check=True)
    process = subprocess.Popen([nginx, "-c", path, "-p", tmp_path, "-g", "daemon off;"])
    yield first, f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@sqlite
async def test_one_of_two_servers_goes(balanced, record):
    record("researcher")
    first, address = balanced
    listening = {
        "query": "subscription ($id: ID!) { followersChanged(researcherId: $id) { followerCount } }",
        "variables": {"id": global_id("Researcher", 1)},
    }
    async with httpx2.AsyncClient(base_url=address, transport=httpx2.AsyncHTTPTransport(retries=8)) as client:
        for _ in range(6):
            assert (await client.post("/graphql", json=TYPENAME)).json() == {"data": {"__typename": "Query"}}
        assert (await client.get("/metrics")).status_code == 404
        async with client.stream(
            "POST", "/graphql/stream", json=listening, headers={"accept": "text/event-stream"}
        ) as stream:
            assert await anext(stream.aiter_lines()) == ":"  # nothing holds it back until there is more
        uri = f"{address.replace('http', 'ws')}/graphql"
        async with websockets.connect(uri, subprotocols=["graphql-transport-ws"]) as socket_:
            await socket_.send('{"type": "connection_init"}')
            assert json.loads(await socket_.recv()) == {"type": "connection_ack"}
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()  # what it had been sent would be lost: a POST is not sent twice
        answers = await asyncio.gather(*[client.post("/graphql", json=TYPENAME) for _ in range(40)])
        assert {answer.status_code for answer in answers} == {200}

"""The audits of GraphQL over HTTP that its working group publishes, against the service in a process of its own."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from server.graphiql import PATH

NODE = Path(__file__).parent / "node"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def node():
    packages = NODE.relative_to(ROOT) / "node_modules"
    installed = subprocess.run(["make", "--silent", packages], cwd=ROOT, check=False).returncode == 0
    found = shutil.which("node", path=PATH)
    return found if installed and found else pytest.fail(f"The audits need Node.js and its packages: make {packages}")


def test_all_audits_are_passed(live_server, node):
    command = [node, NODE / "audit.mjs", f"{live_server}/graphql"]
    results = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61


def test_the_lock_file_names_no_registry():
    lock = (NODE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock

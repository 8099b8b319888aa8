"""The audits of GraphQL over HTTP that its working group publishes, against the service in a process of its own."""

import json
import subprocess
from pathlib import Path

NODE = Path(__file__).parent / "node"
ROOT = Path(__file__).parents[2]


def test_all_audits_are_passed(live_server, node):
    command = [node, NODE / "audit.mjs", f"{live_server}/graphql"]
    results = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    assert [result for result in results if result["status"] != "ok"] == []
    assert len(results) == 61


def test_the_lock_file_names_no_registry():
    lock = (NODE / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock

"""schemathesis, which makes operations by the schema and sends them to the service in a process of its own."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx2

from server.pages import PATH
from tests.server.own_words import PYTHON

ROOT = Path(__file__).parents[2]
EXAMPLES = 12  # of each field of Query and Mutation


def test_no_operation_is_a_fault(serve, record, tmp_path):
    for kind in ("researcher", "topic", "institution"):
        record(kind)
    _, address = serve(PEERGRAPH_RATE_LIMIT="0", PEERGRAPH_LOG_LEVEL="ERROR")
    command = [
        shutil.which("schemathesis", path=PATH),
        *("run", f"{address}/graphql", "--checks", "in_its_own_words", "--phases", "fuzzing", "--no-color"),
        *("--max-examples", f"{EXAMPLES}", "--seed", "1", "--generation-database", "none"),
    ]
    environ = os.environ | {"SCHEMATHESIS_HOOKS": "tests.server.own_words", "PYTHONPATH": f"{ROOT}"}
    ran = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=250)
    assert ran.returncode == 0, ran.stdout[-5_000:]
    (tested,) = re.findall(r"(\d+) generated", ran.stdout)
    assert int(tested) > 500
    answer = httpx2.post(f"{address}/graphql", json={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}


def test_what_it_looks_for_is_found():
    told = json.dumps({"errors": [{"message": "'NoneType' object has no attribute 'id'"}]})
    assert PYTHON.search(told)

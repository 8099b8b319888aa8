"""A line a request, which tells what it cost and nothing of what was in it; whatever goes wrong has its id."""

import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from server.logs import JSONLines, Text
from server.running import Running
from server.seen import requests

SECRET = "hunter2"


@pytest.fixture
def lines(caplog):
    """The lines so far, as JSON."""
    caplog.set_level(logging.INFO)
    ours = JSONLines()

    def found(name="peergraph.request"):
        requests.write()
        told = [ours.format(one) for one in caplog.records if one.name == name]
        return [json.loads(line) for lines in told for line in lines.splitlines()]

    return found


async def test_a_request_is_told_in_a_line(served, lines):
    text = 'query Found($slug: String!) { a: researcher(by: {slug: $slug}) { id } b: researcher(by: {slug: "hunter2"}) { id } }'
    async with served() as client:
        for _ in range(2):
            answer = await client.post("/graphql", json={"query": text, "variables": {"slug": SECRET}})
    first, second = lines()
    assert first.items() >= {
        "message": "request", "level": "INFO", "logger": "peergraph.request", "method": "POST", "path": "/graphql",
        "status": 200, "operation": "Found", "plan": "planned",
    }.items()  # fmt: skip
    assert first["statements"] >= 1
    assert first["cost"] >= 2
    assert first["milliseconds"] > 0
    assert second["request_id"] == answer.headers["x-request-id"] != first["request_id"]
    assert SECRET not in str(lines())


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"query": "{ hunter2 }"}, {"codes": ["GRAPHQL_VALIDATION_FAILED"]}),
        ({"query": "{"}, {"codes": ["GRAPHQL_PARSE_FAILED"]}),
        ({"query": "{ __typename }", "operationName": SECRET}, {"codes": ["BAD_USER_INPUT"]}),
        ({"query": 'query A { node(id: "hunter2") { id } }'}, {"codes": ["BAD_USER_INPUT"], "plan": "abandoned"}),
        ({"documentId": SECRET}, {"codes": ["PERSISTED_QUERY_NOT_FOUND"]}),
        ([], {"codes": ["BAD_USER_INPUT"]}),
    ],
)
async def test_what_is_wrong_is_told_by_its_code(client, lines, sent, told):
    await client.post("/graphql", json=sent)
    (line,) = lines()
    assert line.items() >= told.items()
    assert SECRET not in str(line)


async def test_a_fault_has_its_traceback_under_the_same_id(client, lines, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError("it broke")

    monkeypatch.setattr(Running, "run", fail)
    await client.post("/graphql", json={"query": "{ __typename }"})
    (line,), (fault,) = lines(), lines("peergraph.server")
    assert (line["status"], line["codes"]) == (500, ["INTERNAL"])
    assert fault["request_id"] == line["request_id"]
    assert "it broke" in fault["traceback"]


def test_the_values_of_a_statement_that_failed_are_not_told(engine):
    with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
        connection.execute(text("SELECT 1 FROM nowhere WHERE 1 = :value"), {"value": SECRET})
    assert SECRET not in str(caught.value)


async def test_what_stands_behind_a_path_is_not_told(client, lines):
    assert (await client.get("/auth/nobody/callback?code=hunter2")).status_code == 404
    (line,) = lines()
    assert (line["path"], line["status"]) == ("/auth/nobody/callback", 404)
    assert SECRET not in str(line)


@pytest.mark.parametrize(("settings", "is_json"), [({}, True), ({"PEERGRAPH_LOG_FORMAT": "text"}, False)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_terminal_is_told_in_words(serve, settings, is_json, capfd):
    process, _ = serve(PEERGRAPH_LOG_LEVEL="INFO", **settings)
    process.terminate()
    process.wait(timeout=30)
    told = [line for line in capfd.readouterr().err.splitlines() if "peergraph.request" in line]
    assert told
    assert all(line.startswith("{") is is_json for line in told)


def test_no_value_can_look_like_another_line():
    record = logging.makeLogRecord(
        {"name": "a", "levelname": "INFO", "msg": "said", "told": {"path": "/\nERROR", "n": 1}}
    )
    assert Text().format(record).endswith(r"INFO a: said path='/\nERROR' n=1")
    assert "\n" not in JSONLines().format(record)

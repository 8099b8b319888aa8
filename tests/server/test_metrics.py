"""What Prometheus is told: of one process and of several, and never more series for more clients."""

import asyncio
import re
import time

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models import Mail


def numbers(text):
    """Each sample by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{sample.labels[key]}" for key in sorted(sample.labels))
            found[sample.name.removeprefix("peergraph_"), labels] = sample.value
    return found


async def test_what_happened_is_counted(served, save):
    save(Mail(recipient="ada@example.org", subject="s", body="b"))
    async with served() as client:
        for query in (
            '{ researcher(by: {slug: "a"}) { id } }',
            '{ researcher(by: {slug: "a"}) { id } }',
            "{ nothing }",
        ):
            await client.post("/graphql", json={"query": query})
        await client.post("/graphql", json={"query": '{ node(id: "no") { id } }'})
        text = (await client.get("/metrics")).text
    told = numbers(text)
    assert told["requests_total", "OK"] == 2
    assert told["requests_total", "GRAPHQL_VALIDATION_FAILED"] == told["requests_total", "BAD_USER_INPUT"] == 1
    assert told["request_seconds_count", ""] == 4
    assert told["operations_total", "planned"] == 2
    assert told["operations_total", "abandoned"] == 1
    assert told["statements_total", ""] == 2
    assert told["statement_seconds_total", ""] > 0
    assert told["cache_lookups_total", "documents,hit"] == 1
    assert told["cache_lookups_total", "documents,miss"] == 3
    assert told["cache_bytes", "documents"] > 0
    assert told["requests_present", "inside"] == told["requests_present", "waiting"] == 0
    assert told["database_connections_in_use", "reading"] == told["database_connections_in_use", "writing"] == 0
    assert told["mails_waiting", ""] == 1
    assert "ada@" not in text


COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT count(*) FROM n"


async def test_connections_are_at_work_while_they_read(reader):
    reading = asyncio.ensure_future(reader.fetch(COUNT, [], long=True))
    most = 0
    while not reading.done():
        most = max(most, reader.in_use)
        await asyncio.sleep(0)
    assert (most, reader.in_use) == (1, 0)


async def test_clients_cannot_make_up_series(served):
    async with served() as client:
        shapes = set()
        for name in ("A", "B"):
            for query in (f"query {name} {{ __typename }}", f"query {name} {{ {name} }}"):
                await client.post("/graphql", json={"query": query}, headers={"user-agent": name})
            shapes.add(re.sub(r" \S+$", "", (await client.get("/metrics")).text, flags=re.MULTILINE))
    assert len(shapes) == 1


async def test_it_can_be_switched_off(served):
    async with served(metrics=False) as client:
        assert (await client.get("/metrics")).status_code == 404
        assert (await client.post("/graphql", json={"query": "{ __typename }"})).json()["data"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_several_processes_count_together(serve):
    _, address = serve("--workers", "2")
    for _ in range(9):  # each on a connection of its own
        assert httpx2.post(f"{address}/graphql", json={"query": "{ __typename }"}).status_code == 200
    for _ in range(50):
        told = numbers(httpx2.get(f"{address}/metrics").text)
        if told["requests_total", "OK"] == 10:  # and the one by which `serve` saw that it answers
            break
        time.sleep(0.1)
    assert told["requests_total", "OK"] == told["request_seconds_count", ""] == 10
    assert told["mails_waiting", ""] == 0

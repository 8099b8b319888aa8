"""Each request is a span, and each statement that reads for it a span in that."""

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from models import Researcher
from resolvers.refused import Unavailable
from server import tracing
from server.settings import Settings

QUERY = "query Found($slug: String!) { researcher(by: {slug: $slug}) { id works(first: 1) { nodes { title } } } }"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exported(monkeypatch):
    exporter = InMemorySpanExporter()
    monkeypatch.setattr(tracing, "OTLPSpanExporter", lambda: exporter)
    monkeypatch.setattr(tracing, "BatchSpanProcessor", SimpleSpanProcessor)
    return exporter.get_finished_spans


async def test_a_request_is_traced_down_to_its_statements(served, save, exported, statements):
    save(Researcher(id=1, slug="zebedee", display_name="Zebedee", name_key="zebedee"))
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    async with served(traces=True) as client:
        statements.clear()
        body = {"query": QUERY, "variables": {"slug": "zebedee"}}
        answer = await client.post("/graphql", json=body, headers=headers)
    *reads, request = exported()
    assert answer.json()["data"]["researcher"]
    assert [one.attributes["db.query.text"] for one in reads] == statements != []
    assert {one.parent.span_id for one in reads} == {request.context.span_id}
    assert {f"{one.context.trace_id:032x}" for one in exported()} == {TRACE}
    assert f"{request.parent.span_id:016x}" == PARENT
    assert request.attributes["peergraph.request_id"] == answer.headers["x-request-id"]
    assert request.attributes["graphql.operation.name"] == "Found"
    assert request.attributes["peergraph.plan"] == "planned"
    assert "zebedee" not in "".join(one.to_json() for one in exported()).lower()


async def test_what_fails_is_over_too(served, exported, reader, monkeypatch):
    def fail(*_, **__):
        raise Unavailable("The database cannot be read now.")

    monkeypatch.setattr(reader.reader, "fetch", fail)
    async with served(traces=True) as client:
        await client.post("/graphql", json={"query": QUERY, "variables": {"slug": "zebedee"}})
    *reads, request = exported()
    assert reads
    assert not request.status.is_ok
    assert request.attributes["peergraph.codes"] == ("UNAVAILABLE",)


async def test_they_are_off_unless_somebody_wants_them(served, exported, monkeypatch):
    async with served() as client:
        await client.post("/graphql", json={"query": "{ __typename }"})
    assert exported() == ()
    assert Settings().traces is False
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert Settings().traces is True
    monkeypatch.setenv("PEERGRAPH_TRACES", "false")
    assert Settings().traces is False


def test_what_nobody_has_set_is_not_loaded():
    code = "import sys, server.app, server.settings as s; server.app.create_app(); print({'opentelemetry.sdk', 'authlib'} & {*sys.modules})"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "set()\n"

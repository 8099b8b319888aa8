"""Traces by OpenTelemetry: a span for each request, and in it one for each statement that reads for it.

Imported only where they are wanted: the SDK and its exporter take a fifth of a second and 20 MB.
"""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server import __version__
from server.seen import Seen

_CARRIED = ("traceparent", "tracestate")
_FAULTS = {"INTERNAL", "UNAVAILABLE", "TIMEOUT"}


class Tracing:
    def __init__(self) -> None:
        about = Resource.create({SERVICE_VERSION: __version__})
        if about.attributes[SERVICE_NAME] == "unknown_service":  # unless OTEL_SERVICE_NAME says so
            about = about.merge(Resource({SERVICE_NAME: "peergraph"}))
        self._provider = TracerProvider(resource=about)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("peergraph", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, seen: Seen, headers: Mapping[bytes, bytes]) -> None:
        """Trace a request, as a part of the trace that its headers name, if they do."""
        carried = {name: headers[name.encode()].decode("latin-1") for name in _CARRIED if name.encode() in headers}
        parent = self._propagator.extract(carried)
        seen.trace = Trace(self._tracer, self._tracer.start_span("graphql", parent, SpanKind.SERVER))

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


class Trace:
    """The trace of one request."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer, self._span, self._inside = tracer, span, set_span_in_context(span)

    def statement(self, sql: str) -> Span:
        """A span to be ended after the statement. Its text is ours: what was asked for are its parameters."""
        return self._tracer.start_span("read", self._inside, SpanKind.CLIENT, {"db.query.text": sql})

    def over(self, seen: Seen) -> None:
        told = {
            "peergraph.request_id": seen.id,
            "http.response.status_code": seen.status,
            "graphql.operation.name": seen.name,
            "peergraph.cost": seen.cost,
            "peergraph.plan": seen.plan,
            "peergraph.kept": seen.kept,
            "peergraph.codes": [*seen.codes],
        }
        self._span.set_attributes({name: value for name, value in told.items() if value is not None})
        if not _FAULTS.isdisjoint(seen.codes):
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

"""GraphQL over HTTP, on one path: requests in, bytes out."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from resolvers.changes import Changes
from resolvers.drivers import Database, Reader
from resolvers.refused import Unavailable
from resolvers.replica import Replica
from schema.errors import HIDDEN
from server.access import Accesses, Asking
from server.admission import Admission
from server.answers import Answers, Kept, Request
from server.asked import NAMES, in_body, in_query_string, parameters
from server.bodies import HungUp
from server.incoming import Incoming, OverASGI
from server.malformed import Header, Malformed
from server.media import GRAPHQL_JSON, JSON, answered_with
from server.metrics import Metrics
from server.origins import METHODS, Origins
from server.pages import GRAPHIQL
from server.patience import Patience
from server.response import NO_CONTENT, NOT_MODIFIED, Bytes, refusal
from server.running import Ran, Running
from server.security import with_headers
from server.seen import Seen, new_id
from server.settings import Settings

if TYPE_CHECKING:
    from server.tracing import Tracing

_log = logging.getLogger("peergraph.server")
_PRIVATE = (b"cache-control", b"private, no-store")
_ALLOW = (b"allow", METHODS)


class _Exchange(NamedTuple):
    """A request, and what all its answers have in common."""

    seen: Seen
    headers: dict[bytes, bytes]
    kind: bytes
    common: tuple[Header, ...]  # of all answers of this kind

    def reply(self, body: bytes, status: int, headers: Iterable[Header]) -> Response:
        return Bytes(body, status, (*self.common, (b"x-request-id", self.seen.id.encode()), *headers))

    def refuse(self, refused: Malformed) -> Response:
        self.seen.codes = [refused.code]
        return _refusal(refused, self.seen.id, self.common)


class Endpoint:
    """What is served at /graphql, as an ASGI application: a view's request and response would cost as much again."""

    def __init__(
        self,
        running: Running,
        reader: Database,
        settings: Settings,
        *,
        accesses: Accesses,
        origins: Origins,
        secure: Iterable[Header],
        replica: Replica | None = None,
        metrics: Metrics | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._running, self._reader, self._access, self._origins = running, reader, accesses, origins
        self._replica, self._metrics, self._tracing = replica, metrics, tracing
        self._most_bytes, self._sender_seconds = settings.max_body_bytes, settings.sender_seconds
        self.admission = Admission(settings.max_requests, settings.max_waiting, settings.max_wait_seconds)
        self._patience = Patience(settings.deadline_seconds)
        self.answers = Answers(settings.answers_bytes)
        always = ((b"vary", b", ".join((b"Accept", *origins.varies()))), *secure)
        self._always, self._common = always, {kind: (_content_type(kind), *always) for kind in (JSON, GRAPHQL_JSON)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.answer(OverASGI(scope, receive))
        if response is not None:
            await response(scope, receive, send)

    async def answer(self, incoming: Incoming) -> Response | None:
        """None where its client has gone."""
        headers = incoming.headers
        kind = answered_with(headers.get(b"accept", b""))
        exchange = self._exchange(headers, kind)
        if self._tracing:
            self._tracing.begin(exchange.seen, headers)
        response: Response | None = None
        try:
            response = await self._response(incoming, exchange, acceptable=kind is not None)
        except HungUp:
            pass
        except Malformed as malformed:
            response = exchange.refuse(malformed)
        except Exception:  # noqa: BLE001  whatever it was, the client learns no more than that
            _log.exception("A request failed", extra={"told": {"request_id": exchange.seen.id}})
            response = exchange.refuse(Malformed(HIDDEN, 500, code="INTERNAL"))
        if response is not None:
            exchange.seen.status = response.status_code
        exchange.seen.tell(incoming.method, incoming.path)
        if self._metrics:
            self._metrics.over(exchange.seen)
        return response

    def refused(self, headers: dict[bytes, bytes]) -> Response | None:
        """What a POST is told before more is done about it, where too many are here already."""
        if not self.admission.full:
            return None
        refused, id = self.admission.refusal(), new_id()
        if self._metrics:
            self._metrics.refused(refused.code)
        common = self._common_of(headers, answered_with(headers.get(b"accept", b"")) or JSON)
        return _refusal(refused, id, common)

    def _exchange(self, headers: dict[bytes, bytes], kind: bytes | None) -> _Exchange:
        return _Exchange(Seen(), headers, kind or JSON, self._common_of(headers, kind or JSON))

    def _common_of(self, headers: dict[bytes, bytes], kind: bytes) -> tuple[Header, ...]:
        common = self._common[kind]
        return common + self._origins.headers(headers) if b"origin" in headers else common

    async def _response(self, incoming: Incoming, exchange: _Exchange, *, acceptable: bool) -> Response:
        """Raises Malformed and HungUp."""
        method, sent, headers = incoming.method, incoming.query_string, exchange.headers
        if method == "OPTIONS":
            return Bytes(b"", NO_CONTENT, (*self._always, _ALLOW, *self._origins.preflight(headers)))
        if method not in ("GET", "HEAD", "POST"):
            raise Malformed("Send queries by GET or POST.", 405, headers=[_ALLOW])
        if self._most_bytes and len(sent) > self._most_bytes:
            raise Malformed(f"The query string is longer than {self._most_bytes:,} bytes.", 414)
        if method != "POST" and b"text/html" in headers.get(b"accept", b"") and NAMES.isdisjoint(parameters(sent)):
            found = GRAPHIQL.response()
            found.raw_headers = with_headers(found.raw_headers, self._always)
            return found
        if not acceptable:
            raise Malformed(f"Accept {GRAPHQL_JSON.decode()} or {JSON.decode()}.", 406)
        if method == "POST":
            sent = await incoming.body(self._most_bytes, self._sender_seconds)
        key = ("POST" if method == "POST" else "GET", exchange.kind, sent)
        await self.admission.enter()
        try:
            return await self._patience.wait(self._answered(incoming.address, key, exchange), incoming.gone)
        finally:
            self.admission.leave()

    async def _answered(self, address: str, key: Request, exchange: _Exchange) -> Response:
        """The answer, or that it is what the client already has under the ETags that it knows."""
        method, kind, sent = key
        asking = await self._access.asking(address, exchange.headers)
        changes = await self._changes() if self.answers.most_bytes else None
        kept = self.answers.get(key, changes) if changes else None
        exchange.seen.kept = kept is not None
        told: tuple[Header, ...] = ()
        if kept is None:
            then = changes.now if changes else 0  # before anything is read
            asked = in_body(sent) if method == "POST" else in_query_string(sent)
            ran = self._running.prepared(asked, exchange.seen)
            if not isinstance(ran, Ran):
                reader, then = (None, then) if ran.writes else await self._reader_for(asking, then)
                ran = await self._running.run(ran, asking, exchange.seen, may_write=method == "POST", reader=reader)
            if changes is None or ran.store is None or not ran.public:
                status = ran.status if kind == GRAPHQL_JSON else 200
                return exchange.reply(ran.body, status, (_PRIVATE, *self._access.cookies(ran.token), *ran.told))
            kept = Kept(key, ran.body, ran.store.subjects(), then, ran.age)
            self.answers.keep(key, kept)
            told = ran.told if method == "POST" else ()  # what a cache keeps of a GET is shown to others
        known = exchange.headers.get(b"if-none-match", b"") if method == "GET" else b""
        if kept.etag in known or known.strip() == b"*":
            return exchange.reply(b"", NOT_MODIFIED, kept.headers)
        return exchange.reply(kept.body, 200, (*kept.headers, *told))

    async def _reader_for(self, asking: Asking, now: int) -> tuple[Reader | None, int]:
        """What to read from instead of the database that is written, and the clock of changes as of which that is."""
        replica = self._replica
        if replica is None or not replica.in_use:
            return None, now
        if asking.viewer is None:  # who has written nothing that they could miss
            return replica, replica.as_of
        return (replica if await replica.caught_up() else None), now

    async def _changes(self) -> Changes | None:
        """What has changed in the database, if it can be had."""
        try:
            return await self._reader.changes()
        except Unavailable:
            return None


def _refusal(refused: Malformed, id: str, common: tuple[Header, ...]) -> Response:
    told = refusal(refused.message, refused.code, id)
    return Bytes(told, refused.status, (*common, (b"x-request-id", id.encode()), _PRIVATE, *refused.headers))


def _content_type(kind: bytes) -> Header:
    return (b"content-type", kind + b"; charset=utf-8")

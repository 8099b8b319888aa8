"""GraphQL over HTTP, on one path: requests in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isawaitable
from random import getrandbits
from typing import Any, NamedTuple

import orjson
from graphql import GraphQLSchema, OperationType, execute
from starlette.datastructures import QueryParams
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry import Schema

from resolvers.changes import Changes
from resolvers.drivers import Reader
from resolvers.refused import Unavailable
from resolvers.store import Store
from resolvers.writing import Writer
from schema.context import Context, OfferedProvider
from schema.errors import shown
from server import __version__
from server.access import Accesses, Asking
from server.answers import Answers, Kept, Request
from server.documents import MOST_ERRORS, Documents
from server.graphiql import page
from server.malformed import Header, Malformed
from server.settings import Settings

JSON = b"application/json"
GRAPHQL_JSON = b"application/graphql-response+json"
NOT_MODIFIED = 304


class HungUp(Exception):  # noqa: N818  nobody is at fault
    """The client has gone before all of its request had come."""


class Asked(NamedTuple):
    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class Ran(NamedTuple):
    body: bytes
    status: int
    store: Store  # what was read for it
    headers: tuple[Header, ...] = ()
    age: int = 0  # the seconds for which it may be shown without asking again
    public: bool = False  # whether anyone may be answered with it until what it shows changes


class Endpoint:
    """What is served at /graphql, as an ASGI application: a view's request and response would cost as much again."""

    def __init__(
        self,
        schema: Schema,
        reader: Reader,
        writer: Writer,
        settings: Settings,
        *,
        accesses: Accesses,
        providers: Iterable[OfferedProvider],
    ) -> None:
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001  strawberry has no public name for it
        self._executor: Any = schema.execution_context_class
        self._reader, self._writer, self._most_bytes = reader, writer, settings.max_body_bytes
        self._public_url = settings.public_url.rstrip("/")
        self._access, self._providers = accesses, tuple(providers)
        self._documents = Documents(self._schema, settings.documents_bytes)
        self._answers = Answers(settings.answers_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._response(scope, receive)
        except HungUp:
            return
        await response(scope, receive, send)

    async def _response(self, scope: Scope, receive: Receive) -> Response:
        request_id = f"{getrandbits(128):032x}"  # unique is enough, and takes no system call
        headers = dict(scope["headers"])  # as bytes: to decode them all costs more than to look at three
        accepted = headers.get(b"accept", b"")
        kind = GRAPHQL_JSON if GRAPHQL_JSON in accepted else JSON
        try:
            method, sent = _method(scope), scope.get("query_string", b"")
            if method == "GET" and b"text/html" in accepted and "query" not in QueryParams(sent):
                return page()
            if method == "POST":
                sent = await self._body(receive, headers)
            asking = await self._access.asking(scope, headers)
            known = headers.get(b"if-none-match", b"") if method == "GET" else b""
            return await self._answered((method, kind, sent), known, asking, request_id)
        except Malformed as malformed:
            extensions = {"code": malformed.code, "requestId": request_id}
            body = {"errors": [{"message": malformed.message, "extensions": extensions}]}
            return _Bytes(orjson.dumps(body), malformed.status, kind, request_id, malformed.headers)

    async def _answered(self, key: Request, known: bytes, asking: Asking, request_id: str) -> Response:
        """The answer, or that it is what the client already has under the ETags that it knows."""
        method, kind, sent = key
        changes = await self._changes() if self._answers.most_bytes else None
        kept = self._answers.get(key, changes) if changes else None
        if kept is None:
            then = changes.now if changes else 0  # before anything is read
            ran = await self._run(_asked(method, sent), method, asking, request_id)
            if changes is None or not ran.public:
                status = ran.status if kind == GRAPHQL_JSON else 200
                headers = [(b"cache-control", b"private, no-store"), *ran.headers]
                return _Bytes(ran.body, status, kind, request_id, headers)
            kept = Kept(key, ran.body, ran.store.subjects(), then, ran.age)
            self._answers.keep(key, kept)
        if kept.etag in known or known.strip() == b"*":
            return _Bytes(b"", NOT_MODIFIED, kind, request_id, kept.headers)
        return _Bytes(kept.body, 200, kind, request_id, kept.headers)

    async def _changes(self) -> Changes | None:
        """What has changed in the database, if it can be had."""
        try:
            return await self._reader.changes()
        except Unavailable:
            return None

    async def _run(self, asked: Asked, method: str, asking: Asking, request_id: str) -> Ran:
        document, store = self._documents.get(asked.query), Store(self._reader)
        if document.errors or document.syntax is None:
            errors = [shown(error, request_id, document.code) for error in document.errors]
            return Ran(orjson.dumps({"errors": errors}), 400, store)
        try:
            operation = document.operation(asked.operation_name)
        except LookupError as error:
            raise Malformed(f"{error.args[0]}") from error
        if operation.operation is OperationType.SUBSCRIPTION:
            raise Malformed("Subscriptions cannot be sent here.")
        if operation.operation is not OperationType.QUERY and method != "POST":
            raise Malformed("Only queries can be sent by GET.", 405, headers=[(b"allow", b"POST")])
        context = Context(
            store,
            self._public_url,
            __version__,
            request_id,
            self._writer,
            asking.client,
            asking.viewer,
            selections=document.selections,
            providers=self._providers,
        )
        running = execute(
            self._schema,
            document.syntax,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            executor_class=self._executor,
            max_coercion_errors=MOST_ERRORS,
        )
        result = await running if isawaitable(running) else running
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [shown(error, request_id) for error in result.errors]
        # By the specification `data` is missing where nothing was run, and null where what was run failed.
        if result.data is not None or any(error.path for error in result.errors or ()):
            body["data"] = result.data
        private = document.private or context.private
        public = not result.errors and not private and operation.operation is OperationType.QUERY
        # What is not there yet may come at any time.
        age = document.age if result.data and None not in result.data.values() else 0
        headers = self._access.cookies(context.token)
        return Ran(orjson.dumps(body), 200 if "data" in body else 400, store, headers, age, public=public)

    async def _body(self, receive: Receive, headers: dict[bytes, bytes]) -> bytes:
        if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != JSON:
            raise Malformed(f"Send the request as {JSON.decode()}.", 415)
        most = self._most_bytes
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise HungUp
            part: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(part)
            if size > most:
                raise Malformed(f"The body is larger than {most:,} bytes.", 413)
            parts.append(part)
        return b"".join(parts)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    if method not in ("GET", "HEAD", "POST"):
        raise Malformed("Send queries by GET or POST.", 405, headers=[(b"allow", b"GET, HEAD, POST")])
    return "GET" if method == "HEAD" else method


def _asked(method: str, sent: bytes) -> Asked:
    if method == "POST":
        given = _json(sent, "The body")
    else:
        given = dict(QueryParams(sent))
        given["variables"] = _json(given["variables"].encode(), "`variables`") if given.get("variables") else None
    if not isinstance(given, dict):
        raise Malformed("The body must be a JSON object.")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise Malformed("`query` must be a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise Malformed("`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        raise Malformed("`operationName` must be a string.")
    return Asked(query, variables, name or None)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{what} must be JSON: {error.msg} at character {error.pos}.") from error


class _Bytes(Response):
    """A response of bytes; Starlette's own would encode and look through its headers each time."""

    def __init__(self, body: bytes, status: int, kind: bytes, request_id: str, headers: Iterable[Header] = ()) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [
            (b"content-type", kind + b"; charset=utf-8"),
            (b"vary", b"Accept"),
            (b"x-request-id", request_id.encode()),
            *headers,
        ]
        if status != NOT_MODIFIED:
            self.raw_headers.append((b"content-length", b"%d" % len(body)))

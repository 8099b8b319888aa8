"""GraphQL over HTTP, on one path: requests in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from strawberry import Schema
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from resolvers.drivers import Reader
from resolvers.store import Store
from schema.context import Context
from server import __version__
from server.graphiql import page
from server.settings import Settings

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


class Malformed(Exception):  # noqa: N818  the request is at fault, not the server
    """A request that is none; it is refused before anything is run."""

    def __init__(self, message: str, status: int = 400, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message, self.status, self.headers = message, status, headers


class Endpoint:
    """The view of /graphql."""

    def __init__(self, schema: Schema, reader: Reader, settings: Settings) -> None:
        self._schema, self._reader, self._settings = schema, reader, settings

    async def __call__(self, request: Request) -> Response:
        request_id = uuid4().hex
        kind = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
        try:
            if request.method == "GET" and "query" not in request.query_params and _wants_page(request):
                return page()
            body, status = await self._run(request, request_id)
        except Malformed as malformed:
            extensions = {"code": "BAD_USER_INPUT", "requestId": request_id}
            body = {"errors": [{"message": malformed.message, "extensions": extensions}]}
            return _answer(body, malformed.status, kind, request_id, malformed.headers)
        return _answer(body, status if kind == GRAPHQL_JSON else 200, kind, request_id)

    async def _run(self, request: Request, request_id: str) -> tuple[dict[str, Any], int]:
        asked = await self._asked(request)
        context = Context(
            Store(self._reader),
            self._settings.public_url.rstrip("/"),
            __version__,
            request_id,
            names_operation=asked["operationName"] is not None,
        )
        allowed = {OperationType.QUERY} if request.method == "GET" else {OperationType.QUERY, OperationType.MUTATION}
        try:
            result = await self._schema.execute(
                asked["query"],
                variable_values=asked["variables"],
                operation_name=asked["operationName"],
                context_value=context,
                allowed_operation_types=allowed,
            )
        except CannotGetOperationTypeError as error:
            raise Malformed("The document has several operations or none of that name: name one of its own.") from error
        except InvalidOperationTypeError as error:
            raise Malformed("Only queries can be sent by GET.", 405, headers={"Allow": "POST"}) from error
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [_formatted(error) for error in result.errors]
        # By the specification `data` is missing where nothing was run, and null where what was run failed.
        if result.data is not None or any(error.path for error in result.errors or ()):
            body["data"] = result.data
        return body, 200 if "data" in body else 400

    async def _asked(self, request: Request) -> dict[str, Any]:
        if request.method == "GET":
            given: Any = dict(request.query_params)
            given["variables"] = _json(given["variables"].encode(), "`variables`") if given.get("variables") else None
        else:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
                raise Malformed(f"Send the request as {JSON}.", 415)
            given = _json(await self._body(request), "The body")
        if not isinstance(given, dict):
            raise Malformed("The body must be a JSON object.")
        query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
        if not isinstance(query, str) or not query.strip():
            raise Malformed("`query` must be a GraphQL document.")
        if variables is not None and not isinstance(variables, dict):
            raise Malformed("`variables` must be an object.")
        if name is not None and not isinstance(name, str):
            raise Malformed("`operationName` must be a string.")
        return {"query": query, "variables": variables, "operationName": name or None}

    async def _body(self, request: Request) -> bytes:
        most = self._settings.max_body_bytes
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise Malformed(f"The body is larger than {most:,} bytes.", 413)
            parts.append(part)
        return b"".join(parts)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{what} must be JSON: {error.msg} at character {error.pos}.") from error


def _formatted(error: GraphQLError) -> dict[str, Any]:
    return dict(error.formatted)


def _answer(
    body: dict[str, Any], status: int, kind: str, request_id: str, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(body, default=str),
        status,
        {"X-Request-Id": request_id, "Vary": "Accept", **(headers or {})},
        media_type=f"{kind}; charset=utf-8",
    )

from __future__ import annotations

import logging
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError, validate
from strawberry.types import ExecutionContext

from resolvers.refused import Refused, Unavailable

_log = logging.getLogger("peergraph.schema")


class Schema(strawberry.Schema):
    """Gives every error its code, and hides what went wrong inside from the client, never from the log."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        request_id = execution_context.context.request_id if execution_context else ""
        valid = execution_context is None or self._valid(execution_context)
        for error in errors:
            error.extensions = {**_describe(error, request_id, valid=valid), "requestId": request_id}

    def _valid(self, execution_context: ExecutionContext) -> bool:
        """Whether the document is, so that what is wrong before execution are the values of its variables."""
        if not execution_context.pre_execution_errors or execution_context.graphql_document is None:
            return True
        return not validate(self._schema, execution_context.graphql_document, max_errors=1)


def _describe(error: GraphQLError, request_id: str, *, valid: bool) -> dict[str, Any]:
    match error.original_error:
        case Refused() as refused:
            return {"code": refused.code, **({"argument": list(refused.path)} if refused.path else {})}
        case Unavailable() as unavailable:
            _log.warning("%s (request %s)", unavailable, request_id, exc_info=unavailable.__cause__)
            return {"code": "UNAVAILABLE"}
        case None | GraphQLError():
            if isinstance(error, GraphQLSyntaxError):
                return {"code": "GRAPHQL_PARSE_FAILED"}
            return {"code": "BAD_USER_INPUT" if valid else "GRAPHQL_VALIDATION_FAILED"}
        case fault:
            _log.error("%s failed (request %s)", error.path, request_id, exc_info=fault)
            error.message = "Something went wrong here. Our log has it under this request's id."
            return {"code": "INTERNAL"}

"""From what is asked to the answer's bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from inspect import isawaitable
from typing import Any, NamedTuple

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from strawberry import Schema

from resolvers.drivers import Reader
from resolvers.hub import Hub
from resolvers.store import Store
from resolvers.writing import Writer
from schema.context import Context, OfferedProvider, Spent
from schema.errors import shown
from server import __version__
from server.access import Asking
from server.asked import Asked
from server.cost import FORMULA
from server.documents import MOST_ERRORS, Document, Documents
from server.limits import too_many
from server.malformed import Header, Malformed
from server.persisted import NotFound, Persisted, trusted
from server.rates import Rates
from server.response import refusal
from server.seen import Seen, Watched
from server.settings import Settings


class Ran(NamedTuple):
    body: bytes
    status: int
    store: Store | None = None  # what was read for it
    token: str | None = None  # for the client to keep, or "" to drop the one it has
    age: int = 0  # the seconds for which it may be shown without asking again
    public: bool = False  # whether anyone may be answered with it until what it shows changes
    told: tuple[Header, ...] = ()  # what tells whoever asked what they have left


class Prepared(NamedTuple):
    """An operation of a valid document."""

    document: Document
    syntax: DocumentNode
    operation: OperationDefinitionNode
    asked: Asked

    @property
    def subscribes(self) -> bool:
        return self.operation.operation is OperationType.SUBSCRIPTION

    @property
    def writes(self) -> bool:
        return self.operation.operation is OperationType.MUTATION


class Running:
    def __init__(
        self,
        schema: Schema,
        reader: Reader,
        writer: Writer,
        settings: Settings,
        *,
        rates: Rates,
        hub: Hub,
        providers: Iterable[OfferedProvider],
    ) -> None:
        self._hub = hub
        self._schema: GraphQLSchema = schema._schema  # noqa: SLF001  strawberry has no public name for it
        self._executor: Any = schema.execution_context_class
        self._reader, self._writer, self.rates = reader, writer, rates
        self._public_url, self._providers = settings.public_url.rstrip("/"), tuple(providers)
        self._suggestions = settings.suggestions
        self._most_values, self._most_cost = settings.max_values, settings.max_cost
        self.documents = Documents.by(settings, self._schema)
        documents = trusted(settings.trusted_documents, self.documents) if settings.trusted_documents else {}
        self._persisted = Persisted(settings.persisted_bytes, documents, trusted_only=settings.trusted_only)

    def prepared(self, asked: Asked, seen: Seen) -> Prepared | Ran:
        """The operation that is asked for, or what is answered without running it. Raises Malformed."""
        if self._most_values and asked.variables and too_many(asked.variables, self._most_values):
            raise Malformed(f"The variables hold more than {self._most_values:,} values.")
        try:
            document = self.documents.get(self._persisted.text(asked))
        except NotFound:  # the message is what some clients look for
            return _refused(seen, "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        if document.errors or document.syntax is None:
            return failed([shown(error, seen.id, document.code) for error in document.errors], seen)
        self._persisted.keep(asked)
        try:
            operation = document.operation(asked.operation_name)
        except LookupError as error:
            return _refused(seen, f"{error.args[0]}", "BAD_USER_INPUT")
        seen.operation = operation.name.value if operation.name else None
        return Prepared(document, document.syntax, operation, asked)

    async def run(
        self, prepared: Prepared, asking: Asking, seen: Seen, *, may_write: bool, reader: Reader | None = None
    ) -> Ran:
        """Raises Malformed for what cannot be asked in this way."""
        document, syntax, operation, asked = prepared
        if operation.operation is OperationType.SUBSCRIPTION:
            raise Malformed("Subscribe over WebSocket, or Server-Sent Events at /graphql/stream.")
        if operation.operation is not OperationType.QUERY and not may_write:
            raise Malformed("Only queries can be sent by GET.", 405, headers=[(b"allow", b"POST")])
        cost = self.cost(prepared, seen)
        if isinstance(cost, Ran):
            return cost
        spent = await self.rates.spend(asking, cost)
        context = self.context(document, asking, spent, seen, reader)
        body = await self.executed(syntax, asked, context, seen)
        if asked.wants("cost"):
            body["extensions"] = self._told(cost)
        private = document.private or context.private or operation.operation is not OperationType.QUERY
        # What is not there yet may come at any time.
        age = document.age if body.get("data") and None not in body["data"].values() else 0
        return Ran(
            orjson.dumps(body),
            200 if "data" in body else 400,
            context.store,
            context.token,
            age,
            public=not private and "errors" not in body,
            told=self.rates.told(spent),
        )

    def cost(self, prepared: Prepared, seen: Seen) -> int | Ran:
        """What it costs, or what is answered without running it."""
        asked = prepared.asked
        cost = seen.cost = prepared.document.cost(prepared.operation, asked.variables)
        if asked.wants("dryRun"):
            return Ran(orjson.dumps({"data": None, "extensions": self._told(cost)}), 200)
        if self._most_cost and cost > self._most_cost:
            sentence = f"The operation costs {cost:,}, more than {self._most_cost:,}."
            return _refused(seen, sentence, "COST_LIMIT", **self._told(cost))
        return cost

    def _told(self, cost: int) -> dict[str, Any]:
        return {"cost": {"formula": FORMULA, "cost": cost, "maximum": self._most_cost or None}}

    def context(
        self, document: Document, asking: Asking, spent: Spent, seen: Seen, reader: Reader | None = None
    ) -> Context:
        return Context(
            Store(Watched(reader or self._reader, seen)),
            self._public_url,
            __version__,
            seen.id,
            self._writer,
            asking.client,
            spent,
            self._hub,
            asking.viewer,
            selections=document.selections,
            providers=self._providers,
        )

    def built(self, syntax: DocumentNode, asked: Asked, context: Context, root: Any = None) -> Any:
        """An executor, or a list of what is wrong with the variables."""
        # As graphql.execute would, which hands all of it from function to function.
        executor = self._executor.build(
            self._schema,
            syntax,
            root,
            context,
            asked.variables,
            asked.operation_name,
            max_coercion_errors=MOST_ERRORS,
            hide_suggestions=not self._suggestions,
        )
        if not isinstance(executor, list):
            context.variables = executor.variable_values.coerced
        return executor

    async def executed(
        self, syntax: DocumentNode, asked: Asked, context: Context, seen: Seen, root: Any = None
    ) -> dict[str, Any]:
        executor = self.built(syntax, asked, context, root)
        running = ExecutionResult(None, executor) if isinstance(executor, list) else executor.execute_operation()
        try:
            result: ExecutionResult = await running if isawaitable(running) else running
        except asyncio.CancelledError:
            context.store.abandon()
            raise
        if not isinstance(executor, list):
            seen.plan = executor.outcome
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [shown(error, context.request_id) for error in result.errors]
        # By the specification `data` is missing where nothing was run, and null where what was run failed.
        if result.data is not None or any(error.path for error in result.errors or ()):
            body["data"] = result.data
        elif result.errors:
            del body["errors"][MOST_ERRORS:]  # behind them it says that there are more
        seen.codes = _codes(body.get("errors", ()))
        return body


def failed(errors: list[dict[str, Any]], seen: Seen) -> Ran:
    """Nothing was run, or nothing more comes."""
    seen.codes = _codes(errors)
    return Ran(orjson.dumps({"errors": errors}), 400)


def _refused(seen: Seen, message: str, code: str, **more: Any) -> Ran:
    seen.codes = [code]
    return Ran(refusal(message, code, seen.id, **more), 400)


def _codes(errors: Iterable[dict[str, Any]]) -> list[str]:
    return sorted({error["extensions"]["code"] for error in errors})

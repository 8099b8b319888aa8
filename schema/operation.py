from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension


class NamedOperation(SchemaExtension):
    """Of several operations one must be named, as the specification says; strawberry would run the first."""

    def on_validate(self) -> Iterator[None]:
        run = self.execution_context
        definitions = run.graphql_document.definitions if run.graphql_document else ()
        operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        if len(operations) > 1 and not run.context.names_operation and not run.pre_execution_errors:
            message = "The document has several operations: name the one to run in `operationName`."
            run.pre_execution_errors = [GraphQLError(message, operations)]
        yield

"""Documents, parsed and validated once."""

from __future__ import annotations

from typing import Any, NamedTuple

from cachetools import LRUCache
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    Source,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)

from schema.selection import AGE, PRIVATE, declarations
from server.cost import Costs, Introspected, OperationCost, introspected
from server.limits import Limits, excess
from server.settings import Settings

# Bytes that a parsed document and its plan take: measured at 150 to 170 a character, more for the shortest.
LEAST_SIZE, SIZE_OF_CHARACTER = 8_192, 160
MOST_ERRORS = 5


class Reading(NamedTuple):
    """By what documents are read."""

    schema: GraphQLSchema
    limits: Limits
    rules: tuple[type[ASTValidationRule], ...]
    suggestions: bool
    introspected: Introspected

    def mistakes(self, syntax: DocumentNode) -> list[GraphQLError]:
        """What is invalid in a document."""
        found = validate(self.schema, syntax, self.rules, MOST_ERRORS, hide_suggestions=not self.suggestions)
        return found[:MOST_ERRORS]  # behind them it says that there are more


class Document:
    """A document and its operations; or, with `code`, what is wrong with it.

    `private` says that it asks for something of the viewer, `age` for how many seconds what it asks for may be shown
    without asking again; `selections` is what its contexts remember.
    """

    def __init__(self, text: str, reading: Reading) -> None:
        self.size = LEAST_SIZE + SIZE_OF_CHARACTER * len(text)
        self.syntax: DocumentNode | None = None
        self.errors: list[GraphQLError] = []
        self.code = "GRAPHQL_VALIDATION_FAILED"
        try:
            self.syntax = _parsed(text, reading.limits)
            if too_much := excess(self.syntax, reading.limits):
                self.errors = [GraphQLError(too_much)]
            else:
                self.errors = reading.mistakes(self.syntax)
        except GraphQLSyntaxError as error:
            self.errors, self.code = [error], "GRAPHQL_PARSE_FAILED"
        self.selections: dict[Any, frozenset[str]] = {}
        self.private, self.age = False, 0
        self._costs: dict[str | None, OperationCost] = {}
        if self.syntax is not None and not self.errors:
            self.private, self.age = _declared(self.syntax, reading.schema)
            self._costed = Costs(reading.schema, reading.introspected, self.syntax)
        definitions = self.syntax.definitions if self.syntax else ()
        self._operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of this name, or the only one. Raises LookupError with a sentence."""
        if name is None:
            if len(self._operations) != 1:
                several = "several operations: name the one to run in `operationName`" if self._operations else "none"
                raise LookupError(f"The document has {several}.")
            return self._operations[0]
        for one in self._operations:
            if one.name and one.name.value == name:
                return one
        raise LookupError("The document has no operation of the name in `operationName`.")

    def cost(self, operation: OperationDefinitionNode, variables: dict[str, Any] | None) -> int:
        """What one of its operations costs with these variables."""
        name = operation.name.value if operation.name else None
        if name not in self._costs:
            self._costs[name] = self._costed.operation(operation)
        return self._costs[name].of(variables)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    """Raises GraphQLSyntaxError."""
    source = Source(text)
    if limits.bytes and len(text.encode()) > limits.bytes:
        raise GraphQLSyntaxError(source, 0, f"The document is larger than {limits.bytes:,} bytes.")
    most = limits.tokens or None
    return parse(source, max_lexical_tokens=most, max_comments=most)


def _declared(syntax: DocumentNode, schema: GraphQLSchema) -> tuple[bool, int]:
    types = TypeInfo(schema)
    found = _Declared(types)
    visit(syntax, TypeInfoVisitor(types, found))
    return found.private, min(found.ages, default=0)


class _Declared(Visitor):
    """What fields declare of their answers: that they depend on who asks, and for how long they may be shown."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types, self.private = types, False
        self.ages: set[int] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        definition = self.types.get_field_def()
        declared = declarations(definition) if definition else {}
        self.private |= bool(declared.get(PRIVATE))
        if AGE in declared or (node.selection_set is None and node.name.value != "__typename"):
            self.ages.add(declared.get(AGE, 0))


class Documents:
    """The documents that were used last, within so many bytes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        most_bytes: int,
        limits: Limits = Limits(),  # noqa: B008  it never changes
        *,
        introspection: bool = True,
        suggestions: bool = True,
    ) -> None:
        rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._reading = Reading(schema, limits, rules, suggestions, introspected(schema))
        self.hits = self.misses = 0
        self._kept: LRUCache[str, Document] = LRUCache(most_bytes, lambda document: document.size)

    @classmethod
    def by(cls, settings: Settings, schema: GraphQLSchema) -> Documents:
        return cls(
            schema,
            settings.documents_bytes,
            settings.limits,
            introspection=settings.introspection,
            suggestions=settings.suggestions,
        )

    @property
    def bytes(self) -> int:
        return int(self._kept.currsize)

    def get(self, text: str) -> Document:
        """The document of this text, valid or not."""
        document = self._kept.get(text)
        if document is not None:
            self.hits += 1
        else:
            self.misses += 1
            document = Document(text, self._reading)
            if document.size <= self._kept.maxsize:
                self._kept[text] = document
        return document

"""What an operation costs, known before it is run. docs/cost-and-limits.md has the formula.

It is made once for a document, and once for each fragment in it, but for what only variables tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

from schema.selection import EACH, SAME_ROW, SIZE, WEIGHT, declarations
from server.factors import PAGED, Factor, Variables, condition, list_size, page_size

FORMULA = 1
LISTED = 10  # what a list is taken to hold that declares nothing
WRITTEN = 10  # the weight of a mutation

Introspected = Mapping[str, Mapping[str, int]]


class Cost:
    """A constant, and parts that depend on variables: this factor of that cost."""

    __slots__ = ("constant", "parts")

    def __init__(self, constant: int = 0) -> None:
        self.constant = constant
        self.parts: list[tuple[Factor, Cost]] = []

    def add(self, other: Cost, factor: Factor = 1) -> None:
        if isinstance(factor, int) and not other.parts:
            self.constant += factor * other.constant
        else:
            self.parts.append((factor, other))

    def of(self, variables: Variables, known: dict[Cost, int] | None = None) -> int:
        """`known` has the parts that are shared, as those of fragments are."""
        if not self.parts:
            return self.constant
        known = {} if known is None else known
        if self not in known:
            factors = [(one if isinstance(one, int) else one(variables), part) for one, part in self.parts]
            known[self] = self.constant + sum(one * part.of(variables, known) for one, part in factors if one)
        return known[self]


class OperationCost:
    """What an operation costs, by its variables."""

    def __init__(self, operation: OperationDefinitionNode, cost: Cost) -> None:
        given = {one.variable.name.value: one.default_value for one in operation.variable_definitions or ()}
        self._defaults = {name: value_from_ast_untyped(value) for name, value in given.items() if value}
        self._cost = cost

    def of(self, variables: Variables | None) -> int:
        if not self._cost.parts:
            return self._cost.constant
        return self._cost.of({**self._defaults, **(variables or {})})


class Costs:
    """What the operations of a valid document cost."""

    def __init__(self, schema: GraphQLSchema, declared: Introspected, document: DocumentNode) -> None:
        self._schema, self._introspected = schema, declared
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[Cost, Cost]] = {}

    def operation(self, operation: OperationDefinitionNode) -> OperationCost:
        root: Any = self._schema.get_root_type(operation.operation)
        cost = Cost(1)
        cost.add(self._selected(operation.selection_set, root)[0])
        return OperationCost(operation, cost)

    def _selected(self, selected: SelectionSetNode, parent: GraphQLNamedType) -> tuple[Cost, Cost]:
        """What is selected of an object costs; and, if that is a page, what is selected of each of its rows."""
        once, each = Cost(), Cost()
        for selection in selected.selections:
            factor = condition(selection)
            if isinstance(selection, FieldNode):
                (each if self._of_each_row(selection, parent) else once).add(self._field(selection, parent), factor)
                continue
            if isinstance(selection, FragmentSpreadNode):
                under = self._fragment(selection.name.value)
            else:
                assert isinstance(selection, InlineFragmentNode)
                named = selection.type_condition
                of = self._schema.type_map[named.name.value] if named else parent
                under = self._selected(selection.selection_set, of)
            once.add(under[0], factor)
            each.add(under[1], factor)
        return once, each

    def _of_each_row(self, node: FieldNode, parent: Any) -> bool:
        definition: Any = self._schema.get_field(parent, node.name.value)
        return _is_row(parent, node) or EACH in declarations(definition)

    def _fragment(self, name: str) -> tuple[Cost, Cost]:
        if name not in self._known:
            fragment = self._fragments[name]
            named = self._schema.type_map[fragment.type_condition.name.value]
            self._known[name] = self._selected(fragment.selection_set, named)
        return self._known[name]

    def _field(self, node: FieldNode, parent: Any) -> Cost:
        definition: Any = self._schema.get_field(parent, node.name.value)
        named: Any = get_named_type(definition.type)
        declared = (
            self._introspected.get(node.name.value, {}) if parent.name.startswith("__") else declarations(definition)
        )
        if node.selection_set is None:
            return Cost(declared.get(WEIGHT, 0))
        row = _is_row(parent, node)
        read = int(row or not declared.get(SAME_ROW))
        cost = Cost(declared.get(WEIGHT, WRITTEN if parent is self._schema.mutation_type else read))
        once, each = self._selected(node.selection_set, named)
        cost.add(once)
        paged = page_size(node, definition) if definition.args.keys() & PAGED else None
        if row or not is_list_type(get_nullable_type(definition.type)):
            cost.add(each, 1 if paged is None else paged)
            return cost
        usual = LISTED if paged is None else paged
        whole = Cost()
        whole.add(cost, list_size(node, definition, declared[SIZE]) if SIZE in declared else usual)
        return whole


def introspected(schema: GraphQLSchema) -> Introspected:
    """What would be declared of introspection's fields: of its lists how many are in them, or on average in each."""
    fields = [field for one in schema.type_map.values() for field in getattr(one, "fields", {}).values()]
    arguments = sum(len(getattr(one, "args", ())) for one in fields)
    lists = {"types": len(schema.type_map), "fields": ceil(len(fields) / len(schema.type_map))}
    lists |= {"args": ceil(arguments / len(fields)), "directives": len(schema.directives)}
    lists |= dict.fromkeys(("inputFields", "interfaces", "possibleTypes", "enumValues"), 1)
    return {name: {SIZE: size} for name, size in lists.items()} | {"type": {WEIGHT: 0}, "ofType": {WEIGHT: 0}}


def _is_row(parent: Any, node: FieldNode) -> bool:
    return node.name.value in {"nodes", "edges"} and "pageInfo" in getattr(parent, "fields", ())

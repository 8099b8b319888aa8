"""How many times what is selected in a document is asked for: a number, or one that the variables tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphql import (
    BooleanValueNode,
    FieldNode,
    GraphQLField,
    SelectionNode,
    VariableNode,
    value_from_ast_untyped,
)

from resolvers.paging import MOST, USUAL

PAGED = {"first", "last"}

Variables = dict[str, Any]
Factor = int | Callable[[Variables], int]


def condition(selection: SelectionNode) -> Factor:
    """1 where @skip and @include let it be, 0 where they do not."""
    asked: list[tuple[str, bool]] = []
    for directive in selection.directives or ():
        wanted = {"include": True, "skip": False}.get(directive.name.value)
        value = directive.arguments[0].value if wanted is not None and directive.arguments else None
        if isinstance(value, BooleanValueNode) and value.value is not wanted:
            return 0
        if isinstance(value, VariableNode):
            asked.append((value.name.value, bool(wanted)))
    return (lambda variables: int(all(variables.get(name) is wanted for name, wanted in asked))) if asked else 1


def page_size(node: FieldNode, definition: GraphQLField) -> Factor:
    """How many rows the field's page may have."""
    return _of_arguments(node, definition, ("first", "last"), lambda value: min(max(value, 0), MOST), USUAL)


def list_size(node: FieldNode, definition: GraphQLField, declared: int | str) -> Factor:
    """How many the field's list may have: so many, or as many as the argument of this name says or has."""
    if isinstance(declared, int):
        return declared
    return _of_arguments(node, definition, (declared,), lambda value: max(value, 0), USUAL)


def _of_arguments(
    node: FieldNode, definition: GraphQLField, names: Sequence[str], limited: Callable[[int], int], usual: int
) -> Factor:
    """By the first of these arguments that has a value: a number, or a list of so many."""
    given = {one.name.value: one.value for one in node.arguments or ()}
    there = [given[name] for name in names if name in given]
    defaults = [_default(definition, name) for name in names if name not in given]

    def size(variables: Variables) -> int:
        for value in (*[value_from_ast_untyped(one, variables) for one in there], *defaults):
            found = len(value) if isinstance(value, list) else value
            if isinstance(found, int):
                return limited(found)
        return usual

    return size if any(isinstance(one, VariableNode) for one in there) else size({})


def _default(definition: GraphQLField, name: str) -> Any:
    argument = definition.args.get(name)
    default = argument.default if argument else None
    return default.value if default else argument and argument.default_value

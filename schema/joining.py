"""Which links in a selection may be read along with the rows that it is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import strawberry
from cachetools import LRUCache
from graphql import FieldNode, GraphQLField, ObjectValueNode, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from resolvers.joined import Join, can_be_joined
from resolvers.reads import One
from schema.context import Context, Info
from schema.selection import JOINED, SAME_ROW, Selection, remembered

REMEMBERED = 100  # values of the variables in one selection's arguments
LONGEST = 100  # characters of a value that is worth remembering
MOST = 30  # links that are joined in one statement, which takes a millisecond for each to be written
CURSORS = {"after", "before"}

Variables = Mapping[str, Any]


def joins(info: Info, *, single: bool = False) -> Joins:
    """Those under this field, whose rows are a list or a `single` one."""
    schema: Any = info.schema
    found: Joins = remembered(info, (JOINED, single), lambda selection: Joins(schema, selection, single=single))
    return found


class Joins:
    """By the values of the variables in the arguments of these links."""

    def __init__(self, schema: strawberry.Schema, selection: Selection, *, single: bool) -> None:
        self._schema, self._selection, self._single = schema, selection, single
        used = set(_variables(selection))
        self._names = sorted({name for name, argument in used if argument not in CURSORS})
        # Of these it counts only whether there is one: what comes behind a cursor is read apart.
        self._cursors = sorted({name for name, argument in used if argument in CURSORS})
        self._known: LRUCache[tuple[Any, ...], tuple[Join, ...]] = LRUCache(REMEMBERED)
        self._left = 0  # how many may still be joined
        self._always = None if used else self._found({})

    def of(self, context: Context) -> tuple[Join, ...]:
        """Those that may be joined for this request."""
        given = context.variables
        if not context.store.joins:
            return ()
        if self._always is not None or given is None:
            return self._always or ()
        values = (*map(given.get, self._names), *[given.get(name) is not None for name in self._cursors])
        if not all(map(_is_short, values)):
            return ()
        if values not in self._known:
            self._known[values] = self._found(given)
        return self._known[values]

    def _found(self, given: Variables) -> tuple[Join, ...]:
        self._left = MOST
        return tuple(dict.fromkeys(self._joins(self._selection, given, single=self._single)))

    def _joins(self, selection: Selection, given: Variables, *, single: bool) -> Iterator[Join]:
        for field, ours, details in selection.fields():
            under = selection.under(field, details)
            if ours.metadata.get(SAME_ROW):
                yield from self._joins(under, given, single=single)
            elif self._left and JOINED in ours.metadata and _is_plain(node := details[0].node):
                arguments = self._arguments(field, ours, node, given)
                of, key = ours.metadata[JOINED](frozenset(under.columns()), arguments)
                if of is not None and can_be_joined(of):
                    self._left -= 1
                    nested = self._joins(under, given, single=isinstance(of, One)) if single else ()
                    yield Join(of, key, tuple(dict.fromkeys(nested)))

    def _arguments(
        self, field: GraphQLField, ours: StrawberryField, node: FieldNode, given: Variables
    ) -> dict[str, Any]:
        """As the field's resolver takes them."""
        nobody: Any = None  # no argument of these is of a type that asks who asks
        _, taken = get_arguments(
            field=ours,
            source=None,
            info=nobody,
            kwargs=get_argument_values(field, node, VariableValues({}, dict(given))),
            config=self._schema.config,
            scalar_registry=self._schema.schema_converter.scalar_registry,
        )
        return {one.python_name: taken[one.python_name] for one in ours.arguments if one.python_name in taken}


def _variables(selection: Selection) -> Iterator[tuple[str, str]]:
    """The variables in arguments, and in which."""
    for field, ours, details in selection.fields():
        node = details[0].node
        if JOINED in ours.metadata and _is_plain(node):
            for one in node.arguments or ():
                if isinstance(one.value, VariableNode):
                    yield one.value.name.value, one.name.value
        if JOINED in ours.metadata or ours.metadata.get(SAME_ROW):
            yield from _variables(selection.under(field, details))


def _is_short(value: Any) -> bool:
    return value.__class__ not in (list, dict) and (value.__class__ is not str or len(value) <= LONGEST)


def _is_plain(node: FieldNode) -> bool:
    """Whether it has no argument that is an object: lists are filtered by those."""
    return not any(isinstance(one.value, ObjectValueNode) for one in node.arguments or ())

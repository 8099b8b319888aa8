"""A field's arguments as its resolver takes them, without converting again what does not change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from functools import partial
from typing import Any

import strawberry
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLScalarType,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Undefined
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.base import StrawberryMaybe
from strawberry.types.field import StrawberryField

PLAIN = {"String": str, "ID": str, "Boolean": bool, "Int": int, "Float": float}  # scalars whose values stay as they are
INT32 = 2**31

Variables = Mapping[str, Any]
Getter = Callable[[Variables], Any]


class Unusual(Exception):  # noqa: N818  no fault: graphql-core and strawberry convert it
    """A value that takes more than to be put in its place."""


class Arguments:
    """The arguments that one place in a document gives to a field."""

    def __init__(
        self, schema: strawberry.Schema, definition: GraphQLField, field: StrawberryField, node: FieldNode
    ) -> None:
        self._schema, self._field, self._node = schema, field, node
        given = {one.name.value: one.value for one in node.arguments or ()}
        varying = [name for name in definition.args if name in given and has_variable(given[name])]
        self._getters: dict[str, Getter] | None = {}
        try:
            for argument in field.arguments:
                name = schema.config.name_converter.from_argument(argument)
                if name in varying:
                    declared = definition.args[name].type
                    self._getters[argument.python_name] = _getter(schema, declared, argument.type, given[name])
        except Unusual:
            self._getters = None
        constant = {name: one for name, one in definition.args.items() if name not in varying}
        self._all, self._constant = definition, GraphQLField(definition.type, args=constant)
        self._keywords: dict[str, Any] | None = None  # of the constant ones

    def of(self, values: VariableValues, info: Callable[[], Any]) -> dict[str, Any]:
        """The resolver's keywords. Raises GraphQLError where a value does not fit."""
        if self._getters is None:
            return self._converted(self._all, values, info)
        if self._keywords is None:
            self._keywords = self._converted(self._constant, values, info)
        if not self._getters:
            return self._keywords
        try:
            found = {name: getter(values.coerced) for name, getter in self._getters.items()}
        except Unusual:
            return self._converted(self._all, values, info)
        return {**self._keywords, **found}

    def raw(self, values: VariableValues) -> dict[str, Any]:
        """As the schema's own resolver takes them. Raises GraphQLError."""
        return get_argument_values(self._all, self._node, values)

    def _converted(self, definition: GraphQLField, values: VariableValues, info: Callable[[], Any]) -> dict[str, Any]:
        """As graphql-core and strawberry do it for each object."""
        given = get_argument_values(definition, self._node, values)
        if not given:
            return {}
        _, keywords = get_arguments(
            field=self._field,
            source=None,
            info=info(),
            kwargs=given,
            config=self._schema.config,
            scalar_registry=self._schema.schema_converter.scalar_registry,
        )
        names = {argument.python_name for argument in self._field.arguments}
        return {name: value for name, value in keywords.items() if name in names}


def _getter(schema: strawberry.Schema, declared: Any, taken: Any, value: ValueNode) -> Getter:
    """What finds the argument in the variables. Raises Unusual where this has no way to."""
    if isinstance(taken, StrawberryMaybe):
        raise Unusual
    named = declared.of_type if isinstance(declared, GraphQLNonNull) else declared
    if isinstance(value, VariableNode) and isinstance(named, GraphQLScalarType) and named.name in PLAIN:
        return partial(_variable, value.name.value, PLAIN[named.name])
    if isinstance(value, ObjectValueNode) and isinstance(named, GraphQLInputObjectType):
        return _object(schema, named, value)
    raise Unusual


def _variable(name: str, kind: type, variables: Variables) -> Any:
    value = variables.get(name)
    if type(value) is not kind:  # null and what is missing too
        raise Unusual
    return value


def _object(schema: strawberry.Schema, declared: GraphQLInputObjectType, value: ObjectValueNode) -> Getter:
    definition = declared.extensions["strawberry-definition"]
    given = {one.name.value: one.value for one in value.fields}
    if definition.from_input is not None or (declared.is_one_of and len(given) != 1):
        raise Unusual
    getters: dict[str, Getter] = {}
    absent: dict[str, None] = {}
    for field in definition.fields:
        name = schema.config.name_converter.from_field(field)
        if name in given:
            getters[field.python_name] = _getter(schema, declared.fields[name].type, field.type, given[name])
        elif declared.fields[name].default is not None or declared.fields[name].default_value is not Undefined:
            raise Unusual
        elif field.default_value is MISSING and field.default_factory is MISSING:
            absent[field.python_name] = None
    origin = definition.origin

    def made(variables: Variables) -> Any:
        return origin(**absent, **{name: getter(variables) for name, getter in getters.items()})

    return made


def has_variable(value: ValueNode) -> bool:
    """Whether a variable takes part in the value."""
    if isinstance(value, VariableNode):
        return True
    return any(has_variable(part) for part in getattr(value, "values", ())) or any(
        has_variable(part.value) for part in getattr(value, "fields", ())
    )

"""From a validated operation to a plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    ValueNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.values import get_argument_values
from graphql.pyutils import Undefined
from strawberry.types.field import StrawberryField

from execution.calls import attribute, call
from execution.plan import Abandon, Completion, Leaf, ListOf, NonNull, Object, ObjectPlan, Run, Step

INT32 = 2**31


class Unsupported(Exception):  # noqa: N818  no fault: graphql-core's executor takes over
    """The operation holds something that plans do not know."""


def compile_object(run: Any, of: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan:
    """The plan for these fields of one type."""
    parts, steps = [], []
    scope: dict[str, Any] = {}
    for key, details in fields.items():
        name = details[0].node.name.value
        if name == "__typename":
            parts.append(f"{key!r}: {of.name!r}")
            continue
        definition = of.fields.get(name)
        ours = definition and definition.extensions.get("strawberry-definition")
        if definition is None or not isinstance(ours, StrawberryField):
            raise Unsupported(name)
        if ours.is_basic_field and ours.default_resolver is getattr and is_leaf_type(_nullable(definition.type)):
            parts.append(f"{key!r}: {_expression(ours.python_name, definition.type, scope)}")
        else:
            parts.append(f"{key!r}: None")
            steps.append(_step(run, key, of, details, ours))
    # Keys and type names are GraphQL names and attributes Python's: nothing else of the document gets into the source.
    row = eval(f"lambda parents: [{{{', '.join(parts)}}} for p in parents]", scope)  # noqa: S307
    return ObjectPlan(row, steps)


# What a value of a built-in scalar's own Python class may be taken as it is; anything else goes the scalar's own way.
_AS_IS = {
    "String": "v.__class__ is str",
    "ID": "v.__class__ is str",
    "Boolean": "v.__class__ is bool",
    "Int": f"v.__class__ is int and -{INT32} <= v < {INT32}",
    "Float": "v.__class__ is float and isfinite(v)",
}


def _expression(attribute_name: str, declared: GraphQLOutputType, scope: dict[str, Any]) -> str:
    inner = _nullable(declared)
    coerce = f"c{len(scope)}"
    scope["isfinite"] = isfinite
    scope[coerce] = _coercion(cast("GraphQLLeafType", inner), nullable=inner is declared)
    as_is = _AS_IS.get(inner.name)
    if isinstance(inner, GraphQLEnumType):
        scope[coerce] = _Shown(scope[coerce])
        return f"{coerce}[p.{attribute_name}]"
    if as_is is None:
        return f"{coerce}(p.{attribute_name})"
    test = as_is.replace("v.", f"(v := p.{attribute_name}).", 1)
    return f"v if {test} else {coerce}(v)"


class _Shown(dict[Any, Any]):
    """What an enum's values are shown as; there are only so many."""

    def __init__(self, coerce: Callable[[Any], Any]) -> None:
        super().__init__()
        self._coerce = coerce

    def __missing__(self, value: Any) -> Any:
        shown = self[value] = self._coerce(value)
        return shown


def _coercion(leaf: GraphQLLeafType, *, nullable: bool) -> Callable[[Any], Any]:
    def coerce(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise Abandon
        shown = leaf.coerce_output_value(value)
        if shown is None or shown is Undefined:
            raise Abandon
        return shown

    return coerce


def _step(run: Any, key: str, of: GraphQLObjectType, details: list[Any], ours: StrawberryField) -> Step:
    node: FieldNode = details[0].node
    definition = of.fields[node.name.value]
    varies = any(has_variable(argument.value) for argument in node.arguments or ())
    step = Step(
        key,
        of,
        details,
        definition,
        attribute(ours.python_name) if ours.is_basic_field else call(ours, run.strawberry),
        _completion(definition.type),
        None if varies else get_argument_values(definition, node, run.variable_values),
    )
    named = get_named_type(definition.type)
    if is_object_type(named):
        run.plan(step, named.name)  # now, so that what is unsupported below is found before anything runs
    return step


def _completion(declared: GraphQLOutputType) -> Completion:
    if isinstance(declared, GraphQLNonNull):
        return NonNull(_completion(declared.of_type))
    if isinstance(declared, GraphQLList):
        return ListOf(_completion(declared.of_type))
    if is_leaf_type(declared):
        return Leaf(_coercion(declared, nullable=False))
    return Object(cast("GraphQLObjectType", declared), _type_of)


def _type_of(run: Run, step: Step, value: Any) -> str:
    declared: Any = get_named_type(step.definition.type)
    info = run.info(step)
    if isinstance(declared, GraphQLObjectType):
        if declared.is_type_of is not None and declared.is_type_of(value, info) is not True:
            raise Abandon
        return declared.name
    name = declared.resolve_type(value, info, declared) if declared.resolve_type else None
    if not isinstance(name, str) or not is_object_type(info.schema.type_map.get(name)):
        raise Abandon
    return name


def _nullable(declared: GraphQLOutputType) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared


def has_variable(value: ValueNode) -> bool:
    if isinstance(value, VariableNode):
        return True
    parts: Sequence[Any] = getattr(value, "values", None) or [
        part.value for part in getattr(value, "fields", None) or ()
    ]
    return any(has_variable(part) for part in parts)

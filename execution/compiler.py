"""From a validated operation to a plan."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import Undefined
from strawberry.types.field import StrawberryField

from execution.arguments import INT32, Arguments
from execution.calls import attribute, call, itself, resolver_of
from execution.plan import Abandon, Completion, Leaf, ListOf, NonNull, Object, ObjectPlan, Step


class Unsupported(Exception):  # noqa: N818  no fault: graphql-core's executor takes over
    """The operation holds something that plans do not know."""


def compile_object(run: Any, of: GraphQLObjectType, fields: GroupedFieldSet) -> ObjectPlan:
    """The plan for these fields of one type."""
    compiling = _Compiling(run)
    literal = compiling.literal(of, fields)
    # Keys and type names are GraphQL names and attributes Python's: nothing else of the document gets into the source.
    try:
        row = eval(f"lambda parents: [{literal} for p in parents]", compiling.scope)  # noqa: S307
    except (SyntaxError, MemoryError) as error:  # Python nests only so deeply
        raise Unsupported from error
    return ObjectPlan(row, compiling.steps, compiling.same)


class _Compiling:
    """One generated function, over parents `p`: their attributes, and those of what shows the same object again."""

    def __init__(self, run: Any, scope: dict[str, Any] | None = None) -> None:
        self.run = run
        self.scope: dict[str, Any] = {"isfinite": isfinite} if scope is None else scope
        self.steps: list[Step] = []
        self.same: list[Step] = []  # fields that show the parent itself, whose type is to be checked

    def literal(self, of: GraphQLObjectType, fields: GroupedFieldSet) -> str:
        parts = []
        for key, details in fields.items():
            name = details[0].node.name.value
            definition = of.fields.get(name)
            ours = definition and definition.extensions.get("strawberry-definition")
            if name == "__typename":
                parts.append(f"{key!r}: {of.name!r}")
            elif definition is None or not isinstance(ours, StrawberryField):
                raise Unsupported(name)
            else:
                step = Step(
                    key, of, details, definition, Arguments(self.run.strawberry, definition, ours, details[0].node)
                )
                parts.append(f"{key!r}: {self._inline(step, ours) or self._later(step, ours)}")
        return f"{{{', '.join(parts)}}}"

    def _inline(self, step: Step, ours: StrawberryField) -> str | None:
        """The source of the field's value, if a generated function can have it."""
        function = resolver_of(ours)
        if hasattr(function, "itself"):
            return self._same(step, None if function.itself is True else function.itself)
        if ours.extensions or not is_leaf_type(_nullable(step.definition.type)):
            return None
        if ours.is_basic_field and ours.default_resolver is getattr:
            return self._leaf(step, f"p.{ours.python_name}")
        if hasattr(function, "attribute"):
            return self._leaf(step, f"p.{function.attribute}")
        if hasattr(function, "at_once") and not step.definition.args:
            return self._leaf(step, f"{self._named(function)}(p)")
        return None

    def _same(self, step: Step, unless_null: str | None) -> str | None:
        """The parent as an object of another type, if that needs nothing but attributes."""
        named = _nullable(step.definition.type)
        if not isinstance(named, GraphQLObjectType) or (unless_null and named is not step.definition.type):
            return None
        nested = _Compiling(self.run, self.scope)
        literal = nested.literal(named, self.run.fields_under(step, named))
        if nested.steps:
            return None
        self.same += [step, *nested.same] if named.is_type_of else nested.same
        return literal if unless_null is None else f"(None if p.{unless_null} is None else {literal})"

    def _leaf(self, step: Step, source: str) -> str:
        declared = step.definition.type
        inner = _nullable(declared)
        coercion = _coercion(cast("GraphQLLeafType", inner), nullable=inner is declared)
        if isinstance(inner, GraphQLEnumType):
            return f"{self._named(_Shown(coercion))}[{source}]"
        as_is = _AS_IS.get(inner.name)
        if as_is is None:
            return f"{self._named(coercion)}({source})"
        test = as_is.replace("v.", f"(v := {source}).", 1)
        return f"(v if {test} else {self._named(coercion)}(v))"

    def _named(self, value: Any) -> str:
        """A name for the value in the generated function."""
        name = f"c{len(self.scope)}"
        self.scope[name] = value
        return name

    def _later(self, step: Step, ours: StrawberryField) -> str:
        """A place for the value, that a step will fill."""
        function = resolver_of(ours)
        if ours.is_basic_field:
            step.resolve = attribute(ours.python_name)
        elif hasattr(function, "attribute"):
            step.resolve = attribute(function.attribute)
        elif hasattr(function, "itself"):
            step.resolve = itself(None if function.itself is True else function.itself)
        else:
            step.resolve = call(ours, self.run.strawberry)
        step.completion = _completion(step.definition.type)
        named = get_named_type(step.definition.type)
        if is_object_type(named):
            self.run.plan(step, named.name)  # now, so that what is unsupported below is found before anything runs
        self.steps.append(step)
        return "None"


# What a value of a built-in scalar's own Python class may be taken as it is; anything else goes the scalar's own way.
_AS_IS = {
    "String": "v.__class__ is str",
    "ID": "v.__class__ is str",
    "Boolean": "v.__class__ is bool",
    "Int": f"v.__class__ is int and -{INT32} <= v < {INT32}",
    "Float": "v.__class__ is float and isfinite(v)",
}


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


def _completion(declared: GraphQLOutputType) -> Completion:
    if isinstance(declared, GraphQLNonNull):
        return NonNull(_completion(declared.of_type))
    if isinstance(declared, GraphQLList):
        return ListOf(_completion(declared.of_type))
    if is_leaf_type(declared):
        return Leaf(_coercion(declared, nullable=False))
    return Object(cast("GraphQLObjectType", declared))


def _nullable(declared: GraphQLOutputType) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared

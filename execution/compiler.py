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
    is_leaf_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import Undefined
from strawberry.types.field import StrawberryField

from execution.arguments import INT32, Arguments
from execution.calls import call, resolver_of
from execution.plan import Abandon, Completion, Kind, Leaf, ListOf, Object, ObjectPlan, Step


class Unsupported(Exception):  # noqa: N818  no fault: graphql-core's executor takes over
    """The operation holds something that plans do not know."""


def compile_object(run: Any, of: GraphQLObjectType, fields: GroupedFieldSet, kind: Kind) -> ObjectPlan:
    """The plan for these fields of one type, of objects or of plain tuples of this kind."""
    compiling = _Compiling(run, kind)
    literal = compiling.literal(of, fields)
    each = "p in objects"
    if kind:
        names = "".join(f"p{place}, " for place in range(len(compiling.fields)))
        each = f"({names}), p in zip(parents, objects)" if compiling.looks else f"({names}) in parents"
    # Keys and type names are GraphQL names and attributes Python's: nothing else of the document gets into the source.
    try:
        show = eval(f"lambda parents, objects: [{literal} for {each}]", compiling.scope)  # noqa: S307
    except (SyntaxError, MemoryError) as error:  # Python nests only so deeply
        raise Unsupported from error
    return ObjectPlan(show, compiling.steps, compiling.same, looks=bool(compiling.looks or compiling.steps))


class _Compiling:
    """One generated function, over parents `p`: their attributes, and those of what shows the same object again.

    Of plain tuples the fields are `p0`, `p1` …
    """

    def __init__(self, run: Any, kind: Kind, scope: dict[str, Any] | None = None) -> None:
        self.run = run
        self.kind, self.fields = kind, getattr(kind, "_fields", ())
        self.scope: dict[str, Any] = {"isfinite": isfinite} if scope is None else scope
        self.steps: list[Step] = []
        self.same: list[Step] = []  # fields that show the parent itself, whose type is to be checked
        self.looks = False  # whether the function needs the parents as objects

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
                arguments = Arguments(self.run.strawberry, definition, ours, details[0].node)
                step = Step(key, of, details, definition, arguments)
                parts.append(f"{key!r}: {self._inline(step, ours) or self._later(step, ours)}")
        return f"{{{', '.join(parts)}}}"

    def _inline(self, step: Step, ours: StrawberryField) -> str | None:
        """The source of the field's value, if a generated function can have it."""
        function = resolver_of(ours)
        if ours.extensions:
            return None
        if hasattr(function, "itself"):
            return self._same(step, None if function.itself is True else function.itself)
        if not is_leaf_type(_nullable(step.definition.type)):
            return None
        source = self._source(ours, function, step)
        return source and self._leaf(step, source)

    def _source(self, ours: StrawberryField, function: Any, step: Step) -> str | None:
        """The source of a leaf's value, before it is completed."""
        if ours.is_basic_field and ours.default_resolver is getattr:
            return self._attribute(ours.python_name)
        if hasattr(function, "attribute"):
            return self._attribute(function.attribute)
        if self.kind and hasattr(function, "of_fields"):
            compute, names = function.of_fields(self.kind)
            return f"{self._named(compute)}({', '.join(map(self._attribute, names))})"
        if hasattr(function, "at_once") and not step.definition.args:
            self.looks = True
            return f"{self._named(function)}(p)"
        return None

    def _attribute(self, name: str) -> str:
        if name in self.fields:
            return f"p{self.fields.index(name)}"
        self.looks = True
        return f"p.{name}"

    def _same(self, step: Step, unless_null: str | None) -> str | None:
        """The parent as an object of another type, if that needs nothing but attributes."""
        named = _nullable(step.definition.type)
        if not isinstance(named, GraphQLObjectType) or (unless_null and named is not step.definition.type):
            return None
        nested = _Compiling(self.run, self.kind, self.scope)
        literal = nested.literal(named, self.run.fields_under(step, named))
        if nested.steps:
            return None
        self.same += [step, *nested.same] if named.is_type_of else nested.same
        self.looks |= nested.looks
        return f"(None if {self._attribute(unless_null)} is None else {literal})" if unless_null else literal

    def _leaf(self, step: Step, source: str) -> str:
        declared = step.definition.type
        inner = _nullable(declared)
        coercion = _coercion(cast("GraphQLLeafType", inner), nullable=inner is declared)
        if isinstance(inner, GraphQLEnumType) or inner.name == "Boolean":
            return f"{self._named(_Shown(coercion))}[{source}]"
        as_is = _AS_IS.get(inner.name)
        if as_is is None:
            return f"{self._named(coercion)}({source})"
        value, first = (source, source) if source.isidentifier() else ("v", f"(v := {source})")
        test = as_is.format(first=first, value=value)
        return f"({value} if {test} else {self._named(coercion)}({value}))"

    def _named(self, value: Any) -> str:
        """A name for the value in the generated function."""
        name = f"c{len(self.scope)}"
        self.scope[name] = value
        return name

    def _later(self, step: Step, ours: StrawberryField) -> str:
        """A place for the value, that a step will fill."""
        step.resolve = call(ours, self.run.strawberry)
        step.completion = _completion(step.definition.type)
        self.steps.append(step)
        return "None"


# What a value of a built-in scalar's own Python class may be taken as it is; anything else goes the scalar's own way.
_AS_IS = {
    "String": "{first}.__class__ is str",
    "ID": "{first}.__class__ is str",
    "Int": f"{{first}}.__class__ is int and -{INT32} <= {{value}} < {INT32}",
    "Float": "{first}.__class__ is float and isfinite({value})",
}


class _Shown(dict[Any, Any]):
    """What the values of an enum or of Boolean are shown as; there are only so many."""

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
    inner = _nullable(declared)
    nullable = inner is declared
    if isinstance(inner, GraphQLList):
        return ListOf(_completion(inner.of_type), nullable)
    return Leaf(_coercion(inner, nullable=False), nullable) if is_leaf_type(inner) else Object(nullable)


def _nullable(declared: GraphQLOutputType) -> Any:
    return declared.of_type if isinstance(declared, GraphQLNonNull) else declared

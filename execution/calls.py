"""How a field's values are had, for all parents of a level at once."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Sequence
from inspect import isawaitable
from operator import attrgetter
from types import GeneratorType
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from execution.lazily import lazily, lazy
from execution.plan import Run, Step

MOST_CLASSES = 4096

Resolve = Callable[[Run, Step, Sequence[Any]], Any]


def _attribute(name: str) -> Resolve:
    get = attrgetter(name)
    return lambda _run, _step, parents: [get(parent) for parent in parents]


def _itself(unless_null: str | None) -> Resolve:
    """The parents, but where they have null in this attribute."""
    if unless_null is None:
        return lambda _run, _step, parents: [*parents]
    get = attrgetter(unless_null)
    return lambda _run, _step, parents: [None if get(parent) is None else parent for parent in parents]


def call(field: StrawberryField, schema: strawberry.Schema) -> Resolve:
    """The way to its values that its resolver offers; else the resolver, for each parent."""
    function = resolver_of(field)
    if field.extensions or (function is None and not field.is_basic_field):
        return _as_graphql_core
    if field.is_basic_field or hasattr(function, "attribute"):
        return _attribute(getattr(function, "attribute", field.python_name))
    if hasattr(function, "itself"):
        return _itself(None if function.itself is True else function.itself)
    called = _Call(field, schema, function)
    if hasattr(function, "plan"):
        return called.as_planned
    return called.in_one if hasattr(function, "batch") else called.one_by_one


def resolver_of(field: StrawberryField) -> Any:
    """The function that the field was declared with, if any."""
    return getattr(field.base_resolver, "wrapped_func", None)


class _Call:
    def __init__(self, field: StrawberryField, schema: strawberry.Schema, function: Any) -> None:
        self._field, self._schema = field, schema
        self._function: Any = lazy(function)
        self._batch: Any = lazy(function.batch) if hasattr(function, "batch") else None
        resolver: Any = field.base_resolver
        self._takes_self = resolver.self_parameter is not None
        self._info = resolver.info_parameter and resolver.info_parameter.name
        self._sources = {one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one is not None}

    def as_planned(self, run: Run, step: Step, parents: Sequence[Any]) -> Any:
        if step.bound is None:
            step.bound = lazy(self._function.plan(self._info_of(run, step)))
        keywords = step.arguments.of(run.variable_values, lambda: self._info_of(run, step))
        return step.bound(parents, run.context_value, **keywords)

    def in_one(self, run: Run, step: Step, parents: Sequence[Any]) -> Any:
        return self._batch(parents, **self._given(run, step))

    def one_by_one(self, run: Run, step: Step, parents: Sequence[Any]) -> Any:
        function, keywords = self._function, self._given(run, step)
        if self._takes_self:
            return _settled([function(parent, **keywords) for parent in parents])
        if len(self._sources) == 1 and not keywords:
            return _settled([function(parent) for parent in parents])
        return _settled([function(**dict.fromkeys(self._sources, parent), **keywords) for parent in parents])

    def _given(self, run: Run, step: Step) -> dict[str, Any]:
        """The keywords that all parents share."""
        keywords = step.arguments.of(run.variable_values, lambda: self._info_of(run, step))
        return {**keywords, self._info: self._info_of(run, step)} if self._info else keywords

    def _info_of(self, run: Run, step: Step) -> strawberry.Info[Any, Any]:
        return self._schema.config.info_class(_raw_info=run.info(step), _field=self._field)


def _as_graphql_core(run: Run, step: Step, parents: Sequence[Any]) -> Any:
    """Through the schema's own resolver, with whatever strawberry wraps around it."""
    info, arguments = run.info(step), step.arguments.raw(run.variable_values)
    return _settled([step.definition.resolve(parent, info, **arguments) for parent in parents])


_NEVER_AWAITED = (str, int, float, bool, type(None), list, dict)
_plain: set[type] = set(_NEVER_AWAITED)  # classes of which no value is awaitable


def _settled(values: list[Any]) -> Any:
    kinds = set(map(type, values))
    if kinds <= _plain:
        return values
    if any(isawaitable(value) for value in values):
        return _gathered(values)
    if len(_plain) < MOST_CLASSES:
        _plain.update(kinds - {GeneratorType})
    return values


@lazily
async def _gathered(values: list[Any]) -> list[Any]:
    if len(values) == 1:
        return [await values[0]]
    waiting = [place for place, value in enumerate(values) if isawaitable(value)]
    for place, value in zip(waiting, await gather(*[values[place] for place in waiting]), strict=True):
        values[place] = value
    return values

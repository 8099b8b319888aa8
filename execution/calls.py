"""How a field's values are had, for all parents of a level at once."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Sequence
from inspect import isawaitable
from operator import attrgetter
from typing import Any

import strawberry
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from execution.plan import Run, Step

Resolve = Callable[[Run, Step, Sequence[Any]], Any]


def attribute(name: str) -> Resolve:
    get = attrgetter(name)
    return lambda _run, _step, parents: [get(parent) for parent in parents]


def call(field: StrawberryField, schema: strawberry.Schema) -> Resolve:
    """The field's `batch` where its resolver has one; else the resolver, for each parent."""
    function: Any = getattr(field.base_resolver, "wrapped_func", None)
    batch: Any = getattr(function, "batch", None)
    if function is None or field.extensions:
        return _as_graphql_core

    def prepare(run: Run, step: Step, parent: Any) -> tuple[list[Any], dict[str, Any]]:
        return get_arguments(
            field=field,
            source=parent,
            info=schema.config.info_class(_raw_info=run.info(step), _field=field),
            kwargs=dict(run.arguments(step)),
            config=schema.config,
            scalar_registry=schema.schema_converter.scalar_registry,
        )

    def in_one(run: Run, step: Step, parents: Sequence[Any]) -> Any:
        _, keywords = prepare(run, step, None)
        return batch(parents, **{name: value for name, value in keywords.items() if name not in sources})

    def one_by_one(run: Run, step: Step, parents: Sequence[Any]) -> Any:
        positional, keywords = prepare(run, step, None)
        named = [name for name in sources if name in keywords]
        values = []
        for parent in parents:
            for name in named:
                keywords[name] = parent
            values.append(function(parent, **keywords) if positional else function(**keywords))
        return _settled(values)

    resolver: Any = field.base_resolver
    sources = {one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one is not None}
    return one_by_one if batch is None else in_one


def _as_graphql_core(run: Run, step: Step, parents: Sequence[Any]) -> Any:
    """Through the schema's own resolver, with whatever strawberry wraps around it."""
    info, arguments = run.info(step), run.arguments(step)
    return _settled([step.definition.resolve(parent, info, **arguments) for parent in parents])


def _settled(values: list[Any]) -> Any:
    if not any(isawaitable(value) for value in values):
        return values
    return _gathered(values)


async def _gathered(values: list[Any]) -> list[Any]:
    waiting = [place for place, value in enumerate(values) if isawaitable(value)]
    for place, value in zip(waiting, await gather(*[values[place] for place in waiting]), strict=True):
        values[place] = value
    return values

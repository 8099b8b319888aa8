"""A plan: what to do for all objects of one type on one level of a query."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Protocol

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo


class Abandon(Exception):  # noqa: N818  no fault: graphql-core's executor takes over
    """The plan cannot go on."""


class Run(Protocol):
    """One execution, as a plan needs it."""

    def info(self, step: Step) -> GraphQLResolveInfo[Any]:
        """What resolvers learn of the field; its path names response keys and no list indexes."""

    def arguments(self, step: Step) -> dict[str, Any]:
        """The field's arguments, with variables and defaults applied. Raises GraphQLError."""

    def plan(self, step: Step, type_name: str) -> ObjectPlan:
        """The plan for what is selected under the field on this type."""


class Completion(Protocol):
    """Turns the values of one field, of all parents, into what the response shows."""

    async def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Sequence[Any]: ...


@dataclass(slots=True)
class ObjectPlan:
    """Plain attributes in one generated function; each other field a step."""

    row: Callable[[Sequence[Any]], list[dict[str, Any]]]
    steps: list[Step]

    async def answer(self, run: Run, parents: Sequence[Any]) -> list[dict[str, Any]]:
        """The response's objects, one per parent."""
        objects = self.row(parents)
        if parents and self.steps:
            if len(self.steps) == 1:
                await self.steps[0].answer(run, parents, objects)
            else:
                await gather(*[step.answer(run, parents, objects) for step in self.steps])
        return objects


@dataclass(slots=True)
class Step:
    """One field that is no plain attribute, for all parents of a level."""

    key: str  # in the response
    parent_type: GraphQLObjectType
    details: list[Any]  # graphql-core's FieldDetails, of every place that selects it
    definition: Any  # GraphQLField
    resolve: Callable[[Run, Step, Sequence[Any]], Any]  # a value per parent, or an awaitable of them
    completion: Completion | None  # None: the values are the response's already
    known_arguments: dict[str, Any] | None  # where no variable takes part
    plans: dict[str, ObjectPlan] = field(default_factory=dict)  # by the type that a value turns out to be

    async def answer(self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        values = self.resolve(run, self, parents)
        if isawaitable(values):
            values = await values
        if self.completion is not None:
            values = await self.completion.complete(run, self, values)
        for shown, value in zip(objects, values, strict=True):
            shown[self.key] = value


@dataclass(slots=True)
class NonNull:
    of: Completion

    async def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Sequence[Any]:
        if any(value is None for value in values):
            raise Abandon
        found = await self.of.complete(run, step, values)
        if any(value is None for value in found):
            raise Abandon
        return found


@dataclass(slots=True)
class ListOf:
    """All lists of the level are completed as one."""

    of: Completion

    async def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Sequence[Any]:
        flat: list[Any] = []
        for value in values:
            if value.__class__ in (list, tuple):
                flat.extend(value)
            elif value is not None:
                raise Abandon
        shown = iter(await self.of.complete(run, step, flat))
        return [None if value is None else [next(shown) for _ in value] for value in values]


@dataclass(slots=True)
class Leaf:
    coerce: Callable[[Any], Any]

    async def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Sequence[Any]:
        del run, step
        coerce = self.coerce
        return [None if value is None else coerce(value) for value in values]


@dataclass(slots=True)
class Object:
    """Values of one object type, or of the types of an interface or union, each type's together."""

    declared: GraphQLObjectType | GraphQLAbstractType
    type_of: Callable[[Run, Step, Any], str]  # of a value; asked once for each Python class on the level

    async def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Sequence[Any]:
        places: dict[str, list[int]] = {}
        names: dict[type, str] = {}
        for place, value in enumerate(values):
            if value is None:
                continue
            kind = value.__class__
            if kind not in names:
                names[kind] = self.type_of(run, step, value)
            places.setdefault(names[kind], []).append(place)
        shown: list[Any] = [None] * len(values)
        for name, among in places.items():
            objects = await run.plan(step, name).answer(run, [values[place] for place in among])
            for place, one in zip(among, objects, strict=True):
                shown[place] = one
        return shown

"""A plan: what to do for all objects of one type on one level of a query."""

from __future__ import annotations

from asyncio import gather, sleep
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Never, Protocol

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo, get_named_type, is_object_type
from graphql.execution.values import VariableValues

if TYPE_CHECKING:
    from execution.arguments import Arguments

CHUNK = 1_000  # objects that are made without letting others run

# A list where nothing has to be awaited, so that no task and no coroutine is made for it.
Later = list[Any] | Awaitable[list[Any]]


class Abandon(Exception):  # noqa: N818  no fault: graphql-core's executor takes over
    """The plan cannot go on."""


class Run(Protocol):
    """One execution, as a plan needs it."""

    context_value: Any
    variable_values: VariableValues

    def overdue(self) -> bool:
        """Whether the event loop has been held up for so long that others should run."""

    def resumed(self) -> None:
        """Others have run."""

    def info(self, step: Step) -> GraphQLResolveInfo[Any]:
        """What resolvers learn of the field; its path names response keys and no list indexes."""

    def plan(self, step: Step, type_name: str) -> ObjectPlan:
        """The plan for what is selected under the field on this type."""


class Completion(Protocol):
    """Turns the values of one field, of all parents, into what the response shows."""

    def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Later: ...


@dataclass(slots=True)
class ObjectPlan:
    """Plain attributes in one generated function; each other field a step."""

    row: Callable[[Sequence[Any]], list[dict[str, Any]]]
    steps: list[Step]
    same: list[Step]  # that `row` answers with what it finds on the parent: objects of other types than the plan's
    checked: set[type] = field(default_factory=set)  # Python classes of parents that may be all of them

    def answer(self, run: Run, parents: Sequence[Any]) -> Later:
        """The response's objects, one per parent."""
        if self.same:
            self._check(run, parents)
        if len(parents) > CHUNK and run.overdue():
            return self._in_chunks(run, parents)
        return self._filled(run, parents, self.row(parents))

    def _check(self, run: Run, parents: Sequence[Any]) -> None:
        for kind in {*map(type, parents)} - self.checked:
            for step in self.same:
                type_of(run, step, _first(parents, kind))
            self.checked.add(kind)

    async def _in_chunks(self, run: Run, parents: Sequence[Any]) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = []
        for start in range(0, len(parents), CHUNK):
            await sleep(0)
            run.resumed()
            objects += self.row(parents[start : start + CHUNK])
        found = self._filled(run, parents, objects)
        return found if isinstance(found, list) else await found

    def _filled(self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]) -> Later:
        waiting: list[Coroutine[Any, Any, None]] = []
        try:
            for step in self.steps if parents else ():
                left = step.answer(run, parents, objects)
                if left is not None:
                    waiting.append(left)
        except Exception as error:
            if not waiting:
                raise
            return _failed(waiting, error)
        return _finished(waiting, objects) if waiting else objects


async def _finished(waiting: list[Coroutine[Any, Any, None]], objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(waiting) == 1:  # no task for one
        await waiting[0]
    else:
        await gather(*waiting)
    return objects


async def _failed(waiting: list[Coroutine[Any, Any, None]], error: Exception) -> Never:
    await gather(*waiting, return_exceptions=True)  # what was begun is awaited all the same
    raise error


@dataclass(slots=True)
class Step:
    """One field that is no plain attribute, for all parents of a level."""

    key: str  # in the response
    parent_type: GraphQLObjectType
    details: list[Any]  # graphql-core's FieldDetails, of every place that selects it
    definition: Any  # GraphQLField
    arguments: Arguments
    resolve: Callable[[Run, Step, Sequence[Any]], Any] = (
        NotImplemented  # a list of a value per parent, or an awaitable of one
    )
    completion: Completion = NotImplemented
    plans: dict[str, ObjectPlan] = field(default_factory=dict)  # by the type that a value turns out to be
    types: dict[type, str] = field(default_factory=dict)  # by the Python class of a value; no name for null
    bound: Any = None  # what the resolver keeps for as long as the plan lives

    def answer(
        self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]
    ) -> Coroutine[Any, Any, None] | None:
        """Put the field into each object; what is left to await."""
        if run.overdue():
            return self._after_others(run, parents, objects)
        values = self.resolve(run, self, parents)
        if not isinstance(values, list):
            return self._later(run, values, objects)
        shown = self.completion.complete(run, self, values)
        if not isinstance(shown, list):
            return self._put_later(shown, objects)
        self._put(shown, objects)
        return None

    async def _after_others(self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        await sleep(0)
        run.resumed()
        left = self.answer(run, parents, objects)
        if left is not None:
            await left

    async def _later(self, run: Run, values: Any, objects: list[dict[str, Any]]) -> None:
        found = await values if isawaitable(values) else values
        run.resumed()
        shown = self.completion.complete(run, self, found)
        self._put(shown if isinstance(shown, list) else await shown, objects)

    async def _put_later(self, shown: Awaitable[list[Any]], objects: list[dict[str, Any]]) -> None:
        self._put(await shown, objects)

    def _put(self, shown: Any, objects: list[dict[str, Any]]) -> None:
        key = self.key
        for one, value in zip(objects, shown, strict=True):
            one[key] = value


@dataclass(slots=True)
class NonNull:
    of: Completion

    def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Later:
        _refuse_nulls(values)
        found = self.of.complete(run, step, values)
        if not isinstance(found, list):
            return self._later(found)
        _refuse_nulls(found)
        return found

    async def _later(self, found: Awaitable[list[Any]]) -> list[Any]:
        values = await found
        _refuse_nulls(values)
        return values


def _refuse_nulls(values: Sequence[Any]) -> None:
    if [None for value in values if value is None]:
        raise Abandon


@dataclass(slots=True)
class ListOf:
    """All lists of the level are completed as one."""

    of: Completion

    def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Later:
        flat: list[Any] = []
        for value in values:
            if value.__class__ in (list, tuple):
                flat.extend(value)
            elif value is not None:
                raise Abandon
        found = self.of.complete(run, step, flat)
        return _cut(values, found) if isinstance(found, list) else self._later(values, found)

    async def _later(self, values: Sequence[Any], found: Awaitable[list[Any]]) -> list[Any]:
        return _cut(values, await found)


def _cut(values: Sequence[Any], found: list[Any]) -> list[Any]:
    """What was completed as one list, as the lists it came from."""
    shown: list[Any] = []
    start = 0
    for value in values:
        if value is None:
            shown.append(None)
        else:
            shown.append(found[start : start + len(value)])
            start += len(value)
    return shown


@dataclass(slots=True)
class Leaf:
    coerce: Callable[[Any], Any]

    def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Later:
        del run, step
        coerce = self.coerce
        return [None if value is None else coerce(value) for value in values]


@dataclass(slots=True)
class Object:
    """Values of one object type, or of the types of an interface or union, each type's together."""

    declared: GraphQLObjectType | GraphQLAbstractType

    def complete(self, run: Run, step: Step, values: Sequence[Any]) -> Later:
        kinds = set(map(type, values))
        for kind in kinds - step.types.keys():
            step.types[kind] = "" if kind is type(None) else type_of(run, step, _first(values, kind))
        names = {step.types[kind] for kind in kinds}
        if len(names) == 1 and "" not in names:
            return run.plan(step, names.pop()).answer(run, values)
        return self._of_several(run, step, values)

    def _of_several(self, run: Run, step: Step, values: Sequence[Any]) -> Later:
        """Of several types, or with nulls."""
        places: dict[str, list[int]] = {}
        for place, value in enumerate(values):
            if value is not None:
                places.setdefault(step.types[type(value)], []).append(place)
        shown: list[Any] = [None] * len(values)
        waiting: list[tuple[list[int], Awaitable[list[Any]]]] = []
        for name, among in places.items():
            objects = run.plan(step, name).answer(run, [values[place] for place in among])
            if isinstance(objects, list):
                _spread(shown, among, objects)
            else:
                waiting.append((among, objects))
        return _spread_later(shown, waiting) if waiting else shown


def type_of(run: Run, step: Step, value: Any) -> str:
    """The name of the value's type: of all values of its Python class, of which it is asked once."""
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


def _first(values: Sequence[Any], kind: type) -> Any:
    return next(value for value in values if type(value) is kind)


def _spread(shown: list[Any], places: list[int], objects: list[Any]) -> None:
    for place, one in zip(places, objects, strict=True):
        shown[place] = one


async def _spread_later(shown: list[Any], waiting: list[tuple[list[int], Awaitable[list[Any]]]]) -> list[Any]:
    for (places, _), objects in zip(waiting, await gather(*[later for _, later in waiting]), strict=True):
        _spread(shown, places, objects)
    return shown

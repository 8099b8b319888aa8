"""A plan: what to do for all objects of one type on one level of a query."""

from __future__ import annotations

from asyncio import gather, sleep
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from itertools import repeat
from operator import setitem
from typing import TYPE_CHECKING, Any, Never, Protocol

from graphql import GraphQLObjectType, GraphQLResolveInfo, get_named_type, is_object_type
from graphql.execution.values import VariableValues

from execution.lazily import lazily

if TYPE_CHECKING:
    from execution.arguments import Arguments

CHUNK = 1_000  # objects that are made without letting others run

# A list where nothing has to be awaited, so that no task and no coroutine is made for it.
Later = list[Any] | Awaitable[list[Any]]
Kind = type | None  # of which values are plain tuples; None where they are objects


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

    def plan(self, step: Step, type_name: str, kind: Kind) -> ObjectPlan:
        """The plan for what is selected under the field on this type, of objects or of plain tuples of this kind."""


class Completion(Protocol):
    """Turns the values of one field, of all parents, into what the response shows."""

    def complete(self, run: Run, step: Step, values: Sequence[Any], kind: Kind) -> Later: ...


@dataclass(slots=True)
class ObjectPlan:
    """Plain attributes in one generated function; each other field a step."""

    show: Callable[[Sequence[Any], Sequence[Any]], list[dict[str, Any]]]  # of parents, plain, and the same as objects
    steps: list[Step]
    same: list[Step]  # that `show` answers with what it finds on the parent: objects of other types than the plan's
    looks: bool  # whether anything looks at objects, so that plain parents must become some
    checked: set[type] = field(default_factory=set)  # Python classes of parents that may be all of them

    def answer(self, run: Run, parents: Sequence[Any], kind: Kind) -> Later:
        """The response's objects, one per parent."""
        objects = [tuple.__new__(kind, parent) for parent in parents] if kind and self.looks else parents
        if self.same:
            self._check(run, parents, kind)
        if len(parents) > CHUNK and run.overdue():
            return self._in_chunks(run, parents, objects)
        return self._filled(run, objects, self.show(parents, objects))

    def _check(self, run: Run, parents: Sequence[Any], kind: Kind) -> None:
        kinds = {kind} if kind else {*map(type, parents)}
        for one in kinds - self.checked if parents else ():
            for step in self.same:
                type_of(run, step, tuple.__new__(kind, parents[0]) if kind else _first(parents, one))
            self.checked.add(one)

    @lazily
    async def _in_chunks(self, run: Run, parents: Sequence[Any], objects: Sequence[Any]) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = []
        for start in range(0, len(parents), CHUNK):
            await sleep(0)
            run.resumed()
            chunk = slice(start, start + CHUNK)
            shown += self.show(parents[chunk], objects[chunk])
        found = self._filled(run, objects, shown)
        return found if isinstance(found, list) else await found

    def _filled(self, run: Run, parents: Sequence[Any], shown: list[dict[str, Any]]) -> Later:
        waiting: list[Awaitable[None]] = []
        try:
            for step in self.steps if parents else ():
                left = step.answer(run, parents, shown)
                if left is not None:
                    waiting.append(left)
        except Exception as error:
            if not waiting:
                raise
            return _failed(waiting, error)
        return _finished(waiting, shown) if waiting else shown


@lazily
async def _finished(waiting: list[Awaitable[None]], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(waiting) == 1:  # no task for one
        await waiting[0]
    else:
        await gather(*waiting)
    return shown


@lazily
async def _failed(waiting: Sequence[Awaitable[Any]], error: Exception) -> Never:
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
    # Answers a list of a value per parent, the same of plain tuples with their kind, or an awaitable of either.
    resolve: Callable[[Run, Step, Sequence[Any]], Any] = NotImplemented
    completion: Completion = NotImplemented
    plans: dict[tuple[str, Kind], ObjectPlan] = field(default_factory=dict)  # by what a value turns out to be
    types: dict[type, str] = field(default_factory=dict)  # by the Python class of a value; no name for null
    bound: Any = None  # what the resolver keeps for as long as the plan lives

    def answer(self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]) -> Awaitable[None] | None:
        """Put the field into each object; what is left to await."""
        if run.overdue():
            return self._after_others(run, parents, objects)
        values, kind = _plain(self.resolve(run, self, parents))
        if not isinstance(values, list):
            return self._later(run, values, objects)
        shown = self.completion.complete(run, self, values, kind)
        if not isinstance(shown, list):
            return self._put_later(shown, objects)
        self._put(shown, objects)
        return None

    @lazily
    async def _after_others(self, run: Run, parents: Sequence[Any], objects: list[dict[str, Any]]) -> None:
        await sleep(0)
        run.resumed()
        left = self.answer(run, parents, objects)
        if left is not None:
            await left

    @lazily
    async def _later(self, run: Run, values: Any, objects: list[dict[str, Any]]) -> None:
        found, kind = _plain(await values if isawaitable(values) else values)
        run.resumed()
        shown = self.completion.complete(run, self, found, kind)
        self._put(shown if isinstance(shown, list) else await shown, objects)

    @lazily
    async def _put_later(self, shown: Awaitable[list[Any]], objects: list[dict[str, Any]]) -> None:
        self._put(await shown, objects)

    def _put(self, shown: Any, objects: list[dict[str, Any]]) -> None:
        if len(shown) != len(objects):
            raise Abandon
        for _ in map(setitem, objects, repeat(self.key), shown):
            pass


def _plain(values: Any) -> tuple[Any, Kind]:
    return (values, None) if isinstance(values, list) or not hasattr(values, "kind") else (values.values, values.kind)


def _refuse_nulls(values: Sequence[Any]) -> None:
    if [None for value in values if value is None]:
        raise Abandon


@dataclass(slots=True)
class ListOf:
    """All lists of the level are completed as one."""

    of: Completion
    nullable: bool

    def complete(self, run: Run, step: Step, values: Sequence[Any], kind: Kind) -> Later:
        flat: list[Any] = []
        for value in values:
            if value.__class__ in (list, tuple):
                flat.extend(value)
            elif value is not None or not self.nullable:
                raise Abandon
        found = self.of.complete(run, step, flat, kind)
        return _cut(values, found) if isinstance(found, list) else self._later(values, found)

    @lazily
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
            end = start + len(value)
            shown.append(found[start:end])
            start = end
    return shown


@dataclass(slots=True)
class Leaf:
    coerce: Callable[[Any], Any]
    nullable: bool

    def complete(self, run: Run, step: Step, values: Sequence[Any], kind: Kind) -> Later:
        del run, step, kind
        if not self.nullable:
            _refuse_nulls(values)
        coerce = self.coerce
        return [None if value is None else coerce(value) for value in values]


@dataclass(slots=True)
class Object:
    """Values of one object type, or of the types of an interface or union, each type's together."""

    nullable: bool

    def complete(self, run: Run, step: Step, values: Sequence[Any], kind: Kind) -> Later:
        if not self.nullable:
            _refuse_nulls(values)
        if kind:
            return self._of_kind(run, step, values, kind)
        classes = set(map(type, values))
        for one in classes - step.types.keys():
            step.types[one] = "" if one is type(None) else type_of(run, step, _first(values, one))
        names = {step.types[one] for one in classes}
        if len(names) == 1 and "" not in names:
            return run.plan(step, names.pop(), None).answer(run, values, None)
        places: dict[str, list[int]] = {}
        for place, value in enumerate(values):
            if value is not None:
                places.setdefault(step.types[type(value)], []).append(place)
        found: list[tuple[list[int], Later]] = []
        try:
            for name, among in places.items():
                plan = run.plan(step, name, None)
                found.append((among, plan.answer(run, [values[place] for place in among], None)))
        except Exception as error:
            begun = [later for _, later in found if not isinstance(later, list)]
            if not begun:
                raise
            return _failed(begun, error)
        return _spread([None] * len(values), found)

    def _of_kind(self, run: Run, step: Step, values: Sequence[Any], kind: type) -> Later:
        """Plain tuples of one kind, or nulls."""
        there = [value for value in values if value is not None] if self.nullable else values
        if not there:
            return [*values]
        if kind not in step.types:
            step.types[kind] = type_of(run, step, tuple.__new__(kind, there[0]))
        found = run.plan(step, step.types[kind], kind).answer(run, there, kind)
        if len(there) == len(values):
            return found
        return _spread([None] * len(values), [([i for i, value in enumerate(values) if value is not None], found)])


def _spread(shown: list[Any], found: list[tuple[list[int], Later]]) -> Later:
    """Each answer put in its places: at once, or later where any must be awaited."""
    waiting = []
    for places, objects in found:
        if isinstance(objects, list):
            for place, one in zip(places, objects, strict=True):
                shown[place] = one
        else:
            waiting.append((places, objects))
    return _spread_later(shown, waiting) if waiting else shown


@lazily
async def _spread_later(shown: list[Any], waiting: list[tuple[list[int], Awaitable[list[Any]]]]) -> list[Any]:
    arrived = await gather(*[later for _, later in waiting])
    _spread(shown, [(places, objects) for (places, _), objects in zip(waiting, arrived, strict=True)])
    return shown


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

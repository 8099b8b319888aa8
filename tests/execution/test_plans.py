"""The same answers as graphql-core's executor, byte for byte: data, errors, paths and the order of keys."""

import asyncio
import gc
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from inspect import isawaitable
from typing import Annotated, Any, NamedTuple

import pytest
import strawberry
from graphql import DocumentNode, execute, parse

from execution import PlanExecutor, executor


class Book(NamedTuple):
    id: int
    title: str | None
    pages: int
    price: float
    genre: str


class Person(NamedTuple):
    id: int
    name: str
    age: int | None


BOOKS = [Book(1, "A", 10, 1.5, "FICTION"), Book(2, None, 20, float("nan"), "NONE"), Book(3, "C", 2**40, 2.0, "ESSAY")]
PEOPLE = [Person(1, "Ann", 30), Person(2, "Bob", None), Person(3, "Cy", 9)]


@strawberry.enum
class Genre(Enum):
    FICTION = "FICTION"
    ESSAY = "ESSAY"


@dataclass
class Calls:
    batches: list[Sequence[int]] = field(default_factory=list)
    plans: list[list[str]] = field(default_factory=list)


def shelf_of(person: Any) -> list[Any]:
    return [book for book in BOOKS if book.id <= person.id]


def books(root: Any, info: strawberry.Info, longer_than: int = 0) -> Any:
    return [book for book in shelf_of(root) if book.pages > longer_than]


async def books_of_level(parents: Sequence[Any], info: strawberry.Info, longer_than: int = 0) -> list[Any]:
    await asyncio.sleep(0)
    info.context.batches.append([parent.id for parent in parents])
    return [[book for book in shelf_of(parent) if book.pages > longer_than] for parent in parents]


books.batch = books_of_level
del books.__annotations__["return"]


def longest(root: Any, info: strawberry.Info, above: int = 0) -> Any:
    return max((book for book in shelf_of(root) if book.pages > above), key=lambda book: book.pages, default=None)


def longest_planned(info: strawberry.Info) -> Any:
    info.context.plans.append([field.name for field in info.selected_fields])
    return lambda parents, _context, above=0: [longest(parent, None, above) for parent in parents]


longest.plan = longest_planned
del longest.__annotations__["return"]


@strawberry.interface
class Thing:
    id: strawberry.ID


@strawberry.type
class BookType(Thing):
    title: str
    pages: int
    price: float | None
    genre: Genre

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Book)

    @strawberry.field
    async def readers(self, at_least: int = 0) -> list["PersonType"]:
        return [person for person in PEOPLE if person.id >= self.id and (person.age or 0) >= at_least]


@strawberry.type
class PersonType(Thing):
    name: str
    age: int | None
    books: list[BookType] = strawberry.field(resolver=books)
    longest: BookType | None = strawberry.field(resolver=longest)

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Person)

    @strawberry.field
    def greeting(self, word: str = "Hello", times: Annotated[int, strawberry.argument(name="n")] = 1) -> str:
        return f"{word} {self.name}" * times

    @strawberry.field
    def risky(self, fail: bool = False) -> int | None:
        if fail and self.id == 2:
            raise ValueError("no")
        return self.id

    @strawberry.field
    def friends(self) -> list["PersonType | None"] | None:
        return None if self.id == 1 else [None, PEOPLE[0]]

    @strawberry.field
    def grid(self) -> list[list[int]]:
        return [[1, 2], [], [self.id]]


@strawberry.type
class Query:
    @strawberry.field
    def people(self, first: int = 3) -> list[PersonType]:
        return PEOPLE[:first]

    @strawberry.field
    def things(self) -> list[Thing]:
        return [PEOPLE[0], BOOKS[0], PEOPLE[1]]

    @strawberry.field
    async def person(self, id: int) -> PersonType | None:
        return next((person for person in PEOPLE if person.id == id), None)

    @strawberry.field
    def nothing(self) -> None:
        return None


PLANNED = strawberry.Schema(Query, types=[BookType, PersonType], execution_context_class=PlanExecutor)
PLAIN = strawberry.Schema(Query, types=[BookType, PersonType])
DOCUMENTS = [
    "{ people { id name age } }",
    "{ people { __typename n: name name friends { name } } nothing }",
    "{ people(first: 1) { books { id title genre price pages } } }",
    "{ people { books(longerThan: 15) { id } } }",
    "{ a: person(id: 1) { ...P } b: person(id: 9) { ...P } } fragment P on PersonType { name books { readers { name } } }",
    "{ things { __typename id ... on PersonType { name grid } ... on BookType { title readers(atLeast: 10) { age } } } }",
    "{ people { books { title } } }",  # a null title where none may be
    "{ people { books { id pages } } }",  # a number that Int cannot hold
    "{ people { books { id price } } }",  # a NaN
    "{ people { books { id genre } } }",  # no member of the enum
    "{ people { risky(fail: true) name } }",
    "{ people { name ...F } } fragment F on PersonType { age name @skip(if: true) greeting }",
    "{ __schema { queryType { name } } people { name } }",
    "{ people { name @include(if: false) } }",
    "{ people { books { readers { books { readers { name } } } } } }",
    "{ people { longest { id } name longest { pages } } }",
    "{ people { books { id } risky(fail: true) longest { title } } }",  # fails while the books are on their way
    "{ things { id ... on PersonType { books { id } longest { id } } } }",
]
VARIABLES = [
    ("query ($n: Int = 2) { people(first: $n) { greeting(n: $n, word: null) } }", {}),
    ("query ($n: Int = 2, $w: String) { people(first: $n) { greeting(n: $n, word: $w) } }", {"n": 1, "w": "Hi"}),
    ('query ($n: Int = 2, $w: String! = "Oh") { people(first: $n) { greeting(word: $w) } }', {}),
    ("query ($yes: Boolean!) { people { name @include(if: $yes) age @skip(if: $yes) } }", {"yes": True}),
    ("query ($yes: Boolean!) { people { name @include(if: $yes) age @skip(if: $yes) } }", {"yes": False}),
    ("query ($id: Int!) { person(id: $id) { name books(longerThan: $id) { id } } }", {"id": 3}),
    ("query ($id: Int!) { person(id: $id) { name } }", {}),
]  # fmt: skip


async def answer(schema: strawberry.Schema, document: str, variables: dict[str, Any] | None = None) -> str:
    result = await schema.execute(document, variables, context_value=Calls())
    errors = [error.formatted for error in result.errors or ()]
    return json.dumps([result.data, sorted(errors, key=json.dumps)])


@pytest.mark.parametrize(("document", "variables"), [*[(one, {}) for one in DOCUMENTS], *VARIABLES])
async def test_answers_are_graphql_cores(document, variables):
    assert await answer(PLANNED, document, variables) == await answer(PLAIN, document, variables)


@pytest.mark.parametrize("document", DOCUMENTS[:6])
async def test_the_usual_is_planned(document):
    PlanExecutor.runs.clear()
    await answer(PLANNED, document)
    assert PlanExecutor.runs == {"planned": 1}


async def test_a_batch_is_asked_once_for_a_level():
    calls = Calls()
    document = "{ people { books(longerThan: 5) { id readers { books { id } } } } }"
    result = await PLANNED.execute(document, context_value=calls)
    assert result.errors is None
    assert calls.batches == [[1, 2, 3], [1, 2, 3, 1, 2, 3, 2, 3, 1, 2, 3, 2, 3, 3]]


async def run(document: DocumentNode, variables: dict[str, Any], calls: Calls) -> Any:
    running = execute(
        PLANNED._schema, document, variable_values=variables, context_value=calls, executor_class=PlanExecutor
    )
    result = await running if isawaitable(running) else running
    assert result.errors is None
    return result.data


async def test_what_a_plan_keeps_is_found_once():
    calls, document = Calls(), parse("query ($n: Int!) { people { longest(above: $n) { id } } }")
    for number, ids in [(0, [1, 2, 3]), (15, [None, 2, 3])]:
        found = await run(document, {"n": number}, calls)
        assert found == {"people": [{"longest": id and {"id": str(id)}} for id in ids]}
    assert calls.plans == [["longest"]]


async def test_a_plan_is_made_once_for_an_operation(monkeypatch):

    compiled = []
    original = executor.compile_object
    monkeypatch.setattr(executor, "compile_object", lambda *given: compiled.append(1) or original(*given))

    document = parse("query ($a: Boolean!, $n: Int) { people(first: $n) { name @skip(if: $a) } }")

    for a, n in [(True, 1), (True, 2), (False, 1), (True, 3)]:
        await run(document, {"a": a, "n": n}, Calls())
    assert len(compiled) == 4  # two plans, each of a root and of people


async def test_plans_stay_within_their_bounds():
    documents = [parse(f"{{ a{number}: people {{ id }} }}") for number in range(executor.OPERATIONS + 50)]
    for document in documents:
        await run(document, {}, Calls())
    assert len(PlanExecutor.operations) <= executor.OPERATIONS


async def test_a_plan_goes_with_its_operation():
    document = parse("{ people { id } }")
    gc.collect()
    before = len(PlanExecutor.operations)
    await run(document, {}, Calls())
    assert len(PlanExecutor.operations) == before + 1
    del document
    gc.collect()
    assert len(PlanExecutor.operations) == before

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

from execution import PlanExecutor, executor, plan


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


class Pet(NamedTuple):
    """A pet and its vet in one row."""

    number: int
    pet_name: str
    weight: float
    vet_name: str | None
    tame: object


PETS = [Pet(1, "Rex", 7.5, "Dr. A", True), Pet(2, "Mia", 4.0, None, 0), Pet(3, "Tom", 5.25, "Dr. B", 1)]


class Plain(NamedTuple):
    """Tuples that stand for objects of a kind."""

    kind: type
    values: list[Any]


def pets_of(root: Any) -> Any:
    return PETS[: root.id]


def first_pet_of(root: Any) -> Any:
    return None if root.id == 2 else PETS[0]


pets_of.batch = lambda parents: Plain(Pet, [[tuple(pet) for pet in PETS[: parent.id]] for parent in parents])
first_pet_of.batch = lambda parents: Plain(Pet, [None if parent.id == 2 else tuple(PETS[0]) for parent in parents])


def name_of(root: Any) -> Any:
    return root.pet_name


def vet_of(root: Any) -> Any:
    return root if root.vet_name is not None else None


def patient_of(root: Any) -> Any:
    return root


def tag_of(root: Any) -> Any:
    return f"#{root.number}"


def shout_of(root: Any) -> Any:
    return root.pet_name.upper()


name_of.attribute = "pet_name"
vet_of.itself, patient_of.itself = "vet_name", True
tag_of.of_fields = lambda _kind: ("#{}".format, ["number"])
shout_of.at_once = True
for function in (pets_of, first_pet_of, name_of, vet_of, patient_of, tag_of, shout_of):
    del function.__annotations__["return"]


@strawberry.type
class Vet:
    vet_name: str
    patient: "PetType" = strawberry.field(resolver=patient_of)

    @classmethod
    def is_type_of(cls, value: Any, _info: Any) -> bool:
        return isinstance(value, Pet)


class Hidden(strawberry.extensions.FieldExtension):
    """What stands around a resolver must not be passed by."""

    def resolve(self, *_: Any, **__: Any) -> Any:
        return None


@strawberry.type
class PetType:
    weight: float
    tame: bool
    name: str = strawberry.field(resolver=name_of)
    vet: Vet | None = strawberry.field(resolver=vet_of)
    certain_vet: Vet = strawberry.field(resolver=vet_of)
    tag: str = strawberry.field(resolver=tag_of)
    shout: str = strawberry.field(resolver=shout_of)
    number: int
    hidden_name: str | None = strawberry.field(resolver=name_of, extensions=[Hidden()])
    hidden_vet: Vet | None = strawberry.field(resolver=vet_of, extensions=[Hidden()])
    hidden_tag: str | None = strawberry.field(resolver=tag_of, extensions=[Hidden()])

    @strawberry.field
    async def friends(self) -> list["PetType"]:
        return PETS[: self.number - 1]


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
    def failing(self) -> int | None:
        raise ValueError("no")

    @strawberry.field
    async def readers(self, at_least: int = 0) -> list["PersonType"]:
        return [person for person in PEOPLE if person.id >= self.id and (person.age or 0) >= at_least]


@strawberry.type
class PersonType(Thing):
    name: str
    age: int | None
    books: list[BookType] = strawberry.field(resolver=books)
    longest: BookType | None = strawberry.field(resolver=longest)
    pets: list[PetType] = strawberry.field(resolver=pets_of)
    first_pet: PetType | None = strawberry.field(resolver=first_pet_of)
    certain_pet: PetType = strawberry.field(resolver=first_pet_of)

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

    @strawberry.field
    def given(self, maybe: strawberry.Maybe[str] = None) -> str:
        return repr(maybe)


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
    # A list of one type is on its way when another type's fails.
    "{ things { ... on PersonType { books { id } } ... on BookType { failing } } }",
    "{ people { pets { number weight name tag shout tame __typename vet { vetName patient { name } } } } }",
    "{ people { pets { tag weight } firstPet { name } } }",
    "{ people { pets { name friends { name vet { vetName patient { friends { tag } } } } } } }",
    "{ people { firstPet { vet { patient { certainVet { vetName } shout } } } pets { __typename } } }",
    "{ people(first: 1) { certainPet { certainVet { vetName patient { friends { tag } } } } } }",
    "{ people { pets { name hiddenName hiddenTag hiddenVet { vetName } } } }",
    "{ people { certainPet { name } } }",  # a null pet where none may be
    "{ people { pets { certainVet { vetName } } } }",  # a null vet where none may be
]
VARIABLES = [
    ("query ($n: Int = 2) { people(first: $n) { greeting(n: $n, word: null) } }", {}),
    ("query ($n: Int = 2, $w: String) { people(first: $n) { greeting(n: $n, word: $w) } }", {"n": 1, "w": "Hi"}),
    ('query ($n: Int = 2, $w: String! = "Oh") { people(first: $n) { greeting(word: $w) } }', {}),
    ("query ($yes: Boolean!) { people { name @include(if: $yes) age @skip(if: $yes) } }", {"yes": True}),
    ("query ($yes: Boolean!) { people { name @include(if: $yes) age @skip(if: $yes) } }", {"yes": False}),
    ("query ($id: Int!) { person(id: $id) { name books(longerThan: $id) { id } } }", {"id": 3}),
    ("query ($id: Int!) { person(id: $id) { name } }", {}),
    ("query ($maybe: String) { given(maybe: $maybe) }", {"maybe": "a"}),
]  # fmt: skip


async def result(schema: strawberry.Schema, document: DocumentNode, variables: dict[str, Any], calls: Calls) -> Any:
    running = execute(
        schema._schema,
        document,
        variable_values=variables,
        context_value=calls,
        executor_class=schema.execution_context_class,
    )
    return await running if isawaitable(running) else running


async def answer(schema: strawberry.Schema, document: DocumentNode, variables: dict[str, Any] | None = None) -> str:
    found = await result(schema, document, variables or {}, Calls())
    errors = [error.formatted for error in found.errors or ()]
    return json.dumps([found.data, sorted(errors, key=json.dumps)])


@pytest.mark.parametrize(("document", "variables"), [*[(one, {}) for one in DOCUMENTS], *VARIABLES])
async def test_answers_are_graphql_cores(document, variables):
    parsed = parse(document)
    expected = await answer(PLAIN, parsed, variables)
    for _ in range(3):  # the first run compiles, the next ones know the plan
        assert await answer(PLANNED, parsed, variables) == expected


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_a_schema_runs_them_too(document):
    found, expected = [await schema.execute(document, context_value=Calls()) for schema in (PLANNED, PLAIN)]
    assert found.data == expected.data
    assert len(found.errors or ()) == len(expected.errors or ())


@pytest.mark.parametrize("document", [*DOCUMENTS[:6], *DOCUMENTS[-8:-2]])
async def test_the_usual_is_planned(document):
    PlanExecutor.runs.clear()
    await answer(PLANNED, parse(document))
    assert PlanExecutor.runs == {"planned": 1}


async def test_what_plans_do_not_know_is_found_out_once():
    document = parse("{ people { name } __schema { queryType { name } } }")
    PlanExecutor.runs.clear()
    for _ in range(3):
        await answer(PLANNED, document)
    assert PlanExecutor.runs == {"unplanned": 3}


async def test_a_run_leaves_no_garbage():
    """Nothing that must wait for a collection: it would hold all that was read, and collections are rare."""
    document = parse(DOCUMENTS[-8])
    await run(document, {}, Calls())
    while gc.collect():  # of earlier documents, whose plans go only after them
        pass
    gc.disable()
    try:
        for _ in range(10):
            await run(document, {}, Calls())
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_a_long_run_lets_others_run(monkeypatch):
    monkeypatch.setattr(executor, "AT_A_STRETCH", 0)
    monkeypatch.setattr(plan, "CHUNK", 2)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(other())
    document = parse(DOCUMENTS[-8])
    assert await answer(PLANNED, document) == await answer(PLAIN, document)
    running.cancel()
    assert turns > 5


def test_without_an_event_loop_a_long_run_is_not_interrupted(monkeypatch):
    monkeypatch.setattr(executor, "AT_A_STRETCH", 0)
    found = PLANNED.execute_sync(DOCUMENTS[-8], context_value=Calls())
    assert (found.errors, len(found.data["people"])) == (None, 3)


async def test_a_batch_is_asked_once_for_a_level():
    calls = Calls()
    document = "{ people { books(longerThan: 5) { id readers { books { id } } } } }"
    result = await PLANNED.execute(document, context_value=calls)
    assert result.errors is None
    assert calls.batches == [[1, 2, 3], [1, 2, 3, 1, 2, 3, 2, 3, 1, 2, 3, 2, 3, 3]]


async def run(document: DocumentNode, variables: dict[str, Any], calls: Calls) -> Any:
    found = await result(PLANNED, document, variables, calls)
    assert found.errors is None
    return found.data


async def test_what_a_plan_keeps_is_found_once():
    calls, document = Calls(), parse("query ($n: Int!) { people { longest(above: $n) { id } } }")
    for number, ids in [(0, [1, 2, 3]), (15, [None, 2, 3])]:
        found = await run(document, {"n": number}, calls)
        assert found == {"people": [{"longest": id and {"id": str(id)}} for id in ids]}
    assert calls.plans == [["longest"]]


async def test_a_plan_is_made_once_for_an_operation(monkeypatch):

    PlanExecutor.runs.clear()
    compiled = []
    original = executor.compile_object
    monkeypatch.setattr(executor, "compile_object", lambda *given: compiled.append(1) or original(*given))

    document = parse("query ($a: Boolean!, $n: Int) { people(first: $n) { name @skip(if: $a) } }")

    for a, n in [(True, 1), (True, 2), (False, 1), (True, 3)]:
        await run(document, {"a": a, "n": n}, Calls())
    assert len(compiled) == 4  # two plans, each of a root and of people
    assert PlanExecutor.runs == {"planned": 4, "replanned": 1}


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

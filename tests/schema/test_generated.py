"""What plans answer is what graphql-core answers, for whatever can be asked, and whatever fails meanwhile."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from inspect import isawaitable
from typing import Any
from zlib import crc32

import orjson
import pytest
from graphql import DocumentNode, execute, parse, print_ast, validate
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, nodes, queries

from execution import PlanExecutor
from models import Access, Account, Claim, Event, Follow
from models.columns import now
from models.follow import FOLLOWED_KINDS
from resolvers.accesses import Client
from resolvers.drivers import Reader, open_reader
from resolvers.hub import Hub
from resolvers.later import Later, then
from resolvers.refused import Unavailable
from resolvers.store import Store
from resolvers.viewers import Viewer
from schema.context import Context, Spent
from schema.errors import shown
from schema.root import build_schema
from tests.schema.generated import written

# graphql-core leaves what stands beside or below a failed field unawaited, and Python says so when it collects it.
# Hypothesis warns of a long example where it prints one: then the warning would be all that is told of what failed.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:coroutine .* was never awaited:RuntimeWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore:Generating overly large repr",
    ),
    pytest.mark.usefixtures("collected"),
]

SCHEMA = build_schema(PlanExecutor)._schema
SCALARS = {
    name: st.sampled_from(["2020-01-01", "2020-01-01T00:00:00Z"]).map(nodes.String) for name in ("Date", "DateTime")
}
GENERATED = queries(SCHEMA, custom_scalars=SCALARS, print_ast=lambda node: node)
MISTAKEN = queries(SCHEMA, custom_scalars=SCALARS, print_ast=lambda node: node, mode=Mode.NEGATIVE)
SPENT = Spent(limit=10, cost=1, used=1, ends=2_000_000_000)
LATER, LONG_AGO = now() + timedelta(days=1), now() - timedelta(days=1)
ASKED = st.tuples(st.one_of(GENERATED, GENERATED, GENERATED, MISTAKEN), st.integers(0, 2**32))


def drawn(*values: Any) -> int:
    """Of these values always the same number, in every process: `hash` of a string is another in each."""
    return crc32(repr(values).encode())


class Failing:
    """A reader of which some statements fail and some values are wrong: always the same ones."""

    def __init__(self, reader: Reader, seed: int) -> None:
        self.reader, self.dialect, self.seed = reader, reader.dialect, seed

    def fetch(self, sql: str, values: Sequence[Any], *, long: bool = False) -> Later:
        # graphql-core reads apart what a plan joins: it cannot be that the one fails and the other does not.
        if ") AS j0" in sql or drawn(sql, self.seed) % 10 == 0:
            raise Unavailable("not now")
        found: Later = then(self.reader.fetch(sql, values, long=long), self._changed)
        return found

    def look_up(self, read: Any, key: Any) -> None:
        """Nothing: each statement is one request's."""

    def _changed(self, rows: list[Any]) -> list[Any]:
        return [[self._wrong(value) if place else value for place, value in enumerate(row)] for row in rows]

    def _wrong(self, value: Any) -> Any:
        match drawn(value, self.seed) % 40:
            case 0:
                return None
            case 1:
                return 2**40 if isinstance(value, int) else "none of these"
            case _:
                return value

    async def close(self) -> None:
        await self.reader.close()


def somebody(*, moderator: bool) -> Viewer:
    return Viewer(1, 1, True, frozenset({"READ", "WRITE"}), True, moderator, now())


# Who asks, by turns.
VIEWERS = (None, somebody(moderator=False), somebody(moderator=True))


async def answer(
    reader: Any, document: DocumentNode, variables: dict[str, Any], executor: Any, viewer: Viewer | None
) -> Any:
    context = Context(
        Store(reader), "http://test", "0", "request", None, Client("", ""), SPENT, Hub(reader, None), viewer
    )
    found: Any = execute(SCHEMA, document, context_value=context, variable_values=variables, executor_class=executor)
    result = await found if isawaitable(found) else found
    return result.data, [shown(error, "request") for error in result.errors or ()]


def by_null(data: Any, errors: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[tuple[Any, ...], list[bytes]]]:
    """The errors by the null that each led to, and by the place that each is of."""
    found: dict[tuple[Any, ...], dict[tuple[Any, ...], list[bytes]]] = defaultdict(lambda: defaultdict(list))
    for error in errors:
        path = tuple(error.get("path", []))
        where, value = 0, data
        while value is not None and where < len(path):
            value, where = value[path[where]], where + 1
        found[path[:where]][path].append(orjson.dumps(error))
    return found


def same(one: Any, other: Any) -> bool:
    """Where any of several errors makes a null, it is a matter of timing which are told; not what is told of a place."""
    ours, theirs = by_null(*one), by_null(*other)
    return (
        orjson.dumps(one[0]) == orjson.dumps(other[0])
        and ours.keys() == theirs.keys()
        and all(
            ours[null][path] == theirs[null][path] for null in ours for path in ours[null].keys() & theirs[null].keys()
        )
    )


class GraphQLCore(PlanExecutor):
    def _plannable(self) -> bool:
        return False


@pytest.fixture
def run(database_url, world, save, caplog):
    caplog.set_level(logging.CRITICAL, "peergraph.schema")
    world(researchers=3, works=3)
    save(
        *[Account(id=id, display_name=f"P{id}", email_verified_at=now()) for id in (1, 2)],
        Access(id=1, account_id=1, kind="SESSION", name="n", token_hash="h", scopes="READ", expires_at=LATER),
        Access(id=2, account_id=1, kind="API", name="n", token_hash="i", scopes="READ WRITE", expires_at=LATER),
        Claim(id=1, account_id=1, researcher_id=1, state="APPROVED", method="ORCID", level=3, approved_at=now()),
        Claim(id=2, account_id=2, researcher_id=2, state="UNDER_REVIEW", method="EVIDENCE", statement="me"),
        *[Follow(account_id=id, kind=kind, subject_id=1, created_at=LONG_AGO) for id in (1, 2) for kind in FOLLOWED_KINDS],
        *[Event(kind="NEW_WORK", subject_kind=kind, subject_id=1, work_id=1000) for kind in FOLLOWED_KINDS],
        *[Event(kind="CLAIM", account_id=1, claim_id=1, actor_id=actor, action="APPROVE", from_state="UNDER_REVIEW",
                to_state="APPROVED") for actor in (None, 2)],
    )  # fmt: skip
    with asyncio.Runner() as runner:
        reader = runner.run(opened(database_url))
        yield runner.run, reader
        runner.run(reader.close())


async def opened(url: str) -> Reader:
    return open_reader(url)


def compare(run: Any, reader: Any, asked: tuple[DocumentNode, int]) -> None:
    document, variables = written(asked[0], SCHEMA, asked[1])
    document = parse(print_ast(document))
    if validate(SCHEMA, document):
        event("not valid")
        return

    async def both() -> list[Any]:
        executors = (PlanExecutor, PlanExecutor, GraphQLCore)  # the first run compiles, the second knows the plan
        viewer = VIEWERS[asked[1] % len(VIEWERS)]
        return [await answer(reader, document, variables, executor, viewer) for executor in executors]

    PlanExecutor.runs.clear()
    planned, again, plain = run(both())
    event(next(iter(PlanExecutor.runs), "refused before it ran"))
    for found in (planned, again):
        assert same(found, plain), (print_ast(document), found, plain)


SETTINGS = settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


@SETTINGS
@given(asked=ASKED)
def test_generated_operations(run, asked):
    compare(*run, asked)


@SETTINGS
@given(asked=ASKED, seed=st.integers(0, 1000))
def test_generated_operations_while_reads_fail(run, asked, seed):
    runs, reader = run
    compare(runs, Failing(reader, seed), asked)

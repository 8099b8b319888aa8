"""What finding and exploring cost, as multiples of SMALL in the same run: part of `make bench`.

16 connections ask each query of the table in turn, round by round, each time with other variables; then a few at once
inside the process, to see for how long the event loop is held up at a stretch.

    python -m tests.benchmarks.exploring [--sqlite FILE --postgres URL] [--rounds N] [--seconds S] [--only NAME ...]
"""

from __future__ import annotations

import asyncio
import time
from asyncio import events
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import cycle, islice
from random import Random
from statistics import median
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text

from models.database import connect
from schema.node import global_id
from server.app import create_app
from server.settings import Settings
from tests.benchmarks.closed_loop import Measured, closed_loops, one, request
from tests.benchmarks.databases import arguments, filled
from tests.benchmarks.inside import asked
from tests.benchmarks.serving import CONNECTIONS, VARIANTS, body, served

GRAPH = """query($id: ID!, $depth: Int!, $most: Int!) { researchGraph(center: $id, depth: $depth, maxNodes: $most) {
  truncated nodes { id kind label weight distance } edges { source target kind weight } } }"""
PATH = """query($from: ID!, $to: ID!) { collaborationPath(from: $from, to: $to, maxLength: 20) {
  length steps { from { displayName } to { displayName } sharedWorkCount sharedWorks(first: 3) { nodes { title } } } } }"""
SIMILAR = """query($id: ID!) { researcher(by: {id: $id}) { similar { score researcher { displayName }
  reasons { kind points topics { displayName } collaborators { displayName } sources { displayName } } } } }"""
RELATED = "query($id: ID!) { work(by: {id: $id}) { related { title } } }"
SUGGEST = "query($text: String!) { suggest(prefix: $text) { text kind } }"
SEARCH = "query($text: String!) { search(query: $text, first: 20) { totalCount nodes { kind score node { id } } } }"
FACETS = """query($id: ID!) { works(filter: {topics: [$id]}) {
  facets(by: [YEAR, KIND, TOPIC, SOURCE, INSTITUTION, AUTHOR]) { by buckets { value count } } } }"""
PEOPLE = "SELECT id FROM researcher WHERE work_count >= 20 ORDER BY id"
HUBS = {
    "Researcher": "SELECT id FROM researcher ORDER BY work_count DESC LIMIT 3",
    "Topic": "SELECT topic_id FROM work_topic GROUP BY topic_id ORDER BY count(*) DESC LIMIT 3",
    "Institution": "SELECT institution_id FROM affiliation GROUP BY institution_id ORDER BY count(*) DESC LIMIT 3",
}
SAMPLE, AT_ONCE, STRETCH = 200, 4, 10  # variables of a query; requests at once inside, and milliseconds of a stretch

Column = Callable[[str], list[Any]]  # the first column of a SELECT


class Query(NamedTuple):
    """`limit` and `limit_p99` are multiples of SMALL's median."""

    name: str
    document: str
    variables: Callable[[Random, Column], list[dict[str, Any]]]
    limit: float
    limit_p99: float | None = None
    wanted: str | None = None  # the field whose null says that the variables find nothing, and are left out


def each(ids: Callable[[Random, Column], Iterable[str]], **others: Any) -> Any:
    return lambda chance, column: [{"id": id, **others} for id in ids(chance, column)]


def people(chance: Random, column: Column) -> list[str]:
    return [global_id("Researcher", id) for id in chance.sample(column(PEOPLE), SAMPLE)]


def works(chance: Random, column: Column) -> list[str]:
    return [global_id("Work", id) for id in chance.sample(column("SELECT id FROM work ORDER BY id"), SAMPLE)]


def topics(chance: Random, column: Column) -> list[str]:
    ids = column("SELECT id FROM topic WHERE level = 'TOPIC' AND work_count > 0 ORDER BY id")
    return [global_id("Topic", id) for id in chance.sample(ids, SAMPLE)]


def hubs(_chance: Random, column: Column) -> list[str]:
    return [global_id(kind, id) for kind, sql in HUBS.items() for id in column(sql)]


def pairs(chance: Random, column: Column) -> list[dict[str, Any]]:
    ids = column("SELECT id FROM researcher WHERE collaborator_count > 0 ORDER BY id")
    return [{"from": global_id("Researcher", a), "to": global_id("Researcher", b)} for a, b in
            (chance.sample(ids, 2) for _ in range(SAMPLE))]  # fmt: skip


def words(most: int) -> Any:
    """The beginnings of titles, of so many words."""

    def begun(chance: Random, column: Column) -> list[dict[str, Any]]:
        titles = chance.sample(column("SELECT title FROM work ORDER BY id"), SAMPLE)
        return [{"text": " ".join(title.split()[:most])} for title in titles]

    return begun


QUERIES = (
    Query("SUGGEST", SUGGEST, words(1), 15),
    Query("SEARCH", SEARCH, words(3), 80),
    Query("FACETS", FACETS, each(topics), 80),
    Query("GRAPH of 60, depth 1", GRAPH, each(people, depth=1, most=60), 40),
    Query("GRAPH of 200, depth 2", GRAPH, each(people, depth=2, most=200), 150),
    Query("GRAPH of 60, depth 1, hubs", GRAPH, each(hubs, depth=1, most=60), 40),
    Query("GRAPH of 200, depth 2, hubs", GRAPH, each(hubs, depth=2, most=200), 150),
    Query("PATH", PATH, pairs, 100, 800, wanted="collaborationPath"),
    Query("SIMILAR", SIMILAR, each(people), 200),
    Query("RELATED", RELATED, each(works), 40),
)


def bodies(query: Query, url: str, port: int) -> list[bytes]:
    """What is asked: of the sample, what finds something. Raises RuntimeError where there are errors."""
    engine = connect(url)
    with engine.connect() as connection:
        given = query.variables(Random(5), lambda sql: [*connection.scalars(text(sql))])
    engine.dispose()
    found = []
    for variables in given:
        sent = orjson.dumps({"query": query.document, "variables": variables})
        answer = orjson.loads(asyncio.run(one(port, sent)))
        if "errors" in answer:
            raise RuntimeError(f"{query.name}: {answer['errors']}")
        if query.wanted is None or answer["data"][query.wanted] is not None:
            found.append(sent)
    return found


def measured(port: int, sent: Sequence[bytes], seconds: float) -> Measured:
    """Each connection begins elsewhere among what is sent."""

    def requests(place: int) -> Iterator[bytes]:
        return cycle([request(port, one) for one in (*sent[place:], *sent[:place])])

    starts = [place * len(sent) // CONNECTIONS for place in range(CONNECTIONS)]
    return asyncio.run(closed_loops(port, [*map(requests, starts)], seconds))


def on(database: str, url: str, queries: Sequence[Query], rounds: int, seconds: float) -> None:
    with served(VARIANTS[0], url) as server:
        small = [body("SMALL")]
        sent = [bodies(query, url, server.port) for query in queries]
        found: list[list[tuple[float, float]]] = [[] for _ in queries]
        for _ in range(rounds):
            unit = measured(server.port, small, seconds).percentile(0.5)
            for rows, each in zip(found, sent, strict=True):
                times = measured(server.port, each, seconds)
                rows.append((times.percentile(0.5) / unit, times.percentile(0.99) / unit))
    for query, rows, each in zip(queries, found, sent, strict=True):
        p50, p99 = (median(column) for column in zip(*rows, strict=True))
        stretch = asyncio.run(longest_stretch(url, each))
        over = p50 > query.limit or p99 > (query.limit_p99 or p99) or stretch > STRETCH
        limits = f"{query.limit:.0f}" + (f" and {query.limit_p99:.0f}" if query.limit_p99 else "")
        print(
            f"{database:10} {query.name:28} p50 {p50:6.1f}, p99 {p99:6.1f} times SMALL's p50, at most {limits:11}"
            f" the loop's longest stretch {stretch:5.1f} ms{'  OVER' if over else ''}",
            flush=True,
        )


async def longest_stretch(url: str, sent: Sequence[bytes]) -> float:
    """The milliseconds of its own time that the event loop's thread spends in one go."""
    app = create_app(Settings(database_url=url, answers_bytes=0))
    times = [0.0]
    run = events.Handle._run

    def timed(handle: events.Handle) -> None:
        start = time.thread_time()
        run(handle)
        times.append(1000 * (time.thread_time() - start))

    async with app.router.lifespan_context(app):
        for _ in range(8):  # until the connections are open and know the statements
            await asyncio.gather(*[asked(app, each) for each in sent[:AT_ONCE]])
        events.Handle._run = timed  # type: ignore[method-assign]
        try:
            several = iter(sent)
            while some := [*islice(several, AT_ONCE)]:
                await asyncio.gather(*[asked(app, each) for each in some])
        finally:
            events.Handle._run = run  # type: ignore[method-assign]
    return max(times)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", nargs="*", default=[""], help="queries whose names begin so")
    given = parser.parse_args()
    queries = [query for query in QUERIES if query.name.startswith(tuple(given.only))]
    with filled(given.sqlite, given.postgres) as urls:
        for database, url in urls.items():
            on(database, url, queries, given.rounds, given.seconds)


if __name__ == "__main__":
    main()

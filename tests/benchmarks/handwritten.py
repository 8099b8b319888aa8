"""The benchmark's four answers written by hand: Starlette, the drivers, rows to dicts.

    DATABASE_URL=... uvicorn --factory tests.benchmarks.handwritten:create

POST the same body as to /graphql; `operationName` chooses.
"""

import os
import sqlite3
from asyncio import gather
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

URL = os.environ["DATABASE_URL"]
POSTGRES = URL.startswith("postgresql")
Row = Any


class Database:
    """`$1` and lists of ids, on both."""

    async def open(self) -> None: ...

    async def rows(self, sql: str, *values: Any) -> list[Row]:
        raise NotImplementedError


class Postgres(Database):
    pool: asyncpg.Pool

    async def open(self) -> None:
        self.pool = await asyncpg.create_pool(URL, min_size=10, max_size=10, server_settings={"jit": "off"})

    async def rows(self, sql: str, *values: Any) -> list[Row]:
        found: list[Row] = await self.pool.fetch(sql, *values)
        return found


class SQLite(Database):
    def __init__(self) -> None:
        self.connection = sqlite3.connect(URL.removeprefix("sqlite:///"), check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA mmap_size = 268435456")

    async def rows(self, sql: str, *values: Any) -> list[Row]:
        given = [orjson.dumps(value).decode() if isinstance(value, list) else value for value in values]
        return self.connection.execute(sql.replace("$", "?"), given).fetchall()


database = Postgres() if POSTGRES else SQLite()
AMONG = "= ANY ($1::bigint[])" if POSTGRES else "IN (SELECT value FROM json_each($1))"
PEOPLE = "unnest($1::bigint[]) AS k (id)" if POSTGRES else "(SELECT value AS id FROM json_each($1)) AS k"


def top(of: str, columns: str, parent: str, order: str, limit: int) -> str:
    """The first rows of each parent's list."""
    if POSTGRES:
        return (
            f"SELECT k.id AS parent, t.* FROM {PEOPLE} CROSS JOIN LATERAL"
            f" (SELECT {columns} FROM {of} WHERE {parent} = k.id ORDER BY {order} LIMIT {limit}) AS t"
        )
    return (
        f"SELECT * FROM (SELECT {parent} AS parent, {columns}, row_number() OVER (PARTITION BY {parent} ORDER BY {order})"
        f" AS place FROM {of} WHERE {parent} {AMONG}) WHERE place <= {limit} ORDER BY parent, place"
    )


WORKS = "authorship AS a JOIN work AS w ON w.id = a.work_id"
NEWEST = "w.newest_key, w.title_key, w.id"
RESEARCHER = """SELECT id, slug, display_name, headline, work_count, citation_count, h_index, i10_index, topic_count,
    collaborator_count, close_collaborator_count, follower_count, institution_id FROM researcher WHERE slug = $1"""
INSTITUTION = "SELECT id, display_name, country_code FROM institution WHERE id = $1"
PAGE = f"""SELECT w.id, w.title, w.publication_year, w.citation_count, w.doi, w.is_open_access, w.source_id
    FROM {WORKS} WHERE a.researcher_id = $1 ORDER BY {NEWEST} LIMIT 46"""
SOURCES = f"SELECT id, display_name FROM source WHERE id {AMONG}"
TOPICS_OF_WORKS = f"""SELECT wt.work_id, wt.score, t.display_name FROM work_topic AS wt JOIN topic AS t
    ON t.id = wt.topic_id WHERE wt.work_id {AMONG} ORDER BY wt.score DESC, t.id"""
BYLINES = f"""SELECT a.work_id, a.position, a.raw_name, r.slug, r.display_name FROM authorship AS a LEFT JOIN researcher
    AS r ON r.id = a.researcher_id WHERE a.work_id {AMONG} AND a.position < 3 ORDER BY a.work_id, a.position"""
TOPICS = """SELECT t.id, t.display_name, rt.work_count, rt.share FROM researcher_topic AS rt JOIN topic AS t
    ON t.id = rt.topic_id WHERE rt.researcher_id = $1 ORDER BY rt.work_count DESC, t.name_key, t.id LIMIT 15"""
COLLABORATORS = """SELECT r.id, r.slug, r.display_name, r.work_count, c.shared_work_count, c.strength, c.is_close
    FROM collaboration AS c JOIN researcher AS r ON r.id = c.collaborator_id WHERE c.researcher_id = $1
    ORDER BY c.strength DESC, r.id LIMIT 20"""
ACTIVITY = "SELECT year, works, citations FROM year_activity WHERE researcher_id = $1 ORDER BY year"
MOST_CITED = """SELECT id, slug, display_name, citation_count FROM researcher
    ORDER BY citation_count DESC, id DESC LIMIT 50"""
THREE_TOPICS = top(
    "researcher_topic AS rt JOIN topic AS t ON t.id = rt.topic_id",
    "t.id, t.display_name",
    "rt.researcher_id",
    "rt.work_count DESC, t.name_key, t.id",
    3,
)
THREE_CITED = top(
    WORKS,
    "w.id, w.title, w.publication_year, w.citation_count",
    "a.researcher_id",
    "w.citation_count DESC, w.id DESC",
    3,
)
THREE_NEWEST = top(WORKS, "w.id, w.title, w.publication_year", "a.researcher_id", NEWEST, 3)
TEN_COLLABORATORS = top(
    "collaboration AS c JOIN researcher AS r ON r.id = c.collaborator_id",
    "r.id, r.slug, r.display_name, c.shared_work_count, c.strength",
    "c.researcher_id",
    "c.strength DESC, r.id",
    10,
)


def global_id(kind: str, number: int) -> str:
    return b64encode(f"{kind}:{number}".encode()).decode()


def by(name: str, rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


async def profile(slug: str) -> Any:
    (one,) = await database.rows(RESEARCHER, slug)
    institutions, works, topics, collaborators, activity = await gather(
        database.rows(INSTITUTION, one["institution_id"]),
        database.rows(PAGE, one["id"]),
        database.rows(TOPICS, one["id"]),
        database.rows(COLLABORATORS, one["id"]),
        database.rows(ACTIVITY, one["id"]),
    )
    more, works = len(works) > 45, works[:45]
    ids = [work["id"] for work in works]
    sources, subjects, bylines = await gather(
        database.rows(SOURCES, [work["source_id"] for work in works if work["source_id"]]),
        database.rows(TOPICS_OF_WORKS, ids),
        database.rows(BYLINES, ids),
    )
    named = {source["id"]: {"displayName": source["display_name"]} for source in sources}
    subjects_by_work, bylines_by_work = by("work_id", subjects), by("work_id", bylines)
    return {
        "id": global_id("Researcher", one["id"]),
        "slug": one["slug"],
        "displayName": one["display_name"],
        "headline": one["headline"]
        or f"{one['display_name']} contributes to research discovery and scholarly infrastructure.",
        "workCount": one["work_count"],
        "citationCount": one["citation_count"],
        "hIndex": one["h_index"],
        "i10Index": one["i10_index"],
        "topicCount": one["topic_count"],
        "collaboratorCount": one["collaborator_count"],
        "closeCollaboratorCount": one["close_collaborator_count"],
        "followerCount": one["follower_count"],
        "affiliation": {
            "id": global_id("Institution", institutions[0]["id"]),
            "displayName": institutions[0]["display_name"],
            "countryCode": institutions[0]["country_code"],
        },
        "works": {
            "totalCount": one["work_count"],
            "pageInfo": {"hasNextPage": more},
            "nodes": [
                {
                    "id": global_id("Work", work["id"]),
                    "title": work["title"],
                    "publicationYear": work["publication_year"],
                    "citationCount": work["citation_count"],
                    "doi": work["doi"],
                    "isOpenAccess": None if work["is_open_access"] is None else bool(work["is_open_access"]),
                    "source": named.get(work["source_id"]),
                    "topics": [
                        {"score": topic["score"], "topic": {"displayName": topic["display_name"]}}
                        for topic in subjects_by_work[work["id"]]
                    ],
                    "authorships": {
                        "nodes": [
                            {
                                "position": author["position"],
                                "rawName": author["raw_name"],
                                "researcher": author["slug"]
                                and {"slug": author["slug"], "displayName": author["display_name"]},
                            }
                            for author in bylines_by_work[work["id"]]
                        ]
                    },
                }
                for work in works
            ],
        },
        "topics": {
            "edges": [
                {
                    "workCount": topic["work_count"],
                    "share": topic["share"],
                    "node": {"id": global_id("Topic", topic["id"]), "displayName": topic["display_name"]},
                }
                for topic in topics
            ]
        },
        "collaborators": {
            "nodes": [
                {
                    "sharedWorkCount": other["shared_work_count"],
                    "strength": other["strength"],
                    "isClose": bool(other["is_close"]),
                    "researcher": {
                        "id": global_id("Researcher", other["id"]),
                        "slug": other["slug"],
                        "displayName": other["display_name"],
                        "workCount": other["work_count"],
                    },
                }
                for other in collaborators
            ]
        },
        "activity": [
            {"year": year["year"], "works": year["works"], "citations": year["citations"]} for year in activity
        ],
    }


async def most_cited() -> Any:
    people = await database.rows(MOST_CITED)
    ids = [one["id"] for one in people]
    topics, works = await gather(database.rows(THREE_TOPICS, ids), database.rows(THREE_CITED, ids))
    topics_of, works_of = by("parent", topics), by("parent", works)
    nodes = [
        {
            "id": global_id("Researcher", one["id"]),
            "slug": one["slug"],
            "displayName": one["display_name"],
            "citationCount": one["citation_count"],
            "topics": {
                "nodes": [
                    {"id": global_id("Topic", topic["id"]), "displayName": topic["display_name"]}
                    for topic in topics_of[one["id"]]
                ]
            },
            "works": {
                "nodes": [
                    {
                        "id": global_id("Work", work["id"]),
                        "title": work["title"],
                        "publicationYear": work["publication_year"],
                        "citationCount": work["citation_count"],
                    }
                    for work in works_of[one["id"]]
                ]
            },
        }
        for one in people
    ]
    return {"nodes": nodes}


async def small(slug: str) -> Any:
    (one,) = await database.rows("SELECT display_name, work_count FROM researcher WHERE slug = $1", slug)
    return {"displayName": one["display_name"], "workCount": one["work_count"]}


async def deep(slug: str) -> Any:
    (one,) = await database.rows("SELECT id, display_name FROM researcher WHERE slug = $1", slug)
    first = await database.rows(TEN_COLLABORATORS, [one["id"]])
    second = await database.rows(TEN_COLLABORATORS, [other["id"] for other in first])
    works = await database.rows(THREE_NEWEST, list({other["id"] for other in second}))
    second_of, works_of = by("parent", second), by("parent", works)
    return {
        "displayName": one["display_name"],
        "collaborators": {
            "nodes": [
                {
                    "strength": other["strength"],
                    "researcher": {
                        "displayName": other["display_name"],
                        "collaborators": {
                            "nodes": [
                                {
                                    "sharedWorkCount": third["shared_work_count"],
                                    "researcher": {
                                        "slug": third["slug"],
                                        "displayName": third["display_name"],
                                        "works": {
                                            "nodes": [
                                                {
                                                    "id": global_id("Work", work["id"]),
                                                    "title": work["title"],
                                                    "publicationYear": work["publication_year"],
                                                }
                                                for work in works_of[third["id"]]
                                            ]
                                        },
                                    },
                                }
                                for third in second_of[other["id"]]
                            ]
                        },
                    },
                }
                for other in first
            ]
        },
    }


ANSWERS: dict[str, tuple[str, Callable[..., Awaitable[Any]]]] = {
    "Profile": ("researcher", profile),
    "List": ("researchers", most_cited),
    "Small": ("researcher", small),
    "Deep": ("researcher", deep),
}


async def answer(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    field, function = ANSWERS[asked["operationName"]]
    data = {field: await function(**asked["variables"])}
    return Response(orjson.dumps({"data": data}), media_type="application/json")


@asynccontextmanager
async def opened(_app: Starlette) -> AsyncIterator[None]:
    await database.open()
    yield


def create() -> Starlette:
    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=opened)

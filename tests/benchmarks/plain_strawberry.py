"""The benchmark's queries as Strawberry's and SQLModel's documentation teach: ORM sessions, a dataloader a link.

DATABASE_URL=... uvicorn --factory tests.benchmarks.plain_strawberry:create
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry
from aiodataloader import DataLoader
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from strawberry.asgi import GraphQL

import models

T = TypeVar("T")
Info = strawberry.Info[dict[str, Any], None]


def sessions() -> async_sessionmaker[AsyncSession]:
    url = os.environ["DATABASE_URL"]
    url = url.replace("sqlite:", "sqlite+aiosqlite:").replace("postgresql:", "postgresql+asyncpg:")
    return async_sessionmaker(create_async_engine(url, pool_size=10), class_=AsyncSession, expire_on_commit=False)


def global_id(kind: str, number: int) -> strawberry.ID:
    return strawberry.ID(b64encode(f"{kind}:{number}".encode()).decode())


class Loaders:
    """A request's dataloaders; each batch has a session of its own."""

    def __init__(self, make: async_sessionmaker[AsyncSession]) -> None:
        self._make = make
        self.institution = self._one(models.Institution)
        self.source = self._one(models.Source)
        self.researcher = self._one(models.Researcher)
        self.topic = self._one(models.Topic)
        self.topics_of_work = self._many(
            models.WorkTopic, "work_id", col(models.WorkTopic.score).desc(), models.WorkTopic.topic_id
        )
        self.byline = self._many(models.Authorship, "work_id", models.Authorship.position)
        self.activity = self._many(models.YearActivity, "researcher_id", models.YearActivity.year)
        self.collaborations = self._many(
            models.Collaboration,
            "researcher_id",
            col(models.Collaboration.strength).desc(),
            models.Collaboration.collaborator_id,
        )
        self.topics = self._pairs(
            lambda ids: (
                select(models.ResearcherTopic.researcher_id, models.ResearcherTopic, models.Topic)
                .join(models.Topic, col(models.Topic.id) == models.ResearcherTopic.topic_id)
                .where(col(models.ResearcherTopic.researcher_id).in_(ids))
                .order_by(col(models.ResearcherTopic.work_count).desc(), models.Topic.name_key, models.Topic.id)
            )
        )
        self.newest = self._pairs(lambda ids: self._works(ids).order_by(*NEWEST))
        self.most_cited = self._pairs(lambda ids: self._works(ids).order_by(*MOST_CITED))

    @staticmethod
    def _works(ids: list[int]) -> Any:
        return (
            select(models.Authorship.researcher_id, models.Work)
            .join(models.Work, col(models.Work.id) == models.Authorship.work_id)
            .where(col(models.Authorship.researcher_id).in_(ids))
        )

    def _one(self, model: Any) -> DataLoader[int, Any]:
        async def load(ids: list[int]) -> list[Any]:
            async with self._make() as session:
                found = {row.id: row for row in await session.exec(select(model).where(model.id.in_(ids)))}
            return [found.get(id) for id in ids]

        return DataLoader(load)

    def _many(self, model: Any, key: str, *order: Any) -> DataLoader[int, Any]:
        async def load(ids: list[int]) -> list[list[Any]]:
            found: defaultdict[int, list[Any]] = defaultdict(list)
            statement = select(model).where(getattr(model, key).in_(ids)).order_by(*order)
            async with self._make() as session:
                for row in await session.exec(statement):
                    found[getattr(row, key)].append(row)
            return [found[id] for id in ids]

        return DataLoader(load)

    def _pairs(self, statement: Callable[[list[int]], Any]) -> DataLoader[int, Any]:
        async def load(ids: list[int]) -> list[list[Any]]:
            found: defaultdict[int, list[Any]] = defaultdict(list)
            async with self._make() as session:
                for owner, *rows in await session.exec(statement(ids)):
                    found[owner].append(rows[0] if len(rows) == 1 else rows)
            return [found[id] for id in ids]

        return DataLoader(load)


NEWEST = (models.Work.newest_key, models.Work.title_key, models.Work.id)
MOST_CITED = (col(models.Work.citation_count).desc(), col(models.Work.id).desc())


@strawberry.enum
class WorkOrder(Enum):
    NEWEST = "NEWEST"
    MOST_CITED = "MOST_CITED"


@strawberry.enum
class ResearcherOrder(Enum):
    MOST_CITED = "MOST_CITED"


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class Edge(Generic[T]):
    node: T


@strawberry.type
class Connection(Generic[T]):
    nodes: list[T]
    page_info: PageInfo
    total_count: int


def page(rows: list[Any], first: int, show: Callable[[Any], Any], kind: Any, total: int | None = None) -> Any:
    return kind(
        nodes=[show(row) for row in rows[:first]],
        page_info=PageInfo(has_next_page=len(rows) > first),
        total_count=len(rows) if total is None else total,
    )


@strawberry.type
class Institution:
    id: strawberry.ID
    display_name: str
    country_code: str | None


@strawberry.type
class Source:
    display_name: str


@strawberry.type
class Topic:
    id: strawberry.ID
    display_name: str

    @classmethod
    def of(cls, row: Any) -> Topic:
        return cls(id=global_id("Topic", row.id), display_name=row.display_name)


@strawberry.type
class WorkTopic:
    row: strawberry.Private[Any]
    score: float

    @strawberry.field
    async def topic(self, info: Info) -> Topic:
        return Topic.of(await info.context["loaders"].topic.load(self.row.topic_id))


@strawberry.type
class Authorship:
    row: strawberry.Private[Any]
    position: int
    raw_name: str | None

    @strawberry.field
    async def researcher(self, info: Info) -> Researcher | None:
        if self.row.researcher_id is None:
            return None
        return Researcher.of(await info.context["loaders"].researcher.load(self.row.researcher_id))


@strawberry.type
class Work:
    row: strawberry.Private[Any]
    id: strawberry.ID
    title: str
    publication_year: int | None
    citation_count: int
    doi: str | None
    is_open_access: bool | None

    @classmethod
    def of(cls, row: Any) -> Work:
        return cls(
            row=row,
            id=global_id("Work", row.id),
            title=row.title,
            publication_year=row.publication_year,
            citation_count=row.citation_count,
            doi=row.doi,
            is_open_access=row.is_open_access,
        )

    @strawberry.field
    async def source(self, info: Info) -> Source | None:
        if self.row.source_id is None:
            return None
        return Source(display_name=(await info.context["loaders"].source.load(self.row.source_id)).display_name)

    @strawberry.field
    async def topics(self, info: Info) -> list[WorkTopic]:
        rows = await info.context["loaders"].topics_of_work.load(self.row.id)
        return [WorkTopic(row=row, score=row.score) for row in rows]

    @strawberry.field
    async def authorships(self, info: Info, first: int = 20) -> Connection[Authorship]:
        rows = await info.context["loaders"].byline.load(self.row.id)
        return page(
            rows,
            first,
            lambda row: Authorship(row=row, position=row.position, raw_name=row.raw_name),
            Connection[Authorship],
        )


@strawberry.type
class ResearcherTopicEdge(Edge[Topic]):
    work_count: int
    share: float


@strawberry.type
class ResearcherTopics:
    nodes: list[Topic]
    edges: list[ResearcherTopicEdge]


@strawberry.type
class Collaborator:
    row: strawberry.Private[Any]
    shared_work_count: int
    strength: float
    is_close: bool

    @strawberry.field
    async def researcher(self, info: Info) -> Researcher:
        return Researcher.of(await info.context["loaders"].researcher.load(self.row.collaborator_id))


@strawberry.type
class Year:
    year: int
    works: int
    citations: int


@strawberry.type
class Researcher:
    row: strawberry.Private[Any]
    id: strawberry.ID
    slug: str
    display_name: str
    headline: str
    work_count: int
    citation_count: int
    h_index: int
    i10_index: int
    topic_count: int
    collaborator_count: int
    close_collaborator_count: int
    follower_count: int

    @classmethod
    def of(cls, row: Any) -> Researcher:
        return cls(
            row=row,
            id=global_id("Researcher", row.id),
            slug=row.slug,
            display_name=row.display_name,
            headline=row.headline
            or f"{row.display_name} contributes to research discovery and scholarly infrastructure.",
            work_count=row.work_count,
            citation_count=row.citation_count,
            h_index=row.h_index,
            i10_index=row.i10_index,
            topic_count=row.topic_count,
            collaborator_count=row.collaborator_count,
            close_collaborator_count=row.close_collaborator_count,
            follower_count=row.follower_count,
        )

    @strawberry.field
    async def affiliation(self, info: Info) -> Institution | None:
        if self.row.institution_id is None:
            return None
        row = await info.context["loaders"].institution.load(self.row.institution_id)
        return Institution(
            id=global_id("Institution", row.id), display_name=row.display_name, country_code=row.country_code
        )

    @strawberry.field
    async def works(self, info: Info, first: int = 20, order_by: WorkOrder = WorkOrder.NEWEST) -> Connection[Work]:
        loaders = info.context["loaders"]
        loader = loaders.newest if order_by is WorkOrder.NEWEST else loaders.most_cited
        return page(await loader.load(self.row.id), first, Work.of, Connection[Work], self.row.work_count)

    @strawberry.field
    async def topics(self, info: Info, first: int = 20) -> ResearcherTopics:
        rows = (await info.context["loaders"].topics.load(self.row.id))[:first]
        topics = [Topic.of(topic) for _, topic in rows]
        edges = [
            ResearcherTopicEdge(node=topic, work_count=link.work_count, share=link.share)
            for topic, (link, _) in zip(topics, rows, strict=True)
        ]
        return ResearcherTopics(nodes=topics, edges=edges)

    @strawberry.field
    async def collaborators(self, info: Info, first: int = 20) -> Connection[Collaborator]:
        rows = await info.context["loaders"].collaborations.load(self.row.id)
        return page(
            rows,
            first,
            lambda row: Collaborator(
                row=row, shared_work_count=row.shared_work_count, strength=row.strength, is_close=row.is_close
            ),
            Connection[Collaborator],
        )

    @strawberry.field
    async def activity(self, info: Info) -> list[Year]:
        rows = await info.context["loaders"].activity.load(self.row.id)
        return [Year(year=row.year, works=row.works, citations=row.citations) for row in rows]


@strawberry.input
class ResearcherBy:
    slug: str


@strawberry.type
class Query:
    @strawberry.field
    async def researcher(self, info: Info, by: ResearcherBy) -> Researcher | None:
        async with info.context["sessions"]() as session:
            row = (await session.exec(select(models.Researcher).where(models.Researcher.slug == by.slug))).first()
        return row and Researcher.of(row)

    @strawberry.field
    async def researchers(
        self, info: Info, first: int = 20, order_by: ResearcherOrder = ResearcherOrder.MOST_CITED
    ) -> Connection[Researcher]:
        statement = (
            select(models.Researcher)
            .order_by(col(models.Researcher.citation_count).desc(), col(models.Researcher.id).desc())
            .limit(first + 1)
        )
        async with info.context["sessions"]() as session:
            rows = list(await session.exec(statement))
        return page(rows, first, Researcher.of, Connection[Researcher])


class View(GraphQL[Any, Any]):
    make: Callable[[], Any]

    async def get_context(self, request: Request, response: Any) -> Any:
        return {"sessions": self.make, "loaders": Loaders(self.make)}  # type: ignore[arg-type]


def create() -> Starlette:
    view = View(strawberry.Schema(Query))
    view.make = sessions()
    return Starlette(routes=[Route("/graphql", view)])

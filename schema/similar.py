"""What is like something else, and why."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry

from resolvers.later import arrived
from resolvers.reads import One, Rows
from resolvers.refused import Refused
from resolvers.related import related_works
from resolvers.researchers import researcher_by_id
from resolvers.similar import SHARED, similar_researchers
from resolvers.topics import topic_by_id
from resolvers.works import source_by_id, work_by_id
from schema.context import Context, Info
from schema.enums import SimilarityKind
from schema.field import column
from schema.link import link
from schema.links import AResearcher, ASource, ATopic
from schema.selection import columns, metadata

USUAL, MOST = 10, 50
First = Annotated[int | None, strawberry.argument(description=f"How many, 1 to {MOST}.")]


def _size(first: int | None) -> int:
    size = USUAL if first is None else first
    if not 1 <= size <= MOST:
        raise Refused("BAD_USER_INPUT", f"`first` must be from 1 to {MOST}, not {size}.", "first")
    return size


def _shared(kind: str, read: One, description: str) -> Any:
    """The things that a reason of this kind names."""

    async def resolve(root: Any, info: Info) -> Any:
        ids = root.shared if root.kind == kind else ()
        rows = await gather(*[info.context.store.load(read.only(columns(info)), id) for id in ids])
        return [row for row in rows if row is not None]

    def plan(info: Info) -> Any:
        narrowed = read.only(columns(info))

        async def batch(parents: Sequence[Any], context: Context) -> Rows:
            lists = [parent.shared if parent.kind == kind else () for parent in parents]
            return await _rows(context, narrowed, lists)

        return batch

    resolve.plan = plan  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description)


async def _rows(context: Context, read: One, lists: Sequence[Sequence[int]]) -> Rows:
    """The rows of each list of ids, but for those that are not there."""
    ids = [*dict.fromkeys(id for one in lists for id in one)]
    found = dict(zip(ids, await arrived(context.store.load_all(read, ids)), strict=True)) if ids else {}
    return Rows(read.kind, [[found[id] for id in one if found[id] is not None] for one in lists])


@strawberry.type(description="Something that two researchers have in common.")
class SimilarityReason:
    kind: SimilarityKind = column("What sort of thing.")
    points: float = column("What it adds to the score: at most 0.5 for topics, 0.3 for collaborators, 0.2 for venues.")
    shared_count: int = column("How many they share.")
    topics: list[ATopic] = _shared(
        "TOPICS", topic_by_id, f"The topics that both work on most, at most {SHARED}; else empty."
    )
    collaborators: list[AResearcher] = _shared(
        "COLLABORATORS",
        researcher_by_id,
        f"With whom both have published most closely, at most {SHARED}; else empty.",
    )
    sources: list[ASource] = _shared(
        "VENUES", source_by_id, f"Where most works of both have appeared, at most {SHARED}; else empty."
    )


@strawberry.type(description="Somebody like a researcher, who has not published with them.")
class SimilarResearcher:
    researcher: AResearcher = link(researcher_by_id, "Who it is.", key="researcher_id")
    score: float = column("How much they are alike, 0 to 1: the points of the reasons, added up.")
    reasons: list[SimilarityReason] = column("What they have in common, topics first.")


def similar_field() -> Any:
    def plan(_info: Info) -> Any:
        async def batch(parents: Sequence[Any], context: Context, first: int | None = USUAL) -> Any:
            return await similar_researchers(context.store, [parent.id for parent in parents], _size(first))

        return batch

    async def resolve(root: Any, info: Info, first: First = USUAL) -> Any:
        return (await similar_researchers(info.context.store, [root.id], _size(first)))[0]

    resolve.plan = plan  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return strawberry.field(
        resolver=resolve,
        description="Who is like them and has not published with them, most alike first: of those whom their closest "
        "collaborators and main topics lead to, by how much of their topics, collaborators and venues both share.",
        metadata=metadata("id", weight=5),
    )


def related_field() -> Any:
    def plan(info: Info) -> Any:
        narrowed = work_by_id.only(columns(info))

        async def batch(parents: Sequence[Any], context: Context, first: int | None = USUAL) -> Rows:
            found = await related_works(context.store, [parent.id for parent in parents], _size(first))
            return await _rows(context, narrowed, found)

        return batch

    async def resolve(root: Any, info: Info, first: First = USUAL) -> Any:
        (found,) = await related_works(info.context.store, [root.id], _size(first))
        return await gather(*[info.context.store.load(work_by_id.only(columns(info)), id) for id in found])

    resolve.plan = plan  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return strawberry.field(
        resolver=resolve,
        description="Works that have most to do with it: of the same authors, the more the fewer there are, on its "
        "topics, cited or citing, or cited along with it; the more they are cited the sooner.",
        metadata=metadata("id", weight=3),
    )

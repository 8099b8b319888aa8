"""Paths of collaboration."""

from __future__ import annotations

from asyncio import gather
from typing import Annotated, cast

import strawberry

from resolvers.later import arrived
from resolvers.paths import LONGEST, USUAL, Paths
from resolvers.records import living
from resolvers.refused import Refused
from resolvers.researchers import researcher_by_id
from resolvers.works import works_shared
from schema.context import Info
from schema.enums import WorkOrder
from schema.field import column
from schema.filters import WorkFilter
from schema.link import link, paged
from schema.links import AResearcher
from schema.node import read_id
from schema.work_connection import WorkConnection


@strawberry.type(description="Two researchers who have published together, on the way from one to another.")
class PathStep:
    from_: AResearcher = link(researcher_by_id, "The one nearer to the start.", key="from_id", name="from")
    to: AResearcher = link(researcher_by_id, "The one nearer to the end.", key="to_id")
    shared_work_count: int = column("How many works they share; bylines of more than 50 names do not count.")
    strength: float = column("How closely they work together, as `Collaborator.strength`, to six places.")
    shared_works: WorkConnection = paged(
        works_shared, "The works they share.", order=WorkOrder.NEWEST, filter=WorkFilter, key=("from_id", "to_id")
    )


@strawberry.type(description="A chain of researchers, each of whom has published with the next.")
class CollaborationPath:
    length: int = column("How many steps it has; 0 from somebody to themselves.")
    steps: list[PathStep] = column("The steps, from the start to the end.")


async def collaboration_path(
    info: Info,
    from_: Annotated[
        strawberry.ID, strawberry.argument(name="from", description="The id of the researcher at the start.")
    ],
    to: Annotated[strawberry.ID, strawberry.argument(description="The id of the researcher at the end.")],
    max_length: Annotated[
        int | None, strawberry.argument(description=f"How many steps at most, 1 to {LONGEST}.")
    ] = USUAL,
) -> CollaborationPath | None:
    most = USUAL if max_length is None else max_length
    if not 1 <= most <= LONGEST:
        raise Refused("BAD_USER_INPUT", f"`maxLength` must be from 1 to {LONGEST}, not {most}.", "maxLength")
    ids = [read_id(id, [name], "Researcher")[1] for name, id in (("from", from_), ("to", to))]
    store, read = info.context.store, researcher_by_id.only(frozenset({"id"}))
    start, end = await gather(*[living(store, "Researcher", read, id) for id in ids])
    if start is None or end is None:
        return None
    (found,) = await arrived(store.load_all(Paths(most), [(start.id, end.id)]))
    return cast("CollaborationPath | None", found)

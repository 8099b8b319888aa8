"""How many of a list have each value of a facet. All lists of a level are counted at once, by all their facets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Annotated, Any, NamedTuple

import strawberry

from resolvers.facet_counts import USUAL, Facets, facets
from resolvers.facets import FACETS, Bucket
from resolvers.reads import Rows
from schema.enums import ResearcherFacet, WorkFacet
from schema.facet_bucket import FacetBucket
from schema.field import column
from schema.paging import Listing
from schema.selection import metadata


class Group(NamedTuple):
    """One facet of a list, read when something of it is asked for."""

    asked: Facets
    listing: Listing
    by: str

    def found(self, every: Sequence[Any]) -> Sequence[Any]:
        """What was read of this facet: one bucket more than asked for, where there are more."""
        values: Sequence[Any] = every[self.asked.names.index(self.by)]
        return values


def _counted(
    read_of: Callable[[Group], Any],
    show: Callable[[Group, Any], Any],
    description: str,
    *,
    kind: Any = None,
    weight: int | None = None,
    size: int | None = None,
) -> Any:
    """What is shown of what a group's read answers for its list: rows of a kind, or a value."""

    async def values(parents: Sequence[Group]) -> list[Any]:
        store = parents[0].listing.level.store
        found = await store.load_each([(read_of(one), one.listing.parent) for one in parents])
        return [*map(show, parents, found)]

    async def batch(parents: Sequence[Group]) -> Any:
        found = await values(parents)
        return found if kind is None else Rows(kind, found)

    async def resolve(root: Any) -> Any:
        (found,) = await values([root])
        return found if kind is None else [kind(*row) for row in found]

    resolve.batch = batch  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(weight=weight, size=size))


@strawberry.type(description="What a list has of one facet.")
class Grouped:
    buckets: list[FacetBucket] = _counted(
        lambda group: group.asked,
        lambda group, every: group.found(every)[: group.asked.first],
        "The values that most have, most first, ties in a fixed order.",
        kind=Bucket,
        size=max(map(len, FACETS.values())),  # with `first` for the number of groups, all buckets are that at most
    )
    has_more: bool = _counted(
        lambda group: group.asked,
        lambda group, every: len(group.found(every)) > group.asked.first,
        "Whether there are values beyond those of `buckets`.",
    )
    without_count: int = _counted(
        lambda group: group.asked.without(group.by),
        lambda _group, count: count,
        "How many have no value at all, and are in no bucket.",
        weight=5,
    )


@strawberry.type(description="What a list of works has of one facet.")
class FacetGroup(Grouped):
    by: WorkFacet = column("The facet.")


@strawberry.type(description="What a list of researchers has of one facet.")
class ResearcherFacetGroup(Grouped):
    by: ResearcherFacet = column("The facet.")


def facets_by(kind: type[Enum]) -> Any:
    """A connection's facets: of its whole list under its filter, whatever the page."""

    def batch(parents: Sequence[Listing], by: Sequence[Enum], first: int | None) -> list[list[Group]]:
        names = [one.name for one in by]
        asked = {level: facets(level.pages, names, first) for level in {one.level for one in parents}}
        return [[Group(asked[one.level][name], one, name) for name in names] for one in parents]

    def resolve(root: Any, by: Any, first: Any = USUAL) -> Any:
        return batch([root], by, first)[0]

    resolve.batch = batch  # type: ignore[attr-defined]
    resolve.__annotations__ = {
        "by": Annotated[list[kind], strawberry.argument(description="The facets, each once.")],  # type: ignore[valid-type]
        "first": Annotated[
            int | None, strawberry.argument(description="How many values of each, 1 to 100: those that most have.")
        ],
    }
    return strawberry.field(
        resolver=resolve,
        description="How many have each value of these facets: of the whole list under its filter, whatever the page.",
        metadata=metadata(age=0, weight=5),
    )

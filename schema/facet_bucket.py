from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from resolvers.facets import FACETS, Bucket
from resolvers.records import BY_ID
from schema.context import Context, Info
from schema.field import column, computed
from schema.node import Node, global_id
from schema.selection import columns

NAMED = sorted({facet.names.__name__ for of in FACETS.values() for facet in of.values() if facet.names})


def _node() -> Any:
    """The record that a bucket's value is the id of."""

    def plan(info: Info) -> Any:
        reads = {name: BY_ID[name].only(columns(info, name)) for name in NAMED}

        async def batch(parents: Sequence[Bucket], context: Context) -> list[Any]:
            return await context.store.load_each(
                [(reads[one.table], one.value) if one.table else None for one in parents]
            )

        return batch

    async def resolve(root: Any, info: Info) -> Node | None:
        found: Node | None = (await plan(info)([root], info.context))[0]
        return found

    resolve.plan = plan  # type: ignore[attr-defined]
    return strawberry.field(
        resolver=resolve, description="The record that `value` is the id of; null for years, kinds and countries."
    )


@strawberry.type(description="A value of a facet, and how many have it.")
class FacetBucket:
    count: int = column(
        "How many of the list have it. A filter that has this value beside what it has finds as many, unless it named "
        "values of the same facet already: of a list of values any one will do."
    )
    node: Node | None = _node()

    @computed(
        description="The value as a filter takes it: a year for both ends of `years`, a kind's name, a country's code, "
        "or the id of a topic, source, institution or researcher."
    )
    def value(self) -> str:
        bucket: Any = self
        return global_id(bucket.table, bucket.value) if bucket.table else str(bucket.value)

    @computed(description="The value in words: the record's name, or the value itself.")
    def label(self) -> str:
        bucket: Any = self
        return bucket.name if bucket.table else str(bucket.value)

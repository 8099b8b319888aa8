"""Works as citations: one by one, and page by page."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import strawberry

from resolvers.citations.cited import cited_by_id
from resolvers.citations.written import written
from resolvers.later import arrived
from schema.context import Context, Info
from schema.enums import CitationFormat
from schema.paging import page_rows
from schema.selection import metadata

_WEIGHT = 20  # of a citation: in the slowest style it takes 4 ms, so no operation's take more than some seconds
_Format = Annotated[CitationFormat, strawberry.argument(description="How to write it.")]


async def _cited(context: Context, format: Any, texts: Sequence[Sequence[int]]) -> list[str]:
    """For each of the texts, the citations of the works with these ids."""
    found = context.store.load_all(cited_by_id, [id for text in texts for id in text])
    rows = iter(await arrived(found))
    of_texts = [[cited_by_id.made(row) for row in [next(rows) for _ in text] if row is not None] for text in texts]
    return await written(format.value, of_texts)


def _field(
    ids_of: Callable[[Sequence[Any]], Awaitable[list[list[int]]]], description: str, *, each: bool = False
) -> Any:
    """The works that belong to each row, as one text a row."""

    async def batch(rows: Sequence[Any], context: Context, format: Any) -> list[str]:
        return await _cited(context, format, await ids_of(rows))

    async def resolve(root: Any, info: Info, format: _Format) -> str:
        return (await batch([root], info.context, format))[0]

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    declared = metadata("id", weight=_WEIGHT, each=each)
    return strawberry.field(resolver=resolve, description=description, metadata=declared)


async def _itself(works: Sequence[Any]) -> list[list[int]]:
    return [[work.id] for work in works]


async def _page(listings: Sequence[Any]) -> list[list[int]]:
    return [[work.id for work in page] for page in await gather(*map(page_rows, listings))]


def citation_field() -> Any:
    return _field(
        _itself,
        "Its citation, with all of its byline as the work prints it; styles shorten it as they do. `export` cites a "
        "page of works.",
    )


def export_field() -> Any:
    return _field(
        _page,
        "The works of this page as one text, in its order: as many as `first` or `last` says, 20 unless given. For the "
        "whole list ask page by page, with `first: 100` and `after`, until `hasNextPage` is false: texts join with a "
        "line break between them, arrays of CSL_JSON as arrays.",
        each=True,
    )

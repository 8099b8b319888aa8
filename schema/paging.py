from __future__ import annotations

from asyncio import gather
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from resolvers.joined import Join
from resolvers.later import then
from resolvers.paging import CURSORS, MORE, Page, Pages, Parent
from resolvers.reads import Rows
from resolvers.store import Store
from schema.field import computed, same_row
from schema.selection import metadata

NodeT = TypeVar("NodeT")


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """What the pages of one level share."""

    store: Store
    pages: Pages
    joins: tuple[Join, ...] = ()


class Listing(NamedTuple):
    """A page that is read when something of it is asked for; a count alone reads no rows."""

    level: Level
    parent: Parent
    known_total: int | None = None

    def total(self) -> Any:
        """A number, or an awaitable of one."""
        if self.known_total is not None:
            return self.known_total
        return self.level.store.load(self.level.pages.counts, self.parent)


async def _page(root: Any) -> Any:
    return await root.level.store.load(root.level.pages, root.parent)


async def page_rows(root: Any) -> Any:
    return (await _page(root)).rows


def _for_level(resolve: Any, show: Callable[[Pages, list[Page]], Any]) -> None:
    """Have a plan ask for all pages of a level at once."""

    def batch(parents: Sequence[Listing]) -> Any:
        level = parents[0].level
        if len({one.level for one in parents}) > 1:  # the row chooses its list
            return gather(*map(resolve, parents))
        found = level.store.load_all(level.pages, [one.parent for one in parents], level.joins)
        return then(found, lambda pages: show(level.pages, pages))

    resolve.batch = batch
    del resolve.__annotations__["return"]  # the annotation of the field says what it is


_for_level(_page, lambda _, found: found)
_for_level(page_rows, lambda pages, found: Rows(pages.kind, [page.rows for page in found]))


def page_edges() -> Any:
    """The rows: an edge is its row, which knows its page where its cursor is asked for."""
    return strawberry.field(
        resolver=page_rows, description="The rows with their cursors.", metadata=metadata(same_row=True)
    )


def page_nodes() -> Any:
    return strawberry.field(resolver=page_rows, description="The rows alone.", metadata=metadata(same_row=True))


def edge_cursor(description: str) -> Any:
    return computed(CURSORS, description=description)(lambda root: root.page_.cursor(root))


def _end(page: Page, index: int) -> str | None:
    return page.cursor(page.rows[index]) if page.rows else None


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = computed(
        MORE,
        description="Whether there is more after this page. Walking backwards: whether the page ends at `before`.",
    )(lambda root: root.has_next)
    has_previous_page: bool = computed(
        MORE,
        description="Whether there is more before this page. Walking forwards: whether the page begins at `after`.",
    )(lambda root: root.has_previous)
    start_cursor: str | None = computed(
        CURSORS, description="The first row's cursor, for `before`; null on an empty page."
    )(lambda root: _end(root, 0))
    end_cursor: str | None = computed(
        CURSORS, description="The last row's cursor, for `after`; null on an empty page."
    )(lambda root: _end(root, -1))


@strawberry.type(description="A row of a page, with its place in the list.")
class Edge(Generic[NodeT]):
    cursor: str = edge_cursor("This place in the list, for `after` or `before`.")
    node: NodeT = same_row("What stands here.")


@strawberry.type(description="A page of a list.")
class Counted:
    page_info: PageInfo = strawberry.field(
        resolver=_page, description="Where this page stands in the list.", metadata=metadata(same_row=True)
    )
    total_count: int = strawberry.field(
        resolver=lambda root: root.total(),
        description="How many the whole list has under this filter. Counted only when asked for.",
        metadata=metadata(weight=5),
    )


@strawberry.type(description="A page of a list.")
class Connection(Counted, Generic[NodeT]):
    edges: list[Edge[NodeT]] = page_edges()
    nodes: list[NodeT] = page_nodes()

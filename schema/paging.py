from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import strawberry

from resolvers.paging import Page, Paged, Slice, Window
from resolvers.store import Store
from schema.selection import metadata

NodeT = TypeVar("NodeT")


class Listing(NamedTuple):
    """A page that is read when something of it is asked for; a count alone reads no rows."""

    store: Store
    read: Paged
    window: Window
    known_total: int | None = None

    def page(self) -> Awaitable[Page]:
        return self.store.load(self.read, self.window)

    def total(self) -> int | Awaitable[int]:
        if self.known_total is not None:
            return self.known_total
        asked = self.window.slice
        whole = Window(self.window.parent, Slice(asked.order, filter=asked.filter))
        return self.store.load(self.read.count, whole)


class EdgeRow(NamedTuple):
    page: Page
    row: Any


def _of_pages(show: Callable[[Page], Any]) -> Any:
    """A resolver of what a page shows; `batch` is what a plan calls, once for all pages of a level."""

    async def resolve(root: Listing) -> Any:
        return show(await root.page())

    async def batch(parents: Sequence[Listing]) -> Any:
        pages: dict[Paged, Any] = dict.fromkeys(listing.read for listing in parents)
        for read in pages:  # one, but where the row chooses it
            windows = [listing.window for listing in parents if listing.read is read]
            pages[read] = iter(await parents[0].store.load_all(read, windows))
        return [show(next(pages[listing.read])) for listing in parents]

    resolve.batch = batch  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]  # the annotation of the field says what it is
    return resolve


_edges = _of_pages(lambda page: [EdgeRow(page, row) for row in page.rows])
_nodes = _of_pages(lambda page: page.rows)
_info = _of_pages(lambda page: page)


def _end(page: Page, index: int) -> str | None:
    return page.cursor(page.rows[index]) if page.rows else None


def of_edge(name: str, description: str) -> Any:
    """A column that belongs to the edge: what links the two, not the node."""

    def resolve(root: EdgeRow) -> Any:
        return getattr(root.row, name)

    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(name))


def edge_cursor(description: str) -> Any:
    return strawberry.field(resolver=lambda root: root.page.cursor(root.row), description=description)


def edge_node(description: str) -> Any:
    def resolve(root: EdgeRow) -> Any:
        return root.row

    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(same_row=True))


def page_edges() -> Any:
    return strawberry.field(
        resolver=_edges, description="The rows with their cursors.", metadata=metadata(same_row=True)
    )


def page_nodes() -> Any:
    return strawberry.field(resolver=_nodes, description="The rows alone.", metadata=metadata(same_row=True))


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        resolver=lambda root: root.has_next,
        description="Whether there is more after this page. Walking backwards: whether the page ends at `before`.",
    )
    has_previous_page: bool = strawberry.field(
        resolver=lambda root: root.has_previous,
        description="Whether there is more before this page. Walking forwards: whether the page begins at `after`.",
    )
    start_cursor: str | None = strawberry.field(
        resolver=lambda root: _end(root, 0), description="The first row's cursor, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        resolver=lambda root: _end(root, -1), description="The last row's cursor, for `after`; null on an empty page."
    )


@strawberry.type(description="A row of a page, with its place in the list.")
class Edge(Generic[NodeT]):
    cursor: str = edge_cursor("This place in the list, for `after` or `before`.")
    node: NodeT = edge_node("What stands here.")


@strawberry.type(description="A page of a list.")
class Counted:
    page_info: PageInfo = strawberry.field(resolver=_info, description="Where this page stands in the list.")
    total_count: int = strawberry.field(
        resolver=lambda root: root.total(),
        description="How many the whole list has under this filter. Counted only when asked for.",
    )


@strawberry.type(description="A page of a list.")
class Connection(Counted, Generic[NodeT]):
    edges: list[Edge[NodeT]] = page_edges()
    nodes: list[NodeT] = page_nodes()

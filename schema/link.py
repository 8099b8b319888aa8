"""How a field is declared: a column, a link to other rows, a page of them, or the same row seen as another type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from inspect import Parameter, Signature
from typing import Annotated, Any, cast

import orjson
import strawberry

from resolvers.paging import NOBODY, Paged
from resolvers.reads import Read
from schema.context import Info
from schema.paging import Listing
from schema.selection import columns, metadata


def column(description: str, name: str | None = None) -> Any:
    """A column of the row, as it is."""
    return strawberry.field(description=description, name=name)


def renamed(column: str, description: str) -> Any:
    """A column that the row calls otherwise, so that two tables joined in it do not clash."""

    def resolve(root: Any) -> Any:
        return getattr(root, column)

    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(column))


def texts(column: str, description: str) -> Any:
    """A column that holds a JSON array of strings."""

    def resolve(root: Any) -> list[str]:
        found: list[str] = orjson.loads(getattr(root, column))
        return found

    return computed(column, description=description)(resolve)


def computed(
    *needs: str, description: str, name: str | None = None, private: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """A field computed from these columns of its row; `private` where it depends on the viewer."""

    def decorate(resolver: Callable[..., Any]) -> Any:
        return strawberry.field(
            resolver=resolver, description=description, name=name, metadata=metadata(*needs, private=private)
        )

    return decorate


def link(read: Read, description: str, key: str = "id") -> Any:
    """What the read answers for the row's key: a row, or a list of them."""

    def resolve(root: Any, info: Info) -> Any:
        value = getattr(root, key)
        return None if value is None else info.context.store.load(read.only(columns(info)), value)

    def plan(info: Info) -> Any:
        narrowed = read.only(columns(info))

        async def batch(parents: Sequence[Any], info: Info) -> list[Any]:
            keys = [getattr(parent, key) for parent in parents]
            there = [one for one in keys if one is not None]
            found = await info.context.store.load_all(narrowed, there)
            if len(there) == len(keys):
                return found
            left = iter(found)
            return [None if one is None else next(left) for one in keys]

        return batch

    resolve.plan = plan  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]  # the annotation of the field says what it is
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(key))


def same_row(description: str, unless_null: str | None = None) -> Any:
    """The row itself, joined from two tables, as the type of the other; null where this column is."""

    def resolve(root: Any) -> Any:
        return None if unless_null and getattr(root, unless_null) is None else root

    del resolve.__annotations__["return"]
    needs = [unless_null] if unless_null else []
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(*needs, same_row=True))


def _argument(kind: Any, description: str) -> Any:
    return Annotated[kind, strawberry.argument(description=description)]


_SIZES = {
    "first": (int, "How many, from the start or from after `after`: 1 to 100, 20 unless given. Not with `last`."),
    "after": (str, "A cursor of this list with this filter and order: only what comes after it."),
    "last": (int, "How many, from the end or from before `before`: 1 to 100. Not with `first`."),
    "before": (str, "A cursor of this list with this filter and order: only what comes before it."),
}


def paged(
    read: Paged | Callable[[Any], Paged],
    description: str,
    *,
    order: Enum | str,
    filter: type | None = None,
    key: str | tuple[str, str] | None = "id",
    total: str | None = None,
    needs: Sequence[str] = (),
) -> Any:
    """A connection: pages of the read's list of this row (of nobody's, where key is None).

    A function chooses the read by the row, of which it `needs` columns.

    `order` is the one used when a client names none, a member of the enum that `orderBy` takes; a bare name where
    there is just one. `total` names a column of the row that counts the unfiltered list.
    """

    def listings(parents: Sequence[Any], info: Info, chosen: Callable[[Any], Paged], **given: Any) -> list[Listing]:
        asked = {name: None if value is strawberry.UNSET else value for name, value in given.items()}
        by, narrowed = asked.pop("order_by", None) or order, asked.pop("filter", None)
        conditions = narrowed.conditions() if narrowed else None
        by = by.name if isinstance(by, Enum) else by
        made: list[Listing | None] = [None] * len(parents)
        reads: defaultdict[Paged, list[int]] = defaultdict(list)
        for place, parent in enumerate(parents):
            reads[chosen(parent)].append(place)
        for pages, places in reads.items():
            keys = [_parent(parents[place], key) for place in places]
            for place, window in zip(places, pages.windows(keys, by, given=conditions, **asked), strict=True):
                known = getattr(parents[place], total) if total and not window.slice.filter else None
                made[place] = Listing(info.context.store, pages, window, known)
        return cast("list[Listing]", made)

    def plan(info: Info) -> Any:
        needed = columns(info)

        def chosen(root: Any) -> Paged:
            return (read if isinstance(read, Paged) else read(root)).only(needed)

        return partial(listings, chosen=chosen)

    def listing(root: Any, info: Info, **given: Any) -> Any:
        return plan(info)([root], info, **given)[0]

    listing.plan = plan  # type: ignore[attr-defined]
    parameters: dict[str, Any] = {}
    if filter is not None:
        parameters["filter"] = _argument(filter | None, "Only what matches all of this.")
    if isinstance(order, Enum):
        parameters["order_by"] = _argument(type(order) | None, "The order; ties are broken the same way every time.")
    parameters |= {name: _argument(kind | None, text) for name, (kind, text) in _SIZES.items()}
    listing.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter("root", Parameter.POSITIONAL_OR_KEYWORD),
            Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
            *[
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY,
                    annotation=annotation,
                    default=order if name == "order_by" else strawberry.UNSET,
                )
                for name, annotation in parameters.items()
            ],
        ]
    )
    del listing.__annotations__["return"]
    needed = [*([key] if isinstance(key, str) else key or ()), *([total] if total else ()), *needs]
    return strawberry.field(resolver=listing, description=description, metadata=metadata(*needed))


def _parent(root: Any, key: str | tuple[str, str] | None) -> int | tuple[int, int]:
    if key is None:
        return NOBODY
    if isinstance(key, str):
        parent: int = getattr(root, key)
        return parent
    return getattr(root, key[0]), getattr(root, key[1])

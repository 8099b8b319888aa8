"""How types are linked: by the rows that a row's key finds, or by pages of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from inspect import Parameter, Signature
from itertools import repeat
from operator import attrgetter
from typing import Annotated, Any

import strawberry

from resolvers.later import then
from resolvers.paging import NOBODY, Paged, Pages
from resolvers.reads import Many, One, Read, Rows
from resolvers.refused import Refused
from schema.context import Context, Info
from schema.joining import CURSORS, Joins, joins
from schema.paging import Level, Listing
from schema.selection import columns, metadata

Guard = Callable[[Any, Context], None]  # raises Refused where the viewer may not see what belongs to the row


def link(
    read: Any,
    description: str,
    key: str = "id",
    *,
    name: str | None = None,
    guard: Guard | None = None,
    needs: Sequence[str] = (),
    size: int | None = None,
) -> Any:
    """What the read answers for the row's key: a row, or a list of them, which is taken to hold `size`.

    A key that is null finds nothing. Where the guard looks at more columns than the key's, it says what it `needs`.
    """
    key_of, allow = attrgetter(key), _each(guard)
    nothing: Any = () if isinstance(read, Many) else None

    def resolve(root: Any, info: Info) -> Any:
        allow([root], info.context)
        value = key_of(root)
        return nothing if value is None else info.context.store.load(read.only(columns(info)), value)

    def plan(info: Info) -> Any:
        narrowed, joined = read.only(columns(info)), joins(info, single=isinstance(read, One))
        whole = partial(Rows, narrowed.kind)

        def batch(parents: Sequence[Any], context: Context) -> Any:
            allow(parents, context)
            keys = [*map(key_of, parents)]
            there = [one for one in keys if one is not None]
            found = context.store.load_all(narrowed, there, joined.of(context))
            return then(found, whole if len(there) == len(keys) else lambda found: whole(_filled(keys, found, nothing)))

        return batch

    resolve.plan = plan  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]  # the annotation of the field says what it is
    return strawberry.field(
        resolver=resolve,
        description=description,
        name=name,
        metadata=metadata(
            key,
            *needs,
            private=guard is not None,
            size=size,
            joined=None if guard else lambda needed, _given: (read.only(needed), key),
        ),
    )


def _each(guard: Guard | None) -> Callable[[Sequence[Any], Context], None]:
    def allow(parents: Sequence[Any], context: Context) -> None:
        for parent in parents if guard else ():
            guard(parent, context)  # type: ignore[misc]

    return allow


def _filled(keys: Sequence[Any], found: list[Any], nothing: Any) -> list[Any]:
    left = iter(found)
    return [nothing if one is None else next(left) for one in keys]


def _argument(kind: Any, description: str) -> Any:
    return Annotated[kind, strawberry.argument(description=description)]


_SIZES = {
    "first": (int, "How many, from the start or from after `after`: 1 to 100, 20 unless given. Not with `last`."),
    "after": (str, "A cursor of this list with this filter and order: only what comes after it."),
    "last": (int, "How many, from the end or from before `before`: 1 to 100. Not with `first`."),
    "before": (str, "A cursor of this list with this filter and order: only what comes before it."),
}
_make_listing: Callable[..., Listing] = partial(tuple.__new__, Listing)


def paged(
    read: Paged | Callable[[Any], Paged],
    description: str,
    *,
    order: Enum | str,
    filter: type | None = None,
    box: tuple[Any, str] | None = None,
    key: str | tuple[str, str] | None = "id",
    total: str | None = None,
    needs: Sequence[str] = (),
    guard: Guard | None = None,
) -> Any:
    """A connection: pages of the read's list of this row (of nobody's, where key is None).

    A function chooses the read by the row, of which it `needs` columns.

    `order` is the one used when a client names none, a member of the enum that `orderBy` takes; a bare name where
    there is just one. `total` names a column of the row that counts the unfiltered list.
    """
    keyed_by = () if key is None else (key,) if isinstance(key, str) else key
    parent_of = attrgetter(*keyed_by) if keyed_by else lambda _root: NOBODY
    total_of, allow = attrgetter(total) if total else None, _each(guard)

    def listings(
        parents: Sequence[Any], context: Context, of: Paged, joined: Joins | None = None, **given: Any
    ) -> list[Listing]:
        allow(parents, context)
        keys: list[Any] = [*map(parent_of, parents)]
        asked = _pages(of, order, keys, given)
        totals = map(total_of, parents) if total_of and not asked.slice.filter else repeat(None)
        level = Level(context.store, asked, joined.of(context) if joined else ())
        return [*map(_make_listing, zip(repeat(level), keys, totals, strict=False))]

    def listings_by_row(parents: Sequence[Any], context: Context, needed: frozenset[str], **given: Any) -> list[Any]:
        places: defaultdict[Paged, list[int]] = defaultdict(list)
        for place, parent in enumerate(parents):
            places[read(parent).only(needed)].append(place)  # type: ignore[operator]
        found: dict[int, Listing] = {}
        for of, among in places.items():
            found |= zip(among, listings([parents[place] for place in among], context, of, **given), strict=True)
        return [found[place] for place in range(len(parents))]

    def plan(info: Info) -> Any:
        if isinstance(read, Read):
            return partial(listings, of=read.only(columns(info)), joined=joins(info))
        return partial(listings_by_row, needed=columns(info))

    def listing(root: Any, info: Info, **given: Any) -> Any:
        return plan(info)([root], info.context, **given)[0]

    listing.plan = plan  # type: ignore[attr-defined]
    parameters = _parameters(order, filter, box)
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
    needed = [*keyed_by, *([total] if total else ()), *needs]
    # Its rows come and go, whatever each shows.
    return strawberry.field(
        resolver=listing,
        description=description,
        metadata=metadata(
            *needed,
            private=guard is not None,
            age=0,
            joined=_joined(read, order, key, guard),
        ),
    )


def _pages(of: Paged, order: Enum | str, keys: Sequence[Any], given: dict[str, Any]) -> Pages:
    """The pages of the list that the arguments ask for. Raises Refused."""
    asked = {name: value for name, value in given.items() if value is not strawberry.UNSET}
    by, narrowed = asked.pop("order_by", None) or order, asked.pop("filter", None)
    conditions = narrowed.conditions() if narrowed else None
    if (chosen := asked.pop("box", None)) is not None:
        conditions = {**(conditions or {}), chosen.value.lower(): True}
    return of.pages(by.name if isinstance(by, Enum) else by, keys, given=conditions, **asked)


def _joined(read: Any, order: Enum | str, key: Any, guard: Guard | None) -> Any:
    """What makes a read of columns and arguments, and the column with its key; None where it cannot be joined."""
    if guard or not isinstance(read, Read) or not isinstance(key, str):
        return None

    def joined(needed: frozenset[str], given: dict[str, Any]) -> tuple[Pages | None, str]:
        if any(given.get(name) is not None for name in CURSORS):
            return None, key
        try:
            return _pages(read.only(needed), order, [], given), key  # type: ignore[arg-type]
        except Refused:  # whoever reads it says why
            return None, key

    return joined


def _parameters(order: Enum | str, filter: type | None, box: tuple[Any, str] | None) -> dict[str, Any]:
    """The arguments of a connection."""
    found: dict[str, Any] = {}
    if box is not None:
        found["box"] = _argument(box[0] | None, box[1])
    if filter is not None:
        found["filter"] = _argument(filter | None, "Only what matches all of this.")
    if isinstance(order, Enum):
        found["order_by"] = _argument(type(order) | None, "The order; ties are broken the same way every time.")
    return found | {name: _argument(kind | None, text) for name, (kind, text) in _SIZES.items()}

"""Pages of a list per parent, by keyset cursors: one statement a level whatever the number of parents."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from hashlib import blake2s
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, ColumnElement, Select

from resolvers.drivers import Reader
from resolvers.later import Later, then
from resolvers.page_statements import (
    LAST,
    LIMIT,
    Term,
    count_statement,
    for_one,
    for_outer,
    list_statement,
    page_statement,
    parent_values,
    slice_shape,
    slice_values,
)
from resolvers.reads import Read, row_kind
from resolvers.refused import Refused

NOBODY = 0  # the parent of a list that has none
MOST = 100
USUAL = 20

# Names among a read's columns that ask for more than columns.
CURSORS = "page_"  # the page of each row, which makes its cursor
MORE = "more_"  # whether there is more beyond the page

Filter = tuple[tuple[str, Any], ...]  # names of conditions and their values, sorted
Parent = int | tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of a list."""

    order: str
    limit: int = USUAL
    backwards: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    filter: Filter = ()


class Page(NamedTuple):
    pages: Pages
    parent: Parent
    rows: list[Any]
    more: bool  # beyond the end that the slice walks to

    @property
    def has_next(self) -> bool:
        return self.pages.slice.before is not None if self.pages.slice.backwards else self.more

    @property
    def has_previous(self) -> bool:
        return self.more if self.pages.slice.backwards else self.pages.slice.after is not None

    def cursor(self, row: Any) -> str:
        """Of a row of a read that has CURSORS among its columns."""
        asked = self.pages.slice
        values = row[1 : 1 + len(self.pages.read.orders[asked.order])]
        return self.pages.read.cursor(self.parent, asked, values)


_make_page: Callable[..., Page] = partial(tuple.__new__, Page)


@dataclass(frozen=True, eq=False)
class Lean:
    """What tells the rows of a page by less than they are, so that only those are looked up that it shows."""

    orders: frozenset[str]  # that need no more
    statement: Select[Any] | None = None  # of the list; its own where that is less by an index that has all of it
    identity: Any = None
    dialect: str | None = None  # the only one where it is less

    def of(self, pages: Paged) -> Paged:
        """The list by it."""
        if self.statement is None:
            return replace(pages, lean=None)
        orders = {
            name: [term._replace(column=self.identity) if term.column is pages.identity else term for term in terms]
            for name, terms in pages.orders.items()
            if name in self.orders
        }
        return replace(pages, statement=self.statement, identity=self.identity, orders=orders, lean=None)


@dataclass(frozen=True, eq=False, kw_only=True)
class Paged(Read):
    """A list per parent. Its name is part of each cursor, so it never changes.

    `identity` is the column that tells a list's rows apart; each order ends with it. `members` selects the identities
    that belong to PARENT, once or more often, where the statement itself does not say so. `filters` are conditions by
    name, each with one bound parameter of the same name.
    """

    name: str
    identity: Any
    orders: Mapping[str, Sequence[Term]]
    filters: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    members: Select[Any] | None = None
    lean: Lean | None = None
    indexed: frozenset[str] = frozenset()  # the orders of a long list of which, unfiltered, a page is short
    paired: bool = False  # parents are pairs: PARENT and OTHER_PARENT
    moving: frozenset[str] = frozenset()  # the orders and filters that people's own writes have a part in
    moved_kind: type | None = None  # of what those writes change, where it is not the list's own

    def pages(
        self,
        order: str,
        parents: Sequence[Parent],
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Pages:
        """The pages that a client asks for, of these parents. Raises Refused (BAD_USER_INPUT, BAD_CURSOR)."""
        if first is not None and last is not None:
            raise Refused("BAD_USER_INPUT", "Give `first` or `last`, not both.", "last")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= MOST:
                raise Refused("BAD_USER_INPUT", f"`{name}` must be from 1 to {MOST}, not {size}.", name)
        conditions = tuple(sorted(given.items())) if given else ()
        limit, ends = last or first or USUAL, {}
        if after is not None or before is not None:
            asked = Slice(order, filter=conditions)
            for argument, cursor in (("after", after), ("before", before)):
                for parent in parents if cursor is not None else ():
                    ends[argument] = self._position(parent, asked, cursor or "", argument)
        return Pages(self, Slice(order, limit, last is not None, filter=conditions, **ends))

    def cursor(self, parent: Parent, asked: Slice, values: Sequence[Any]) -> str:
        whole = [self._digest(parent, asked, values), *values]
        return urlsafe_b64encode(orjson.dumps(whole)).decode().rstrip("=")

    def _position(self, parent: Parent, asked: Slice, cursor: str, argument: str) -> tuple[Any, ...]:
        terms = self.orders[asked.order]
        try:
            digest, *values = orjson.loads(b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        except (ValueError, TypeError):
            digest, values = None, []
        fits = len(values) == len(terms) and all(map(_fits, terms, values))
        if not fits or digest != self._digest(parent, asked, values):
            raise Refused("BAD_CURSOR", f"`{argument}` is no cursor of this list, filter and order.", argument)
        return tuple(values)

    def _digest(self, parent: Parent, asked: Slice, values: Sequence[Any]) -> str:
        """Binds a cursor to its list, filter and order. It hides nothing and needs no secret: it catches mistakes."""
        bound = orjson.dumps([self.name, parent, asked.order, asked.filter, values])
        return blake2s(bound, digest_size=6).hexdigest()

    @cached_property
    def with_cursors(self) -> bool:
        return self.columns is None or CURSORS in self.columns

    @cached_property
    def with_more(self) -> bool:
        return self.columns is None or MORE in self.columns

    @cached_property
    def kinds(self) -> dict[str, Any]:
        """The classes of its rows, by order."""
        kinds = {}
        for order, terms in self.orders.items():
            places = [f"order_{index}" for index in range(len(terms))] if self.with_cursors else ()
            page = (CURSORS,) if self.with_cursors else ()
            kinds[order] = row_kind(self.entity, ("key_", *places, *self.selected, *page))
        return kinds


class Pages(NamedTuple):
    """A slice of every list, as a read: its keys are parents, its answers Pages."""

    read: Paged
    slice: Slice

    @property
    def moved_by(self) -> str | None:
        return _moved_by(self.read, self.slice)

    @property
    def counts(self) -> Counts:
        return Counts(self.read.only(frozenset()), Slice(self.slice.order, filter=self.slice.filter))

    def fetch(self, reader: Reader, keys: Sequence[Parent]) -> Later:
        read, asked = self
        dialect, alone = reader.dialect.name, len(keys) == 1
        shape = (slice_shape(asked), alone)

        def build() -> Select[Any]:
            return self.of_one(dialect) if alone else page_statement(dialect, read, asked)

        rows = read.run(reader, shape, build, keys, self.values(keys), long=self.long)
        found: Later = then(rows, lambda rows: self._by_keys(keys, rows))
        return found

    def values(self, keys: Sequence[Parent]) -> dict[str, Any]:
        """The parents, and the slice, as its statements take them."""
        return {**parent_values(keys), LIMIT: self.most, LAST: self.most - 1, **slice_values(self.slice)}

    @property
    def long(self) -> bool:
        """Whether it may take more than a moment whatever the keys."""
        return self.read.long and (bool(self.slice.filter) or self.slice.order not in self.read.indexed)

    @property
    def most(self) -> int:
        """How many rows of a list are read: one more than it shows where that is to tell whether there are more."""
        return self.slice.limit + self.read.with_more

    @property
    def shape(self) -> Hashable:
        """What decides its statement's text."""
        return self.read, slice_shape(self.slice)

    @property
    def shown(self) -> Iterable[ColumnElement[Any]]:
        """What its rows are made of."""
        places = [term.column for term in self.read.orders[self.slice.order]] if self.read.with_cursors else []
        return [*places, *self.read.selected.values()]

    def of_one(self, dialect: str) -> Select[Any]:
        """Its statement for a single parent."""
        return for_one(list_statement(dialect, self.read, self.slice))

    def of_outer(self, dialect: str, parent: ColumnElement[Any], limit: str) -> Select[Any]:
        """Its statement for the parent that a statement around it has."""
        return for_outer(list_statement(dialect, self.read, self.slice), parent, limit)

    def _by_keys(self, keys: Sequence[Parent], rows: list[Any]) -> list[Any]:
        found: list[list[Any]] = [[] for _ in keys]
        for row in rows:
            found[row[0]].append(row)
        return self.answers(keys, found)

    def answers(self, keys: Sequence[Parent], found: Sequence[list[Any]]) -> list[Any]:
        """The page of each parent, of the rows that were found for each."""
        limit, backwards = self.slice.limit, self.slice.backwards
        more = [len(one) > limit for one in found]
        for one in found if backwards or True in more else ():
            del one[limit:]
            if backwards:
                one.reverse()
        pages = [*map(_make_page, zip(repeat(self), keys, found, more, strict=False))]
        for page in pages if self.read.with_cursors else ():
            page.rows[:] = [(*row, page) for row in page.rows]
        return pages

    @property
    def kind(self) -> Any:
        """The class of its rows."""
        return self.read.kinds[self.slice.order]

    def made(self, value: Page) -> Page:
        return value._replace(rows=[tuple.__new__(self.kind, row) for row in value.rows])

    def rows(self, value: Page) -> Sequence[Any]:
        return value.rows


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows every list has under a filter, as a read: its keys are parents."""

    read: Paged
    slice: Slice

    def fetch(self, reader: Reader, keys: Sequence[Parent]) -> Later:
        read, asked = self.read, self.slice
        shape, values = ("count", slice_shape(asked)), {**parent_values(keys), **slice_values(asked)}
        rows = read.run(
            reader, shape, lambda: count_statement(reader.dialect.name, read, asked), keys, values, long=read.long
        )
        found: Later = then(rows, _totals)
        return found

    @property
    def moved_by(self) -> str | None:
        return _moved_by(self.read, self.slice)

    @property
    def kind(self) -> None:
        """It answers no rows."""

    def made(self, value: int) -> int:
        return value

    def rows(self, value: int) -> Sequence[Any]:
        del value
        return ()


def _moved_by(read: Paged, asked: Slice) -> str | None:
    if read.moving.isdisjoint({asked.order, *[name for name, _ in asked.filter]}):
        return None
    return (read.moved_kind or read.entity).__name__


def _totals(rows: list[Any]) -> list[Any]:
    return [total for _, total in sorted(rows, key=itemgetter(0))]


def _fits(term: Term, value: Any) -> bool:
    """Whether a database takes the value for the column: anyone can make up a cursor."""
    kind = term.column.type
    if type(value) is not kind.python_type:
        return False
    if isinstance(value, int):
        most: int = 2**63 if isinstance(kind, BigInteger) else 2**31
        return -most <= value < most
    return not isinstance(value, str) or "\0" not in value

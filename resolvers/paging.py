"""Pages of a list per parent, by keyset cursors: one statement a level whatever the number of parents."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial, reduce
from hashlib import blake2s
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import FromClause, FromGrouping, Join

from resolvers.drivers import Reader
from resolvers.reads import KEYS, Read, row_type
from resolvers.refused import Refused

# The parent of a page, inside its statement: a list is `select(...).where(<column> == PARENT)`.
PARENT: ColumnElement[int] = literal_column("k.value", BigInteger())
# The other one, of a list that two parents share.
OTHER_PARENT: ColumnElement[int] = literal_column("k.other", BigInteger())
_PLACE: ColumnElement[int] = literal_column("k.key", Integer())  # of the parent among the keys, from 0
_PLACE_FROM_1: ColumnElement[int] = literal_column("k.key - 1", Integer())  # as PostgreSQL numbers them
NOBODY = 0  # the parent of a list that has none
MOST = 100
USUAL = 20


class Term(NamedTuple):
    """One key of an order. The column is never null."""

    column: Any
    descending: bool = False


def up(column: Any) -> Term:
    return Term(column)


def down(column: Any) -> Term:
    return Term(column, descending=True)


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
    _hash: int = field(init=False, repr=False, compare=False)  # asked for with each window of a level

    def __post_init__(self) -> None:
        told = (self.order, self.limit, self.backwards, self.after, self.before, self.filter)
        object.__setattr__(self, "_hash", hash(told))

    def __hash__(self) -> int:
        return self._hash


class Window(NamedTuple):
    """A slice of one parent's list."""

    parent: Parent
    slice: Slice


class Page(NamedTuple):
    read: Paged
    window: Window
    rows: Sequence[Any]
    more: bool  # beyond the end that the window walks to

    @property
    def has_next(self) -> bool:
        return self.window.slice.before is not None if self.window.slice.backwards else self.more

    @property
    def has_previous(self) -> bool:
        return self.more if self.window.slice.backwards else self.window.slice.after is not None

    def cursor(self, row: Any) -> str:
        return self.read.cursor(self.window, row)


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
    paired: bool = False  # parents are pairs: PARENT and OTHER_PARENT
    # How many rows each list has; narrowed reads share it.
    count: Count = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.count is None:
            object.__setattr__(self, "count", Count(self.statement, pages=self, long=self.long))

    def window(self, parent: Parent, order: str, **asked: Any) -> Window:
        """The one window of `windows`."""
        return self.windows([parent], order, **asked)[0]

    def windows(
        self,
        parents: Sequence[Parent],
        order: str,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> list[Window]:
        """The windows that a client asks for, all of one slice. Raises Refused (BAD_USER_INPUT, BAD_CURSOR)."""
        if first is not None and last is not None:
            raise Refused("BAD_USER_INPUT", "Give `first` or `last`, not both.", "last")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= MOST:
                raise Refused("BAD_USER_INPUT", f"`{name}` must be from 1 to {MOST}, not {size}.", name)
        conditions = tuple(sorted((given or {}).items()))
        ends: dict[str, tuple[Any, ...]] = {}
        for argument, cursor in (("after", after), ("before", before)):
            if cursor is not None:
                for parent in parents:
                    ends[argument] = self._position(Window(parent, Slice(order, filter=conditions)), cursor, argument)
        asked = Slice(order, last or first or USUAL, last is not None, filter=conditions, **ends)
        return [Window(parent, asked) for parent in parents]

    def cursor(self, window: Window, row: Any) -> str:
        values = row[1 : 1 + len(self.orders[window.slice.order])]
        return urlsafe_b64encode(orjson.dumps([self._digest(window, values), *values])).decode().rstrip("=")

    def _position(self, window: Window, cursor: str, argument: str) -> tuple[Any, ...]:
        terms = self.orders[window.slice.order]
        try:
            digest, *values = orjson.loads(b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        except (ValueError, TypeError):
            digest, values = None, []
        fits = len(values) == len(terms) and all(map(_fits, terms, values))
        if not fits or digest != self._digest(window, values):
            raise Refused("BAD_CURSOR", f"`{argument}` is no cursor of this list, filter and order.", argument)
        return tuple(values)

    def _digest(self, window: Window, values: Sequence[Any]) -> str:
        """Binds a cursor to its list, filter and order. It hides nothing and needs no secret: it catches mistakes."""
        bound = orjson.dumps([self.name, window.parent, window.slice.order, window.slice.filter, values])
        return blake2s(bound, digest_size=6).hexdigest()

    async def fetch(self, reader: Reader, keys: Sequence[Window]) -> list[Page]:
        groups = _by_slice(keys)
        if len(groups) == 1:
            return await self._pages(reader, keys)
        pages: dict[Window, Page] = {}
        for windows in groups:
            pages.update(zip(windows, await self._pages(reader, windows), strict=True))
        return [pages[window] for window in keys]

    async def _pages(self, reader: Reader, windows: Sequence[Window]) -> list[Page]:
        asked = windows[0].slice
        build = cast("Callable[[Slice], Select[Any]]", getattr(self, f"_for_{reader.dialect.name}"))
        compiled = self.compiled(reader, _shape(asked), lambda: build(asked))
        values = compiled.values({**_keys(windows), "limit_": asked.limit + 1, **_bound(asked)})
        found: list[list[Any]] = [[] for _ in windows]
        make = self._makers[asked.order]
        for row in await reader.fetch(compiled.sql, values, long=self.long):
            found[row[0]].append(make(row))
        return [self._page(window, rows) for window, rows in zip(windows, found, strict=True)]

    @cached_property
    def _makers(self) -> dict[str, Callable[[Sequence[Any]], Any]]:
        """What makes a row of a driver's, by order."""
        made = {}
        for order, terms in self.orders.items():
            places = [f"order_{index}" for index in range(len(terms))]
            made[order] = row_type(self.entity, ("key_", *places, *self.selected))._make
        return made

    def _page(self, window: Window, rows: list[Any]) -> Page:
        limit, backwards = window.slice.limit, window.slice.backwards
        more = len(rows) > limit
        if more:
            del rows[limit:]
        if backwards:
            rows.reverse()
        return Page(self, window, rows, more)

    def _for_postgresql(self, asked: Slice) -> Select[Any]:
        """Each parent's rows by a subquery of its own, so the cost follows the page and not the list."""
        page = self._rows(asked).with_only_columns(*self._order_columns(asked), *self._shown()).lateral("p")
        parents = _parents("postgresql", paired=self.paired)
        ordered = [
            page.c[f"order_{index}"].desc() if term.descending else page.c[f"order_{index}"]
            for index, term in enumerate(self._terms(asked))
        ]
        return (
            select(_PLACE_FROM_1.label("key_"), *page.c)
            .select_from(parents.join(page, true()))
            .order_by(_PLACE, *ordered)
        )

    def _for_sqlite(self, asked: Slice) -> Select[Any]:
        """SQLite has no LATERAL, but a table-valued function may take a subquery that names what stands before it."""
        identities = self._rows(asked).with_only_columns(self.identity.label("i")).subquery()
        listed = select(func.json_group_array(identities.c.i)).scalar_subquery()
        place = func.json_each(listed).table_valued("key", "value", name="p")
        whole = self.statement
        tables = (_parents("sqlite", paired=self.paired), place, *whole.get_final_froms())
        return (
            select(_PLACE.label("key_"), *self._order_columns(asked), *self._shown())
            .select_from(reduce(lambda left, right: _CrossJoin(left, right, true()), tables))
            .where(*([] if whole.whereclause is None else [whole.whereclause]), self.identity == place.c.value)
            .order_by(_PLACE, place.c.key)
        )

    def _rows(self, asked: Slice) -> Select[Any]:
        statement = self.filtered(asked)
        terms = self._terms(asked)
        orders = self.orders[asked.order]
        if asked.after is not None:
            statement = statement.where(_beyond(orders, "after"))
        if asked.before is not None:
            statement = statement.where(_beyond([_reversed(term) for term in orders], "before"))
        ordered = [term.column.desc() if term.descending else term.column for term in terms]
        return statement.order_by(None).order_by(*ordered).limit(bindparam("limit_", type_=Integer()))

    def filtered(self, asked: Slice) -> Select[Any]:
        statement = self.statement.where(*[self.filters[name] for name, _ in asked.filter])
        if self.members is None:
            return statement
        # A subquery of its own, found first: asked row by row, a planner would walk the order's index and ask each.
        members = self.members.distinct().offset(literal_column("0")).subquery("members")
        return statement.where(self.identity == next(iter(members.c)))

    def _terms(self, asked: Slice) -> Sequence[Term]:
        terms = self.orders[asked.order]
        return [_reversed(term) for term in terms] if asked.backwards else terms

    def _order_columns(self, asked: Slice) -> list[Any]:
        return [term.column.label(f"order_{index}") for index, term in enumerate(self.orders[asked.order])]

    def _shown(self) -> list[Any]:
        return [column.label(name) for name, column in self.selected.items()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Count(Read):
    """How many rows a parent's list has under a filter."""

    pages: Paged

    async def fetch(self, reader: Reader, keys: Sequence[Window]) -> list[int]:
        counts: dict[Window, int] = {}
        for windows in _by_slice(keys):
            asked = windows[0].slice
            compiled = self.compiled(reader, _shape(asked), partial(self._build, reader, asked))
            values = compiled.values({**_keys(windows), **_bound(asked)})
            rows = await reader.fetch(compiled.sql, values, long=self.long)
            counts |= {windows[place]: total for place, total in rows}
        return [counts[window] for window in keys]

    def _build(self, reader: Reader, asked: Slice) -> Select[Any]:
        rows = self.pages.filtered(asked).with_only_columns(self.pages.identity.label("i")).order_by(None).subquery()
        total = select(func.count()).select_from(rows).scalar_subquery()
        place = _PLACE if reader.dialect.name == "sqlite" else _PLACE_FROM_1
        parents = _parents(reader.dialect.name, paired=self.pages.paired)
        return select(place.label("key_"), total.label("total")).select_from(parents)


class _CrossJoin(Join):
    """Tables that SQLite joins as they stand: by itself it may put a correlated list behind what the list finds."""

    inherit_cache = True


@compiles(_CrossJoin)
def _cross_joined(element: _CrossJoin, compiler: SQLCompiler, **options: Any) -> str:
    def joined(table: Any) -> str:
        if isinstance(table, FromGrouping):
            return joined(table.element)  # in parentheses its tables would be free again
        if not isinstance(table, Join) or table.isouter:
            return str(compiler.process(table, **options))
        both = f"{joined(table.left)} CROSS JOIN {joined(table.right)}"
        if isinstance(table, _CrossJoin) or table.onclause is None:
            return both
        return f"{both} ON {compiler.process(table.onclause, **options)}"

    return joined(element)


def _fits(term: Term, value: Any) -> bool:
    """Whether a database takes the value for the column: anyone can make up a cursor."""
    kind = term.column.type
    if type(value) is not kind.python_type:
        return False
    if isinstance(value, int):
        most: int = 2**63 if isinstance(kind, BigInteger) else 2**31
        return -most <= value < most
    return not isinstance(value, str) or "\0" not in value


def _parents(dialect: str, *, paired: bool) -> FromClause:
    """The parents as a table `k` of place, value and, in pairs, the other value."""
    if dialect == "sqlite":
        each = func.json_each(bindparam(KEYS)).table_valued("key", "value")
        if not paired:
            return each.alias("k")
        of_pair = [func.json_extract(each.c.value, f"$[{index}]").label(name) for index, name in enumerate(_PAIR)]
        return select(each.c.key, *of_pair).subquery("k")
    names = _PAIR if paired else _PAIR[:1]
    arrays = [bindparam(f"{KEYS}_{name}", type_=ARRAY(BigInteger())) for name in names]
    return func.unnest(*arrays).table_valued(*names, with_ordinality="key").render_derived(name="k")


_PAIR = ("value", "other")


def _keys(windows: Sequence[Window]) -> dict[str, Any]:
    """The parents as each database takes them: one JSON array, or an array a column."""
    parents = [one.parent for one in windows]
    columns = zip(*[one if isinstance(one, tuple) else (one,) for one in parents], strict=True)
    return {KEYS: parents, **{f"{KEYS}_{name}": list(column) for name, column in zip(_PAIR, columns, strict=False)}}


def _by_slice(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that differ only in their parent share a statement."""
    groups: defaultdict[Slice, list[Window]] = defaultdict(list)
    if all(window.slice is windows[0].slice for window in windows):
        return [list(windows)]
    for window in windows:
        groups[window.slice].append(window)
    return list(groups.values())


def _shape(asked: Slice) -> tuple[Any, ...]:
    """What decides a statement's text."""
    names = tuple(name for name, _ in asked.filter)
    return asked.order, asked.backwards, asked.after is None, asked.before is None, names


def _bound(asked: Slice) -> dict[str, Any]:
    bound = dict(asked.filter)
    for side in ("after", "before"):
        bound |= {f"{side}_{index}": value for index, value in enumerate(getattr(asked, side) or ())}
    return bound


def _reversed(term: Term) -> Term:
    return Term(term.column, not term.descending)


def _beyond(terms: Sequence[Term], side: str) -> ColumnElement[bool]:
    """Rows that come after a position. It begins with a plain range of the first key, which an index can serve."""
    beyond: ColumnElement[bool] = false()
    for index in range(len(terms) - 1, -1, -1):
        column, descending = terms[index]
        value = bindparam(f"{side}_{index}", type_=column.type)
        strictly = column < value if descending else column > value
        beyond = or_(strictly, and_(column == value, beyond))
        if index == 0 and len(terms) > 1:
            beyond = and_(column <= value if descending else column >= value, beyond)
    return beyond

"""Pages of a list per parent, by keyset cursors: one statement a level whatever the number of parents."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
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
from sqlalchemy.sql.selectable import FromClause

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


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of one parent's list."""

    parent: int | tuple[int, int]
    order: str
    limit: int = USUAL
    backwards: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    filter: Filter = ()


@dataclass(frozen=True, slots=True)
class Page:
    read: Paged
    window: Window
    rows: Sequence[Any]
    more: bool  # beyond the end that the window walks to

    @property
    def has_next(self) -> bool:
        return self.window.before is not None if self.window.backwards else self.more

    @property
    def has_previous(self) -> bool:
        return self.more if self.window.backwards else self.window.after is not None

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

    def window(
        self,
        parent: int | tuple[int, int],
        order: str,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> Window:
        """The window that a client asks for. Raises Refused (BAD_USER_INPUT, BAD_CURSOR)."""
        if first is not None and last is not None:
            raise Refused("BAD_USER_INPUT", "Give `first` or `last`, not both.", "last")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 1 <= size <= MOST:
                raise Refused("BAD_USER_INPUT", f"`{name}` must be from 1 to {MOST}, not {size}.", name)
        conditions = tuple(sorted((given or {}).items()))
        plain = Window(parent, order, filter=conditions)
        return Window(
            parent,
            order,
            last or first or USUAL,
            last is not None,
            after if after is None else self._position(plain, after, "after"),
            before if before is None else self._position(plain, before, "before"),
            conditions,
        )

    def cursor(self, window: Window, row: Any) -> str:
        values = row[1 : 1 + len(self.orders[window.order])]
        return urlsafe_b64encode(orjson.dumps([self._digest(window, values), *values])).decode().rstrip("=")

    def _position(self, window: Window, cursor: str, argument: str) -> tuple[Any, ...]:
        terms = self.orders[window.order]
        try:
            digest, *values = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (ValueError, TypeError):
            digest, values = None, []
        kinds = [term.column.type.python_type for term in terms]
        alike = len(values) == len(kinds) and all(map(isinstance, values, kinds))
        if not alike or digest != self._digest(window, values):
            raise Refused("BAD_CURSOR", f"`{argument}` is no cursor of this list, filter and order.", argument)
        return tuple(values)

    def _digest(self, window: Window, values: Sequence[Any]) -> str:
        """Binds a cursor to its list, filter and order. It hides nothing and needs no secret: it catches mistakes."""
        bound = orjson.dumps([self.name, window.parent, window.order, window.filter, values])
        return blake2s(bound, digest_size=6).hexdigest()

    async def fetch(self, reader: Reader, keys: Sequence[Window]) -> list[Page]:
        pages: dict[Window, Page] = {}
        for alike in _alike(keys):
            pages |= await self._pages(reader, alike)
        return [pages[window] for window in keys]

    async def _pages(self, reader: Reader, windows: Sequence[Window]) -> dict[Window, Page]:
        window = windows[0]
        columns = self.selected()
        build = cast("Callable[[Window], Select[Any]]", getattr(self, f"_for_{reader.dialect.name}"))
        compiled = self.compiled(reader, _shape(window), lambda: build(window))
        values = compiled.values({**_keys(windows), "limit_": window.limit + 1, **_bound(window)})
        terms = [f"order_{index}" for index in range(len(self.orders[window.order]))]
        make = row_type(self.entity, ("key_", *terms, *columns))._make
        found: defaultdict[int, list[Any]] = defaultdict(list)
        for row in await reader.fetch(compiled.sql, values, long=self.long):
            found[row[0]].append(make(row))
        return {one: self._page(one, found[place]) for place, one in enumerate(windows)}

    def _page(self, window: Window, rows: list[Any]) -> Page:
        more = len(rows) > window.limit
        rows = rows[: window.limit]
        return Page(self, window, rows[::-1] if window.backwards else rows, more)

    def _for_postgresql(self, window: Window) -> Select[Any]:
        """Each parent's rows by a subquery of its own, so the cost follows the page and not the list."""
        page = self._rows(window).with_only_columns(*self._order_columns(window), *self._shown()).lateral("p")
        parents = _parents("postgresql", paired=self.paired)
        ordered = [
            page.c[f"order_{index}"].desc() if term.descending else page.c[f"order_{index}"]
            for index, term in enumerate(self._terms(window))
        ]
        return (
            select(_PLACE_FROM_1.label("key_"), *page.c)
            .select_from(parents.join(page, true()))
            .order_by(_PLACE, *ordered)
        )

    def _for_sqlite(self, window: Window) -> Select[Any]:
        """SQLite has no LATERAL, but a table-valued function may take a subquery that names what stands before it."""
        identities = self._rows(window).with_only_columns(self.identity.label("i")).subquery()
        listed = select(func.json_group_array(identities.c.i)).scalar_subquery()
        place = func.json_each(listed).table_valued("key", "value", name="p")
        whole = self.statement
        return (
            select(_PLACE.label("key_"), *self._order_columns(window), *self._shown())
            .select_from(_parents("sqlite", paired=self.paired), place, *whole.get_final_froms())
            .where(*([] if whole.whereclause is None else [whole.whereclause]), self.identity == place.c.value)
            .order_by(_PLACE, place.c.key)
        )

    def _rows(self, window: Window) -> Select[Any]:
        statement = self.filtered(window)
        terms = self._terms(window)
        orders = self.orders[window.order]
        if window.after is not None:
            statement = statement.where(_beyond(orders, "after"))
        if window.before is not None:
            statement = statement.where(_beyond([_reversed(term) for term in orders], "before"))
        ordered = [term.column.desc() if term.descending else term.column for term in terms]
        return statement.order_by(None).order_by(*ordered).limit(bindparam("limit_", type_=Integer()))

    def filtered(self, window: Window) -> Select[Any]:
        statement = self.statement.where(*[self.filters[name] for name, _ in window.filter])
        if self.members is None:
            return statement
        # A subquery of its own, found first: asked row by row, a planner would walk the order's index and ask each.
        members = self.members.distinct().offset(literal_column("0")).subquery("members")
        return statement.where(self.identity == next(iter(members.c)))

    def _terms(self, window: Window) -> Sequence[Term]:
        terms = self.orders[window.order]
        return [_reversed(term) for term in terms] if window.backwards else terms

    def _order_columns(self, window: Window) -> list[Any]:
        return [term.column.label(f"order_{index}") for index, term in enumerate(self.orders[window.order])]

    def _shown(self) -> list[Any]:
        return [column.label(name) for name, column in self.selected().items()]


@dataclass(frozen=True, eq=False, kw_only=True)
class Count(Read):
    """How many rows a parent's list has under a filter."""

    pages: Paged

    async def fetch(self, reader: Reader, keys: Sequence[Window]) -> list[int]:
        counts: dict[Window, int] = {}
        for alike in _alike(keys):
            compiled = self.compiled(reader, _shape(alike[0]), partial(self._build, reader, alike[0]))
            values = compiled.values({**_keys(alike), **_bound(alike[0])})
            rows = await reader.fetch(compiled.sql, values, long=self.long)
            counts |= {alike[place]: total for place, total in rows}
        return [counts[window] for window in keys]

    def _build(self, reader: Reader, window: Window) -> Select[Any]:
        rows = self.pages.filtered(window).with_only_columns(self.pages.identity.label("i")).order_by(None).subquery()
        total = select(func.count()).select_from(rows).scalar_subquery()
        place = _PLACE if reader.dialect.name == "sqlite" else _PLACE_FROM_1
        parents = _parents(reader.dialect.name, paired=self.pages.paired)
        return select(place.label("key_"), total.label("total")).select_from(parents)


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


def _alike(windows: Sequence[Window]) -> list[list[Window]]:
    """Windows that differ only in their parent share a statement."""
    groups: defaultdict[Any, list[Window]] = defaultdict(list)
    for one in windows:
        groups[one.order, one.limit, one.backwards, one.after, one.before, one.filter].append(one)
    return list(groups.values())


def _shape(window: Window) -> tuple[Any, ...]:
    """What decides a statement's text."""
    names = tuple(name for name, _ in window.filter)
    return window.order, window.backwards, window.after is None, window.before is None, names


def _bound(window: Window) -> dict[str, Any]:
    bound = dict(window.filter)
    for side in ("after", "before"):
        bound |= {f"{side}_{index}": value for index, value in enumerate(getattr(window, side) or ())}
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

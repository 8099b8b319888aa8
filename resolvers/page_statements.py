"""The statements of pages: one for all parents of a level, on each database in its own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
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
from sqlalchemy.sql.visitors import replacement_traverse

from resolvers.reads import KEYS

if TYPE_CHECKING:
    from resolvers.paging import Paged, Slice

# The parent of a page, inside its statement: a list is `select(...).where(<column> == PARENT)`.
PARENT: ColumnElement[int] = literal_column("k.value", BigInteger())
# The other one, of a list that two parents share.
OTHER_PARENT: ColumnElement[int] = literal_column("k.other", BigInteger())
LIMIT = "limit_"
LAST = "last_"  # the limit less one
LARGEST = 2**63 - 1
_ONLY = {PARENT: "parent_", OTHER_PARENT: "other_parent_"}  # where there is but one, as plain parameters
_PLACE: ColumnElement[int] = literal_column("k.key", Integer())  # of the parent among the keys, from 0
_PLACE_FROM_1: ColumnElement[int] = literal_column("k.key - 1", Integer())  # as PostgreSQL numbers them
_FIRST_PLACE: ColumnElement[int] = literal_column("0", Integer())
_PAIR = ("value", "other")
_PARENT_NAMES = [(f"{KEYS}_{name}", only) for name, only in zip(_PAIR, _ONLY.values(), strict=True)]


class Term(NamedTuple):
    """One key of an order. The column is never null."""

    column: Any
    descending: bool = False


def up(column: Any) -> Term:
    return Term(column)


def down(column: Any) -> Term:
    return Term(column, descending=True)


def page_statement(dialect: str, pages: Paged, asked: Slice) -> Select[Any]:
    """The slice of each parent's list; rows begin with their parent's place, from 0."""
    if dialect == "postgresql":
        return _laterally(pages, asked)
    if len(pages.orders[asked.order]) == 1 and pages.members is None and not asked.backwards:
        return _up_to_last(pages, asked)
    return _by_list(pages, asked)


def count_statement(dialect: str, pages: Paged, asked: Slice) -> Select[Any]:
    """Each parent's place and how many rows its list has under the slice's filter."""
    rows = filtered(pages, asked).with_only_columns(pages.identity.label("i")).order_by(None).subquery()
    return of_each(dialect, select(func.count()).select_from(rows), paired=pages.paired)


def of_each(dialect: str, value: Select[Any], *, paired: bool) -> Select[Any]:
    """Each parent's place and the one value that is selected of PARENT's list."""
    place = _PLACE if dialect == "sqlite" else _PLACE_FROM_1
    parents = _parents(dialect, paired=paired)
    return select(place.label("key_"), value.scalar_subquery().label("value")).select_from(parents)


def of_the_only(value: Select[Any]) -> Select[Any]:
    """The same of one parent, whose list is `for_one`."""
    return select(_FIRST_PLACE.label("key_"), value.scalar_subquery().label("value"))


def parent_values(parents: Sequence[Any]) -> dict[str, Any]:
    """The parents as the statements take them: one JSON array, an array a column, or as plain parameters."""
    columns = [*zip(*parents, strict=True)] if isinstance(parents[0], tuple) else [parents]
    values: dict[str, Any] = {KEYS: parents}
    for (whole, only), column in zip(_PARENT_NAMES, columns, strict=False):
        values[whole], values[only] = column, column[0]
    return values


def slice_values(asked: Slice) -> Mapping[str, Any]:
    values = dict(asked.filter)
    for side in ("after", "before"):
        values |= {f"{side}_{index}": value for index, value in enumerate(getattr(asked, side) or ())}
    return values


def slice_shape(asked: Slice) -> tuple[Any, ...]:
    """What of a slice decides a statement's text."""
    names = tuple(name for name, _ in asked.filter)
    return asked.order, asked.backwards, asked.after is None, asked.before is None, names


def _laterally(pages: Paged, asked: Slice) -> Select[Any]:
    """Each parent's rows by a subquery of its own, so the cost follows the page and not the list."""
    shown = _shown(pages, asked)
    page = _showing("postgresql", pages, asked, shown or [literal_column("1").label("there")]).lateral("p")
    # Without an order of its own: a parent's rows come as its subquery, which runs once for it, orders them.
    return select(_PLACE_FROM_1.label("key_"), *[*page.c][: len(shown)]).select_from(
        _parents("postgresql", paired=pages.paired).join(page, true())
    )


def list_statement(dialect: str, pages: Paged, asked: Slice) -> Select[Any]:
    """The slice of PARENT's list, as that of the first among the parents."""
    return _showing(dialect, pages, asked, [_FIRST_PLACE.label("key_"), *_shown(pages, asked)])


def for_one(statement: Select[Any]) -> Select[Any]:
    """The statement of the only parent's list, which needs no table of parents."""
    return _replaced(statement, {parent: bindparam(name, type_=BigInteger()) for parent, name in _ONLY.items()})


def for_outer(statement: Select[Any], parent: ColumnElement[Any], limit: str) -> Select[Any]:
    """The statement of the list of a parent that a statement around it has, with a limit of its own name."""
    return _replaced(statement, {PARENT: parent}, limit)


def _replaced(statement: Select[Any], parents: Mapping[Any, ColumnElement[Any]], limit: str = LIMIT) -> Select[Any]:
    def replaced(element: Any, **_: Any) -> Any:
        if isinstance(element, BindParameter):
            return bindparam(limit, type_=element.type) if element.key == LIMIT != limit else None
        return parents.get(element) if isinstance(element, ColumnElement) else None

    found: Select[Any] = cast("Any", replacement_traverse(statement, {}, replaced))
    return found


def _up_to_last(pages: Paged, asked: Slice) -> Select[Any]:
    """A list in the order of its identity alone goes up to the last identity of the page."""
    column, descending = pages.orders[asked.order][0]
    last = (
        _rows(pages, asked).with_only_columns(column).correlate(None).limit(1).offset(bindparam(LAST, type_=Integer()))
    )
    # Where there is no such row, the list ends before the page does.
    end = func.coalesce(last.scalar_subquery(), literal_column(str(-LARGEST if descending else LARGEST)))
    bound = column >= end if descending else column <= end
    tables = (_parents("sqlite", paired=pages.paired), *pages.statement.get_final_froms())
    conditions = filtered(pages, asked, beyond=True).whereclause
    return (
        select(_PLACE.label("key_"), *_shown(pages, asked))
        .select_from(_as_they_stand(tables))
        .where(*([] if conditions is None else [conditions]), bound)
        .order_by(_PLACE, column.desc() if descending else column)
    )


def _by_list(pages: Paged, asked: Slice) -> Select[Any]:
    """SQLite has no LATERAL, but a table-valued function may take a subquery that names what stands before it."""
    lean = _lean_list("sqlite", pages, asked)
    identities = _rows(lean, asked).with_only_columns(lean.identity.label("i")).subquery()
    listed = select(func.json_group_array(identities.c.i)).scalar_subquery()
    place = func.json_each(listed).table_valued("key", "value", name="p")
    whole = pages.statement
    tables = (_parents("sqlite", paired=pages.paired), place, *whole.get_final_froms())
    return (
        select(_PLACE.label("key_"), *_shown(pages, asked))
        .select_from(_as_they_stand(tables))
        .where(*([] if whole.whereclause is None else [whole.whereclause]), pages.identity == place.c.value)
        .order_by(_PLACE, place.c.key)
    )


def _showing(dialect: str, pages: Paged, asked: Slice, shown: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """The slice of PARENT's list, showing this."""
    lean = _lean_list(dialect, pages, asked)
    if lean is pages:
        return _rows(pages, asked).with_only_columns(*shown)
    terms = _terms(lean, asked)
    places = [term.column.label(f"term_{index}") for index, term in enumerate(terms)]
    page = _rows(lean, asked).with_only_columns(lean.identity.label("i"), *places).subquery("page")
    again = [term._replace(column=page.c[place.name]) for term, place in zip(terms, places, strict=True)]
    whole = pages.statement.where(pages.identity == page.c.i)
    return whole.order_by(None).order_by(*_ordered(again)).with_only_columns(*shown)


def _lean_list(dialect: str, pages: Paged, asked: Slice) -> Paged:
    """What says which rows are on a page: the list itself, unless another has its order in less."""
    lean = pages.lean
    if lean is None or asked.order not in lean.orders or asked.filter or lean.dialect not in (None, dialect):
        return pages
    return lean.of(pages)


def _rows(pages: Paged, asked: Slice) -> Select[Any]:
    """The slice of PARENT's list."""
    limit = bindparam(LIMIT, type_=Integer())
    rows = filtered(pages, asked, beyond=True).order_by(None)
    return rows.order_by(*_ordered(_terms(pages, asked))).limit(limit)


def _terms(pages: Paged, asked: Slice) -> Sequence[Term]:
    terms = pages.orders[asked.order]
    return [_reversed(term) for term in terms] if asked.backwards else terms


def _ordered(terms: Sequence[Term]) -> list[ColumnElement[Any]]:
    return [term.column.desc() if term.descending else term.column for term in terms]


def filtered(pages: Paged, asked: Slice, *, beyond: bool = False) -> Select[Any]:
    """PARENT's list under the filter; also beyond the slice's ends, if asked for."""
    statement = pages.statement.where(*[pages.filters[name] for name, _ in asked.filter])
    orders = pages.orders[asked.order]
    if beyond and asked.after is not None:
        statement = statement.where(_beyond(orders, "after"))
    if beyond and asked.before is not None:
        statement = statement.where(_beyond([_reversed(term) for term in orders], "before"))
    if pages.members is None:
        return statement
    # A subquery of its own, found first: asked row by row, a planner would walk the order's index and ask each.
    members = pages.members.distinct().offset(literal_column("0")).subquery("members")
    return statement.where(pages.identity == next(iter(members.c)))


def _shown(pages: Paged, asked: Slice) -> list[Any]:
    """What cursors are made of, where they are asked for, and the columns."""
    terms = pages.orders[asked.order] if pages.with_cursors else ()
    return [
        *[term.column.label(f"order_{index}") for index, term in enumerate(terms)],
        *[column.label(name) for name, column in pages.selected.items()],
    ]


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


def _as_they_stand(tables: Sequence[Any]) -> FromClause:
    return reduce(lambda left, right: _CrossJoin(left, right, true()), tables)


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

"""Rows with what their links lead to, by one statement instead of one for each link: PostgreSQL alone.

A statement costs the service a tenth of a millisecond whatever it finds, most of a page's time. Only what is read for
one key is joined, and the lists of its rows: further down, the same rows stand in many places, where a store reads each
once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, NamedTuple

import orjson
from cachetools import LRUCache
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Dialect,
    Double,
    Float,
    Integer,
    Select,
    String,
    func,
    literal_column,
    select,
)

from resolvers.drivers import Reader
from resolvers.later import Later, then
from resolvers.paging import Pages
from resolvers.reads import Compiled, Keyed, compile_for

MOST = 90  # columns and links of one row: a function of PostgreSQL's has at most 100 arguments
STATEMENTS = 2048  # kept; each narrow enough to be told apart by the columns and links that a client chose
DIALECT = "postgresql"
_AS_IN_JSON = {kind()._type_affinity for kind in (Boolean, Double, Integer, String)}  # noqa: SLF001

Put = Callable[["Keyed | Pages", Sequence[Any], list[Any]], None]  # of a read, keys, and what it answers for each
_statements: LRUCache[Any, Compiled] = LRUCache(STATEMENTS)


class Join(NamedTuple):
    """A link: what is read, and the column of the row it belongs to that has its key."""

    of: Keyed | Pages
    key: str
    joins: tuple[Join, ...] = ()  # of its own rows


def can_be_joined(of: Keyed | Pages) -> bool:
    """Whether it is short, with rows that JSON has values for, and a list from its beginning or end on."""
    if isinstance(of, Pages) and (of.slice.filter or of.slice.after or of.slice.before or of.read.paired):
        return False
    shown = [column.type._type_affinity for column in of.shown]  # noqa: SLF001
    return not of.long and _AS_IN_JSON.issuperset(shown) and len(shown) < MOST // 2


def fetched(of: Keyed | Pages, joins: tuple[Join, ...], put: Put, reader: Reader, keys: Sequence[Any]) -> Later:
    """What the read answers for its only key, having put what its joins answer. Raises Unavailable."""
    known = (of.shape, tuple(map(_shape, joins)))
    if known not in _statements:
        _statements[known] = _compiled(reader.dialect, of, joins)
    limits = {_limit(place): one.of.most for place, one in enumerate(_all(joins)) if isinstance(one.of, Pages)}
    rows = _statements[known].fetch(reader, {**of.values(keys), **limits}, long=of.long)

    def taken(rows: list[Any]) -> list[Any]:
        width = len(rows[0]) - len(joins) if rows else 0
        own: list[Any] = [[*row[:width]] for row in rows]
        for place, join in enumerate(joins, width):
            _put(join, of, own, [orjson.loads(row[place] or b"[]") for row in rows], put)
        return of.answers(keys, [own])

    found: Later = then(rows, taken)
    return found


@lru_cache(STATEMENTS)
def _floats(of: Keyed | Pages) -> list[int]:
    """The places in its rows that hold floats."""
    kinds = [column.type._type_affinity for column in of.shown]  # noqa: SLF001
    return [place for place, kind in enumerate(kinds, 1) if kind is Float]


def _put(join: Join, parent: Keyed | Pages, parents: list[Any], found: list[Any], put: Put) -> None:
    """What was found for each parent, without what was found for its rows in turn, which goes the same way."""
    if join.joins:
        rows = [row for one in found for row in one]
        for nested in reversed(join.joins):
            _put(nested, join.of, rows, [row.pop() or [] for row in rows], put)
    for place in _floats(join.of):  # JSON has one kind of number, and writes whole ones without a point
        for row in (row for one in found for row in one):
            if row[place].__class__ is int:
                row[place] = float(row[place])
    place = parent.kind._fields.index(join.key)
    keys = [row[place] for row in parents]
    put(join.of, keys, join.of.answers(keys, found))


def _all(joins: Sequence[Join]) -> Iterator[Join]:
    for join in joins:
        yield join
        yield from _all(join.joins)


def _shape(join: Join) -> tuple[Any, ...]:
    """What of a join decides a statement's text."""
    return join.of.shape, join.key, tuple(map(_shape, join.joins))


def _limit(place: int) -> str:
    return f"limit_{place}"


def _compiled(dialect: Dialect, of: Keyed | Pages, joins: Sequence[Join]) -> Compiled:
    row = of.of_one(dialect.name).subquery("j")
    places = count()
    found = [_found(join, "j", places).label(f"join_{index}") for index, join in enumerate(joins)]
    return compile_for(dialect, select(*row.c, *found))


def _found(join: Join, parent: str, places: Iterator[int]) -> ColumnElement[Any]:
    """The rows of a parent, each an array in an array; null where there are none."""
    place = next(places)
    name = f"j{place}"
    # By name, and no column of the parent: that would be taken for one more table to read from.
    row = join.of.of_outer(DIALECT, literal_column(f"{parent}.{join.key}"), _limit(place)).subquery(name)
    found = [_found(nested, name, places) for nested in join.joins]
    rows: Select[Any] = select(func.json_agg(func.json_build_array(*row.c, *found)))
    return rows.scalar_subquery()

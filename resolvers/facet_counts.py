"""How many rows of a list have each value of its facets: of all parents, by one statement or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Select, func
from sqlmodel import col

from resolvers.drivers import Reader
from resolvers.facets import FACETS, LACKING
from resolvers.later import Later, then
from resolvers.page_statements import (
    LIMIT,
    filtered,
    for_one,
    of_each,
    of_the_only,
    parent_values,
    slice_shape,
    slice_values,
)
from resolvers.paging import MOST, Counts, Paged, Pages, Parent, Slice
from resolvers.reads import select
from resolvers.refused import Refused

USUAL = 10


@dataclass(frozen=True, slots=True)
class Facets:
    """Every list's facets under a filter, as a read: its keys are parents.

    It answers a list for each name, of buckets as plain tuples: one more than `first` where there are more.
    """

    read: Paged
    slice: Slice
    names: tuple[str, ...]
    first: int

    def fetch(self, reader: Reader, keys: Sequence[Parent]) -> Later:
        read, asked = self.read, self.slice
        alone = len(keys) == 1
        shape = ("facets", self.names, slice_shape(asked), alone)
        values = {**parent_values(keys), **slice_values(asked), LIMIT: self.first + 1}
        rows = read.run(
            reader, shape, lambda: self._statement(reader.dialect.name, alone=alone), keys, values, long=True
        )
        found: Later = then(rows, _facets)
        return found

    def without(self, name: str) -> Counts:
        """How many rows have no value."""
        narrowed = tuple(sorted((*self.slice.filter, (f"{LACKING}{name}", True))))
        return Counts(self.read, replace(self.slice, filter=narrowed))

    @property
    def moved_by(self) -> str | None:
        told = any(FACETS[self.read.entity][name].told for name in self.names)
        return self.read.entity.__name__ if told else Counts(self.read, self.slice).moved_by

    @property
    def kind(self) -> None:
        """It answers no rows."""

    def made(self, value: Any) -> Any:
        return value

    def rows(self, value: Any) -> Sequence[Any]:
        del value
        return ()

    def _statement(self, dialect: str, *, alone: bool) -> Select[Any]:
        array, list_of = (
            (func.json_array, func.json_group_array) if dialect == "sqlite" else (func.json_build_array, func.json_agg)
        )
        facets = [FACETS[self.read.entity][name] for name in self.names]
        whole = filtered(self.read, self.slice).order_by(None)
        whole = for_one(whole) if alone else whole  # one that depends on a table of parents SQLite finds for each facet
        listed = None
        if whole.whereclause is not None:
            own = [col(facet.value) for facet in facets if facet.naming is None]
            listed = whole.with_only_columns(self.read.identity.label("id"), *own).cte("listed")
        columns = []
        for facet in facets:
            counted = facet.counted(listed).subquery()
            columns.append(select(list_of(array(*counted.c))).select_from(counted).scalar_subquery())
        row = select(array(*columns))
        if listed is not None:
            row = row.add_cte(listed, nest_here=True)
        return of_the_only(row) if alone else of_each(dialect, row, paired=self.read.paired)


def facets(pages: Pages, names: Sequence[str], first: int | None) -> dict[str, Facets]:
    """By what to read each facet of the pages' lists: most by one statement. Raises Refused (BAD_USER_INPUT)."""
    if not names:
        raise Refused("BAD_USER_INPUT", "Name one facet at least.", "by")
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Refused("BAD_USER_INPUT", f"{name} is asked for twice.", "by")
    first = USUAL if first is None else first
    if not 1 <= first <= MOST:
        raise Refused("BAD_USER_INPUT", f"`first` must be from 1 to {MOST}, not {first}.", "first")
    read = pages.read.only(frozenset())
    # Whatever the page and its order, and the order of the names: statements are kept by what they depend on.
    every = Slice(next(iter(read.orders)), filter=pages.slice.filter)
    apart = [name for name in names if FACETS[read.entity][name].apart]
    together = tuple(sorted(name for name in names if name not in apart))
    return {name: Facets(read, every, (name,) if name in apart else together, first) for name in names}


def _facets(rows: Sequence[Any]) -> list[Any]:
    """Of each parent, in their order: JSON, in which PostgreSQL writes null for an empty list."""
    return [[found or [] for found in orjson.loads(text)] for _, text in sorted(rows, key=itemgetter(0))]

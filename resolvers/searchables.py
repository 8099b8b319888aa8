"""What a query's words find, best first; the same on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Integer, String, bindparam, case, false, func, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import col

from models import Researcher, Searchable
from resolvers.drivers import Reader
from resolvers.later import Later, then
from resolvers.page_statements import down, filtered, slice_shape, slice_values, up
from resolvers.paging import Paged, Pages, Slice
from resolvers.reads import Among, One, select
from resolvers.rowless import Rowless
from resolvers.search_query import TERMS

MOVED_BY = Researcher.__name__  # their owners say and suppress what they are found by
EXACT, BEGINS, HAS = 3, 2, 1  # tiers: the name is the query, begins with it, or has its words
TIER = 1_000_000  # more than anything adds up to within one


class Matches(ColumnElement[bool]):
    """The record has the terms of a full-text query, which each database has in its own language."""

    inherit_cache = False


@compiles(Matches, "sqlite")
def _matches_fts5(_element: Matches, compiler: SQLCompiler, **kwargs: Any) -> str:
    query = compiler.process(bindparam("fts5", type_=String()), **kwargs)
    return f"searchable.key IN (SELECT rowid FROM searchable_terms WHERE searchable_terms MATCH {query})"


@compiles(Matches, "postgresql")
def _matches_tsquery(_element: Matches, compiler: SQLCompiler, **kwargs: Any) -> str:
    query = compiler.process(bindparam("tsquery", type_=String()), **kwargs)
    # As the index has it.
    terms = " || ".join(f"array_to_tsvector(string_to_array(searchable.{name}, ' '))" for name in ("words", "marks"))
    return f"({terms}) @@ CAST(CAST({query} AS text) AS tsquery)"


class Says(ColumnElement[bool]):
    """The record's words have one of these phrases, or all of them, each with a space before and behind it."""

    inherit_cache = False

    def __init__(self, name: str, *, all: bool) -> None:
        self.name, self.all = name, all


@compiles(Says, "sqlite")
def _says_sqlite(element: Says, compiler: SQLCompiler, **kwargs: Any) -> str:
    phrases = compiler.process(bindparam(element.name, type_=String()), **kwargs)
    missing = f"SELECT 1 FROM json_each({phrases}) WHERE instr(searchable.words, value)"
    return f"NOT EXISTS ({missing} = 0)" if element.all else f"EXISTS ({missing} > 0)"


@compiles(Says, "postgresql")
def _says_postgresql(element: Says, compiler: SQLCompiler, **kwargs: Any) -> str:
    phrases = compiler.process(bindparam(element.name, type_=ARRAY(String())), **kwargs)
    missing = f"SELECT 1 FROM unnest({phrases}) AS p (value) WHERE strpos(searchable.words, value)"
    return f"NOT EXISTS ({missing} = 0)" if element.all else f"EXISTS ({missing} > 0)"


_COUNT = bindparam("word_count", type_=Integer())
_LENGTH = bindparam("beginning_length", type_=Integer())
_BEGINNING = bindparam("beginning", type_=String())
_NAMED = Among(Searchable.name, "names")
_TIER = case(
    (or_(_NAMED, Says("whole", all=False)), EXACT),
    (func.substr(Searchable.name, 1, _LENGTH) == _BEGINNING, BEGINS),
    else_=HAS,
)
# How much of its name was asked for, per mille, by how well it is known: whole numbers, alike on both databases.
_RELEVANCE = 1000 * _COUNT // case((col(Searchable.length) > _COUNT, Searchable.length), else_=_COUNT)
SCORE: ColumnElement[int] = _TIER * TIER + _RELEVANCE * (10 + col(Searchable.weight))

searchables = Paged(
    select(Searchable),
    name="search",
    identity=col(Searchable.key),
    orders={"RANK": (down(SCORE), up(Searchable.key))},
    filters={
        "matching": Matches(),
        "matching_or_named": or_(Matches(), _NAMED),
        "phrases": Says("phrases", all=True),
        "unwanted_phrases": ~Says("unwanted_phrases", all=False),
        "kinds": Among(Searchable.kind, "kinds"),
        "keys": Among(Searchable.key, "keys"),
        "nothing": false(),
        # What the others take; what ranks, and is looked for in what is shown.
        **dict.fromkeys(
            ("fts5", "tsquery", "names", "whole", "beginning", "beginning_length", "word_count", TERMS), true()
        ),
    },
    moved_kind=Researcher,
    moving=frozenset({"RANK"}),
    long=True,
)


searchable_by_name = One(select(Searchable), key=col(Searchable.name))


def totals_of(pages: Pages) -> Totals:
    return Totals(pages.read.only(frozenset()), Slice(pages.slice.order, filter=pages.slice.filter))


@dataclass(frozen=True, slots=True)
class Totals(Rowless):
    """How many records of each kind a query finds, as a read."""

    moved_by = MOVED_BY

    read: Paged
    slice: Slice

    def fetch(self, reader: Reader, keys: Sequence[Any]) -> Later:
        shape = ("totals", slice_shape(self.slice))
        rows = self.read.run(reader, shape, self._statement, keys, slice_values(self.slice), long=self.read.long)
        found: Later = then(rows, lambda rows: [rows] * len(keys))
        return found

    def _statement(self) -> Any:
        of_kind = filtered(self.read, self.slice).with_only_columns(col(Searchable.kind), func.count())
        return of_kind.group_by(Searchable.kind).order_by(func.count().desc(), Searchable.kind)

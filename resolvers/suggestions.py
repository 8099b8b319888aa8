"""What somebody who is typing may want: exact names, then the well known, then the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Executable, Integer, String, bindparam, case, func, or_
from sqlmodel import col

from models import Searchable
from models.searchable import KINDS, WELL_KNOWN
from models.words import words
from resolvers.drivers import Reader
from resolvers.later import Later, then
from resolvers.paging import NOBODY
from resolvers.reads import Among, Statement, select
from resolvers.rowless import Rowless
from resolvers.search import search
from resolvers.search_query import TERMS, Query, matching, parsed, shown
from resolvers.searchables import MOVED_BY, Matches
from resolvers.store import Store

BEGINS = 8  # what a name that begins as typed is worth, in binary digits of citations or works
_SHOWN = ("kind", "record_id", "label")


class Suggestion(NamedTuple):
    kind: str
    record_id: int
    label: str
    terms: Sequence[str]  # that were looked for


def _suggested(_dialect: str) -> Executable:
    exact = col(Searchable.name) == bindparam("name", type_=String())
    begins = func.substr(Searchable.name, 1, bindparam("length", type_=Integer())) == bindparam("name", type_=String())
    return (
        select(*[getattr(Searchable, name) for name in _SHOWN])
        .where(or_(Matches(), exact), Among(Searchable.kind, "kinds"))
        .order_by(
            case((exact, 0), else_=1),
            case((col(Searchable.weight) >= WELL_KNOWN, 0), else_=1),
            (col(Searchable.weight) + case((begins, BEGINS), else_=0)).desc(),
            col(Searchable.length),
            col(Searchable.key),
        )
        .limit(bindparam("first", type_=Integer()))
    )


_SUGGESTED = Statement(_suggested)


@dataclass(frozen=True, slots=True)
class _Suggested(Rowless):
    """The rows for these values, as a read of nobody's."""

    moved_by = MOVED_BY

    values: tuple[tuple[str, Any], ...]

    def fetch(self, reader: Reader, keys: Sequence[Any]) -> Later:
        found: Later = then(_SUGGESTED.fetch(reader, **dict(self.values)), lambda rows: [rows] * len(keys))
        return found


async def suggest(store: Store, text: str, kinds: Sequence[str] | None, first: int) -> list[Suggestion]:
    """The likeliest, best first. Raises Refused (BAD_USER_INPUT)."""
    query = parsed(text, "prefix")
    if query.words and query.words == query.plain and not (query.unwanted or query.unwanted_phrases):
        typing = bool(words(text[-1]))
        found = await _completed(store, query, kinds, first, typing=typing)
        if found:
            return found
    pages = await search(store, text, kinds, frozenset(_SHOWN), first=first, after=None)
    page = await store.load(pages, NOBODY)
    terms = dict(pages.slice.filter).get(TERMS, ())
    return [Suggestion(row.kind, row.record_id, row.label, terms) for row in page.rows]


async def _completed(
    store: Store, query: Query, kinds: Sequence[str] | None, first: int, *, typing: bool
) -> list[Suggestion]:
    name = " ".join(query.words)
    given = {"name": name, "length": len(name), "kinds": tuple(kinds or KINDS), "first": first}
    rows: Sequence[Any] = ()
    # Where the well known fill the list, whatever else there is would come after it.
    for known in (True, False):
        terms = query.completions(typing=typing, known=known)
        rows = await store.load(_Suggested(tuple(sorted((given | matching(terms)).items()))), NOBODY)
        if len(rows) >= first:
            break
    looked_for = tuple(chain.from_iterable(map(shown, query.completions(typing=typing, known=False))))
    return [Suggestion._make((*row, looked_for)) for row in rows]

"""Search: what an identifier names, else what the words find, else what words like them find."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Sequence
from typing import Any

from models.searchable import KINDS, key_of
from resolvers.identifiers import recognise
from resolvers.later import arrived
from resolvers.paging import CURSORS, MORE, NOBODY, Pages
from resolvers.records import BY_ID, BY_KEY, living
from resolvers.refused import Refused
from resolvers.search_query import Meant, Query, parsed, ranking
from resolvers.searchables import BEGINS, TIER, searchable_by_name, searchables
from resolvers.spellings import meant
from resolvers.store import Store

MOST_MISTYPED = 8  # words of a query
_ID = frozenset({"id"})
_NAMES = searchable_by_name.only(frozenset())


async def search(
    store: Store,
    text: str,
    kinds: Sequence[str] | None,
    needed: frozenset[str],
    *,
    first: int | None,
    after: str | None,
) -> Pages:
    """The page of what the text finds, with the columns needed. Raises Refused (BAD_USER_INPUT, BAD_CURSOR)."""
    query = parsed(text, "query")
    read = searchables.only(needed | {"kind", CURSORS, MORE})
    chosen = {} if kinds is None else {"kinds": tuple(kinds)}

    def pages(conditions: dict[str, Any]) -> Pages:
        return read.pages("RANK", [NOBODY], first=first, after=after, given=conditions | chosen)

    named = await _named(store, text)
    if named:
        return pages({"keys": named, **ranking([], [])})
    exactly, rows = None, ()
    try:
        exactly = pages(query.conditions())
        rows = (await store.load(exactly, NOBODY)).rows if after is None else ()
    except Refused as refused:
        if after is None or refused.code != "BAD_CURSOR":
            raise
    if exactly is not None and (after is not None or (rows and rows[0].order_0 >= BEGINS * TIER)):
        return exactly
    meant_, names = await _like(store, query)
    also, instead = query.conditions(names=names), query.conditions(meant_, names)
    if after is None:
        return pages(also if rows else instead)
    try:
        return pages(also)
    except Refused:  # the cursor tells which it was
        return pages(instead)


async def _like(store: Store, query: Query) -> tuple[Meant, list[str]]:
    """What the query's words may have meant instead, and the names among that."""
    words = [*dict.fromkeys(query.plain)]
    if query.unwanted or not 1 <= len(words) <= MOST_MISTYPED:
        return {}, []
    near = await gather(*[store.load(meant, word) for word in words])
    meant_ = {word: found for word, found in zip(words, near, strict=True) if found}
    return meant_, await _standing(store, query.names(meant_, 1)) or await _standing(store, query.names(meant_, 2))


async def _standing(store: Store, names: list[str]) -> list[str]:
    """Those that are anybody's or anything's."""
    # So many that futures of their own would take long.
    rows = await arrived(store.load_all(_NAMES, names)) if names else []
    return [name for name, row in zip(names, rows, strict=True) if row is not None]


async def _named(store: Store, text: str) -> tuple[int, ...]:
    """The keys of what has this identifier."""
    for scheme, key in recognise(text):
        found = await _record(store, scheme, key)
        if found is not None:
            return (key_of(found.entity.__name__.upper(), found.id),)
    return ()


async def _record(store: Store, scheme: str, key: Any) -> Any:
    """What can be searched for and has this number, or this identifier; slugs are words."""
    if scheme in BY_ID:
        searched = scheme.upper() in KINDS
        return await living(store, scheme, BY_ID[scheme].only(_ID), key) if searched else None
    read = None if scheme == "slug" else next((reads[scheme] for reads in BY_KEY.values() if scheme in reads), None)
    return read and await store.load(read.only(_ID), key)

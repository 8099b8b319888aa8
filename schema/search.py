"""Search and type-ahead."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, cast

import orjson
import strawberry

from resolvers.highlights import Highlighter
from resolvers.paging import CURSORS, NOBODY
from resolvers.records import BY_ID
from resolvers.refused import Refused, Unavailable
from resolvers.search import search
from resolvers.search_query import TERMS
from resolvers.searchables import TIER, totals_of
from resolvers.suggestions import suggest
from schema.context import Info
from schema.enums import SearchKind
from schema.field import column, computed, renamed, same_row
from schema.lookup import found_by_id
from schema.node import Node, global_id
from schema.paging import Counted, Level, Listing, edge_cursor, page_edges, page_nodes
from schema.selection import columns, metadata

MOST_HIGHLIGHTS = 5
MOST_SUGGESTED = 20
# What else than its label a record is found by: lists of texts, and texts.
_LISTS = {"RESEARCHER": "alternative_names", "TOPIC": "keywords", "INSTITUTION": "alternative_names"}
_TEXTS = {"RESEARCHER": "headline"}


async def _record(row: Any, info: Info) -> Node:
    found: Node | None = await found_by_id(info, row.kind.capitalize(), row.record_id)
    if found is None:
        raise Unavailable("What was found is gone since.")
    return found


def _highlighter(kind: str, terms: Any) -> Highlighter:
    # Only people's names are found by initials.
    return Highlighter(term for term in terms if kind == "RESEARCHER" or not term.endswith((".", "_")))


@strawberry.type(description="Something that a search has found.")
class SearchHit:
    kind: SearchKind = column("What it is.")

    @computed("kind", "record_id", description="The record itself.")
    async def node(self, info: Info) -> Node:
        return await _record(self, info)

    score: float = computed(
        CURSORS,
        description="What it is ranked by: 3 and more if one of its names is the query, 2 and more if its name begins "
        "with it, else 1 and more; beyond that, how much of its name was asked for, weighted by how well it is known. "
        "For comparisons within one answer.",
    )(lambda root: root.order_0 / TIER)

    @computed(
        "kind",
        "record_id",
        "label",
        CURSORS,
        description="Its name, and up to four of its other names, keywords or headline, as far as the query's words "
        "were found there: HTML, escaped, with the words in `<mark>`. Empty where an identifier was looked up.",
    )
    async def highlights(self, info: Info) -> list[str]:
        row: Any = self
        highlighter = _highlighter(row.kind, dict(row.page_.pages.slice.filter).get(TERMS, ()))
        marked = map(highlighter.marked, [row.label, *await _others(row, info)])
        return [*dict.fromkeys(filter(None, marked))][:MOST_HIGHLIGHTS]


async def _others(row: Any, info: Info) -> list[str]:
    lists, texts = _LISTS.get(row.kind), _TEXTS.get(row.kind)
    needed = frozenset(filter(None, (lists, texts)))
    if not needed:
        return []
    record = await info.context.store.load(BY_ID[row.kind.capitalize()].only(needed), row.record_id)
    if record is None:
        return []
    found = [*orjson.loads(getattr(record, lists))] if lists else []
    return [*found, *filter(None, [getattr(record, texts)] if texts else [])]


@strawberry.type(description="A hit, with its place in the ranking.")
class SearchEdge:
    cursor: str = edge_cursor("This place in the ranking.")
    node: SearchHit = same_row("The hit.")


@strawberry.type(description="How many hits are of one kind.")
class SearchTotal:
    kind: SearchKind = strawberry.field(description="The kind.")
    count: int = strawberry.field(description="How many there are.")


@strawberry.type(description="A page of hits, the best first.")
class SearchConnection(Counted):
    edges: list[SearchEdge] = page_edges()
    nodes: list[SearchHit] = page_nodes()

    @strawberry.field(description="How many there are of each kind that there is any of, most first.")
    async def totals(self, info: Info) -> list[SearchTotal]:
        root: Any = self
        rows = await info.context.store.load(totals_of(root.level.pages), NOBODY)
        return [SearchTotal(kind=SearchKind(kind), count=count) for kind, count in rows]


@strawberry.type(description="What somebody who is typing may want.")
class Suggestion:
    kind: SearchKind = strawberry.field(description="What it is.")
    text: str = renamed("label", "Its name.")

    @strawberry.field(description="The id of the record, which needs no further look-up.")
    def id(self) -> strawberry.ID:
        row: Any = self
        return global_id(row.kind.capitalize(), row.record_id)

    @strawberry.field(description="The record itself.")
    async def node(self, info: Info) -> Node:
        return await _record(self, info)

    @strawberry.field(description="The text as HTML, escaped, with what was typed in `<mark>`.")
    def highlighted(self) -> str:
        row: Any = self
        return _highlighter(row.kind, row.terms).marked(row.label) or escape(row.label)


_Kinds = Annotated[list[SearchKind] | None, strawberry.argument(description="Only of these kinds.")]


def searched() -> Any:
    async def search_(
        info: Info,
        query: Annotated[
            str,
            strawberry.argument(
                description='Words, "phrases" and -words or -"phrases" that must not be there, at most 1,000 '
                "characters and 64 words; or an identifier."
            ),
        ],
        kinds: _Kinds = strawberry.UNSET,
        first: Annotated[
            int | None, strawberry.argument(description="How many: 1 to 100, 20 unless given.")
        ] = strawberry.UNSET,
        after: Annotated[
            str | None, strawberry.argument(description="A cursor of the same search: only what comes after it.")
        ] = strawberry.UNSET,
    ) -> SearchConnection:
        store, needed = info.context.store, columns(info)
        pages = await search(store, query, _words(kinds), needed, first=_given(first), after=_given(after))
        page = await store.load(pages, NOBODY)
        total = None if page.has_previous or page.has_next else len(page.rows)
        return cast("SearchConnection", Listing(Level(store, pages), NOBODY, total))

    return strawberry.field(
        resolver=search_,
        description="What the query finds, best first. An identifier (DOI, ORCID iD, ROR id, arXiv id, OpenAlex id, or "
        "any of their URLs) finds what has it. Otherwise all words must be found: without case, accents and "
        "punctuation, in Latin letters or in those of the name; a single letter as an initial; in queries of up "
        "to five words, those of three letters and more as beginnings. Names with a letter or two mistyped are "
        "found, too, where no name is, or begins with, what was typed. Whole names come before beginnings of "
        "names before words, then whoever is better known.",
        metadata=metadata(weight=20),
    )


def suggested() -> Any:
    async def suggest_(
        info: Info,
        prefix: Annotated[str, strawberry.argument(description="What has been typed so far.")],
        kinds: _Kinds = strawberry.UNSET,
        first: Annotated[int | None, strawberry.argument(description="How many at most: 1 to 20.")] = 10,
    ) -> list[Suggestion]:
        first = 10 if first is None else first
        if not 1 <= first <= MOST_SUGGESTED:
            raise Refused("BAD_USER_INPUT", f"`first` must be 1 to {MOST_SUGGESTED}, not {first}.", "first")
        found: list[Any] = [*await suggest(info.context.store, prefix, _words(kinds), first)]
        return found

    return strawberry.field(
        resolver=suggest_,
        description="Type-ahead, for each keystroke: the last word is taken for the beginning of one. The name typed "
        "comes first, then what is well known, then the rest.",
    )


def _given(value: Any) -> Any:
    return None if value is strawberry.UNSET else value


def _words(kinds: list[Any] | None) -> list[str] | None:
    return None if _given(kinds) is None else [kind.value for kind in kinds or ()]

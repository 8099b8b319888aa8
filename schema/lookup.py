"""How one record is found: by an id of this service, merged records' too, or by what others call it."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import Annotated, Any

import strawberry

from resolvers.conversations import conversation_of_viewer, message_of_viewer
from resolvers.identifiers import recognise
from resolvers.invitations import invitation_of_viewer
from resolvers.later import Later, arrived, lazily
from resolvers.reads import Given, One, Rows
from resolvers.records import BY_ID, BY_KEY, living
from resolvers.refused import Refused
from resolvers.store import Store
from schema.context import Context, Info
from schema.inputs import quoted, storable
from schema.joining import joins
from schema.node import read_id
from schema.privacy import is_addressee, is_moderator, is_party, reading_viewer
from schema.selection import columns

# Of these it depends on the viewer whether there is one.
PRIVATE = {"Claim": is_party, "Notification": is_addressee, "Report": is_moderator}
# These are read as the viewer's own: their statements find nothing for anybody else.
OF_VIEWER = {
    "Conversation": conversation_of_viewer,
    "Invitation": invitation_of_viewer,
    "Message": message_of_viewer,
}


def _exactly_one(description: str) -> Any:
    return strawberry.field(default=strawberry.UNSET, description=description)


@strawberry.input(one_of=True, description="Which researcher: exactly one of these.")
class ResearcherBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `kurt-keutzer`.")
    orcid: str | None = _exactly_one("An ORCID iD or its URL. Of several records with it, the one with most works.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `A5023888391`.")


@strawberry.input(one_of=True, description="Which work: exactly one of these.")
class WorkBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    doi: str | None = _exactly_one("A DOI or its URL.")
    arxiv_id: str | None = _exactly_one("An arXiv id or its URL, with or without version.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `W2741809807`.")


@strawberry.input(one_of=True, description="Which topic: exactly one of these.")
class TopicBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `continual-learning`.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `T10055` or `subfields/1702`.")


@strawberry.input(one_of=True, description="Which institution: exactly one of these.")
class InstitutionBy:
    id: strawberry.ID | None = _exactly_one("The id of this service; of a merged record too.")
    slug: str | None = _exactly_one("The readable name in URLs, such as `google`.")
    ror: str | None = _exactly_one("A ROR id or its URL.")
    open_alex_id: str | None = _exactly_one("An OpenAlex id or its URL, such as `I95457486`.")


async def found_by_id(info: Info, type_name: str, id: int) -> Any:
    """The row with this id, or what it was merged into; None where the viewer may not know of it."""
    store, needed = info.context.store, columns(info, type_name)
    if type_name in OF_VIEWER:
        return await found_of_viewer(info, OF_VIEWER[type_name], id, type_name)
    may_see = PRIVATE.get(type_name)
    if may_see is None:
        return await living(store, type_name, BY_ID[type_name].only(needed), id)
    info.context.private = True
    row = await store.load(BY_ID[type_name].only(needed | {"account_id"}), id)
    return row if row is not None and may_see(row, info.context) else None


async def found_of_viewer(info: Info, read: One, key: Any, type_name: str | None = None) -> Any:
    """The row that the read answers to the viewer; None where there is none for them."""
    info.context.private = True
    viewer = reading_viewer(info.context)
    if viewer is None or key is None:
        return None
    return await info.context.store.load(Given(read.only(columns(info, type_name)), (("account", viewer.id),)), key)


async def found_by_key(info: Info, type_name: str, read: One, key: Any) -> Any:
    return await info.context.store.load(read.only(columns(info, type_name)), key)


def _reading(type_name: str, by: Any) -> tuple[One, Any]:
    """The read and the key that the input asks for."""
    name, text = next((name, value) for name, value in vars(by).items() if value is not strawberry.UNSET)
    if name == "id":
        return BY_ID[type_name], read_id(text, ["by", "id"], type_name)[1]
    if name == "open_alex_id":
        return BY_ID[type_name], _key(text, type_name, name)
    return BY_KEY[type_name][name], storable(text, "by", "slug") if name == "slug" else _key(text, name, name)


def _key(text: str, scheme: str, name: str) -> Any:
    found = next((key for kind, key in recognise(text) if kind == scheme), None)
    if found is None:
        argument = {"arxiv_id": "arxivId", "open_alex_id": "openAlexId"}.get(name, name)
        raise Refused("BAD_USER_INPUT", f"{quoted(text)} is not what `{argument}` takes.", "by", argument)
    return found


def looked_up(type_name: str, asked: Any, description: str) -> Any:
    """The field that answers one record, or null."""

    async def resolve(info: Info, by: Any) -> Any:
        read, key = _reading(type_name, by)
        return await living(info.context.store, type_name, read.only(columns(info)), key)

    @lazily
    async def later(store: Store, read: One, key: Any, found: Later) -> Any:
        rows = await arrived(found)
        return [await living(store, type_name, read, key)] if rows[0] is None else Rows(read.kind, rows)

    def plan(info: Info) -> Any:
        needed, joined = columns(info), joins(info, single=True)
        # Several of these share one statement, at the price of a turn of the loop.
        alone = len(info.operation.selection_set.selections) == 1

        def batch(_parents: Sequence[Any], context: Context, by: Any) -> Any:
            read, key = _reading(type_name, by)
            read = read.only(needed)
            along = joined.of(context)
            found: Later = context.store.load_all(read, [key], along) if alone or along else [None]
            if isinstance(found, list) and found[0] is not None:
                return Rows(read.kind, found)
            return later(context.store, read, key, found)

        return batch

    resolve.plan = plan  # type: ignore[attr-defined]
    annotation = Annotated[asked, strawberry.argument(description="What to find it by.")]
    resolve.__signature__ = Signature(  # type: ignore[attr-defined]
        [
            Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
            Parameter("by", Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation),
        ]
    )
    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description)

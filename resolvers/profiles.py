"""What the owner of a claimed record says of themselves; no import overwrites it."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam, or_
from sqlmodel import col

from models import Affiliation, Institution, Researcher, Searchable
from models.columns import Key
from models.database import subject
from models.indexing import researcher_entry
from resolvers.checked import checked_line, checked_link
from resolvers.claim_blockers import HELD_BY
from resolvers.claim_states import LOCKS
from resolvers.reads import select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

_INDEXED = select(
    Researcher.id, Researcher.citation_count, Researcher.display_name, Researcher.alternative_names, Researcher.headline
).where(col(Researcher.id) == bindparam("researcher", type_=Key))
_FOUND_BY = (
    sqlalchemy.update(Searchable)
    .where(col(Searchable.key) == bindparam("key_", type_=Key))
    .values(words=bindparam("new_words"))
)
_AFFILIATED = select(Institution.id).where(
    col(Institution.id) == bindparam("institution", type_=Key),
    or_(
        col(Institution.id).in_(
            select(Affiliation.institution_id).where(col(Affiliation.researcher_id) == bindparam("researcher"))
        ),
        col(Institution.id).in_(select(Researcher.institution_id).where(col(Researcher.id) == bindparam("researcher"))),
    ),
)


async def update_profile(writer: Writer, viewer: Viewer, **values: Any) -> int:
    """The record that the viewer has, with these columns set; a None takes back what was said.

    Raises Declined (NOT_CLAIMED, NOT_FOUND, INVALID_INPUT).
    """
    if "headline" in values:
        values["headline"] = checked_line(values["headline"], "headline") if values["headline"] else None
    if "homepage_url" in values:
        values["homepage_url"] = checked_link(values["homepage_url"], "homepageUrl")

    async def rule(write: Transaction) -> int:
        researcher = await _held(write, viewer)
        institution = values.get("own_institution_id")
        if institution is not None:
            known = await write.value(_AFFILIATED, institution=institution, researcher=researcher)
            if known is None:
                message = "The record is not affiliated with this institution."
                raise Declined("NOT_FOUND", message, "institutionId", steps=("CORRECT_SOURCE",))
        if values:
            new = {f"new_{name}": value for name, value in values.items()}
            await write.rows(_setting(tuple(sorted(values))), researcher=researcher, **new)
            if "headline" in values:
                await _index(write, researcher)
            await write.tell(subject("Researcher", researcher))
        return researcher

    return await writer.write(rule)


async def _held(write: Transaction, viewer: Viewer) -> int:
    """The record that the viewer has, kept from other rules until the transaction ends."""
    found: int | None = await write.value(HELD_BY, account=viewer.id)
    if found is not None:
        await write.rows(LOCKS[0], researcher=found)
        found = await write.value(HELD_BY, account=viewer.id)  # it may have been taken from them meanwhile
    if found is None:
        raise not_claimed()
    return found


def not_claimed() -> Declined:
    return Declined("NOT_CLAIMED", "You have claimed no record.", steps=("CLAIM",))


async def _index(write: Transaction, researcher: int) -> None:
    """Let the record be found by what it says now."""
    row = await write.row(_INDEXED, researcher=researcher)
    entry = researcher_entry(*row)
    await write.rows(_FOUND_BY, key_=entry.key, new_words=entry.words)


@cache
def _setting(names: tuple[str, ...]) -> Any:
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return sqlalchemy.update(Researcher).where(col(Researcher.id) == bindparam("researcher")).values(**columns)

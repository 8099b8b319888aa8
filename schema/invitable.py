"""Whether a researcher can be invited, before somebody tries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.columns import now
from resolvers.claim_blockers import held_by_account, held_of_researcher
from resolvers.invite_blockers import (
    DAY,
    Facts,
    blocked_by,
    blockers,
    blocking,
    near,
    received_from,
    sent_lately,
    sent_to,
)
from resolvers.later import arrived
from resolvers.reads import Given
from resolvers.viewers import Viewer
from schema.context import Context, Info
from schema.field import computed

_HELD = held_by_account.only(frozenset({"researcher_id"}))
_OWNER = held_of_researcher.only(frozenset({"account_id"}))


async def _facts(viewer: Viewer | None, rows: Sequence[Any], context: Context) -> list[Facts]:
    """What is between the viewer and the owner of each record."""
    store = context.store

    async def of(read: Any, keys: Sequence[Any]) -> list[Any]:
        return [*map(read.made, await arrived(store.load_all(read, keys)))]

    claimed = [row.id for row in rows if row.claim_status in ("CLAIMED", "CONTESTED")]
    held = dict(zip(claimed, await of(_OWNER, claimed), strict=True))
    owners = [found.account_id if (found := held.get(row.id)) else None for row in rows]
    if viewer is None:
        return [Facts(owner) for owner in owners]
    others = [*dict.fromkeys(owner for owner in owners if owner is not None)]
    mine: tuple[tuple[str, Any], ...] = (("account", viewer.id),)
    between = [await of(Given(read, mine), others) for read in (blocking, blocked_by, sent_to, received_from)]
    known = {other: found for other, *found in zip(others, *between, strict=True)}
    lately = len(await store.load(Given(sent_lately, (("since", now() - DAY),)), viewer.id)) if others else 0
    own = await store.load(_HELD, viewer.id) if others else None
    limited = [row.id for row in rows if row.collaboration_status == "LIMITED"] if own is not None else []
    by_own = Given(near, (("own", own and own.researcher_id),))
    acquainted = {id for id, found in zip(limited, await of(by_own, limited), strict=True) if found is not None}
    facts = []
    for row, owner in zip(rows, owners, strict=True):
        ours, theirs, sent, received = known[owner] if owner is not None else (None, None, (), ())
        is_blocked = ours is not None or theirs is not None
        facts.append(Facts(owner, is_blocked, [*sent, *received], lately, row.id in acquainted))
    return facts


def invite_blockers(show: Callable[[list[str]], Any], description: str) -> Any:
    """A field made of what keeps the viewer from inviting the record's owner."""

    async def batch(rows: Sequence[Any], context: Context) -> list[Any]:
        viewer, moment = context.viewer, now()
        facts = await _facts(viewer, rows, context)
        return [show([*blockers(viewer, row, of, moment)]) for row, of in zip(rows, facts, strict=True)]

    async def resolve(root: Any, info: Info) -> Any:
        return (await batch([root], info.context))[0]

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    needs = ("id", "claim_status", "collaboration_status", "suppressed_at")
    return computed(*needs, description=description, private=True)(resolve)

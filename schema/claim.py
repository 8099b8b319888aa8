from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from resolvers.accounts import account_by_id
from resolvers.claims import NEXT, claim_by_id, events_of_claim
from resolvers.researchers import any_researcher_by_id
from schema.context import Info
from schema.enums import ClaimAction, ClaimActor, ClaimMethod, ClaimState
from schema.field import column, computed
from schema.link import link
from schema.links import AnAccount, AResearcher
from schema.mutation import NextStep, next_steps
from schema.node import Node
from schema.privacy import is_party, parties_only


def _between_parties(name: str, description: str) -> Any:
    def resolve(root: Any, info: Info) -> Any:
        return getattr(root, name) if is_party(root, info.context) else None

    del resolve.__annotations__["return"]
    told = f"{description} To the claimant and moderators."
    return computed("account_id", name, description=told, private=True)(resolve)


def _actor(root: Any) -> ClaimActor:
    if root.actor_id is None:
        return ClaimActor("SERVICE")
    if root.account_id is None:  # it is addressed to nobody else
        return ClaimActor("CLAIMANT")
    return ClaimActor("OTHER" if root.action == "CONTEST" else "MODERATOR")


@strawberry.type(description="A step that a claim has taken.")
class ClaimEvent:
    at: datetime = column("When.")
    action: ClaimAction = column("What was done.")
    from_state: ClaimState | None = column("The state before; null for the beginning.")
    to_state: ClaimState = column("The state after.")
    actor: ClaimActor = computed("actor_id", "account_id", "action", description="Who did it.")(_actor)
    note: str | None = column("What they said about it.")


@strawberry.type(
    description="An account's word that a public record is its own. `node` finds it for the claimant and moderators."
)
class Claim(Node):
    researcher: AResearcher = link(any_researcher_by_id, "The record.", key="researcher_id")
    state: ClaimState = column("How far it is.")
    method: ClaimMethod = column("How it is to be proved.")
    created_at: datetime = column("When it was begun.")
    updated_at: datetime = column("When it last changed.")
    account: AnAccount = link(
        account_by_id, "Who claims. To themselves and moderators.", "account_id", guard=parties_only
    )
    statement: str | None = _between_parties("statement", "What the claimant says.")
    evidence_url: str | None = _between_parties("evidence_url", "The claimant's evidence.")
    email: str | None = _between_parties("email", "The address that a code was mailed to.")
    expires_at: datetime | None = _between_parties("expires_at", "Until when a code is waited for.")
    events: list[ClaimEvent] = link(
        events_of_claim,
        "Every step, oldest first. To the claimant and moderators.",
        guard=parties_only,
        needs=("account_id",),
    )

    @computed("state", description="What the claimant can do next.")
    def next_steps(self) -> list[NextStep]:
        row: Any = self
        return next_steps(NEXT[row.state])


def claim_link(description: str) -> Any:
    """The claim of a payload."""
    return link(claim_by_id, description, key="claim_id")

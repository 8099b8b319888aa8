"""What can become of a claim: its transitions are these, and nothing else changes a claim's state."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import bindparam, case, func, or_
from sqlmodel import col

from models import Account, Claim, Event, Researcher
from models.claim import HELD_STATES
from models.columns import Instant, Key, now
from models.database import subject
from resolvers.reads import is_any_of, select
from resolvers.refused import Declined
from resolvers.writing import Transaction


class Actor(Enum):
    CLAIMANT = auto()
    OTHER = auto()  # somebody else who is signed in
    MODERATOR = auto()
    SERVICE = auto()


class Guard(Enum):
    NONE = auto()
    UNHELD = auto()  # neither is the record anybody's nor has the account another


class Transition(NamedTuple):
    action: str  # the event's name
    sources: tuple[str, ...]
    to: str
    actors: frozenset[Actor]
    guard: Guard = Guard.NONE


def _by(*actors: Actor) -> frozenset[Actor]:
    return frozenset(actors)


BEGINNING = "DRAFT"
TRANSITIONS = {
    transition.action: transition
    for transition in (
        Transition("SUBMIT", ("DRAFT",), "EVIDENCE_PENDING", _by(Actor.CLAIMANT)),
        Transition("PROVE", ("EVIDENCE_PENDING",), "UNDER_REVIEW", _by(Actor.CLAIMANT)),
        Transition("APPROVE", ("UNDER_REVIEW",), "APPROVED", _by(Actor.SERVICE, Actor.MODERATOR), Guard.UNHELD),
        Transition("REJECT", ("UNDER_REVIEW",), "REJECTED", _by(Actor.MODERATOR)),
        Transition("EXPIRE", ("DRAFT", "EVIDENCE_PENDING"), "EXPIRED", _by(Actor.SERVICE)),
        Transition("CONFIRM", ("APPROVED",), "APPROVED", _by(Actor.MODERATOR)),
        Transition("CONTEST", ("APPROVED",), "CONTESTED", _by(Actor.OTHER)),
        # The service's own steps are those of merges (importers/merged_rows.py).
        Transition("QUESTION", ("APPROVED",), "CONTESTED", _by(Actor.MODERATOR, Actor.SERVICE)),
        Transition("UPHOLD", ("CONTESTED",), "APPROVED", _by(Actor.MODERATOR)),
        Transition("REVOKE", ("CONTESTED",), "REVOKED", _by(Actor.MODERATOR, Actor.SERVICE)),
        Transition(
            "WITHDRAW",
            ("DRAFT", "EVIDENCE_PENDING", "UNDER_REVIEW", "APPROVED", "CONTESTED"),
            "WITHDRAWN",
            _by(Actor.CLAIMANT, Actor.SERVICE),
        ),
    )
}

CLAIM = select(Claim).where(col(Claim.id) == bindparam("claim"))
# In this order, so that two rules about one claim never wait for each other.
LOCKS = (
    select(Researcher.id).where(col(Researcher.id) == bindparam("researcher")).with_for_update(key_share=True),
    select(Account.id).where(col(Account.id) == bindparam("account")).with_for_update(key_share=True),
)
_HELD = select(Claim.researcher_id, Claim.account_id).where(
    is_any_of(Claim.state, HELD_STATES),
    or_(col(Claim.researcher_id) == bindparam("researcher"), col(Claim.account_id) == bindparam("account")),
)
_MOVE = (
    sqlalchemy.update(Claim)
    .where(col(Claim.id) == bindparam("claim"))
    .values(
        state=bindparam("to"),
        level=bindparam("new_level"),
        updated_at=bindparam("moment", type_=Instant),
        approved_at=bindparam("approved", type_=Instant),
        expires_at=bindparam("expires", type_=Instant),
    )
)


def _any(*states: str) -> Any:
    of_record = col(Claim.researcher_id) == Researcher.id
    return select(Claim.id).where(of_record, is_any_of(Claim.state, states)).exists()


_LEVEL = (
    select(Claim.level)
    .where(col(Claim.researcher_id) == Researcher.id, is_any_of(Claim.state, HELD_STATES))
    .scalar_subquery()
)
STATUS = case(
    (_any("CONTESTED"), "CONTESTED"),
    (_any("APPROVED"), "CLAIMED"),
    (_any("EVIDENCE_PENDING", "UNDER_REVIEW"), "PENDING"),
    else_="UNCLAIMED",
)
_FOLLOW_UP = (
    sqlalchemy.update(Researcher)
    .where(col(Researcher.id) == bindparam("researcher", type_=Key))
    .values(claim_status=STATUS, verification_level=func.coalesce(_LEVEL, 1))
)
# What the owner said goes with the owner.
_CLEAR = (
    sqlalchemy.update(Researcher)
    .where(col(Researcher.id) == bindparam("researcher", type_=Key))
    .values(
        headline=None,
        homepage_url=None,
        own_institution_id=None,
        affiliation_withheld=False,
        collaboration_status="OPEN",
    )
)


async def locked(write: Transaction, claim_id: int) -> Any:
    """The claim, with its record and its account kept from other rules until the transaction ends; None if none."""
    claim = await write.row(CLAIM, claim=claim_id)
    if claim is None:
        return None
    await lock(write, claim.researcher_id, claim.account_id)
    return await write.row(CLAIM, claim=claim_id)


async def lock(write: Transaction, researcher_id: int, account_id: int) -> None:
    await write.row(LOCKS[0], researcher=researcher_id)
    await write.row(LOCKS[1], account=account_id)


async def move(
    write: Transaction,
    claim: Any,
    action: str,
    actor: Actor,
    actor_id: int | None,
    *,
    level: int | None = None,
    note: str | None = None,
    waits_until: Any = None,
) -> Any:
    """The claim after this action; the caller has it locked.

    Raises Declined (WRONG_STATE, ALREADY_CLAIMED, HAS_CLAIM).
    """
    transition = TRANSITIONS[action]
    if claim.state not in transition.sources or actor not in transition.actors:
        raise Declined("WRONG_STATE", f"A claim that is {claim.state} does not take this.", steps=("LOOK_AT_CLAIM",))
    if transition.guard is Guard.UNHELD:
        await _unheld(write, claim)
    moment = now()
    held = transition.to in HELD_STATES
    await write.rows(
        _MOVE,
        claim=claim.id,
        to=transition.to,
        new_level=(level or claim.level) if held else None,
        moment=moment,
        approved=claim.approved_at or moment if held else None,
        expires=waits_until,
    )
    if claim.state in HELD_STATES and not held:
        await write.rows(_CLEAR, researcher=claim.researcher_id)
    await record(write, claim, action, (claim.state, transition.to), actor_id, note=note)
    await write.rows(_FOLLOW_UP, researcher=claim.researcher_id)
    await write.tell(subject("Researcher", claim.researcher_id), subject("Account", claim.account_id))
    return await write.row(CLAIM, claim=claim.id)


async def record(
    write: Transaction,
    claim: Any,
    action: str,
    states: tuple[str | None, str],
    actor_id: int | None,
    *,
    note: str | None = None,
) -> None:
    """Put a step into the claim's history."""
    await write.add(
        Event(
            kind="CLAIM",
            account_id=None if actor_id == claim.account_id else claim.account_id,  # who did it knows
            actor_id=actor_id,
            subject_kind="researcher",
            subject_id=claim.researcher_id,
            claim_id=claim.id,
            action=action,
            from_state=states[0],
            to_state=states[1],
            note=note,
        )
    )


async def _unheld(write: Transaction, claim: Any) -> None:
    for held in await write.rows(_HELD, researcher=claim.researcher_id, account=claim.account_id):
        if held.researcher_id == claim.researcher_id:
            raise Declined("ALREADY_CLAIMED", "The record is somebody's by now.", steps=("CONTEST", "WITHDRAW"))
        raise Declined("HAS_CLAIM", "The account has another record.", steps=("WITHDRAW_OTHER",))

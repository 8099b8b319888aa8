"""Claims: whose public record it is, and how that was proved."""

from __future__ import annotations

from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Claim, Event, MergedId, OneTimeCode, Researcher
from models.account import random_key
from models.claim import HELD_STATES
from models.columns import Instant, Key, now
from resolvers.attempts import Limit, attempt
from resolvers.checked import checked_email, checked_link, checked_text
from resolvers.claim_blockers import BETWEEN, BLOCKERS, COOLDOWN, HELD_BY, blockers
from resolvers.claim_proofs import CODE_HOLDS, LEVELS, PROOFS
from resolvers.claim_states import BEGINNING, Actor, lock, locked, move, record
from resolvers.page_statements import down, up
from resolvers.paging import Paged
from resolvers.reads import Among, Many, One, is_any_of, select
from resolvers.refused import Declined
from resolvers.secrets import code_hash
from resolvers.viewers import Viewer
from resolvers.writing import Transaction, Writer

CODES = 5  # that an account may have mailed in a quarter of an hour

NEXT = {
    "DRAFT": ("WITHDRAW",),
    "EVIDENCE_PENDING": ("ENTER_CODE", "CLAIM_AGAIN", "WITHDRAW"),
    "UNDER_REVIEW": ("WAIT_FOR_MODERATOR", "WITHDRAW"),
    "APPROVED": ("EDIT_PROFILE",),
    "CONTESTED": ("WAIT_FOR_MODERATOR",),
    "REJECTED": ("WAIT", "CLAIM_AGAIN", "CONTACT"),
    "REVOKED": ("WAIT", "CLAIM_AGAIN", "CONTACT"),
    "WITHDRAWN": ("CLAIM_AGAIN",),
    "EXPIRED": ("CLAIM_AGAIN",),
}

claim_by_id = One(select(Claim), key=col(Claim.id))
claims_of_account = Many(select(Claim).order_by(col(Claim.created_at).desc(), col(Claim.id)), key=col(Claim.account_id))
claim_queue = Paged(
    select(Claim),
    name="claims",
    identity=col(Claim.id),
    orders={"OLDEST": (up(Claim.created_at), up(Claim.id)), "NEWEST": (down(Claim.created_at), down(Claim.id))},
    filters={"states": Among(Claim.state, "states")},
)
events_of_claim = Many(select(Event).order_by(col(Event.id)), key=col(Event.claim_id))

_RECORD = select(
    Researcher.id, Researcher.claim_status, Researcher.suppressed_at, Researcher.orcid, Researcher.display_name
).where(col(Researcher.id) == bindparam("researcher", type_=Key), col(Researcher.suppressed_at).is_(None))
_SURVIVOR = select(MergedId.into_id).where(
    col(MergedId.kind) == "researcher", col(MergedId.old_id) == bindparam("researcher", type_=Key)
)
_WAITING = select(Claim).where(
    col(Claim.account_id) == bindparam("account", type_=Key),
    col(Claim.researcher_id) == bindparam("researcher", type_=Key),
    col(Claim.state) == "EVIDENCE_PENDING",
)
_HELD_OF = select(Claim).where(
    is_any_of(Claim.state, HELD_STATES), col(Claim.researcher_id) == bindparam("researcher", type_=Key)
)
_CODE = select(OneTimeCode).where(
    col(OneTimeCode.account_id) == bindparam("account"),
    col(OneTimeCode.purpose) == "CLAIM",
    col(OneTimeCode.about_id) == bindparam("claim"),
)
_ONE_TRY_LESS = (
    sqlalchemy.update(OneTimeCode)
    .where(
        col(OneTimeCode.account_id) == bindparam("account"),
        col(OneTimeCode.purpose) == "CLAIM",
        col(OneTimeCode.about_id) == bindparam("claim"),
    )
    .values(tries_left=col(OneTimeCode.tries_left) - 1)
)
_FORGET_CODE = sqlalchemy.delete(OneTimeCode).where(
    col(OneTimeCode.account_id) == bindparam("account"),
    col(OneTimeCode.purpose) == "CLAIM",
    col(OneTimeCode.about_id) == bindparam("claim"),
)
_OVERDUE = select(Claim.id).where(
    col(Claim.state) == "EVIDENCE_PENDING", col(Claim.expires_at) <= bindparam("moment", type_=Instant)
)
_LAST_CONTEST = select(sqlalchemy.func.max(Event.at)).where(
    col(Event.actor_id) == bindparam("account", type_=Key),
    col(Event.claim_id) == bindparam("claim", type_=Key),
    col(Event.action) == "CONTEST",
)


async def claim_researcher(
    writer: Writer,
    viewer: Viewer,
    researcher_id: int,
    method: str,
    *,
    email: str | None = None,
    evidence_url: str | None = None,
    statement: str | None = None,
) -> int:
    """The id of the new claim, as far on its way as the method brings it.

    Raises Declined (any of BLOCKERS, NOT_FOUND, INVALID_INPUT, NOT_AT_ORCID, ORCID_MISMATCH, NO_INSTITUTION_DOMAIN,
    EMAIL_DOMAIN_MISMATCH, TOO_MANY_ATTEMPTS).
    """
    statement = checked_text(statement, "statement")
    evidence_url = checked_link(evidence_url, "evidenceUrl")
    if method == "EMAIL":
        email = checked_email(email or "", "email")
        await attempt(writer, Limit("claim code for", str(viewer.id), CODES))
    if method == "EVIDENCE" and not (statement or evidence_url):
        raise Declined("INVALID_INPUT", "Give a link or a statement that shows who you are.", "evidenceUrl")
    id = random_key()

    async def rule(write: Transaction) -> None:
        await lock(write, researcher_id, viewer.id)
        researcher = await _claimable(write, viewer, researcher_id)
        for old in await write.rows(_WAITING, account=viewer.id, researcher=researcher.id):
            await write.rows(_FORGET_CODE, account=viewer.id, claim=old.id)
            await move(write, old, "WITHDRAW", Actor.CLAIMANT, viewer.id)
        await write.add(
            Claim(
                id=id,
                researcher_id=researcher.id,
                account_id=viewer.id,
                state=BEGINNING,
                method=method,
                email=email if method == "EMAIL" else None,
                evidence_url=evidence_url,
                statement=statement,
            )
        )
        claim = await locked(write, id)
        await record(write, claim, "OPEN", (None, BEGINNING), viewer.id)
        until = now() + CODE_HOLDS if method == "EMAIL" else None
        claim = await move(write, claim, "SUBMIT", Actor.CLAIMANT, viewer.id, waits_until=until)
        await PROOFS[method](write, viewer, claim, researcher)

    researcher_id = await _standing(writer, researcher_id)
    await writer.write(rule)
    return id


async def _standing(writer: Writer, researcher_id: int) -> int:
    """The record, or what it was merged into."""
    survivor: int | None = await writer.write(lambda write: write.value(_SURVIVOR, researcher=researcher_id))
    return survivor or researcher_id


async def _claimable(write: Transaction, viewer: Viewer, researcher_id: int) -> Any:
    researcher = await write.row(_RECORD, researcher=researcher_id)
    if researcher is None:
        raise Declined("NOT_FOUND", "There is no record with this id.", "researcherId", steps=("SEARCH",))
    own = await write.rows(BETWEEN, account=viewer.id, researcher=researcher.id)
    held = await write.value(HELD_BY, account=viewer.id)
    for blocker in blockers(viewer, researcher, own, held, now()):
        message, steps = BLOCKERS[blocker]
        raise Declined(blocker, message, "researcherId", steps=steps)
    return researcher


async def confirm_claim(writer: Writer, viewer: Viewer, claim_id: int, code: str) -> int:
    """The claim, approved. Once approved, any code is success.

    Raises Declined (NOT_FOUND, WRONG_STATE, INVALID_CODE, CODE_EXPIRED, ALREADY_CLAIMED, HAS_CLAIM).
    """

    async def rule(write: Transaction) -> Declined | None:
        claim = _own(await locked(write, claim_id), viewer)
        if claim.state == "APPROVED" and claim.method == "EMAIL":
            return None
        known = await write.row(_CODE, account=viewer.id, claim=claim_id)
        if claim.state != "EVIDENCE_PENDING" or known is None:
            raise Declined("WRONG_STATE", "This claim waits for no code.", "claimId", steps=("LOOK_AT_CLAIM",))
        if known.expires_at <= now():
            return await _too_late(write, claim, "The code is too old.")
        if known.code_hash != code_hash("CLAIM", code):
            await write.rows(_ONE_TRY_LESS, account=viewer.id, claim=claim_id)
            if known.tries_left <= 1:
                return await _too_late(write, claim, "That was the last of five tries.")
            return Declined("INVALID_CODE", "This is not the code.", "code", steps=("TRY_AGAIN", "CLAIM_AGAIN"))
        await write.rows(_FORGET_CODE, account=viewer.id, claim=claim_id)
        claim = await move(write, claim, "PROVE", Actor.CLAIMANT, viewer.id)
        await move(write, claim, "APPROVE", Actor.SERVICE, None, level=LEVELS["EMAIL"])
        return None

    declined = await writer.write(rule)  # a wrong code is counted, so it is no exception inside
    if declined:
        raise declined
    return claim_id


async def _too_late(write: Transaction, claim: Any, message: str) -> Declined:
    await write.rows(_FORGET_CODE, account=claim.account_id, claim=claim.id)
    await move(write, claim, "EXPIRE", Actor.SERVICE, None)
    return Declined("CODE_EXPIRED", message, "code", steps=("CLAIM_AGAIN",))


async def withdraw_claim(writer: Writer, viewer: Viewer, claim_id: int) -> int:
    """The claim, withdrawn; also one that was approved. Raises Declined (NOT_FOUND, WRONG_STATE)."""

    async def rule(write: Transaction) -> None:
        claim = _own(await locked(write, claim_id), viewer)
        if claim.state != "WITHDRAWN":
            await write.rows(_FORGET_CODE, account=viewer.id, claim=claim_id)
            await move(write, claim, "WITHDRAW", Actor.CLAIMANT, viewer.id)

    await writer.write(rule)
    return claim_id


async def contest_claim(writer: Writer, viewer: Viewer, researcher_id: int, reason: str) -> int:
    """The claim that is disputed now, for a moderator to decide.

    Raises Declined (VERIFIED_EMAIL_REQUIRED, NOT_FOUND, NOT_CLAIMED, ALREADY_YOURS, WRONG_STATE, COOLDOWN,
    INVALID_INPUT).
    """
    note = checked_text(reason, "reason")
    if not note:
        raise Declined("INVALID_INPUT", "Say why the record is not theirs.", "reason")
    if not viewer.email_verified:
        message, steps = BLOCKERS["VERIFIED_EMAIL_REQUIRED"]
        raise Declined("VERIFIED_EMAIL_REQUIRED", message, steps=steps)

    async def rule(write: Transaction) -> int:
        if await write.row(_RECORD, researcher=researcher_id) is None:
            raise Declined("NOT_FOUND", "There is no record with this id.", "researcherId", steps=("SEARCH",))
        held = await write.row(_HELD_OF, researcher=researcher_id)
        claim = held and await locked(write, held.id)
        if claim is None or claim.state not in HELD_STATES:
            raise Declined("NOT_CLAIMED", "Nobody has claimed this record.", "researcherId", steps=("CLAIM",))
        if claim.account_id == viewer.id:
            raise Declined("ALREADY_YOURS", "The record is yours.", "researcherId", steps=("WITHDRAW",))
        last = await write.value(_LAST_CONTEST, account=viewer.id, claim=claim.id)
        if last is not None and last > now() - COOLDOWN:
            message = "You contested this claim less than 30 days ago."
            raise Declined("COOLDOWN", message, "researcherId", steps=("WAIT_FOR_MODERATOR",))
        await move(write, claim, "CONTEST", Actor.OTHER, viewer.id, note=note)
        found: int = claim.id
        return found

    researcher_id = await _standing(writer, researcher_id)
    return await writer.write(rule)


_DECISIONS = {
    ("APPROVE", "UNDER_REVIEW"): ("APPROVE",),
    ("APPROVE", "CONTESTED"): ("UPHOLD",),
    ("APPROVE", "APPROVED"): ("CONFIRM",),
    ("REJECT", "UNDER_REVIEW"): ("REJECT",),
    ("REVOKE", "CONTESTED"): ("REVOKE",),
    ("REVOKE", "APPROVED"): ("QUESTION", "REVOKE"),
}


async def decide_claim(writer: Writer, viewer: Viewer, claim_id: int, decision: str, note: str | None) -> int:
    """The claim, decided by a moderator.

    Raises Declined (NOT_FOUND, OWN_CLAIM, WRONG_STATE, ALREADY_CLAIMED, HAS_CLAIM, INVALID_INPUT).
    """
    note = checked_text(note, "note")

    async def rule(write: Transaction) -> None:
        claim = await locked(write, claim_id)
        if claim is None:
            raise Declined("NOT_FOUND", "There is no claim with this id.", "claimId")
        if claim.account_id == viewer.id:
            message = "Another moderator must decide about yours."
            raise Declined("OWN_CLAIM", message, "claimId", steps=("OTHER_MODERATOR",))
        actions = _DECISIONS.get((decision, claim.state))
        if actions is None:
            message = f"A claim that is {claim.state} does not take {decision}."
            raise Declined("WRONG_STATE", message, "decision", steps=("LOOK_AT_CLAIM",))
        for action in actions:
            level = LEVELS["EVIDENCE"] if action in ("APPROVE", "CONFIRM") else None
            claim = await move(write, claim, action, Actor.MODERATOR, viewer.id, level=level, note=note)

    await writer.write(rule)
    return claim_id


async def expire_claims(writer: Writer) -> int:
    """End the claims whose code is too old. How many."""
    overdue = await writer.write(lambda write: write.rows(_OVERDUE, moment=now()), alone=True)

    async def rule(write: Transaction, claim_id: int) -> None:
        claim = await locked(write, claim_id)
        if claim.state == "EVIDENCE_PENDING":
            await _too_late(write, claim, "")

    for row in overdue:
        await writer.write(lambda write, id=row.id: rule(write, id))  # type: ignore[misc]
    return len(overdue)


def _own(claim: Any, viewer: Viewer) -> Any:
    if claim is None or claim.account_id != viewer.id:
        raise Declined("NOT_FOUND", "You have no claim with this id.", "claimId", steps=("LOOK_AT_CLAIM",))
    return claim

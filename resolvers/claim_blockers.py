"""Why somebody cannot claim a record: asked beforehand by viewers and afterwards by the rule, and the same for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import col

from models import Claim
from models.claim import HELD_STATES
from models.columns import Key
from resolvers.reads import Given, Many, One, is_any_of, select
from resolvers.viewers import Viewer

COOLDOWN = timedelta(days=30)  # after a moderator's no
_REFUSED = ("REJECTED", "REVOKED")

BLOCKERS = {
    "LOGIN_REQUIRED": ("Sign in first.", ("SIGN_IN", "SIGN_UP")),
    "WRITE_SCOPE_REQUIRED": ("This API token may not write.", ("SIGN_IN",)),
    "VERIFIED_EMAIL_REQUIRED": ("Confirm your e-mail address first.", ("VERIFY_EMAIL", "REQUEST_CODE")),
    "NOT_FOUND": ("The page of this record is gone at its owner's wish.", ("CONTACT",)),
    "ALREADY_CLAIMED": ("Somebody has claimed this record.", ("CONTEST",)),
    "ALREADY_YOURS": ("The record is yours already.", ()),
    "HAS_CLAIM": ("The account has another record already.", ("WITHDRAW_OTHER", "ASK_FOR_MERGE")),
    "UNDER_REVIEW": ("A moderator is looking at your claim of this record.", ("WAIT_FOR_MODERATOR", "WITHDRAW")),
    "COOLDOWN": ("A moderator refused your claim less than 30 days ago.", ("WAIT", "CONTACT")),
}

_CLAIMS = select(Claim.state, Claim.updated_at).where(col(Claim.account_id) == bindparam("account", type_=Key))
_between = Many(_CLAIMS, key=col(Claim.researcher_id))
held_by_account = One(select(Claim).where(is_any_of(Claim.state, HELD_STATES)), key=col(Claim.account_id))
held_of_researcher = One(select(Claim).where(is_any_of(Claim.state, HELD_STATES)), key=col(Claim.researcher_id))

# The same for a rule, inside its transaction.
BETWEEN = _CLAIMS.where(col(Claim.researcher_id) == bindparam("researcher", type_=Key))
HELD_BY = select(Claim.researcher_id).where(
    is_any_of(Claim.state, HELD_STATES), col(Claim.account_id) == bindparam("account", type_=Key)
)


def claims_by(account_id: int) -> Given:
    """By id of a researcher: the account's claims of the record."""
    return Given(_between, (("account", account_id),))


def blockers(
    viewer: Viewer | None, researcher: Any, own: Sequence[Any], held: int | None, moment: datetime
) -> Iterator[str]:
    """Keys of BLOCKERS, weightiest first.

    The researcher has `id`, `claim_status` and `suppressed_at`; `own` are the viewer's claims of it; `held` is the id
    of the record that the viewer has.
    """
    if viewer is None:
        yield "LOGIN_REQUIRED"
    elif "WRITE" not in viewer.scopes:
        yield "WRITE_SCOPE_REQUIRED"
    elif not viewer.email_verified:
        yield "VERIFIED_EMAIL_REQUIRED"
    if researcher.suppressed_at is not None:
        yield "NOT_FOUND"
    if held == researcher.id:
        yield "ALREADY_YOURS"
        return
    if researcher.claim_status in ("CLAIMED", "CONTESTED"):
        yield "ALREADY_CLAIMED"
    if held is not None:
        yield "HAS_CLAIM"
    if any(claim.state == "UNDER_REVIEW" for claim in own):
        yield "UNDER_REVIEW"
    if any(claim.state in _REFUSED and claim.updated_at > moment - COOLDOWN for claim in own):
        yield "COOLDOWN"

"""Why somebody cannot invite a researcher: asked beforehand by viewers and afterwards by the rule, and the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, literal_column, or_
from sqlmodel import col

from models import Block, Collaboration, Conversation, Invitation, Participant
from models.columns import Instant, Key
from resolvers.reads import Many, One, select
from resolvers.viewers import Viewer

COOLDOWN = timedelta(days=90)  # after a decline
A_DAY, DAY = 20, timedelta(days=1)  # invitations that an account may send

BLOCKERS = {
    "LOGIN_REQUIRED": ("Sign in first.", ("SIGN_IN", "SIGN_UP")),
    "WRITE_SCOPE_REQUIRED": ("This API token may not write.", ("SIGN_IN",)),
    "VERIFIED_EMAIL_REQUIRED": ("Confirm your e-mail address first.", ("VERIFY_EMAIL", "REQUEST_CODE")),
    "NOT_FOUND": ("The page of this record is gone at its owner's wish.", ("CONTACT",)),
    "RESEARCHER_UNCLAIMED": ("Nobody has claimed the profile, so nobody would answer.", ("SEARCH",)),
    "SELF": ("The record is yours.", ()),
    "NOT_OPEN_TO_COLLABORATION": ("They do not take this invitation now.", ("SEARCH",)),
    "BLOCKED": ("One of you has blocked the other.", ("UNBLOCK",)),
    "ALREADY_INVITED": ("There is an invitation or a conversation between you.", ("LOOK_AT_INVITATIONS",)),
    "COOLDOWN": ("They declined an invitation of yours less than 90 days ago.", ("WAIT",)),
    "LIMIT_EXCEEDED": (f"You have sent {A_DAY} invitations within a day.", ("WAIT",)),
}

_ACCOUNT, _OTHER = bindparam("account", type_=Key), bindparam("other", type_=Key)
_OVER = (
    select(Participant.account_id)
    .join(Conversation, col(Conversation.id) == Participant.conversation_id)
    .where(col(Conversation.invitation_id) == Invitation.id, col(Participant.left_at).is_not(None))
    .exists()
    .label("is_over")
)
_BETWEEN = select(Invitation.id, Invitation.sender_id, Invitation.state, Invitation.answered_at, _OVER)
_SENT = _BETWEEN.where(col(Invitation.sender_id) == _ACCOUNT)
_RECEIVED = _BETWEEN.where(col(Invitation.recipient_id) == _ACCOUNT)
_BLOCKING = select(Block.blocked_id).where(col(Block.account_id) == _ACCOUNT)
_BLOCKED = select(Block.account_id).where(col(Block.blocked_id) == _ACCOUNT)
_RECENT = select(Invitation.id).where(col(Invitation.created_at) > bindparam("since", type_=Instant))
_NEAR = select(Collaboration.researcher_id).where(
    or_(
        col(Collaboration.collaborator_id) == bindparam("own", type_=Key),
        col(Collaboration.collaborator_id).in_(
            select(Collaboration.collaborator_id).where(col(Collaboration.researcher_id) == bindparam("own", type_=Key))
        ),
    )
)

sent_to = Many(_SENT, key=col(Invitation.recipient_id))
received_from = Many(_RECEIVED, key=col(Invitation.sender_id))
blocking = One(_BLOCKING, key=col(Block.blocked_id))
blocked_by = One(_BLOCKED, key=col(Block.account_id))
sent_lately = Many(_RECENT, key=col(Invitation.sender_id))
near = One(_NEAR, key=col(Collaboration.researcher_id))

# The same for a rule, inside its transaction.
BETWEEN = (
    _SENT.where(col(Invitation.recipient_id) == _OTHER),
    _RECEIVED.where(col(Invitation.sender_id) == _OTHER),
)
BLOCKS = select(Block.account_id).where(
    or_(
        (col(Block.account_id) == _ACCOUNT) & (col(Block.blocked_id) == _OTHER),
        (col(Block.account_id) == _OTHER) & (col(Block.blocked_id) == _ACCOUNT),
    )
)
RECENT = _RECENT.where(col(Invitation.sender_id) == _ACCOUNT)
NEAR = _NEAR.where(col(Collaboration.researcher_id) == bindparam("researcher", type_=Key)).limit(literal_column("1"))


class Facts(NamedTuple):
    """What is between a viewer and the owner of a record."""

    owner: int | None = None  # an account
    is_blocked: bool = False
    invitations: Sequence[Any] = ()  # in either direction
    lately: int = 0  # how many the viewer has sent within a day
    is_near: bool = False  # whether the record they have is a collaborator of the other's, or of a collaborator's


def blockers(viewer: Viewer | None, researcher: Any, facts: Facts, moment: datetime) -> Iterator[str]:
    """Keys of BLOCKERS, weightiest first; the researcher has `collaboration_status` and `suppressed_at`."""
    yield from _of_viewer(viewer)
    if researcher.suppressed_at is not None:
        yield "NOT_FOUND"
    if facts.owner is None:
        yield "RESEARCHER_UNCLAIMED"
    elif viewer is not None and facts.owner == viewer.id:
        yield "SELF"
    else:
        status = researcher.collaboration_status
        if status == "CLOSED" or (status == "LIMITED" and not facts.is_near):
            yield "NOT_OPEN_TO_COLLABORATION"
        if viewer is not None:
            yield from _between(viewer, facts, moment)


def _of_viewer(viewer: Viewer | None) -> Iterator[str]:
    if viewer is None:
        yield "LOGIN_REQUIRED"
    elif "WRITE" not in viewer.scopes:
        yield "WRITE_SCOPE_REQUIRED"
    elif not viewer.email_verified:
        yield "VERIFIED_EMAIL_REQUIRED"


def _between(viewer: Viewer, facts: Facts, moment: datetime) -> Iterator[str]:
    if facts.is_blocked:
        yield "BLOCKED"
    if any(one.state == "PENDING" or (one.state == "ACCEPTED" and not one.is_over) for one in facts.invitations):
        yield "ALREADY_INVITED"
    declined = [one.answered_at for one in facts.invitations if one.state == "DECLINED" and one.sender_id == viewer.id]
    if any(at > moment - COOLDOWN for at in declined):
        yield "COOLDOWN"
    if facts.lately >= A_DAY:
        yield "LIMIT_EXCEEDED"

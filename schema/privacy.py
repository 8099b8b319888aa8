"""Who may see what is somebody's own. Each test takes the row and the request."""

from __future__ import annotations

from typing import Any

from resolvers.refused import Refused
from resolvers.viewers import Viewer
from schema.context import Context


def reading_viewer(context: Context) -> Viewer | None:
    """The viewer, by an access that may read what is private."""
    viewer = context.viewer
    return viewer if viewer is not None and "READ" in viewer.scopes else None


def is_own(account: Any, context: Context) -> bool:
    """Whether the account is the viewer's."""
    viewer = reading_viewer(context)
    return viewer is not None and viewer.id == account.id


def is_party(claim: Any, context: Context) -> bool:
    """Whether the viewer may see all of the claim: they made it, or are a moderator."""
    viewer = reading_viewer(context)
    return viewer is not None and (viewer.moderator or viewer.id == claim.account_id)


def is_addressee(event: Any, context: Context) -> bool:
    """Whether the event is a notification of the viewer's."""
    viewer = reading_viewer(context)
    return viewer is not None and viewer.id == event.account_id


def is_moderator(_row: Any, context: Context) -> bool:
    """Whether the viewer may see what only moderators may."""
    viewer = reading_viewer(context)
    return viewer is not None and viewer.moderator


def owner_only(account: Any, context: Context) -> None:
    """Raises Refused (FORBIDDEN)."""
    if not is_own(account, context):
        raise Refused("FORBIDDEN", "Only the account itself may see this.")


def parties_only(claim: Any, context: Context) -> None:
    """Raises Refused (FORBIDDEN)."""
    if not is_party(claim, context):
        raise Refused("FORBIDDEN", "Only the claimant and moderators may see this.")


def moderators_only(_root: Any, context: Context) -> None:
    """Raises Refused (UNAUTHENTICATED, FORBIDDEN)."""
    if context.viewer is None:
        raise Refused("UNAUTHENTICATED", "Sign in first.")
    viewer = reading_viewer(context)
    if viewer is None or not viewer.moderator:
        raise Refused("FORBIDDEN", "This takes a moderator.")

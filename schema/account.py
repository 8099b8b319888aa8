from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON

from resolvers.accesses import accesses_of_account
from resolvers.blocks import blocked_by_account
from resolvers.claim_blockers import held_by_account
from resolvers.claims import claims_of_account
from resolvers.conversations import conversations_of_account
from resolvers.feed import feed_of_account, notifications_of_account
from resolvers.follows import following_of_account
from resolvers.identities import identities_of_account
from resolvers.invitations import invitations_of_account
from resolvers.leaving import everything_of
from resolvers.own_works import works_disowned_by_account
from resolvers.researchers import researcher_by_id
from schema.context import Info
from schema.data_export import exported
from schema.enums import Digest, InvitationBox, TokenScope
from schema.feed import FeedItem, NotificationConnection
from schema.field import column, computed
from schema.filters import (
    ConversationFilter,
    FeedFilter,
    FollowingFilter,
    InvitationFilter,
    NotificationFilter,
)
from schema.follow import FollowableConnection
from schema.identity import Identity
from schema.link import link, paged
from schema.links import AClaim, AConversation, AnAccount, AnInvitation, AResearcher, AWork
from schema.node import Node, global_id
from schema.paging import Connection
from schema.privacy import is_own, owner_only
from schema.selection import columns


def own(*needs: str, description: str) -> Callable[[Callable[[Any], Any]], Any]:
    """A field computed from the row, null to everyone but the account itself."""

    def decorate(show: Callable[[Any], Any]) -> Any:
        def resolve(root: Any, info: Info) -> Any:
            return show(root) if is_own(root, info.context) else None

        del resolve.__annotations__["return"]
        told = f"{description} Null to others."
        return computed("id", *needs, description=told, private=True)(resolve)

    return decorate


@strawberry.type(description="Where an account is signed in.")
class Session:
    @computed("id", description="Names it to `revokeSession`.")
    def id(self) -> strawberry.ID:
        return global_id("Session", self.id)

    name: str = column("What it calls itself: the browser or program.")
    created_at: datetime = column("When it signed in.")
    used_at: datetime = column("When it was last used, to the hour.")
    expires_at: datetime = column("When it ends by itself.")

    @computed("id", description="Whether it is the one that asks.", private=True)
    def is_current(self, info: Info) -> bool:
        viewer = info.context.viewer
        return viewer is not None and viewer.access_id == self.id


@strawberry.type(description="A token with which a program acts for an account.")
class ApiToken:
    @computed("id", description="Names it to `revokeApiToken`.")
    def id(self) -> strawberry.ID:
        return global_id("ApiToken", self.id)

    name: str = column("What its owner called it.")

    @computed("scopes", description="What it may do.")
    def scopes(self) -> list[TokenScope]:
        row: Any = self
        return [TokenScope(scope) for scope in row.scopes.split()]

    created_at: datetime = column("When it was made.")
    used_at: datetime = column("When it was last used, to the hour.")
    expires_at: datetime = column("When it ends.")


@strawberry.type(description="Somebody who can sign in.")
class Account(Node):
    display_name: str = column("What they call themselves here.")
    created_at: datetime = column("When they signed up.")

    @computed("id", description="The record that they have claimed; null when they have none.")
    async def researcher(self, info: Info) -> AResearcher | None:
        store = info.context.store
        held = await store.load(held_by_account.only(frozenset({"researcher_id"})), self.id)
        if held is None:
            return None
        found: AResearcher | None = await store.load(researcher_by_id.only(columns(info)), held.researcher_id)
        return found

    email: str | None = own("email", description="Their e-mail address.")(lambda row: row.email)
    is_email_verified: bool | None = own("email_verified_at", description="Whether the address is confirmed.")(
        lambda row: row.email_verified_at is not None
    )
    has_password: bool | None = own("password_hash", description="Whether they can sign in with a password.")(
        lambda row: row.password_hash is not None
    )
    is_hidden: bool | None = own("is_hidden", description="Whether they are counted among followers but never listed.")(
        lambda row: bool(row.is_hidden)
    )
    digest: Digest | None = own("digest", description="How often what is new comes to them by mail.")(
        lambda row: Digest(row.digest)
    )
    is_moderator: bool | None = own("moderator_since", description="Whether they decide about claims.")(
        lambda row: row.moderator_since is not None
    )
    following: FollowableConnection = paged(
        following_of_account,
        "What they follow. To themselves alone.",
        order="NEWEST",
        filter=FollowingFilter,
        guard=owner_only,
    )
    feed: Connection[FeedItem] = paged(
        feed_of_account,
        "New works of what they follow, each once, since they follow it. To themselves alone.",
        order="NEWEST",
        filter=FeedFilter,
        guard=owner_only,
    )
    notifications: NotificationConnection = paged(
        notifications_of_account,
        "What they are told, newest first. To themselves alone.",
        order="NEWEST",
        filter=NotificationFilter,
        guard=owner_only,
    )
    invitations: Connection[AnInvitation] = paged(
        invitations_of_account,
        "Invitations to collaborate, newest first. To themselves alone.",
        order="NEWEST",
        box=(InvitationBox, "Only those received, or sent."),
        filter=InvitationFilter,
        guard=owner_only,
    )
    conversations: Connection[AConversation] = paged(
        conversations_of_account,
        "What they write to others, last written in first. To themselves alone.",
        order="NEWEST",
        filter=ConversationFilter,
        guard=owner_only,
    )
    blocked_accounts: list[AnAccount] = link(
        blocked_by_account, "Whom they have blocked, last blocked first. To themselves alone.", guard=owner_only
    )
    claims: list[AClaim] = link(claims_of_account, "Their claims, newest first. To themselves alone.", guard=owner_only)

    @computed("id", description="All that is held here about them, to keep. To themselves alone.", private=True)
    async def data_export(self, info: Info) -> JSON:
        owner_only(self, info.context)
        found: JSON = exported(await everything_of(info.context.store, self.id))  # type: ignore[arg-type]
        return found

    disowned_works: list[AWork] = link(
        works_disowned_by_account,
        "Works that a source says are theirs, and they say are not; for `reclaimWork`. To themselves alone.",
        guard=owner_only,
    )
    sessions: list[Session] = link(
        accesses_of_account("SESSION"),
        "Where they are signed in, last used first. To themselves alone.",
        guard=owner_only,
    )
    api_tokens: list[ApiToken] = link(
        accesses_of_account("API"), "Their API tokens, last used first. To themselves alone.", guard=owner_only
    )
    identities: list[Identity] = link(
        identities_of_account,
        "Who they are at the providers that they sign in at, first linked first. To themselves alone.",
        guard=owner_only,
    )

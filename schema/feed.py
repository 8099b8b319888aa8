from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from resolvers.accounts import account_by_id
from resolvers.claims import claim_by_id
from resolvers.feed import follower_by_id, mark_read, unread
from resolvers.invitations import invitation_of_viewer
from resolvers.works import work_by_id
from schema.context import Info
from schema.enums import ClaimAction, InvitationAction, NotificationKind
from schema.field import column, computed, renamed, same_row
from schema.link import link
from schema.links import AClaim, AnAccount, AnInvitation, AWork
from schema.lookup import found_by_id, found_of_viewer
from schema.mutation import Answer, Payload, mutation
from schema.node import Followable, Node, global_id, read_id, read_ids
from schema.paging import Counted, edge_cursor, page_edges, page_nodes


@strawberry.type(description="Something new of what the viewer follows.")
class FeedItem:
    @computed("id", description="The same for ever; unique among feed items.")
    def id(self) -> strawberry.ID:
        return global_id("FeedItem", self.id)

    at: datetime = column("When it came here.")
    work: AWork = link(work_by_id, "The new work.", key="work_id")

    @computed(
        "subject_kind", "subject_id", description="What the viewer follows that has a part in it, or one of several."
    )
    async def because(self, info: Info) -> Followable | None:
        row: Any = self
        found: Followable | None = await found_by_id(info, row.subject_kind.capitalize(), row.subject_id)
        return found


@strawberry.type(description="What an account is told. `node` finds it for that account alone.")
class Notification(Node):
    @classmethod
    def is_type_of(cls, row: Any, _info: Any) -> bool:
        return bool(row.entity.__name__ == "Event")

    id: strawberry.ID = computed("id", description="Opaque, the same for ever, unique among all types.")(
        lambda root: global_id("Notification", root.id)
    )
    kind: NotificationKind = column("What it is about.")
    created_at: datetime = renamed("at", "When it happened.")
    read_at: datetime | None = column("When it was marked as read.")
    claim: AClaim | None = link(claim_by_id, "The account's claim that it is about.", key="claim_id")
    claim_action: ClaimAction | None = computed("action", "kind", description="The step that was taken, of a claim.")(
        lambda root: ClaimAction(root.action) if root.kind == "CLAIM" else None
    )

    @computed("invitation_id", description="The invitation that it is about.")
    async def invitation(self, info: Info) -> AnInvitation | None:
        row: Any = self
        found: AnInvitation | None = await found_of_viewer(info, invitation_of_viewer, row.invitation_id)
        return found

    invitation_action: InvitationAction | None = computed(
        "action", "kind", description="The step that was taken, of an invitation."
    )(lambda root: InvitationAction(root.action) if root.kind == "INVITATION" else None)
    follower: AnAccount | None = link(
        follower_by_id, "The new follower; null for those who hide themselves.", key="follower_id"
    )
    note: str | None = column("What was said about it.")


@strawberry.type(description="A notification, with its place in the list.")
class NotificationEdge:
    cursor: str = edge_cursor("This place in the list.")
    node: Notification = same_row("The notification.")


@strawberry.type(description="A page of notifications.")
class NotificationConnection(Counted):
    edges: list[NotificationEdge] = page_edges()
    nodes: list[Notification] = page_nodes()

    @strawberry.field(description="How many the account has not read, whatever the filter.")
    async def unread_count(self) -> int:
        root: Any = self
        found: int = await root.level.store.load(unread(root.parent), root.parent)
        return found


@strawberry.input(description="Which notifications have been read: these, or all up to one.")
class MarkReadInput:
    notification_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Ids of notifications, at most 100."
    )
    up_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of a notification: it and all older ones."
    )


@strawberry.type(description="The account whose notifications have been read.")
class MarkReadPayload(Payload):
    account: AnAccount | None = link(account_by_id, "The account.", key="account_id")


@mutation(MarkReadPayload, "Mark notifications as read. Read already, it is success.")
async def mark_notifications_read(info: Info, input: MarkReadInput) -> Answer:
    ids, up_to, path = input.notification_ids, input.up_to_id, ["input", "notificationIds"]
    await mark_read(
        info.context.writer,
        info.context.me,
        None if ids is None else [*read_ids(ids, path, "Notification")],
        None if up_to is None else read_id(up_to, ["input", "upToId"], "Notification")[1],
    )
    return Answer(account_id=info.context.me.id)

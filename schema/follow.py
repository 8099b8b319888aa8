from __future__ import annotations

from asyncio import gather
from datetime import datetime
from typing import Any

import strawberry

from resolvers import follows
from schema.context import Info
from schema.field import column, computed, renamed, same_row
from schema.links import AnAccount
from schema.lookup import found_by_id
from schema.mutation import Answer, Payload, mutation
from schema.node import Followable, read_id
from schema.paging import Counted, edge_cursor, page_edges, page_nodes, page_rows
from schema.selection import metadata

FOLLOWED = ("Institution", "Researcher", "Topic")


@strawberry.type(description="A follower, with their place in the list.")
class AccountEdge:
    cursor: str = edge_cursor("This place in the list.")
    node: AnAccount = same_row("The account.")
    followed_at: datetime = column("Since when they follow.")


@strawberry.type(description="A page of followers.")
class AccountConnection(Counted):
    edges: list[AccountEdge] = page_edges()
    nodes: list[AnAccount] = page_nodes()

    @strawberry.field(description="How many of `totalCount` hide themselves, and are not listed.")
    async def hidden_count(self) -> int:
        root: Any = self
        shown: int = await root.level.store.load(root.level.pages.counts, root.parent)
        followers: int = root.known_total
        return max(0, followers - shown)


async def _followed(row: Any, info: Info) -> Any:
    return await found_by_id(info, row.kind.capitalize(), row.subject_id)


@strawberry.type(description="Something that is followed, with its place in the list.")
class FollowableEdge:
    cursor: str = edge_cursor("This place in the list.")
    followed_at: datetime = renamed("created_at", "Since when it is followed.")

    @computed("kind", "subject_id", description="What is followed.")
    async def node(self, info: Info) -> Followable:
        found: Followable = await _followed(self, info)
        return found


async def _nodes(root: Any, info: Info) -> list[Followable]:
    found: list[Followable] = await gather(*[_followed(row, info) for row in await page_rows(root)])
    return found


@strawberry.type(description="A page of what an account follows.")
class FollowableConnection(Counted):
    edges: list[FollowableEdge] = page_edges()
    nodes: list[Followable] = strawberry.field(
        resolver=_nodes, description="What is followed, alone.", metadata=metadata("kind", "subject_id")
    )


@strawberry.input(description="What to follow, or not to follow any more.")
class FollowInput:
    subject_id: strawberry.ID = strawberry.field(description="The id of a researcher, a topic or an institution.")


@strawberry.type(description="What is followed, or not any more.")
class FollowPayload(Payload):
    @strawberry.field(description="It, with its new count of followers.")
    async def subject(self, info: Info) -> Followable | None:
        answer: Any = self
        if answer.type_name is None:
            return None
        found: Followable = await found_by_id(info, answer.type_name, answer.id)
        return found


@mutation(FollowPayload, "Follow a researcher, a topic or an institution. Followed already, it is success.")
async def follow(info: Info, input: FollowInput) -> Answer:
    type_name, id = read_id(input.subject_id, ["input", "subjectId"], *FOLLOWED)
    id = await follows.follow(info.context.writer, info.context.me, type_name.lower(), id)
    return Answer(type_name=type_name, id=id)


@mutation(FollowPayload, "Do not follow any more. Not followed, it is success.")
async def unfollow(info: Info, input: FollowInput) -> Answer:
    type_name, id = read_id(input.subject_id, ["input", "subjectId"], *FOLLOWED)
    id = await follows.unfollow(info.context.writer, info.context.me, type_name.lower(), id)
    return Answer(type_name=type_name, id=id)

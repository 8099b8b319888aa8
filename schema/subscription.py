"""What clients are told as it happens. The server runs what is selected of each event, and tells its cursor."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated, Any, NamedTuple

import strawberry

from resolvers.conversations import NO_SUCH, conversation_of_viewer, message_of_viewer
from resolvers.event_log import FEED, FOLLOWERS, MESSAGES, NOTIFICATIONS, Place, Stream, place_of
from resolvers.reads import Given
from resolvers.records import living
from resolvers.refused import Refused
from resolvers.researchers import researcher_by_id
from schema.context import Context, Info
from schema.conversation import Message
from schema.feed import FeedItem, Notification
from schema.links import AResearcher
from schema.node import read_id
from schema.privacy import reading_viewer
from schema.selection import metadata

After = Annotated[
    str | None,
    strawberry.argument(
        description="The cursor of the last event that has been seen, from `extensions.cursor`, or "
        "`Query.eventCursor`: what happened since comes first, and nothing twice. Without it, only what happens from "
        "now on."
    ),
]


class Happening(NamedTuple):
    """An event of a subscription, and where the log has it. In its stead None says that nothing has happened lately."""

    place: Place
    value: Callable[[Context], Awaitable[Any]]  # what its field answers; None where there is nothing to tell any more


async def _told(context: Context, stream: Stream, of: int, after: str | None) -> AsyncGenerator[Happening | None, None]:
    place = await context.hub.newest() if after is None else place_of(after)
    yield None  # it has begun
    async for row in context.hub.events(stream, of, place):
        yield row and Happening(row.position, _itself(row))


def _itself(row: Any) -> Callable[[Context], Awaitable[Any]]:
    async def value(_context: Context) -> Any:
        return row

    return value


def _me(context: Context) -> int:
    """The account that is signed in. Raises Refused (UNAUTHENTICATED, FORBIDDEN)."""
    if context.viewer is None:
        raise Refused("UNAUTHENTICATED", "Sign in first.")
    viewer = reading_viewer(context)
    if viewer is None:
        raise Refused("FORBIDDEN", "This API token may not read what is private.")
    return viewer.id


@strawberry.type(
    description="What can be listened to, over WebSocket at `/graphql` and Server-Sent Events at `/graphql/stream`. "
    "Each event comes with its place in the log as `extensions.cursor`; after a break, subscribe `after` the last one."
)
class Subscription:
    @strawberry.subscription(
        description="New works by what the viewer follows, as they come into `Account.feed`.",
        metadata=metadata(private=True),
    )
    async def feed_item_added(self, info: Info, after: After = None) -> AsyncGenerator[FeedItem, None]:
        async for one in _told(info.context, FEED, _me(info.context), after):
            yield one  # type: ignore[misc]

    @strawberry.subscription(
        description="What the viewer is told, as it comes into `Account.notifications`.",
        metadata=metadata(private=True),
    )
    async def notification_added(self, info: Info, after: After = None) -> AsyncGenerator[Notification, None]:
        async for one in _told(info.context, NOTIFICATIONS, _me(info.context), after):
            yield one  # type: ignore[misc]

    @strawberry.subscription(
        description="A researcher, whenever somebody begins or ceases to follow them. Who it was is not told."
    )
    async def followers_changed(
        self,
        info: Info,
        researcher_id: Annotated[strawberry.ID, strawberry.argument(description="Whose followers.")],
        after: After = None,
    ) -> AsyncGenerator[AResearcher, None]:
        number = read_id(researcher_id, ["researcherId"], "Researcher")[1]

        async def researcher(context: Context) -> Any:
            return await living(context.store, "Researcher", researcher_by_id, number)

        now = await researcher(info.context)
        if now is None:
            raise Refused("BAD_USER_INPUT", "There is no researcher with this id.", "researcherId")
        async for one in _told(info.context, FOLLOWERS, now.id, after):
            yield one and Happening(one.place, researcher)  # type: ignore[misc]

    @strawberry.subscription(
        description="Messages of a conversation of the viewer's as they are written, and again when they are changed.",
        metadata=metadata(private=True),
    )
    async def message_added(
        self,
        info: Info,
        conversation_id: Annotated[strawberry.ID, strawberry.argument(description="The conversation.")],
        after: After = None,
    ) -> AsyncGenerator[Message, None]:
        number, me = read_id(conversation_id, ["conversationId"], "Conversation")[1], _me(info.context)
        mine = (("account", me),)
        if await info.context.store.load(Given(conversation_of_viewer, mine), number) is None:
            raise Refused("BAD_USER_INPUT", NO_SUCH, "conversationId")

        def message(row: Any) -> Callable[[Context], Awaitable[Any]]:
            async def value(context: Context) -> Any:  # as whoever is still in it sees it
                return await context.store.load(Given(message_of_viewer, mine), row.message_id)

            return value

        async for one in _told(info.context, MESSAGES, number, after):
            yield one and Happening(one.place, message(await one.value(info.context)))  # type: ignore[misc]

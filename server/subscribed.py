"""A subscription, from when it is asked for until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from graphql.execution import create_source_event_stream

from resolvers.event_log import cursor_of
from resolvers.refused import Refused, Unavailable
from schema.context import Context, Spent
from schema.errors import shown
from schema.subscription import Happening
from server.access import Asking, Session
from server.documents import MOST_ERRORS
from server.malformed import Malformed
from server.running import Prepared, Ran, Running, failed
from server.seen import Seen

PAUSE = 1.0  # seconds until an event is tried again that could not be read
BEGUN = Ran(b"", 200)  # comes before the events, once nothing of what was asked for is refused


class Subscribed:
    def __init__(
        self,
        running: Running,
        prepared: Prepared,
        session: Session,
        seen: Seen,
        *,
        turn: asyncio.Semaphore,
        deadline: float,
    ) -> None:
        self._running, self._prepared, self._session, self._seen = running, prepared, session, seen
        self._turn, self._deadline = turn, deadline

    async def results(self) -> AsyncGenerator[Ran, None]:
        """What it tells, as it happens; the last may be a refusal, or why it ends. Raises Malformed."""
        cost = self._running.cost(self._prepared, self._seen)
        if isinstance(cost, Ran):
            yield cost
            return
        who = await self._session.asking()
        spent = await self._running.rates.spend(who, cost)
        source = await self._source(self._context(who, spent))
        if isinstance(source, ExecutionResult):
            yield failed([shown(error, self._seen.id) for error in source.errors or ()][:MOST_ERRORS], self._seen)
            return
        try:
            async with aclosing(source):
                await anext(source)  # from here on nothing is missed
                yield BEGUN
                async for happening in source:
                    if (ran := await self._told(happening, who, spent)) is not None:
                        yield ran
        except (Refused, Unavailable) as error:
            told = GraphQLError(f"{error}", original_error=error)
            yield failed([shown(told, self._seen.id)], self._seen)

    async def _source(self, context: Context) -> Any:
        """Its happenings, or what is wrong with the variables."""
        executor = self._running.built(self._prepared.syntax, self._prepared.asked, context)
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        source = create_source_event_stream(executor)
        return await source if isawaitable(source) else source

    async def _told(self, happening: Happening | None, who: Asking, spent: Spent) -> Ran | None:
        """What is told of an event; None where there is nothing. Raises Refused. It waits for a lost database."""
        if happening is None:
            with suppress(Unavailable):
                await self._still(who)
            return None
        while True:
            async with self._turn:
                with suppress(Unavailable):
                    found = await self._in_time(happening, who, spent)
                    if "UNAVAILABLE" not in self._seen.codes:
                        return found
            self._seen.codes = ()
            await asyncio.sleep(PAUSE)

    async def _in_time(self, happening: Happening, who: Asking, spent: Spent) -> Ran | None:
        """Raises Refused and Unavailable."""
        try:
            async with asyncio.timeout(self._deadline or None):
                context = self._context(await self._still(who), spent)
                value = await happening.value(context)
                if value is None:
                    return None
                prepared = self._prepared
                body = await self._running.executed(prepared.syntax, prepared.asked, context, self._seen, value)
        except TimeoutError:
            told = f"It took longer than {self._deadline:g} s to tell of an event. Subscribe after the last one."
            raise Refused("TIMEOUT", told) from None
        body["extensions"] = {"cursor": cursor_of(happening.place)}
        return Ran(orjson.dumps(body), 200)

    async def _still(self, who: Asking) -> Asking:
        """Who asks now; what shows nothing of them need not know. Raises Refused (UNAUTHENTICATED) and Unavailable."""
        if not self._prepared.document.private or who.viewer is None:
            return who
        try:
            now = await self._session.asking()
        except Malformed as error:
            raise Unavailable(error.message) from error
        if now.viewer is None:
            raise Refused("UNAUTHENTICATED", "The session has ended: sign in again.")
        return now

    def _context(self, who: Asking, spent: Spent) -> Context:
        return self._running.context(self._prepared.document, who, spent, self._seen)

"""Who waits for what to happen, in this process: each is woken by what concerns them, and reads it for themselves.

Nothing is kept for anybody. Whoever reads slowly is only further behind; after a restart, here or in another process,
they go on from the place that they have read up to.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from typing import Any

from resolvers.drivers import Database
from resolvers.event_log import (
    AT_ONCE,
    FEED,
    FOLLOWERS,
    MESSAGES,
    NOTIFICATIONS,
    Happened,
    Place,
    Stream,
    following,
    give_positions,
    newest,
    since,
)
from resolvers.refused import Unavailable
from resolvers.writing import Writer

OFTEN = 0.05  # seconds between looks whether something has changed
SILENCE = 10.0  # seconds
SELDOM = 1.0  # seconds between looks into the log while changes cannot be heard, and between attempts to read
_log = logging.getLogger("peergraph.events")

Ear = tuple[Stream, int]  # what somebody listens to, and of whom or what


class Hub:
    def __init__(self, reader: Database, writer: Writer) -> None:
        self._reader, self._writer = reader, writer
        self._listening: defaultdict[Ear, set[asyncio.Event]] = defaultdict(set)
        self._place: Place | None = None  # up to which everybody has been woken
        self._heard = -1  # of the clock of changes

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                changes = await self._reader.changes()
                now = changes.now if changes else -1  # before anything is read
                if changes is None or now != self._heard:
                    await self._look()
                    self._heard = now
                await asyncio.sleep(OFTEN if changes else SELDOM)
            except Unavailable:
                await asyncio.sleep(SELDOM)  # whoever asks is told
            except Exception:  # noqa: BLE001  whatever it was, it is tried again
                _log.exception("The event log could not be followed.")
                await asyncio.sleep(SELDOM)

    async def newest(self) -> Place:
        """Where the log ends now. Raises Unavailable."""
        return await newest(self._reader)

    async def events(self, stream: Stream, of: int, after: Place) -> AsyncIterator[Any]:
        """The stream's rows after this place, for ever; while the database is gone there are none.

        None from time to time, where nothing happens: whoever listens may look whether they still may.
        """
        woken = asyncio.Event()
        ear = (stream, of)
        self._listening[ear].add(woken)
        try:
            while True:
                woken.clear()
                try:
                    rows = await stream.after(self._reader, of, after)
                except Unavailable:
                    await asyncio.sleep(SELDOM)
                    continue
                for row in rows:
                    yield row
                    after = row.position
                if len(rows) < AT_ONCE:
                    try:
                        async with asyncio.timeout(SILENCE):
                            await woken.wait()
                    except TimeoutError:
                        yield None
        finally:
            self._listening[ear].discard(woken)
            if not self._listening[ear]:
                del self._listening[ear]

    async def _look(self) -> None:
        """Wake whoever is concerned by what has happened meanwhile. Raises Unavailable."""
        await give_positions(self._reader, self._writer)
        if self._place is None:
            self._place = await newest(self._reader)
            self._wake([*self._listening])  # nobody knows what they missed
        while happened := await since(self._reader, self._place):
            self._wake(await self._concerned(happened))
            self._place = happened[-1].position

    async def _concerned(self, happened: list[Happened]) -> list[Ear]:
        """Raises Unavailable."""
        found: list[Ear] = []
        for event in happened:
            if event.account_id is not None:
                found.append((NOTIFICATIONS, event.account_id))
            if event.conversation_id is not None:
                found.append((MESSAGES, event.conversation_id))
            if event.kind == "FOLLOWERS" and event.subject_id is not None:
                found.append((FOLLOWERS, event.subject_id))
        new = [event for event in happened if event.kind == "NEW_WORK"]
        readers = [of for stream, of in self._listening if stream is FEED]
        if new and readers:
            found += [(FEED, account) for account in await following(self._reader, readers, new)]
        return found

    def _wake(self, ears: Iterable[Ear]) -> None:
        for ear in ears:
            for woken in self._listening.get(ear, ()):
                woken.set()

"""Reads at a replica of PostgreSQL that follows the primary a moment behind, where that moment does not matter."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from resolvers.drivers import Database, PostgresReader, Reader, open_reader
from resolvers.later import Later, arrived, lazily
from resolvers.refused import Unavailable
from resolvers.together import Together

if TYPE_CHECKING:
    from resolvers.reads import Keyed

OFTEN = 0.05  # seconds between looks while something is on its way to the replica
SELDOM = 1.0  # seconds between others
# Of which server's write-ahead log, and up to where it can be seen: what had been committed was written up to there.
_PLACE = "SELECT system_identifier::text, ({} - '0/0')::bigint FROM pg_control_system()"
_WRITTEN = _PLACE.format("CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END")
_REPLAYED = _PLACE.format("CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END")
_log = logging.getLogger("peergraph.replica")


class Place(NamedTuple):
    """In the write-ahead log of a server, or of what it is a replica of. None where it is not what it should be."""

    server: str
    position: int | None

    def has(self, other: Place) -> bool:
        """Whether what was written up to the other can be seen here."""
        here, there = self.position, other.position
        return self.server == other.server and here is not None and there is not None and here >= there


class _Awaited(NamedTuple):
    """What the replica is to have."""

    place: Place
    clock: int
    since: float


class Replica:
    """A reader of the replica, and of the primary where the replica is too far behind, gone, or none.

    Who reads here sees all of what was committed some time ago. Whoever must see what they just wrote asks `caught_up`,
    which compares both servers' places in the write-ahead log.
    """

    dialect = PostgresReader.dialect

    def __init__(self, primary: Database, url: str, *, connections: int, most_lag: float) -> None:
        self._primary, self._replica = primary, open_reader(url, connections=connections)
        self._most_lag = most_lag  # seconds
        self._together = Together(self)
        self.as_of = 0  # the clock of changes: what had been written when it showed this is there
        self._awaited: _Awaited | None = None
        self.in_use = False  # until `run` has found that it follows
        self.wrong: str | None = None  # why it is not read, once that is known

    def fetch(self, sql: str, values: Sequence[object], *, long: bool = False) -> Later:
        return self._fetched(sql, values, long=long) if self.in_use else self._primary.fetch(sql, values, long=long)

    def look_up(self, read: Keyed, key: object) -> Later:
        return self._together.load(read, key)

    @lazily
    async def _fetched(self, sql: str, values: Sequence[object], *, long: bool) -> list[object]:
        try:
            return await arrived(self._replica.fetch(sql, values, long=long))
        except Unavailable:
            self._out("it cannot be read")
            return await arrived(self._primary.fetch(sql, values, long=long))

    async def caught_up(self) -> bool:
        """Whether all that has been committed up to now can be read here."""
        written, replayed = await self._places()
        return written is not None and replayed is not None and replayed.has(written)

    @property
    def lag(self) -> float:
        """For how many seconds the replica has been known to lack something."""
        return self._now() - self._awaited.since if self._awaited else 0.0

    @property
    def connections_in_use(self) -> int:
        return self._replica.in_use

    async def run(self) -> None:
        """Follow how far the replica is, until cancelled."""
        looked = -SELDOM
        while True:
            try:
                changes = await self._primary.changes()
                if self._awaited or (changes and changes.now != self.as_of) or self._now() - looked >= SELDOM:
                    looked = self._now()
                    await self.look(changes.now if changes else self.as_of)
            except Exception:  # noqa: BLE001  whatever it was, it is tried again
                _log.exception("The replica could not be followed.")
                self._out("it cannot be followed")
                await asyncio.sleep(SELDOM)
            await asyncio.sleep(OFTEN)

    async def look(self, clock: int = 0) -> None:
        """Find out whether it can be read, or why not."""
        written, replayed = await self._places()
        if replayed is None:
            self._out("it cannot be reached")
        elif replayed.position is None:
            self._out("it is no replica")
        elif written is None:  # and nothing is: what the replica has is all there is
            self._in()
        elif written.server != replayed.server:
            self._out("it follows another server")
        else:
            self._awaited = self._awaited or _Awaited(written, clock, self._now())
            if replayed.has(self._awaited.place):
                self.as_of, self._awaited = self._awaited.clock, None
                self._in()
            elif self.lag > self._most_lag:
                self._out(f"it is more than {self._most_lag:g} s behind")

    async def _places(self) -> tuple[Place | None, Place | None]:
        """Up to where the primary is written, and the replica follows; None where that cannot be known."""
        return await asyncio.gather(_place(self._primary, _WRITTEN), _place(self._replica, _REPLAYED))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _in(self) -> None:
        if self.wrong is not None:
            _log.warning("The replica is read again.")
        self.in_use, self.wrong = True, None

    def _out(self, why: str) -> None:
        self.in_use = False
        if why != self.wrong:
            _log.warning("The replica is not read: %s.", why)
        self.wrong = why

    async def close(self) -> None:
        await self._replica.close()


async def wrong_with(url: str, replica_url: str, most_lag: float) -> str | None:
    """What keeps this replica of this database from being read, if anything does."""
    primary = open_reader(url, connections=1)
    replica = Replica(primary, replica_url, connections=1, most_lag=most_lag)
    try:
        while not replica.in_use and replica.wrong is None:
            await replica.look()
            await asyncio.sleep(OFTEN)
        return replica.wrong
    finally:
        await replica.close()
        await primary.close()


async def _place(reader: Reader, statement: str) -> Place | None:
    try:
        ((server, position),) = await arrived(reader.fetch(statement, []))
    except Unavailable:
        return None
    return Place(server, position)

"""Counts in a Redis. To import its client takes long, and few need it."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from server.counts import Memory

PATIENCE = 0.25  # seconds that Redis has to answer
REST = 5.0  # seconds for which it is let alone when it did not
SILENCE = 60.0  # seconds between two lines of the log about that

_log = logging.getLogger("peergraph.server")


def usable(url: str) -> bool:
    """Whether the client could use this URL, if something answers there."""
    try:
        pool: Any = ConnectionPool.from_url(url)
        pool.make_connection()  # it does not connect yet
    except (TypeError, ValueError, RedisError):
        return False
    return True


class Shared:
    """Where Redis fails each process counts by itself: its outage is not the service's, and no feast either."""

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(url)
        # As limits' types have no room for a pool.
        options: dict[str, Any] = {
            "implementation": "redispy",
            "key_prefix": "peergraph",
            "connection_pool": self._pool,
        }
        self._redis = RedisStorage(f"async+{url}", **options)
        self._memory = Memory()
        self._resting_until = self._silent_until = 0.0

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        if monotonic() >= self._resting_until:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await self._redis.incr(key, expiry, amount)
            except (RedisError, OSError) as error:  # a TimeoutError is an OSError
                self._failed(error)
        return await self._memory.incr(key, expiry, amount)

    def _failed(self, error: Exception) -> None:
        self._resting_until = monotonic() + REST
        if monotonic() >= self._silent_until:
            self._silent_until = monotonic() + SILENCE
            # Its own words may tell of the URL.
            _log.warning("Redis failed (%s): meanwhile each process counts points by itself", type(error).__name__)

    async def close(self) -> None:
        await self._pool.aclose()

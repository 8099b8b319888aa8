"""How many points an hour everybody may spend on operations."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from time import time
from zlib import crc32

from resolvers.secrets import pseudonym
from schema.context import UNLIMITED, Spent
from server.access import Asking
from server.counts import Counts, Memory
from server.malformed import Header, Malformed
from server.settings import Settings

HOUR = 3600
SITE = 64  # bits of an IPv6 address that somebody is given; the others they choose


class Rates:
    def __init__(self, settings: Settings) -> None:
        self._signed_in, self._signed_out = settings.rate_limit, settings.signed_out_rate_limit
        self._counts = _counts(settings.rate_limit_storage)

    async def spend(self, asking: Asking, cost: int) -> Spent:
        """Have whoever asks spend so many points. Raises Malformed (RATE_LIMITED) where they have fewer."""
        viewer = asking.viewer
        # By account, not by token: another token would be another limit.
        caller = place(asking.client.address) if viewer is None else f"account {viewer.id}"
        limit = self._signed_out if viewer is None else self._signed_in
        now = int(time())
        hour, since = divmod(now + _begins(caller), HOUR)
        ends = now + HOUR - since
        if not limit:
            return Spent(UNLIMITED, min(cost, UNLIMITED), 0, ends)
        key = f"{caller} {hour}"
        used = await self._counts.incr(key, HOUR, cost)
        if used > limit:
            used = await self._counts.incr(key, HOUR, -cost)
            raise self._refused(Spent(limit, cost, min(used, limit), ends))
        return Spent(limit, cost, used, ends)

    def told(self, spent: Spent) -> tuple[Header, ...]:
        """Headers that tell it, as in the IETF's draft, draft-ietf-httpapi-ratelimit-headers."""
        if spent.limit == UNLIMITED:
            return ()
        left = b'"points";r=%d;t=%d' % (spent.remaining, max(spent.ends - int(time()), 0))
        return ((b"ratelimit-policy", b'"points";q=%d;w=%d' % (spent.limit, HOUR)), (b"ratelimit", left))

    def _refused(self, spent: Spent) -> Malformed:
        headers, seconds = self.told(spent), spent.ends - int(time())
        if spent.cost > spent.limit:  # then waiting does not help
            message = (
                f"The operation costs {spent.cost:,} points, more than the {spent.limit:,} that there are an hour."
            )
        else:
            message = f"The operation costs {spent.cost:,} points, and {spent.remaining:,} are left for {seconds:,} s."
            headers = ((b"retry-after", b"%d" % seconds), *headers)
        return Malformed(message, 429, code="RATE_LIMITED", headers=headers)

    async def close(self) -> None:
        await self._counts.close()


def _counts(url: str | None) -> Counts:
    if url is None:
        return Memory()
    from server.shared_counts import Shared  # noqa: PLC0415  its import takes long

    return Shared(url)


@lru_cache(10_000)
def place(address: str) -> str:
    """Where somebody is who is not signed in; it does not tell the address."""
    try:
        parsed = ip_address(address)
    except ValueError:  # none, on a socket of a file
        return f"address {pseudonym(address)}"
    if isinstance(parsed, IPv6Address):
        parsed = parsed.ipv4_mapped or IPv6Network((int(parsed), SITE), strict=False).network_address
    return f"address {pseudonym(str(parsed))}"


@lru_cache(10_000)
def _begins(caller: str) -> int:
    """The second of the clock's hour at which theirs begins: all at once they would all come back at once."""
    return crc32(caller.encode()) % HOUR

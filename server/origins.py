"""Pages of other origins that may ask from within a browser: those that are listed, and no others."""

from __future__ import annotations

from collections.abc import Iterable

from server.malformed import Header

METHODS = b"GET, HEAD, POST"
READABLE = b"ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
REMEMBERED = b"600"  # seconds for which a browser need not ask again


class Origins:
    def __init__(self, listed: Iterable[str]) -> None:
        self.listed = frozenset(one.encode() for one in listed)

    def varies(self) -> tuple[bytes, ...]:
        """What an answer depends on here, as Vary names it."""
        return (b"Origin",) if self.listed else ()

    def headers(self, headers: dict[bytes, bytes]) -> tuple[Header, ...]:
        """What lets a listed page read the answer."""
        origin = headers.get(b"origin")
        if origin not in self.listed:
            return ()
        return (*_allowed(origin), (b"access-control-expose-headers", READABLE))

    def preflight(self, headers: dict[bytes, bytes]) -> tuple[Header, ...]:
        """What lets a listed page send a request that it could not send from a form."""
        origin = headers.get(b"origin")
        if origin not in self.listed:
            return ()
        asked = headers.get(b"access-control-request-headers", b"content-type")
        return (
            *_allowed(origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", REMEMBERED),
        )


def _allowed(origin: bytes) -> tuple[Header, ...]:
    return ((b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true"))

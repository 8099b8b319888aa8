"""Who is asking, by what their request carries: a bearer token, or a browser's cookie."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import NamedTuple

from starlette.requests import cookie_parser

from resolvers.accesses import SESSION, Client
from resolvers.checked import LONGEST_NAME
from resolvers.drivers import Reader
from resolvers.refused import Unavailable
from resolvers.store import Store
from resolvers.viewers import Viewer, seen, viewer_of
from resolvers.writing import Writer
from server.malformed import Header, Malformed

COOKIE = "peergraph_session"


class Asking(NamedTuple):
    client: Client
    viewer: Viewer | None


class Session(NamedTuple):
    """What somebody showed to be let in, and does not show again on the same connection."""

    accesses: Accesses
    client: Client
    token: str  # "" where there is none, or none that could let anybody in
    bearer: bool = False  # not a cookie

    async def asking(self) -> Asking:
        """Who asks by it now: nobody, once it has ended. Raises Malformed (UNAVAILABLE)."""
        return Asking(self.client, await self.accesses.viewer(self.token) if self.token else None)


class Accesses:
    def __init__(self, reader: Reader, writer: Writer, *, secure: bool, origins: Container[bytes] = ()) -> None:
        self._reader, self._writer, self._origins = reader, writer, origins
        self._noting: set[asyncio.Task[None]] = set()
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def asking(self, address: str, headers: dict[bytes, bytes]) -> Asking:
        """Raises Malformed for a token that lets nobody in; a cookie of an ended session is nobody's.

        A browser sends a cookie along whatever page asks; it counts on pages of this host and of the origins listed.
        """
        session = self.session(address, headers, headers.get(b"authorization"))
        asking = await session.asking()
        if session.bearer and asking.viewer is None:
            message = "The token is wrong, or its session has ended: sign in again."
            raise Malformed(message, 401, code="UNAUTHENTICATED", headers=[(b"www-authenticate", b"Bearer")])
        return asking

    def session(self, address: str, headers: dict[bytes, bytes], authorization: bytes | None) -> Session:
        """What lets in whoever asks, for as long as they stay connected. Raises Malformed, as above."""
        name = headers.get(b"user-agent", b"").decode("latin-1")
        client = Client(address, name[:LONGEST_NAME] if name.isprintable() and name else "unknown")
        if authorization is not None:
            scheme, _, token = authorization.decode("latin-1").partition(" ")
            return Session(self, client, token.strip() if scheme.lower() == "bearer" else "", bearer=True)
        cookie = headers.get(b"cookie")
        token = cookie_parser(cookie.decode("latin-1")).get(COOKIE, "") if cookie else ""
        if token and not self.is_ours(headers):
            raise Malformed("Pages of another origin may not ask as you.", 403, code="FORBIDDEN")
        return Session(self, client, token)

    def is_ours(self, headers: dict[bytes, bytes]) -> bool:
        """Whether a page of this host or of the origins listed asks, or no page at all."""
        origin = headers.get(b"origin")
        return origin is None or origin.partition(b"://")[2] == headers.get(b"host") or origin in self._origins

    async def viewer(self, token: str) -> Viewer | None:
        """Whom it lets in now. Raises Malformed (UNAVAILABLE)."""
        try:
            viewer = await viewer_of(Store(self._reader), token)
        except Unavailable as error:
            raise Malformed(f"{error}", 503, code="UNAVAILABLE") from error
        if viewer is not None and viewer.seen_long_ago:
            noting = asyncio.create_task(self._seen(viewer))
            self._noting.add(noting)
            noting.add_done_callback(self._noting.discard)
        return viewer

    async def _seen(self, viewer: Viewer) -> None:
        try:
            await seen(self._writer, viewer)
        except Unavailable:
            return  # the next request notes it

    def cookies(self, token: str | None) -> tuple[Header, ...]:
        """What makes a browser keep this token, or drop the one it has where it is empty."""
        if token is None:
            return ()
        age = int(SESSION.total_seconds()) if token else 0
        return ((b"set-cookie", f"{COOKIE}={token}; Max-Age={age}; {self._attributes}".encode()),)

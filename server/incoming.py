"""A request as the endpoint has it, however it came."""

from __future__ import annotations

from typing import Protocol

from starlette.types import Receive, Scope

from server.bodies import body


class Incoming(Protocol):
    headers: dict[bytes, bytes]  # as bytes: to decode them all costs more than to look at a few
    address: str  # of whoever sent it, "" where that is not known

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> bytes: ...

    async def body(self, most: int, seconds: float) -> bytes:
        """What was sent, in at most so many bytes and seconds, if not 0. Raises Malformed and HungUp."""

    async def gone(self) -> None:
        """Wait until its client has gone."""


class OverASGI:
    """A request as an ASGI server hands it over."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.address = address(scope)
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: bytes = scope.get("query_string", b"")
        self._receive = receive

    async def body(self, most: int, seconds: float) -> bytes:
        return await body(self._receive, self.headers, most, seconds)

    async def gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


def address(scope: Scope) -> str:
    """Whose request or connection it is; "" where that is not known, as on a socket of a file."""
    peer = scope.get("client")
    return peer[0] if peer else ""

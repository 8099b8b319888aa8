"""GraphQL over Server-Sent Events: an operation a request, its results a stream (distinct, as graphql-sse says)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress

from starlette.types import Receive, Scope, Send

from server.asked import Asked, in_body, in_query_string
from server.bodies import HungUp, body
from server.connection import ABORT
from server.incoming import address
from server.live import Live, Told
from server.malformed import Header, Malformed
from server.origins import Origins
from server.response import NO_CONTENT, Bytes, refusal
from server.seen import Seen
from server.settings import Settings

EVENT_STREAM = b"text/event-stream"
SILENCE = 12.0  # seconds, after which a comment says that the connection still stands
_ALLOW = (b"allow", b"GET, POST")
_UNBUFFERED = (b"x-accel-buffering", b"no")  # as nginx would
_COMMENT, _COMPLETE = b":\n\n", b"event: complete\ndata:\n\n"


class ServerSentEvents:
    """What is served at STREAM, as an ASGI application."""

    def __init__(self, live: Live, origins: Origins, settings: Settings, secure: Iterable[Header]) -> None:
        self._live, self._origins = live, origins
        self._most_bytes, self._seconds = settings.max_body_bytes, settings.sender_seconds
        self._common = (
            (b"cache-control", b"private, no-store"),
            (b"vary", b", ".join((b"Accept", *origins.varies()))),
            *secure,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if scope["method"] == "OPTIONS":
            reply = Bytes(b"", NO_CONTENT, (*self._common, _ALLOW, *self._origins.preflight(headers)))
            await reply(scope, receive, send)
            return
        common = (*self._common, *self._origins.headers(headers))
        try:
            with self._live.connections.connected(scope):
                await self._answer(scope, headers, common, receive, send)
        except HungUp:
            return
        except Malformed as malformed:
            seen = Seen()
            seen.status, seen.codes = malformed.status, [malformed.code]
            told = refusal(malformed.message, malformed.code, seen.id)
            kind = (b"content-type", b"application/json; charset=utf-8")
            await Bytes(told, malformed.status, (kind, *common, *malformed.headers))(scope, receive, send)
            seen.tell(scope["method"], scope["path"])

    async def _answer(
        self, scope: Scope, headers: dict[bytes, bytes], common: Iterable[Header], receive: Receive, send: Send
    ) -> None:
        """Raises Malformed and HungUp, before anything is answered."""
        asked = await self._asked(scope, headers, receive)
        accesses = self._live.accesses
        await accesses.asking(address(scope), headers)  # a token that lets nobody in is refused at once
        session = accesses.session(address(scope), headers, headers.get(b"authorization"))
        may_write = scope["method"] == "POST"
        async with aclosing(self._live.results(asked, session, scope, may_write=may_write)) as results:
            first = await anext(results)
            if not first.answers:
                kind = (b"content-type", b"application/json; charset=utf-8")
                await Bytes(first.body, first.status, (kind, *common))(scope, receive, send)
                return
            kind = (b"content-type", EVENT_STREAM + b"; charset=utf-8")
            await send({"type": "http.response.start", "status": 200, "headers": [kind, *common, _UNBUFFERED]})
            gone = asyncio.create_task(_gone(receive))
            try:
                async for part in _parts(first, results, gone):
                    async with asyncio.timeout(self._seconds or None):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                self._live.connections.too_slow += 1
                scope["state"][ABORT]()
            finally:
                gone.cancel()

    async def _asked(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Asked:
        if scope["method"] not in ("GET", "POST"):
            raise Malformed("Send operations by GET or POST.", 405, headers=[_ALLOW])
        if EVENT_STREAM not in headers.get(b"accept", b"").lower():
            raise Malformed(f"Accept {EVENT_STREAM.decode()}.", 406)
        if scope["method"] == "GET":
            return in_query_string(scope.get("query_string", b""))
        return in_body(await body(receive, headers, self._most_bytes, self._seconds))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _parts(
    first: Told, results: AsyncGenerator[Told, None], gone: asyncio.Task[None]
) -> AsyncGenerator[bytes, None]:
    """The stream's events, until the results end or the client has gone."""
    yield _event(first) if first.body else _COMMENT
    coming = asyncio.ensure_future(anext(results, None))
    try:
        while not gone.done():
            await asyncio.wait((coming, gone), timeout=SILENCE, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                yield _COMMENT
                continue
            told = coming.result()
            if told is None:
                yield _COMPLETE
                return
            yield _event(told)
            coming = asyncio.ensure_future(anext(results, None))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming


def _event(told: Told) -> bytes:
    return b"event: next\ndata: %b\n\n" % told.body

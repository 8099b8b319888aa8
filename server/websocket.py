"""GraphQL over WebSocket, by the subprotocol graphql-transport-ws."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from server.access import Session
from server.asked import Asked, in_object
from server.connection import CLOSE
from server.incoming import address
from server.live import Live
from server.malformed import Malformed
from server.response import refusal
from server.seen import Seen
from server.settings import Settings

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
PER_SECOND = 100  # messages of a client, on average
_log = logging.getLogger("peergraph.server")


class Closed(Exception):  # noqa: N818  why, as the client is told
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class WebSockets:
    """What is served at /graphql to those who connect by WebSocket, as an ASGI application."""

    def __init__(self, live: Live, settings: Settings) -> None:
        self._live, self._settings = live, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the request to connect
        if not self._live.accesses.is_ours(dict(scope["headers"])):
            await _refuse(send, Malformed("Pages of another origin may not connect.", 403, code="FORBIDDEN"))
            return
        try:
            with self._live.connections.connected(scope):
                await Socket(self._live, self._settings, scope, receive, send).run()
        except Malformed as malformed:
            await _refuse(send, malformed)


async def _refuse(send: Send, refused: Malformed) -> None:
    body = refusal(refused.message, refused.code, Seen().id)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


class Socket:
    """One connection."""

    def __init__(self, live: Live, settings: Settings, scope: Scope, receive: Receive, send: Send) -> None:
        self._live, self._scope, self._receive, self._send_message = live, scope, receive, send
        self._most, self._slow_seconds = settings.max_subscriptions, settings.sender_seconds or None
        self._initialised = False
        self._session: Session | None = None  # until it is acknowledged
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._closed: Closed | None = None
        self._task = asyncio.current_task()
        self._allowed, self._counted_at = float(PER_SECOND), asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until either side ends it."""
        loop = asyncio.get_running_loop()
        served = PROTOCOL in self._scope["subprotocols"]
        await self._send_message({"type": "websocket.accept", "subprotocol": PROTOCOL if served else None})
        late = loop.call_later(INIT_SECONDS, self._end, Closed(4408, "Connection initialisation timeout"))
        try:
            if not served:
                raise Closed(4406, "Subprotocol not acceptable")  # noqa: TRY301
            while (message := await self._receive())["type"] != "websocket.disconnect":
                self._count()
                await self._heard(_read(message))
                if self._session:
                    late.cancel()
        except Closed as closed:
            await self._close(closed)
        except asyncio.CancelledError:
            if self._closed is None:
                raise
            self._task.uncancel()  # type: ignore[union-attr]
            await self._close(self._closed)
        finally:
            late.cancel()
            for operation in self._operations.values():
                operation.cancel()
            await asyncio.gather(*self._operations.values(), return_exceptions=True)

    def _end(self, closed: Closed) -> None:
        """Close it from elsewhere than its own task."""
        if self._closed is None:
            self._closed = closed
            self._task.cancel()  # type: ignore[union-attr]

    async def _close(self, closed: Closed) -> None:
        if closed.code == 4400:  # noqa: PLR2004
            _log.info("Malformed over WebSocket: %s", closed.reason)
        await self._send_message({"type": "websocket.close", "code": closed.code, "reason": closed.reason})

    def _count(self) -> None:
        """Raises Closed for a flood."""
        now = asyncio.get_running_loop().time()
        self._allowed = min(self._allowed + (now - self._counted_at) * PER_SECOND, PER_SECOND) - 1
        self._counted_at = now
        if self._allowed < 0:
            raise Closed(4429, "Too many messages")

    async def _heard(self, message: dict[str, Any]) -> None:
        """Raises Closed."""
        match message.get("type"):
            case "connection_init":
                await self._initialise(_object(message, "payload"))
            case "ping":
                payload = _object(message, "payload")
                await self._send({"type": "pong"} | ({} if payload is None else {"payload": payload}))
            case "pong":
                _object(message, "payload")
            case "subscribe":
                self._subscribe(_id(message), _object(message, "payload") or {})
            case "complete":
                if operation := self._operations.pop(_id(message), None):
                    operation.cancel()
            case _:
                raise Closed(4400, "Unknown type of message")

    async def _initialise(self, payload: dict[str, Any] | None) -> None:
        if self._initialised:
            raise Closed(4429, "Too many initialisation requests")
        self._initialised = True
        headers = dict(self._scope["headers"])
        given = next((value for name, value in (payload or {}).items() if name.lower() == "authorization"), None)
        if given is not None and not (isinstance(given, str) and given.isascii()):
            raise Closed(4400, "`Authorization` must be a string, as in the header")
        authorization = headers.get(b"authorization") if given is None else given.encode()
        try:
            session = self._live.accesses.session(address(self._scope), headers, authorization)
            known = not session.bearer or (await session.asking()).viewer is not None
        except Malformed as malformed:
            raise Closed(1013, malformed.message) from malformed
        if not known:
            raise Closed(4403, "Forbidden")
        self._session = session
        await self._send({"type": "connection_ack"})

    def _subscribe(self, id: str, payload: dict[str, Any]) -> None:
        if self._session is None:
            raise Closed(4401, "Unauthorized")
        if id in self._operations:
            raise Closed(4409, f"Subscriber for {id} already exists")
        if self._most and len(self._operations) >= self._most:
            raise Closed(4429, f"More than {self._most} operations at a time")
        for name, kind in (("query", str), ("operationName", str), ("variables", dict), ("extensions", dict)):
            if not isinstance(payload.get(name), kind | None):
                raise Closed(4400, f"`payload.{name}` is of a wrong type")
        operation = asyncio.create_task(self._operate(id, payload, self._session))
        self._operations[id] = operation

    async def _operate(self, id: str, payload: dict[str, Any], session: Session) -> None:
        try:
            async for kind, told in _told(self._live, payload, session, self._scope):
                await self._send_text(b'{"id":%b,"type":"%b","payload":%b}' % (orjson.dumps(id), kind, told))
                if kind == b"error":
                    return
            await self._send({"id": id, "type": "complete"})
        finally:
            if self._operations.get(id) is asyncio.current_task():
                del self._operations[id]

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(orjson.dumps(message))

    async def _send_text(self, text: bytes) -> None:
        """Wait until the client makes room for it, but not for ever: nothing is kept for it meanwhile."""
        try:
            async with asyncio.timeout(self._slow_seconds):
                await self._send_message({"type": "websocket.send", "text": text.decode()})
        except TimeoutError:
            self._live.connections.too_slow += 1
            self._scope["state"][CLOSE](1013, "Too slow: subscribe again after the last cursor")
        except OSError:  # it has gone, as the task that listens will hear
            return


async def _told(live: Live, payload: dict[str, Any], session: Session, scope: Scope) -> Any:
    """Types and payloads of the messages that tell what an operation answers."""
    try:
        asked: Asked = in_object(payload)
    except Malformed as malformed:
        yield b"error", _errors(refusal(malformed.message, malformed.code, Seen().id))
        return
    async with aclosing(live.results(asked, session, scope)) as results:
        async for told in results:
            if told.body:
                yield (b"next", told.body) if told.answers else (b"error", _errors(told.body))


def _errors(body: bytes) -> bytes:
    return orjson.dumps(orjson.loads(body)["errors"])


def _read(message: Any) -> dict[str, Any]:
    """Raises Closed."""
    try:
        found = orjson.loads(message["text"])
    except (KeyError, TypeError, orjson.JSONDecodeError):
        raise Closed(4400, "A message must be JSON, as text") from None
    if not isinstance(found, dict):
        raise Closed(4400, "A message must be an object")
    return found


def _object(message: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Raises Closed."""
    found = message.get(name)
    if not isinstance(found, dict | None):
        raise Closed(4400, f"`{name}` must be an object")
    return found


def _id(message: dict[str, Any]) -> str:
    """Raises Closed."""
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise Closed(4400, "`id` must be a string of at least a character")
    return found

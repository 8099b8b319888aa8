"""HTTP/1.1 connections that wait only so long, and for only so many bytes, until a request's headers have come; and
that refuse by themselves what there is no room for.

A refusal from here costs a quarter of one from within a request, so that four times as many requests as can be answered
leave nearly all of the time to those that are.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from typing import Any

from starlette.responses import Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.bodies import check, too_large
from server.settings import Settings

GRAPHQL = "/graphql"
STREAM = "/graphql/stream"
ABORT, CLOSE = "abort", "close"  # the state of a request: what ends its connection whatever is still to be sent
CLOSE_SECONDS = 5.0
READ_SECONDS = 0.05  # in which an idle connection brings what was sent before it is closed
# The application's state under these names: of the headers of a POST, the Response that refuses it; of an Incoming, the
# Response that answers it, or None where nobody waits for it any more.
REFUSED, ANSWERED = "refused", "answered"
MOST_HEADER_BYTES = 65_536
MOST_MESSAGE_BYTES = 256 * 1024  # of a WebSocket
_quiet = logging.getLogger("peergraph.websocket")
_quiet.setLevel(logging.ERROR)
_PATH = GRAPHQL.encode()
_CLOSE = (b"connection", b"close")
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@cache
def _seconds() -> float:
    return Settings().sender_seconds


class Answering:
    """A plain request that came at once and is answered, in place of a cycle of uvicorn's."""

    method, path, query_string = "POST", GRAPHQL, b""

    def __init__(self, address: str, headers: dict[bytes, bytes], sent: bytes, *, keep_alive: bool) -> None:
        self.address, self.headers, self._sent = address, headers, sent
        self._gone: asyncio.Future[None] | None = None
        # As uvicorn looks at them.
        self.keep_alive, self.response_complete, self.disconnected = keep_alive, False, False
        self.scope = {"path": GRAPHQL}

    @property
    def message_event(self) -> Answering:
        """What uvicorn sets when the client has gone. No attribute: only a collection would free the circle."""
        return self

    async def body(self, most: int, seconds: float) -> bytes:
        del seconds
        check(self.headers, most)
        if most and len(self._sent) > most:
            raise too_large(most)
        return self._sent

    async def gone(self) -> None:
        if not self.disconnected:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone

    def set(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)


class PromptConnection(HttpToolsProtocol):
    """uvicorn's, which would wait for a silent or slow sender for ever.

    A plain POST to /graphql whose body comes at once goes to the endpoint as it is: by way of ASGI, with its events,
    middleware and timers, a small request took a third longer.
    """

    def __init__(self, *given: Any, **known: Any) -> None:
        super().__init__(*given, **known)
        self._waiting = False  # for a request's headers
        self._bytes = 0  # that came meanwhile
        self._another = False  # whether what was read last ended a request before this one
        self._stopping = False
        self._late: asyncio.TimerHandle | None = None
        self._known: dict[bytes, bytes] = {}  # the headers of a plain request
        self._sender = ""  # its client's address
        self._refusal: Response | None = None  # of the request whose body comes now
        self._held: bytes | None = None  # what has come of the body of a plain request
        self._idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        self._be_late()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super()._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._bytes > MOST_HEADER_BYTES:
            return  # closed while they still come, the connection would be reset before they read the answer
        self._another = False
        super().data_received(data)
        if self._held is not None:  # the rest of the body is yet to come
            held, self._held = self._held, None
            self._begin()
            if held and not self.transport.is_closing():
                super().on_body(held)
        if self._late is None and (self._waiting or self._refusal is not None):
            self._be_late()
        if self._waiting and not self._another:
            self._bytes += len(data)
            if self._bytes > MOST_HEADER_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.write_eof()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._waiting:  # another request on the same connection
            self._wait()

    def on_headers_complete(self) -> None:
        self._refusal = self._held = None
        if self._is_plain():
            self._known, self._sender = dict(self.headers), self._address()
            self._refusal = self.app_state[REFUSED](self._known)
            if self._refusal is not None:
                self._waiting = False  # its body may be large, but has to come in time
            else:
                self._held = b""
            return
        self._begin()

    def on_body(self, body: bytes) -> None:
        if self._held is not None:
            self._held += body
        elif self._refusal is None:
            super().on_body(body)

    def handle_websocket_upgrade(self) -> None:
        super()._unset_keepalive_if_required()
        super().handle_websocket_upgrade()

    def on_message_complete(self) -> None:
        self._another = True
        if self._held is not None:
            self._answer(self._held)
        elif self._refusal is not None:
            self._stop_waiting()
            refusal, self._refusal = self._refusal, None
            self._reply(refusal, stays=self.parser.should_keep_alive())
        else:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, with one timer for as long as the connection stands instead of one after each answer."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_after(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """Nothing: the timer looks how long the connection has been idle."""

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self.cycle is not None and not self.cycle.response_complete:
            return  # its answer begins anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_after(left)
        elif not self._waiting and self._refusal is None:
            super().timeout_keep_alive_handler()

    def _look_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def shutdown(self) -> None:
        """What was sent and is not read yet is answered; what would go on for ever ends, as if its client had gone."""
        self._stopping = True
        if self.cycle is None or self.cycle.response_complete:
            self.loop.call_later(READ_SECONDS, self._shut)
        else:
            self._shut()

    def _shut(self) -> None:
        super().shutdown()
        if self.cycle is not None and self.cycle.scope["path"] == STREAM:
            self.transport.close()

    def _is_plain(self) -> bool:
        """Whether it is a POST to the endpoint that has to wait for no other, and asks for nothing besides."""
        return (
            self.url == _PATH
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and REFUSED in self.app_state
            and not self.root_path
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _begin(self) -> None:
        """Leave the request to uvicorn."""
        if self.transport.is_closing():
            return
        self._stop_waiting()
        self.scope["state"][ABORT] = self.transport.abort
        super().on_headers_complete()
        if self._stopping and self.cycle is not None:
            self.cycle.keep_alive = False

    def _answer(self, sent: bytes) -> None:
        self._stop_waiting()
        self._held = None
        stays = self.parser.should_keep_alive() and not self._stopping
        answering = Answering(self._sender, self._known, sent, keep_alive=stays)
        self.cycle = answering  # type: ignore[assignment]
        task = self.loop.create_task(self._answered(answering))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answered(self, answering: Answering) -> None:
        try:
            response = await self.app_state[ANSWERED](answering)
            if response is not None and self.flow.write_paused:
                await self.flow.drain()
        except BaseException:
            self.transport.close()
            raise
        answering.response_complete = True
        if response is not None and not answering.disconnected:
            self._reply(response, stays=answering.keep_alive)

    def _reply(self, response: Response, *, stays: bool) -> None:
        if self._bytes > MOST_HEADER_BYTES:
            return  # the last word was said
        stays = stays and _CLOSE not in response.raw_headers
        headers = [*self.server_state.default_headers, *(one for one in response.raw_headers if one != _CLOSE)]
        parts = [STATUS_LINE[response.status_code]]
        for name, value in headers if stays else (*headers, _CLOSE):
            parts += (name, b": ", value, b"\r\n")
        self.transport.write(b"".join((*parts, b"\r\n", bytes(response.body))))
        if not stays:
            self.transport.close()
        self.on_response_complete()

    def _address(self) -> str:
        """Of the client, or of whom a proxy that is trusted forwards for."""
        address, proxied = self.client[0] if self.client else "", self.app
        forwarded = [value for name, value in self.headers if name == b"x-forwarded-for"]
        if not forwarded or not isinstance(proxied, ProxyHeadersMiddleware) or address not in proxied.trusted_hosts:
            return address
        values = b", ".join(forwarded)
        return proxied.trusted_hosts.get_trusted_client_address(values.decode("latin-1"))[0] or address

    def _wait(self) -> None:
        self._waiting, self._bytes = True, 0

    def _be_late(self) -> None:
        if _seconds():
            self._late = self.loop.call_later(_seconds(), self.transport.close)

    def _stop_waiting(self) -> None:
        self._waiting = False
        if self._late is not None:
            self._late.cancel()
            self._late = None


class PromptWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's, which would wait for ever for whoever does not read, and log where each comes from."""

    def __init__(self, *given: Any, **known: Any) -> None:
        super().__init__(*given, **known)
        self.app_state = {**self.app_state, CLOSE: self._close}
        self.logger = self.conn.logger = _quiet

    def _close(self, code: int, reason: str) -> None:
        """Tell it behind what is still to be sent, and then wait only so long."""
        if self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = self.disconnected = True
        self.writable.set()
        self.transport.close()
        self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

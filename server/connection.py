"""HTTP/1.1 connections that wait only so long, and for only so many bytes, until a request's headers have come; and
that refuse by themselves what there is no room for.

A refusal from here costs a quarter of one from within a request, so that four times as many requests as can be answered
leave nearly all of the time to those that are.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server.settings import Settings

GRAPHQL = "/graphql"
STREAM = "/graphql/stream"
ABORT, CLOSE = "abort", "close"  # the state of a request: what ends its connection whatever is still to be sent
CLOSE_SECONDS = 5.0
READ_SECONDS = 0.05  # in which an idle connection brings what was sent before it is closed
REFUSED = "refused"  # the application's state under this name: of the headers of a POST, the Response that refuses it
MOST_HEADER_BYTES = 65_536
MOST_MESSAGE_BYTES = 256 * 1024  # of a WebSocket
_quiet = logging.getLogger("peergraph.websocket")
_quiet.setLevel(logging.ERROR)
_PATH = GRAPHQL.encode()
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


@cache
def _seconds() -> float:
    return Settings().sender_seconds


class PromptConnection(HttpToolsProtocol):
    """uvicorn's, which would wait for a silent or slow sender for ever."""

    def __init__(self, *given: Any, **known: Any) -> None:
        super().__init__(*given, **known)
        self._waiting = False  # for a request's headers
        self._bytes = 0  # that came meanwhile
        self._stopping = False
        self._late: asyncio.TimerHandle | None = None
        self._refusal: Response | None = None  # of the request whose body comes now

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._bytes > MOST_HEADER_BYTES:
            return  # closed while they still come, the connection would be reset before they read the answer
        super().data_received(data)
        if self._waiting:
            self._bytes += len(data)
            if self._bytes > MOST_HEADER_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.write_eof()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._waiting:  # another request on the same connection
            self._wait()

    def on_headers_complete(self) -> None:
        self._refusal = self._refused()
        if self._refusal is not None:
            self._waiting = False  # its body may be large, but has to come in time
            return
        self._stop_waiting()
        self.scope["state"][ABORT] = self.transport.abort
        super().on_headers_complete()
        if self._stopping and self.cycle is not None:
            self.cycle.keep_alive = False

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

    def on_body(self, body: bytes) -> None:
        if self._refusal is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refusal is None:
            super().on_message_complete()
            return
        self._stop_waiting()
        stays, refusal, self._refusal = self.parser.should_keep_alive(), self._refusal, None
        lines = [b"HTTP/1.1 %d %b" % (refusal.status_code, HTTPStatus(refusal.status_code).phrase.encode())]
        lines += [b"%b: %b" % header for header in (*self.server_state.default_headers, *refusal.raw_headers)]
        if not stays:
            lines.append(b"connection: close")
        self.transport.write(b"\r\n".join([*lines, b"", bytes(refusal.body)]))
        if not stays:
            self.transport.close()
        self.on_response_complete()

    def _refused(self) -> Response | None:
        """What this request is told at once; what is not of the plainest kind is left to the application."""
        refused = self.app_state.get(REFUSED)
        if refused is None or self.url != _PATH or self.parser.get_method() != b"POST":
            return None
        if self.root_path or self.expect_100_continue or self.parser.should_upgrade():
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            return None  # it has to wait for the answer to the request before it
        found: Response | None = refused(dict(self.headers))
        return found

    def _wait(self) -> None:
        self._waiting, self._bytes = True, 0
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

"""HTTP/1.1 connections that wait only so long, and for only so many bytes, until a request's headers have come."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.settings import Settings

MOST_HEADER_BYTES = 65_536
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
        self._late: asyncio.TimerHandle | None = None

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
        self._stop_waiting()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._waiting, self._bytes = True, 0
        if _seconds():
            self._late = self.loop.call_later(_seconds(), self.transport.close)

    def _stop_waiting(self) -> None:
        self._waiting = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

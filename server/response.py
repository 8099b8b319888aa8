"""Responses of bytes; Starlette's own would encode and look through its headers each time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.responses import Response

from server.malformed import Header

NO_CONTENT, NOT_MODIFIED = 204, 304


class Bytes(Response):
    def __init__(self, body: bytes, status: int, headers: Iterable[Header]) -> None:
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [*headers]
        if status not in (NO_CONTENT, NOT_MODIFIED):
            self.raw_headers.append((b"content-length", b"%d" % len(body)))


def refusal(message: str, code: str, request_id: str, **more: Any) -> bytes:
    """The body of an answer to what is not run."""
    extensions = {"code": code, **more, "requestId": request_id}
    return orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})

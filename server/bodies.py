"""Bodies of requests, never more of them than may be."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from server.malformed import Malformed
from server.media import JSON, is_json


class HungUp(Exception):  # noqa: N818  nobody is at fault
    """The client has gone: before all of its request had come, or before it was answered."""


async def body(receive: Receive, headers: dict[bytes, bytes], most: int, seconds: float) -> bytes:
    """The JSON that was sent, in at most so many bytes and seconds, if not 0.

    Raises Malformed, before reading on, and HungUp.
    """
    check(headers, most)
    try:
        async with asyncio.timeout(seconds or None):
            return await _whole(receive, most)
    except TimeoutError:
        message = f"The body did not come within {seconds:g} s."
        raise Malformed(message, 408, headers=[(b"connection", b"close")]) from None


def check(headers: dict[bytes, bytes], most: int) -> None:
    """Raises Malformed where the headers announce what is not read here."""
    if not is_json(headers.get(b"content-type", b"")):
        raise Malformed(f"Send the request as {JSON.decode()} in UTF-8.", 415)
    coding = headers.get(b"content-encoding")
    if coding and coding.strip().lower() != b"identity":
        # A few bytes could become any number of them.
        raise Malformed("Send the body as it is, not compressed.", 415, headers=[(b"accept-encoding", b"identity")])
    announced = headers.get(b"content-length", b"")
    if most and announced.isdigit() and (len(announced) > len(str(most)) or int(announced) > most):
        raise too_large(most)


async def _whole(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise HungUp
        part: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if most and size > most:
            raise too_large(most)
        parts.append(part)
    return b"".join(parts)


def too_large(most: int) -> Malformed:
    return Malformed(f"The body is larger than {most:,} bytes.", 413)

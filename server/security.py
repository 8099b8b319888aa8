"""Headers that keep browsers from doing more with an answer than it is for."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Message, Send

from server.malformed import Header

ALONE = b"default-src 'none'; frame-ancestors 'none'"  # what is no page of ours loads nothing and is framed nowhere
YEAR = 31_536_000


def secure_headers(*, https: bool) -> tuple[Header, ...]:
    always = (
        (b"content-security-policy", ALONE),
        (b"referrer-policy", b"same-origin"),
        (b"x-content-type-options", b"nosniff"),
    )
    return (*always, (b"strict-transport-security", b"max-age=%d" % YEAR)) if https else always


def with_headers(given: Iterable[Header], more: Iterable[Header]) -> list[Header]:
    """Those given, and of the others those that it has not."""
    headers = [*given]
    names = {name for name, _ in headers}
    return [*headers, *[one for one in more if one[0] not in names]]


def secured(send: Send, headers: tuple[Header, ...]) -> Send:
    async def send_secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = with_headers(message["headers"], headers)
        await send(message)

    return send_secured

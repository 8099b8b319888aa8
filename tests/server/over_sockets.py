"""HTTP as it stands on a socket."""

from __future__ import annotations

from asyncio import StreamReader


async def answer(reader: StreamReader) -> tuple[list[bytes], bytes]:
    """The lines of an answer's head, in lower case, and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    if lines[0].endswith(b"100 continue"):
        return await answer(reader)
    length = int(next(line for line in lines if line.startswith(b"content-length:"))[15:])
    return lines, await reader.readexactly(length)

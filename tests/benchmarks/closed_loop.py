"""A closed loop over HTTP/1.1: so many connections, each with one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat


@dataclass
class Measured:
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def request(port: int, body: bytes, headers: str = "") -> bytes:
    """The bytes of a POST; `headers` are further lines, each with its end."""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> bytes:
    """The body of the answer."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(length)


async def one(port: int, body: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await ask(reader, writer, request(port, body))
    finally:
        writer.close()


async def closed_loop(port: int, body: bytes, *, connections: int, seconds: float) -> Measured:
    return await closed_loops(port, [repeat(request(port, body))] * connections, seconds)


async def closed_loops(port: int, sent: Sequence[Iterator[bytes]], seconds: float) -> Measured:
    """A connection for each of these, which sends one after the other."""
    measured = Measured()
    end = time.perf_counter() + seconds

    async def client(requests: Iterator[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            await ask(reader, writer, next(requests))
            measured.latencies.append(time.perf_counter() - start)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*map(client, sent))
    measured.seconds = time.perf_counter() - started
    return measured

"""A gzip or plain byte stream in bounded pieces, keeping what precedes damage."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

READ = 256 * 2**10  # stored bytes at a time
PIECE = 2**20  # bytes at most in a piece, whatever the ratio of compression
MAGIC = b"\x1f\x8b"
_GZIP = 31  # zlib's code for a gzip member with its checks


class Broken(Exception):
    """The stream cannot be read on; its whole sound beginning was yielded."""


class Piece(NamedTuple):
    """Bytes as they were before compression, and how many stored bytes were read so far."""

    data: bytes
    offset: int


def inflated(raw: BinaryIO) -> Iterator[Piece]:
    """The pieces of a stream, gzip (one or more members) by its first bytes or else plain; Broken at damage."""
    first = _read(raw)
    if first and first.startswith(MAGIC[: len(first)]):
        yield from _members(raw, first)
        return
    offset = len(first)
    while first:
        yield Piece(first, offset)
        first = _read(raw)
        offset += len(first)


def _read(raw: BinaryIO) -> bytes:
    try:
        return raw.read(READ)
    except OSError as error:
        raise Broken(str(error.strerror or error)) from error


def _members(raw: BinaryIO, stored: bytes) -> Iterator[Piece]:
    offset, member = len(stored), zlib.decompressobj(_GZIP)
    fresh = False  # between two members, where padding may stand
    while stored:
        if fresh:
            stored = stored.lstrip(b"\0")
            fresh = not stored
        if stored:
            for data in _steps(member, stored):
                yield Piece(data, offset - len(member.unconsumed_tail) - len(member.unused_data))
        stored = member.unused_data
        if member.eof:
            member, fresh = zlib.decompressobj(_GZIP), True
        if not stored:
            stored = _read(raw)
            offset += len(stored)
    if not fresh:
        raise Broken("the file ends within compressed data")


def _steps(member: "zlib._Decompress", stored: bytes) -> Iterator[bytes]:
    while stored and not member.eof:
        before = member.copy()
        try:
            data = member.decompress(stored, PIECE)
        except zlib.error as error:
            yield from _rescued(before, stored)
            raise Broken(str(error).rpartition(": ")[2]) from error
        yield data
        stored = member.unconsumed_tail


def _rescued(member: "zlib._Decompress", stored: bytes) -> Iterator[bytes]:
    """What zlib inflated before it met the damage, which it keeps back: byte by byte from the last sound state."""
    for at in range(len(stored)):
        try:
            yield member.decompress(stored[at : at + 1])
        except zlib.error:
            return

"""Answers kept whole, as bytes, for as long as nothing in the database changes."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b
from typing import NamedTuple

from cachetools import LRUCache

OVERHEAD = 512  # bytes of an entry besides its key and body


Request = tuple[str, bytes, bytes]  # the method, the media type of the answer, and all that was sent


class Kept(NamedTuple):
    body: bytes
    etag: bytes
    version: Hashable  # of the database, before it was read
    size: int


class Answers:
    """The answers that were used last, within so many bytes. Only what shows nothing of a viewer may be kept."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: LRUCache[Request, Kept] = LRUCache(most_bytes, lambda kept: kept.size)

    def get(self, asked: Request, version: Hashable) -> Kept | None:
        """The answer to this request, if the database is still as it was."""
        kept = self._kept.get(asked)
        return kept if kept is not None and kept.version == version else None

    def keep(self, asked: Request, version: Hashable, body: bytes) -> Kept:
        etag = b'"%b"' % blake2b(body, digest_size=12).hexdigest().encode()
        kept = Kept(body, etag, version, len(asked[-1]) + len(body) + OVERHEAD)
        if kept.size <= self._kept.maxsize:
            self._kept[asked] = kept
        return kept

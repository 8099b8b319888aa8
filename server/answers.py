"""Answers kept whole, as bytes, until something that they show changes."""

from __future__ import annotations

from hashlib import blake2b

from cachetools import LRUCache

from resolvers.changes import Changes

OVERHEAD, SUBJECT = 512, 80  # bytes of an entry besides its key and body, and of each of its subjects


Request = tuple[str, bytes, bytes]  # the method, the media type of the answer, and all that was sent


class Kept:
    """An answer and what tells when it no longer holds."""

    __slots__ = ("body", "etag", "fresh_at", "headers", "size", "subjects")

    def __init__(self, asked: Request, body: bytes, subjects: set[str], then: int, age: int) -> None:
        self.body, self.subjects = body, subjects
        self.fresh_at = then  # by the clock of changes
        self.etag = b'"%b"' % blake2b(body, digest_size=12).hexdigest().encode()
        control = b"public, max-age=%d" % age if age else b"public, no-cache"
        self.headers = [(b"etag", self.etag), (b"cache-control", control)]
        self.size = len(asked[-1]) + len(body) + OVERHEAD + SUBJECT * len(subjects)


class Answers:
    """The answers that were used last, within so many bytes. Only what shows nothing of a viewer may be kept."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.hits = self.misses = 0
        self._kept: LRUCache[Request, Kept] = LRUCache(most_bytes, lambda kept: kept.size)

    @property
    def bytes(self) -> int:
        return int(self._kept.currsize)

    def get(self, asked: Request, changes: Changes) -> Kept | None:
        """The answer to this request, if nothing of what it shows has changed."""
        kept = self._kept.get(asked)
        if kept is None or (kept.fresh_at != changes.now and changes.since(kept.fresh_at, kept.subjects)):
            self.misses += 1
            return None
        self.hits += 1
        kept.fresh_at = changes.now
        return kept

    def keep(self, asked: Request, kept: Kept) -> None:
        if kept.size <= self._kept.maxsize:
            self._kept[asked] = kept

"""The media types of requests and answers."""

from __future__ import annotations

from functools import lru_cache

JSON = b"application/json"
GRAPHQL_JSON = b"application/graphql-response+json"
LONGEST = 500  # bytes of a header that is worth remembering

Liking = tuple[float, int]  # the quality, and of how many parts of the type it was said


def answered_with(accept: bytes) -> bytes | None:
    """What this Accept header likes best of both, JSON where it says nothing; None where it wants neither."""
    return _answered_with(accept) if len(accept) <= LONGEST else _answered_with.__wrapped__(accept)


@lru_cache
def _answered_with(accept: bytes) -> bytes | None:
    ranges = dict(_range(one) for one in accept.lower().split(b",") if b"/" in one)
    if not ranges:
        return JSON
    json, graphql_json = _liking(JSON, ranges), _liking(GRAPHQL_JSON, ranges)
    if not json[0] and not graphql_json[0]:
        return None
    # Whoever names the newer type knows it; a wildcard may come from anyone.
    newer = graphql_json > json or (graphql_json == json and GRAPHQL_JSON in ranges)
    return GRAPHQL_JSON if newer else JSON


def _range(text: bytes) -> tuple[bytes, float]:
    kind, *parameters = [part.strip() for part in text.split(b";")]
    quality = next((one[2:] for one in parameters if one.startswith(b"q=")), b"1")
    try:
        return kind, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return kind, 1.0


def _liking(kind: bytes, ranges: dict[bytes, float]) -> Liking:
    ways = (kind, kind.partition(b"/")[0] + b"/*", b"*/*")
    return next(((ranges[way], -place) for place, way in enumerate(ways) if way in ranges), (0.0, 0))


def is_json(content_type: bytes) -> bool:
    """Whether a body of this type is one that is read here: JSON in UTF-8."""
    return content_type == JSON or _is_json(content_type)


def _is_json(content_type: bytes) -> bool:
    kind, *parameters = [part.strip().lower() for part in content_type.split(b";")]
    charsets = [one[8:].strip(b'"') for one in parameters if one.startswith(b"charset=")]
    return kind == JSON and all(charset in (b"utf-8", b"utf8") for charset in charsets)

"""Documents that requests name instead of sending them: those of a manifest, and those that clients sent before."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from cachetools import LRUCache

from server.asked import SHA256, Asked
from server.documents import Documents
from server.malformed import Malformed

OVERHEAD = 256  # bytes of an entry besides its text


class NotFound(LookupError):  # noqa: N818  the client will send it
    """No document has the id."""


class ManifestError(ValueError):
    """Why a manifest cannot be used, in a sentence."""


class Persisted:
    """With `trusted_only` nothing else is answered than the manifest's documents."""

    def __init__(self, most_bytes: int, trusted: Mapping[str, str], *, trusted_only: bool) -> None:
        self._trusted, self._only = trusted, trusted_only
        most = 0 if trusted_only else most_bytes
        self._sent: LRUCache[str, str] = LRUCache(most, lambda text: len(text) + OVERHEAD)

    def text(self, asked: Asked) -> str:
        """The document that is asked for. Raises NotFound, and Malformed where it is not to be run."""
        id = asked.document_id
        known = None if id is None else self._trusted.get(id) or self._sent.get(id)
        if asked.query is None:
            if known is None:
                raise NotFound
            return known
        if self._only and asked.query != known:
            raise Malformed("Only trusted documents are answered: name one by its id.", 403, code="FORBIDDEN")
        if id is not None and asked.query != known and id != sha256(asked.query.encode()).hexdigest():
            raise Malformed("The document is another than the id says: it must be the SHA-256 of `query`.")
        return asked.query

    def keep(self, asked: Asked) -> None:
        """Have this document found by its id from now on."""
        if asked.document_id is None or asked.query is None or asked.document_id in self._trusted:
            return
        if len(asked.query) + OVERHEAD <= self._sent.maxsize:
            self._sent[asked.document_id] = asked.query


def trusted(path: Path, documents: Documents) -> dict[str, str]:
    """The documents of a manifest, by id: of Apollo's, or a JSON object of them. Raises ManifestError."""
    try:
        found = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise ManifestError(f"{path} is no JSON: {error.msg} at line {error.lineno}.") from error
    pairs = _listed(found["operations"]) if isinstance(found, dict) and "operations" in found else found
    if not isinstance(pairs, dict) or not all(isinstance(text, str) for text in pairs.values()):
        raise ManifestError(f"{path} is neither a JSON object of documents by id nor Apollo's manifest.")
    for id, text in pairs.items():
        if errors := documents.get(text).errors:
            raise ManifestError(f"The document {id} in {path} is refused: {errors[0].message}")
    return {id.removeprefix(SHA256): text for id, text in pairs.items()}


def _listed(operations: Any) -> dict[str, Any] | None:
    try:
        return {str(one["id"]): one["body"] for one in operations}
    except (TypeError, KeyError):
        return None

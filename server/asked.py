"""What a request asks, out of its body or its query string."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from server.malformed import Malformed

MOST_PARAMETERS = 20
NAMES = {"query", "documentId", "extensions"}  # one of which whatever asks for something has
SHA256 = "sha256:"  # before the id of a document, says what it is


class Asked(NamedTuple):
    query: str | None  # None where the id of a document stands for it
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None

    def wants(self, extension: str) -> bool:
        return self.extensions is not None and self.extensions.get(extension) is True


def in_body(sent: bytes) -> Asked:
    """Raises Malformed."""
    given = _json(sent, "The body")
    if isinstance(given, list):
        raise Malformed("Send one operation a request: batches are not answered.")
    if not isinstance(given, dict):
        raise Malformed("The body must be a JSON object.")
    return in_object(given)


def in_query_string(sent: bytes) -> Asked:
    """Raises Malformed."""
    given: dict[str, Any] = parameters(sent)
    for name in ("variables", "extensions"):
        given[name] = _json(given[name].encode(), f"`{name}`") if given.get(name) else None
    return in_object(given)


def parameters(sent: bytes) -> dict[str, str]:
    """The parameters of a query string. Raises Malformed."""
    try:
        pairs = parse_qsl(sent.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeDecodeError as error:
        raise Malformed("The query string must be UTF-8.") from error
    except ValueError as error:
        raise Malformed(f"The query string has more than {MOST_PARAMETERS} parameters.") from error
    return dict(pairs)


def in_object(given: dict[str, Any]) -> Asked:
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    extensions, document_id = given.get("extensions"), given.get("documentId")
    if variables is not None and not isinstance(variables, dict):
        raise Malformed("`variables` must be an object.")
    if name is not None and not isinstance(name, str):
        raise Malformed("`operationName` must be a string.")
    if extensions is not None and not isinstance(extensions, dict):
        raise Malformed("`extensions` must be an object.")
    if document_id is not None or (extensions and "persistedQuery" in extensions):
        document_id = _document_id(document_id, extensions or {})
    if query is None and document_id is not None:
        return Asked(None, variables, name or None, extensions, document_id)
    if not isinstance(query, str) or not query.strip():
        raise Malformed("`query` must be a GraphQL document.")
    return Asked(query, variables, name or None, extensions, document_id)


def _document_id(given: Any, extensions: dict[str, Any]) -> str:
    """The id as a parameter of its own, or as Apollo's clients send it."""
    if given is None:
        persisted = extensions["persistedQuery"]
        if not isinstance(persisted, dict) or persisted.get("version") != 1:
            raise Malformed("`persistedQuery` must be an object of version 1.")
        given = persisted.get("sha256Hash")
    if not isinstance(given, str) or not given:
        raise Malformed("The id of a document must be a string.")
    return given.removeprefix(SHA256)


def _json(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not _is_utf8(text):
            raise Malformed(f"{what} must be UTF-8.") from error
        raise Malformed(f"{what} must be JSON: {error.msg} at character {error.pos}.") from error


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True

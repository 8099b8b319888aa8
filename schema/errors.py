from __future__ import annotations

import logging
import re
from typing import Any

from graphql import GraphQLError

from resolvers.refused import Refused, Unavailable

_log = logging.getLogger("peergraph.schema")
# In graphql-core's words, of a variable's value, or of ours where its type has no way to show it: then there is a path.
CANNOT_SHOW = " cannot represent "
HIDDEN = "Something went wrong here. Our log has it under this request's id."

_JSONS = {"None": "null", "True": "true", "False": "false"}
_PYTHONS = re.compile(r"\b(?:None|True|False)(?=[.,;\]}]|$)")  # as graphql-core writes a variable's values


def shown(error: GraphQLError, request_id: str, code: str = "BAD_USER_INPUT") -> dict[str, Any]:
    """An error as clients see it, with its code; the one given where graphql-core itself found it.

    What went wrong inside is hidden from the client, never from the log.
    """
    formatted = dict(error.formatted)
    extensions: dict[str, Any] = {"code": code}
    match error.original_error:
        case Refused() as refused:
            extensions = {"code": refused.code, **({"argument": list(refused.path)} if refused.path else {})}
        case Unavailable() as unavailable:
            _log.warning("%s", unavailable, exc_info=unavailable.__cause__, extra={"told": {"request_id": request_id}})
            extensions = {"code": "UNAVAILABLE"}
        case None | GraphQLError() if not (error.path and CANNOT_SHOW in error.message):
            formatted["message"] = _PYTHONS.sub(lambda word: _JSONS[word[0]], error.message)
        case fault:
            _log.error("%s failed", error.path, exc_info=fault, extra={"told": {"request_id": request_id}})
            formatted["message"] = HIDDEN
            extensions = {"code": "INTERNAL"}
    formatted["extensions"] = {**extensions, "requestId": request_id}
    return formatted

"""Rows as their owner takes them along: JSON, with the ids that this service knows them by."""

from __future__ import annotations

from typing import Any

import orjson

from schema.node import global_id

_TYPES = {
    **dict.fromkeys(("account_id", "sender_id", "recipient_id", "reporter_id"), "Account"),
    **dict.fromkeys(("message_id", "last_read_id"), "Message"),
    "researcher_id": "Researcher",
    "claim_id": "Claim",
    "work_id": "Work",
    "invitation_id": "Invitation",
    "conversation_id": "Conversation",
}
_LISTS = {"works": "Work", "topics": "Topic"}  # columns that hold a JSON array of ids
_ROWS = {  # what a row's own id is of
    "account": "Account",
    "claims": "Claim",
    "notifications": "Notification",
    "invitationsSent": "Invitation",
    "invitationsReceived": "Invitation",
    "messages": "Message",
}
_ACCESS = {"SESSION": "Session", "API": "ApiToken"}


def exported(rows: dict[str, list[dict[str, Any]]]) -> Any:
    """The rows by their names, as JSON has them."""
    return orjson.loads(orjson.dumps({name: [_shown(name, row) for row in some] for name, some in rows.items()}))


def _shown(name: str, row: dict[str, Any]) -> dict[str, Any]:
    found = dict(row)
    kind = _ACCESS[found["kind"]] if name == "access" else _ROWS.get(name)
    id = found.pop("id", None)
    if kind:
        found["id"] = global_id(kind, id)
    for column, type_name in _TYPES.items():
        if found.get(column) is not None:
            found[column] = global_id(type_name, found[column])
    for column, type_name in _LISTS.items():
        if column in found:
            found[column] = [global_id(type_name, one) for one in orjson.loads(found[column])]
    found.pop("position", None)
    subject_kind = found.get("subject_kind") or found.get("kind", "")
    if found.get("subject_id") is not None:
        found["subject_id"] = global_id(subject_kind.capitalize(), found["subject_id"])
    return found

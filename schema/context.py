from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import strawberry

from resolvers.store import Store


@dataclass
class Context:
    """One request, as the schema sees it."""

    store: Store
    public_url: str  # without a slash at its end
    version: str
    request_id: str
    viewer: None = None  # who is signed in; nobody can be, yet
    # What columns each selection needs; it may outlive the request, as long as the document does.
    selections: dict[Any, frozenset[str]] = field(default_factory=dict)


Info = strawberry.Info[Context, None]

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import strawberry

from resolvers.accesses import Client, Signed
from resolvers.hub import Hub
from resolvers.store import Store
from resolvers.viewers import Viewer
from resolvers.writing import Writer


class OfferedProvider(NamedTuple):
    """Where one can sign in, too."""

    name: str
    label: str
    url: str


UNLIMITED = 2**31 - 1  # points; the largest Int


class Spent(NamedTuple):
    """The points that have been spent, this operation's among them, of so many until a second of Unix time."""

    limit: int
    cost: int
    used: int
    ends: int

    @property
    def remaining(self) -> int:
        return self.limit - self.used


@dataclass
class Context:
    """One request, as the schema sees it."""

    store: Store
    public_url: str  # without a slash at its end
    version: str
    request_id: str
    writer: Writer
    client: Client
    spent: Spent
    hub: Hub
    viewer: Viewer | None = None  # who is signed in
    variables: Mapping[str, Any] | None = None  # of the operation, once they are known
    private: bool = False  # whether who asks has decided what the answer shows, beyond what fields declare
    # A token for the client to keep, or "" to drop the one it has.
    token: str | None = None
    # What columns each selection needs; it may outlive the request, as long as the document does.
    selections: dict[Any, frozenset[str]] = field(default_factory=dict)
    providers: tuple[OfferedProvider, ...] = ()

    @property
    def me(self) -> Viewer:
        """The viewer, where it is known that there is one."""
        assert self.viewer is not None
        return self.viewer

    def signed_in(self, signed: Signed) -> None:
        self.viewer, self.token = signed.viewer, signed.token

    def signed_out(self) -> None:
        self.viewer, self.token = None, ""


Info = strawberry.Info[Context, None]

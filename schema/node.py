from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import strawberry

from resolvers.follows import followed_by
from resolvers.later import then
from resolvers.refused import Refused
from resolvers.viewers import Viewer
from schema.context import Context, Info
from schema.field import PRINTED, column, computed
from schema.inputs import quoted

LARGEST = 2**63 - 1


def global_id(type_name: str, id: int) -> strawberry.ID:
    return strawberry.ID(b64encode(f"{type_name}:{id}".encode()).decode())


def read_id(text: str, path: Sequence[str], *types: str) -> tuple[str, int]:
    """The type and number in a global id of one of these types. Raises Refused (BAD_USER_INPUT)."""
    try:
        type_name, _, digits = b64decode(text, validate=True).decode("ascii").partition(":")
        number = int(digits)
    except ValueError:
        raise _no_id(text, path) from None
    if not type_name.isidentifier() or not 0 <= number <= LARGEST or global_id(type_name, number) != text:
        raise _no_id(text, path)
    if type_name not in types:
        expected = " or ".join(f"{_a(name)}'s" for name in types)
        raise Refused("BAD_USER_INPUT", f"This is the id of {_a(type_name)}, where {expected} is asked for.", *path)
    return type_name, number


def _a(type_name: str) -> str:
    return f"{'an' if type_name[0] in 'AEIO' else 'a'} {type_name}"


def read_ids(texts: Iterable[str], path: Sequence[str], type_name: str) -> tuple[int, ...]:
    return tuple(read_id(text, [*path, str(index)], type_name)[1] for index, text in enumerate(texts))


def _no_id(text: str, path: Sequence[str]) -> Refused:
    return Refused("BAD_USER_INPUT", f"{quoted(text)} is not an id of this service.", *path)


def _identity() -> Any:
    def resolve(root: Any) -> strawberry.ID:
        return global_id(root.entity.__name__, root.id)

    def of_fields(kind: Any) -> tuple[Any, list[str]]:
        prefix = f"{kind.entity.__name__}:"
        # As global_id, in fewer calls: it is on every object of most answers.
        return lambda id: b2a_base64(f"{prefix}{id}".encode(), newline=False).decode(), ["id"]

    resolve.of_fields = of_fields  # type: ignore[attr-defined]
    return computed("id", description="Opaque, the same for ever, unique among all types.", age=PRINTED)(resolve)


@strawberry.interface(description="Whatever has an id of its own, that `node` finds again.")
class Node:
    id: strawberry.ID = _identity()

    @classmethod
    def is_type_of(cls, row: Any, _info: Any) -> bool:
        # Rows are named tuples: they tell the table that they are of, and each of these types shows the table of
        # its own name.
        return bool(row.entity.__name__ == cls.__name__)


def _of_viewer(show: Callable[[Viewer, bool], bool], description: str) -> Any:
    """A field by who asks and whether they follow the row; false when nobody is signed in."""

    def batch(rows: Sequence[Any], context: Context) -> Any:
        viewer = context.viewer
        if viewer is None:
            return [False] * len(rows)
        read = followed_by(viewer.id, rows[0].entity.__name__.lower())
        found = context.store.load_all(read, [row.id for row in rows])
        return then(found, lambda found: [show(viewer, one is not None) for one in found])

    async def resolve(root: Any, info: Info) -> bool:
        viewer = info.context.viewer
        if viewer is None:
            return False
        read = followed_by(viewer.id, root.entity.__name__.lower())
        return show(viewer, await info.context.store.load(read, root.id) is not None)

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    return computed("id", description=description, private=True)(resolve)


@strawberry.interface(description="Whatever a signed-in person can follow.")
class Followable:
    id: strawberry.ID = _identity()
    follower_count: int = column("How many accounts follow it, those that hide themselves included.")

    viewer_is_following: bool = _of_viewer(
        lambda _viewer, followed: followed, "Whether the signed-in account follows it; false when signed out."
    )
    viewer_can_follow: bool = _of_viewer(
        lambda viewer, followed: "WRITE" in viewer.scopes and not followed,
        "Whether the viewer could follow it now: signed in, and not following it yet.",
    )

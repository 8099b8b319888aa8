"""What is there at once on SQLite and must be awaited on PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

# A list where nothing has to be awaited, so that no task, future or coroutine is made for it.
Later = list[Any] | Awaitable[list[Any]]


def then(found: Later, go_on: Callable[[list[Any]], Any]) -> Any:
    """What `go_on` makes of the list: at once, or to be awaited where the list must be."""
    return go_on(found) if isinstance(found, list) else _after(found, go_on)


async def _after(found: Awaitable[list[Any]], go_on: Callable[[list[Any]], Any]) -> Any:
    return go_on(await found)


async def arrived(found: Later) -> list[Any]:
    """The list, for those who await in any case."""
    return found if isinstance(found, list) else await found

"""What is there at once on SQLite and must be awaited on PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# A list where nothing has to be awaited, so that no task, future or coroutine is made for it.
Later = list[Any] | Awaitable[list[Any]]


class Lazy(Generic[T]):
    """A coroutine that is made when it is awaited.

    Python complains of one that nobody awaits, which is no fault where whoever asked has gone.
    """

    __slots__ = ("_given", "_known", "_make")

    def __init__(self, make: Callable[..., Coroutine[Any, Any, T]], given: Any, known: Any) -> None:
        self._make, self._given, self._known = make, given, known

    def __await__(self) -> Generator[Any, Any, T]:
        return self._make(*self._given, **self._known).__await__()


def lazily(make: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Lazy[T]]:
    @wraps(make)
    def later(*given: P.args, **known: P.kwargs) -> Lazy[T]:
        return Lazy(make, given, known)

    return later


def then(found: Later, go_on: Callable[[list[Any]], Any]) -> Any:
    """What `go_on` makes of the list: at once, or to be awaited where the list must be."""
    return go_on(found) if isinstance(found, list) else _after(found, go_on)


@lazily
async def _after(found: Awaitable[list[Any]], go_on: Callable[[list[Any]], Any]) -> Any:
    return go_on(await found)


async def arrived(found: Later) -> list[Any]:
    """The list, for those who await in any case."""
    return found if isinstance(found, list) else await found

"""Coroutines that are made when they are awaited.

Python complains of one that nobody awaits, which is no fault where whoever asked has gone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Lazy(Generic[T]):
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


def lazy(function: Callable[..., Any]) -> Callable[..., Any]:
    """This, whose coroutines, if it makes any, are made when they are awaited."""
    return lazily(function) if iscoroutinefunction(function) else function

"""How a field of a row is declared: a column, what is computed from columns, or the same row as another type."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction, signature
from typing import Any

import orjson
import strawberry

from schema.selection import AGE, SIZE, metadata

# What only imports change, and seldom: titles, years, identifiers.
PRINTED = 300


def column(description: str, name: str | None = None, *, age: int = 0, size: int | None = None) -> Any:
    """A column of the row, as it is; `age` is for how many seconds it may be shown without asking again.

    A list is taken to hold `size`.
    """
    return strawberry.field(
        description=description, name=name, metadata={AGE: age} | ({} if size is None else {SIZE: size})
    )


def renamed(column: str, description: str) -> Any:
    """A column that the row calls otherwise, so that two tables joined in it do not clash."""

    def resolve(root: Any) -> Any:
        return getattr(root, column)

    resolve.attribute = column  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(column))


def texts(column: str, description: str) -> Any:
    """A column that holds a JSON array of strings."""

    def resolve(root: Any) -> list[str]:
        found: list[str] = orjson.loads(getattr(root, column))
        return found

    return computed(column, description=description)(resolve)


def computed(
    *needs: str, description: str, name: str | None = None, private: bool = False, age: int | None = None
) -> Callable[[Callable[..., Any]], Any]:
    """A field computed from these columns of its row; `private` where it depends on the viewer."""

    def decorate(resolver: Any) -> Any:
        if len(signature(resolver).parameters) == 1 and not iscoroutinefunction(resolver):
            resolver.at_once = True
        return strawberry.field(
            resolver=resolver, description=description, name=name, metadata=metadata(*needs, private=private, age=age)
        )

    return decorate


def same_row(description: str, unless_null: str | None = None) -> Any:
    """The row itself, joined from two tables, as the type of the other; null where this column is."""

    def resolve(root: Any) -> Any:
        return None if unless_null and getattr(root, unless_null) is None else root

    resolve.itself = unless_null or True  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    needs = [unless_null] if unless_null else []
    return strawberry.field(resolver=resolve, description=description, metadata=metadata(*needs, same_row=True))

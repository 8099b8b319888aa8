from __future__ import annotations

from typing import Any

import strawberry

from resolvers.refused import Refused


@strawberry.input(description="Whole numbers from `min` to `max`, both included; an end left out is open.")
class IntRange:
    min: int | None = strawberry.field(default=None, description="The least.")
    max: int | None = strawberry.field(default=None, description="The greatest.")


def quoted(text: str) -> str:
    """What the caller gave, as an error repeats it: cut, and in quotes."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")  # noqa: PLR2004


def given(**conditions: Any) -> dict[str, Any]:
    """The conditions that were given; a null means the same as leaving it out."""
    return {name: value for name, value in conditions.items() if value is not None}


def storable(text: str, *path: str) -> str:
    """The text, if a database can hold it at all. Raises Refused (BAD_USER_INPUT)."""
    if "\0" in text:
        raise Refused("BAD_USER_INPUT", "A NUL character cannot be looked for.", *path)
    return text


def checked_text(text: str | None, *path: str) -> str | None:
    """Text to look for, of 1 to 200 characters. Raises Refused (BAD_USER_INPUT)."""
    if text is None:
        return None
    if not 1 <= len(text) <= 200:  # noqa: PLR2004
        raise Refused("BAD_USER_INPUT", "Give 1 to 200 characters to look for.", *path)
    return storable(text, *path)

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Rowless:
    """A loadable that answers no rows of a table: whatever shows them tells their subjects."""

    kind = None
    moved_by: str | None = None

    def made(self, value: Any) -> Any:
        return value

    def rows(self, value: Any) -> Sequence[Any]:
        del value
        return ()

from typing import Any

from sqlalchemy import ColumnElement, String, bindparam
from sqlmodel import col

from models.columns import fold


def containing(text: str) -> str:
    r"""The LIKE pattern, with \ as its escape, of folded text that contains this."""
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def like(folded: Any, name: str) -> ColumnElement[bool]:
    """The condition that a folded column matches the pattern bound under this name."""
    return col(folded).like(bindparam(name, type_=String()), escape="\\")

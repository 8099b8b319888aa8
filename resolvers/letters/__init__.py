"""What is mailed: plain text, the subject being its first line."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from models import Mail

_FOLDER = Path(__file__).parent


def letter(kind: str, recipient: str, /, **values: Any) -> Mail:
    """The letter of this kind with these values in it."""
    subject, _, body = _template(kind).substitute(values).partition("\n\n")
    return Mail(recipient=recipient, subject=subject, body=body)


@cache
def _template(name: str) -> Template:
    return Template((_FOLDER / f"{name}.txt").read_text(encoding="utf-8"))

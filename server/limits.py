"""How large a document may be, found before validation in time linear in the document.

Validation compares every two fragments, and every two fields of one name in one place; whatever comes after it works on
fragments where they are spread. A document of a few kilobytes could keep either busy for minutes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from graphql import DocumentNode

from server.measures import measured


class Limits(NamedTuple):
    """The most of each that a document may have, and of values that its variables may; 0 is no limit."""

    bytes: int = 65_536
    tokens: int = 2_000
    operations: int = 10
    fragments: int = 100
    depth: int = 25
    fields: int = 2_000
    aliases: int = 50
    directives: int = 50
    values: int = 5_000


_TOO_MUCH = {
    "operations": "The document has more than {:,} operations.",
    "fragments": "The document has more than {:,} fragments.",
    "depth": "Fields are nested more than {:,} deep.",
    "aliases": "The document has more than {:,} aliases.",
    "directives": "The document has more than {:,} directives.",
    "fields": "The document has more than {:,} fields: where fragments are spread, and one that is repeated n times in "
    "one place counted n(n + 1)/2 times.",
}


def excess(document: DocumentNode, limits: Limits) -> str | None:
    """What the document has too much of, in a sentence."""
    found = measured(document, limits.fields)
    if found.circle:
        return f"The fragment `{found.circle}` spreads itself."
    for name, sentence in _TOO_MUCH.items():
        most: int = getattr(limits, name)
        if most and getattr(found, name) > most:
            return sentence.format(most)
    return None


def too_many(variables: dict[str, Any], most: int) -> bool:
    """Whether the variables hold more values than this, however they are nested."""
    waiting: list[Any] = [variables]
    counted = 0
    while waiting and counted <= most:
        value = waiting.pop()
        if isinstance(value, (dict, list)):
            counted += len(value)
            if counted <= most:
                waiting += value.values() if isinstance(value, dict) else value
    return counted > most

"""Everything that the schema lets one ask from a place on, as one selection: whatever is added later is in it, too."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_enum_type,
    is_list_type,
    is_required_argument,
)


@dataclass
class Asked:
    """A field, under a name that says of which type it is, and what is asked of it where it is no scalar."""

    name: str
    type_name: str
    under: dict[str, Asked] | None = None
    arguments: str = ""

    def text(self) -> str:
        below = "" if self.under is None else selection(self.under)
        return f"{self.type_name}_{self.name}: {self.name}{self.arguments}{below}"


def selection(under: dict[str, Asked]) -> str:
    by_type: dict[str, list[str]] = {}
    for asked in under.values():
        by_type.setdefault(asked.type_name, []).append(asked.text())
    parts = [f"... on {name} {{ {' '.join(texts)} }}" for name, texts in by_type.items()]
    return f"{{ __typename {' '.join(parts)} }}"


def everything(schema: GraphQLSchema, kind: GraphQLNamedType, depth: int = 8) -> tuple[dict[str, Asked], set[str]]:
    """The selection, each field of each type once, as near as it can be reached; and the types in it."""
    whole: dict[str, Asked] = {}
    waiting = deque([(kind, whole, depth)])
    met: set[tuple[str, str]] = set()
    types: set[str] = set()
    while waiting:
        named, into, left = waiting.popleft()
        for one in _possible(schema, named):
            types.add(one.name)
            for name, known in one.fields.items():
                given = _given(known, f"teach the walk about {one}.{name}")
                target, alias = get_named_type(known.type), f"{one.name}_{name}"
                if not is_composite_type(target):
                    into[alias] = Asked(name, one.name, arguments=given)
                elif (one.name, name) not in met and left:
                    met.add((one.name, name))
                    below: dict[str, Asked] = {}
                    into[alias] = Asked(name, one.name, below, given)
                    waiting.append((target, below, left - 1))
    return whole, types


def _given(known: GraphQLField, otherwise: str) -> str:
    """For each argument that must be given all that can be named, or the first where it takes but one."""
    texts = []
    for name, argument in known.args.items():
        if is_required_argument(argument):
            kind = get_named_type(argument.type)
            assert is_enum_type(kind), otherwise
            several = is_list_type(get_nullable_type(argument.type))
            texts.append(f"{name}: [{' '.join(kind.values)}]" if several else f"{name}: {next(iter(kind.values))}")
    return f"({' '.join(texts)})" if texts else ""


def _possible(schema: GraphQLSchema, named: GraphQLNamedType) -> tuple[GraphQLObjectType, ...]:
    return (named,) if isinstance(named, GraphQLObjectType) else tuple(schema.get_possible_types(named))


def without(under: dict[str, Asked], path: list[str | int]) -> bool:
    """Take the field at the path of an answer out of the selection; whether it was there."""
    *above, last = [part for part in path if isinstance(part, str)]
    for name in above:
        if name not in under:
            return False
        under = under[name].under or {}
    return under.pop(last, None) is not None

"""Which columns a selection needs, so that nothing else is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from graphql import GraphQLField, GraphQLObjectType, get_named_type
from graphql.execution.collect_fields import CollectedFields, FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from schema.context import Info

NEEDS = "needs"  # a field's metadata: the columns it is computed from
REMEMBERED = 1_000  # selections of one document
PRIVATE = "private"  # a field's metadata: who asks decides what it shows
AGE = "age"  # a field's metadata: the seconds for which what it shows may be shown without asking again
WEIGHT = "weight"  # a field's metadata: what each object that it answers costs, or its value
SIZE = "size"  # a field's metadata: how many its list is taken to hold, or the argument that says so
EACH = "each"  # a field's metadata: it weighs so much for each row of its page
SAME_ROW = "same_row"  # a field's metadata: what is selected under it is read from the same row


def columns(info: Info, type_name: str | None = None) -> frozenset[str]:
    """The columns that the selection under this field needs of its rows; of one type where it may answer several."""
    raw = info._raw_info  # noqa: SLF001  strawberry's Info shows selections, but not with @skip and @include applied
    memo = info.context.selections
    # The nodes live as long as the memo, so their addresses tell them apart; @skip and @include ask for booleans.
    given = cast("dict[str, Any]", raw.variable_values)  # strawberry hands resolvers the bare values
    conditions = tuple(name for name, value in given.items() if value is True)
    key = (type_name, conditions, *map(id, raw.field_nodes))
    if key not in memo:
        if len(memo) >= REMEMBERED:
            memo.clear()
        named = raw.schema.type_map[type_name] if type_name else get_named_type(raw.return_type)
        details = [FieldDetails(node, None) for node in raw.field_nodes]
        fragments = {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()}
        variables = VariableValues({}, given)
        collect = partial(collect_subfields, raw.schema, fragments, variables, raw.operation)
        memo[key] = frozenset(_columns(collect, cast("GraphQLObjectType", named), details))
    return memo[key]


def _columns(
    collect: Callable[[GraphQLObjectType, list[FieldDetails]], CollectedFields],
    named: GraphQLObjectType,
    details: list[FieldDetails],
) -> set[str]:
    selected = collect(named, details)
    found: set[str] = set()
    for under in selected.grouped_field_set.values():
        field = named.fields.get(under[0].node.name.value)
        if field is None:  # __typename
            continue
        ours = cast("StrawberryField", field.extensions["strawberry-definition"])
        found.update(ours.metadata.get(NEEDS, ()) or ((ours.python_name,) if ours.is_basic_field else ()))
        if ours.metadata.get(SAME_ROW):
            found |= _columns(collect, cast("GraphQLObjectType", get_named_type(field.type)), under)
    return found


def metadata(
    *needs: str,
    same_row: bool = False,
    private: bool = False,
    age: int | None = None,
    weight: int | None = None,
    size: int | str | None = None,
    each: bool = False,
) -> dict[str, Any]:
    unless_said = {AGE: age, WEIGHT: weight, SIZE: size, EACH: each or None}
    said = {name: value for name, value in unless_said.items() if value is not None}
    return {NEEDS: needs, SAME_ROW: same_row, PRIVATE: private, **said}


def declarations(field: GraphQLField) -> Mapping[str, Any]:
    """What a field declares besides GraphQL."""
    ours = field.extensions.get("strawberry-definition")
    return ours.metadata if ours else {}

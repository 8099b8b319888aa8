"""Which columns a selection needs, so that nothing else is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

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
# A field's metadata: what makes, of columns and its arguments, a read and the column with its key; they may be joined.
JOINED = "joined"
SAME_ROW = "same_row"  # a field's metadata: what is selected under it is read from the same row


def columns(info: Info, type_name: str | None = None) -> frozenset[str]:
    """The columns that the selection under this field needs of its rows; of one type where it may answer several."""
    found: frozenset[str] = remembered(info, type_name, lambda selection: frozenset(selection.columns()))
    return found


def remembered(info: Info, what: Any, find: Callable[[Selection], Any]) -> Any:
    """What is found in the selection under this field, or under a type's name in it, once for each document."""
    raw = info._raw_info  # noqa: SLF001  strawberry's Info shows selections, but not with @skip and @include applied
    memo = info.context.selections
    # The nodes live as long as the memo, so their addresses tell them apart; @skip and @include ask for booleans.
    given = cast("dict[str, Any]", raw.variable_values)  # strawberry hands resolvers the bare values
    conditions = tuple(name for name, value in given.items() if value is True)
    key = (what, conditions, *map(id, raw.field_nodes))
    if key not in memo:
        if len(memo) >= REMEMBERED:
            memo.clear()
        named = raw.schema.type_map[what] if isinstance(what, str) else get_named_type(raw.return_type)
        fragments = {name: FragmentDetails(fragment) for name, fragment in raw.fragments.items()}
        # Whatever else was given may be a secret, and is not kept.
        booleans = {name: value for name, value in given.items() if isinstance(value, bool)}
        collect = partial(collect_subfields, raw.schema, fragments, VariableValues({}, booleans), raw.operation)
        memo[key] = find(Selection(collect, named, [FieldDetails(node, None) for node in raw.field_nodes]))
    return memo[key]


class Selection(NamedTuple):
    """What is selected under a field of one object type."""

    collect: Callable[[GraphQLObjectType, list[FieldDetails]], CollectedFields]
    named: Any
    details: list[FieldDetails]

    def fields(self) -> Iterator[tuple[GraphQLField, StrawberryField, list[FieldDetails]]]:
        for under in self.collect(self.named, self.details).grouped_field_set.values():
            field = self.named.fields.get(under[0].node.name.value)
            if field is not None:  # no __typename
                yield field, field.extensions["strawberry-definition"], under

    def under(self, field: GraphQLField, details: list[FieldDetails]) -> Selection:
        return self._replace(named=get_named_type(field.type), details=details)

    def columns(self) -> set[str]:
        found: set[str] = set()
        for field, ours, details in self.fields():
            found.update(ours.metadata.get(NEEDS, ()) or ((ours.python_name,) if ours.is_basic_field else ()))
            if ours.metadata.get(SAME_ROW):
                found |= self.under(field, details).columns()
        return found


def metadata(
    *needs: str,
    same_row: bool = False,
    private: bool = False,
    age: int | None = None,
    weight: int | None = None,
    size: int | str | None = None,
    each: bool = False,
    joined: Any = None,
) -> dict[str, Any]:
    unless_said = {AGE: age, WEIGHT: weight, SIZE: size, EACH: each or None, JOINED: joined}
    said = {name: value for name, value in unless_said.items() if value is not None}
    return {NEEDS: needs, SAME_ROW: same_row, PRIVATE: private, **said}


def declarations(field: GraphQLField) -> Mapping[str, Any]:
    """What a field declares besides GraphQL."""
    ours = field.extensions.get("strawberry-definition")
    return ours.metadata if ours else {}

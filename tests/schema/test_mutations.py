"""What holds of every mutation, those that come later too: the inputs are made by the schema."""

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from resolvers import accounts, emails, new_passwords, signing_in
from resolvers.accesses import Client, let_in, make_api_token
from resolvers.accounts import BY_ID
from schema.node import global_id
from schema.root import build_schema

SCHEMA = build_schema()._schema
MUTATIONS: dict[str, GraphQLField] = SCHEMA.mutation_type.fields
# Whoever asks; all others take somebody who is signed in.
OPEN = {"signUp", "signIn", "signOut", "verifyEmail", "requestPasswordReset", "resetPassword"}
STRINGS = ["x", "", "\0", "a\0@example.org", "é" * 300, "x" * 10_000, "a@example.org", "😀\u202e", "1' OR '1'='1"]
WRONG = {
    "String": STRINGS,
    "ID": [*STRINGS, *[global_id(kind, 2**63 - 1) for kind in ("Session", "ApiToken", "Researcher", "Account")]],
    "Int": [0, -1, 2**31 - 1, -(2**31)],
    "Float": [0.0, -1.5],
    "Boolean": [True],
    "DateTime": ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"],
    "Date": ["0001-01-01", "9999-12-31"],
}


def value(kind: Any, choice: int, *, every: bool) -> Any:
    """A value of this input type, with all of its fields or those that it must have."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return [value(kind.of_type, choice, every=every)]
    if isinstance(kind, GraphQLEnumType):
        return [*kind.values][choice % len(kind.values)]
    if isinstance(kind, GraphQLInputObjectType):
        fields = [(name, field) for name, field in kind.fields.items() if every or is_required_input_field(field)]
        if kind.is_one_of:
            fields = [[*kind.fields.items()][choice % len(kind.fields)]]
        return {name: value(field.type, choice + place, every=every) for place, (name, field) in enumerate(fields)}
    values = WRONG.get(kind.name, ["x"])
    return values[choice % len(values)]


def operation(name: str, choice: int = 0, *, every: bool = False) -> tuple[str, dict[str, Any]]:
    """The mutation with an input, asking for all of its payload, and the variables for it."""
    field = MUTATIONS[name]
    given = {one: argument for one, argument in field.args.items() if every or is_required_argument(argument)}
    variables = {one: value(argument.type, choice, every=every) for one, argument in given.items()}
    shown = [
        one + ("" if is_leaf_type(get_named_type(each.type)) else " { __typename }")
        for one, each in get_named_type(field.type).fields.items()
        if one != "userErrors" and not each.args
    ]
    declared = f"({', '.join(f'${one}: {argument.type}' for one, argument in given.items())})" if given else ""
    passed = f"({', '.join(f'{one}: ${one}' for one in given)})" if given else ""
    return f"mutation{declared} {{ {name}{passed} {{ {' '.join(shown)} userErrors {{ code path }} }} }}", variables


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_payload_says_what_was_refused_and_nothing_else_then(name):
    payload = MUTATIONS[name].type
    assert isinstance(payload, GraphQLNonNull)
    fields = dict(payload.of_type.fields)
    assert str(fields.pop("userErrors").type) == "[UserError!]!"
    assert fields
    for one, field in fields.items():
        assert not isinstance(field.type, GraphQLNonNull), one
    assert [*MUTATIONS[name].args] in ([], ["input"])


async def test_whoever_is_signed_out_is_told_so_and_gets_no_payload(post_as):
    assert MUTATIONS.keys() >= OPEN
    for name in MUTATIONS.keys() - OPEN:
        query, variables = operation(name)
        body = await post_as(None, query, **variables)
        assert body["data"] is None, name
        assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"], name


async def test_a_token_that_only_reads_changes_nothing(post_as, signed_up, writer):
    me = (await signed_up()).viewer
    _, token = await make_api_token(writer, me, "reader", ["READ"], 1)
    for name in MUTATIONS.keys() - OPEN:
        query, variables = operation(name)
        body = await post_as(token, query, **variables)
        assert body["data"] is None, name
        assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"], name


async def test_whatever_is_sent_is_done_or_refused_and_never_a_fault(post_as, signed_up, writer, monkeypatch):
    for limit in ("GUESSES", "GUESSES_FROM_ADDRESS", "SIGN_UPS_FROM_ADDRESS", "LETTERS", "CODES_FROM_ADDRESS"):
        for module in (accounts, emails, new_passwords, signing_in):
            monkeypatch.setattr(module, limit, 1_000, raising=False)
    for name, field in MUTATIONS.items():
        me = (await signed_up(name)).viewer
        account = await writer.write(lambda write, me=me: write.row(BY_ID, account=me.id))
        for choice in range(len(WRONG["ID"]) if field.args else 1):
            signed = await writer.write(lambda write, one=account: let_in(write, one, Client("", "test")))
            query, variables = operation(name, choice, every=bool(choice % 2))
            answered(name, variables, await post_as(signed.token, query, **variables))


def answered(name: str, variables: Any, body: Any) -> None:
    """Check what everyone may expect of an answer."""
    if body["data"] is None:
        (error,) = body["errors"]
        assert error["extensions"]["code"] in {"BAD_USER_INPUT", "FORBIDDEN"}, (variables, error)
        return
    assert "errors" not in body, (variables, body)
    payload = body["data"][name]
    refused = payload.pop("userErrors")
    assert all((shown is None) == bool(refused) for shown in payload.values()), (variables, payload, refused)
    for error in refused:
        fields: Any = MUTATIONS[name].args
        for step in error["path"]:
            if not step.isdigit():
                fields = getattr(get_named_type(fields[step].type), "fields", {})

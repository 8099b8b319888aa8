"""Signing up and in through the API, as clients do."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from models import Access, Mail

PASSWORD = "correct horse battery staple"
SIGN_UP = """mutation($input: SignUpInput!) { signUp(input: $input) {
  account { id displayName email isEmailVerified } token userErrors { code message path ... on Refusal { nextSteps { key } } } } }"""
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
  account { id email } token userErrors { code message path ... on Refusal { nextSteps { key } } } } }"""
ME = "{ viewer { id displayName email isEmailVerified sessions { isCurrent } } }"


@pytest.fixture
def letters(engine):
    """What has been mailed to an address, newest last."""

    def read(recipient: str) -> list[Any]:
        with engine.connect() as connection:
            statement = select(Mail.subject, Mail.body).where(Mail.recipient == recipient).order_by(Mail.created_at)
            return list(connection.execute(statement))

    return read


@pytest.fixture
def code_to(letters):
    def newest(recipient: str) -> str:
        return re.findall(r"^[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}$", letters(recipient)[-1].body, re.MULTILINE)[-1]

    return newest


async def test_who_signs_up_is_signed_in(ask, client):
    body = await ask(SIGN_UP, input={"displayName": "Ada", "email": "Ada@Example.org", "password": PASSWORD})
    signed = body["signUp"]
    assert signed["account"] | {"id": 0} == {
        "id": 0,
        "displayName": "Ada",
        "email": "Ada@example.org",
        "isEmailVerified": False,
    }
    assert signed["userErrors"] == []
    me = (await ask(ME))["viewer"]  # by the cookie
    assert me["id"] == signed["account"]["id"]
    client.cookies.clear()
    assert (await ask(ME))["viewer"] is None
    client.headers["authorization"] = f"Bearer {signed['token']}"
    assert (await ask(ME))["viewer"]["sessions"] == [{"isCurrent": True}]


async def test_the_mailed_code_confirms_the_address(ask, code_to):
    await ask(SIGN_UP, input={"displayName": "Ada", "email": "ada@example.org", "password": PASSWORD})
    verify = "mutation($code: String!) { verifyEmail(input: {code: $code}) { account { isEmailVerified } userErrors { code } } }"
    wrong = await ask(verify, code="AAAA-AAAA-AAAA")
    assert wrong["verifyEmail"] == {"account": None, "userErrors": [{"code": "INVALID_CODE"}]}
    typed = code_to("ada@example.org").lower().replace("-", " ")
    done = {"account": {"isEmailVerified": True}, "userErrors": []}
    assert (await ask(verify, code=typed))["verifyEmail"] == done
    assert (await ask(verify, code=typed))["verifyEmail"] == done  # twice is success


async def test_signing_in_and_out(ask, client, engine):
    await ask(SIGN_UP, input={"displayName": "Ada", "email": "ada@example.org", "password": PASSWORD})
    client.cookies.clear()
    wrong = [
        (await ask(SIGN_IN, input={"email": email, "password": password}))["signIn"]
        for email, password in [("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD)]
    ]
    assert wrong[0] == wrong[1]
    assert wrong[0]["userErrors"][0]["code"] == "INVALID_CREDENTIALS"
    right = (await ask(SIGN_IN, input={"email": "ADA@example.org ", "password": PASSWORD}))["signIn"]
    assert right["account"]["email"] == "ada@example.org"
    assert (await ask("mutation { signOut { signedOut userErrors { code } } }"))["signOut"]["signedOut"] is True
    assert not client.cookies
    assert (await ask("mutation { signOut { signedOut } }"))["signOut"]["signedOut"] is True
    client.headers["authorization"] = f"Bearer {right['token']}"
    refused = await client.post("/graphql", json={"query": ME})
    assert refused.status_code == 401
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    with engine.connect() as connection:
        hashes = connection.scalars(select(Access.token_hash)).all()
    assert right["token"] not in hashes

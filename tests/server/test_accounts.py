"""Signing up and in through the API, as clients do."""

import asyncio
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from sqlalchemy import MetaData, delete, select, update
from sqlmodel import col

from models import Access, Account, Attempts, OneTimeCode
from models.columns import now
from resolvers import accesses, emails, new_passwords, passwords, signing_in, writing
from resolvers.accesses import access_by_id, make_api_token
from resolvers.drivers import open_reader
from resolvers.passwords import PasswordHash
from resolvers.secrets import token_hash
from resolvers.store import Store
from resolvers.writing import Transaction, open_writer
from schema.node import global_id
from server.app import create_app
from server.mailer import Mailer
from server.settings import Settings

PASSWORD = "correct horse battery staple"
NEW = "another staple for the horse"
SIGN_UP = """mutation($input: SignUpInput!) { signUp(input: $input) {
  account { id displayName email isEmailVerified } token userErrors { code message path ... on Refusal { nextSteps { key } } } } }"""
SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) {
  account { id email } token userErrors { code message path ... on Refusal { nextSteps { key } } } } }"""
ME = "{ viewer { id displayName email isEmailVerified sessions { isCurrent } } }"


pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture
def refused(post_as):
    """The codes with which a mutation refuses these inputs in turn, each with the field at fault."""

    async def codes(token: str | None, name: str, *inputs: Any) -> list[tuple[str, ...]]:
        kind = name[0].upper() + name[1:]
        query = "mutation($input: %sInput!) { %s(input: $input) { userErrors { code path ... on Refusal { nextSteps { key label } } } } }"
        if inputs == (None,):
            query = "mutation { %.0s%s { userErrors { code path ... on Refusal { nextSteps { key label } } } } }"
        met = []
        for given in inputs:
            body = await post_as(token, query % (kind, name), **({} if given is None else {"input": given}))
            for error in body["data"][name]["userErrors"] or [{"code": "DONE", "path": []}]:
                assert all(step["label"] for step in error.get("nextSteps", []))
                met.append((error["code"], *error["path"][1:]))
        return met

    return codes


@pytest.fixture
def change(engine):
    """Run a statement behind the service's back."""

    def run(statement: Any) -> None:
        with engine.begin() as connection:
            connection.execute(statement)

    return run


@pytest.fixture
def looked_at(monkeypatch):
    """The passwords that were verified."""
    seen: list[str] = []
    hasher = passwords._HASHER

    def verify(password: str, known: str) -> bool:
        seen.append(password)
        return hasher.verify(password, known)

    monkeypatch.setattr(passwords, "_HASHER", SimpleNamespace(hash=hasher.hash, verify=verify))
    return seen


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


WEAK = ["short", "x" * 1_001, "xxxxxxxxxxxx"]


async def test_why_signing_up_is_refused(refused, monkeypatch):
    right = {"displayName": "Ada", "email": "ada@example.org", "password": PASSWORD}
    names = [right | {"displayName": name} for name in ("", " \t ", "x" * 101, "A\0da", "\u202eadA", "A\x1bda")]
    assert await refused(None, "signUp", *names) == [("INVALID_INPUT", "displayName")] * 6
    emails = [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "ada@example.org\nBcc: eve@example.org",
        "a\0@x.org",
    ]
    assert (
        await refused(None, "signUp", *[right | {"email": email} for email in emails])
        == [("INVALID_INPUT", "email")] * 7
    )
    weak = [right | {"password": password} for password in [*WEAK, "Ada@example.org"]]
    assert await refused(None, "signUp", *weak) == [("WEAK_PASSWORD", "password")] * 4
    taken = [right, right, right | {"email": " ADA@Example.ORG "}]
    assert await refused(None, "signUp", *taken) == [("DONE",), ("EMAIL_TAKEN", "email"), ("EMAIL_TAKEN", "email")]
    monkeypatch.setattr(signing_in, "SIGN_UPS_FROM_ADDRESS", 4)
    eve = right | {"email": "eve@example.org"}
    assert await refused(None, "signUp", eve, eve | {"email": "eva@example.org"}) == [("DONE",), ("TOO_MANY_ATTEMPTS",)]


async def test_of_two_who_sign_up_at_once_one_has_the_address(refused):
    given = {"displayName": "Ada", "email": "ada@example.org", "password": PASSWORD}
    met = await asyncio.gather(*[refused(None, "signUp", given) for _ in range(5)])
    assert sorted(met) == [[("DONE",)], *[[("EMAIL_TAKEN", "email")]] * 4]


async def test_why_signing_in_is_refused(refused, signed_up, change):
    await signed_up()
    right, wrong = [{"email": "ada@example.org", "password": password} for password in (PASSWORD, NEW)]
    assert await refused(None, "signIn", wrong, right | {"email": "x"}) == [("INVALID_CREDENTIALS",)] * 2
    change(update(Account).values(suspended_at=now()))
    # Whoever has not the password is not told.
    assert await refused(None, "signIn", right, wrong) == [("ACCOUNT_SUSPENDED",), ("INVALID_CREDENTIALS",)]
    change(update(Account).values(suspended_at=None, password_hash=None))
    assert await refused(None, "signIn", right) == [("INVALID_CREDENTIALS",)]
    assert await refused(None, "signIn", *[wrong] * 7) == [*[("INVALID_CREDENTIALS",)] * 6, ("TOO_MANY_ATTEMPTS",)]


async def test_why_a_code_is_refused(refused, signed_up, change, code_to, monkeypatch):
    ada, eve = await signed_up(), await signed_up("Eve")
    code, eves = {"code": code_to("ada@example.org")}, {"code": code_to("eve@example.org")}
    assert await refused(eve.token, "verifyEmail", code) == [("INVALID_CODE", "code")]  # and it still holds
    assert await refused(None, "verifyEmail", code, code) == [("DONE",), ("INVALID_CODE", "code")]
    assert await refused(ada.token, "verifyEmail", code) == [("DONE",)]
    assert await refused(None, "resetPassword", eves | {"newPassword": NEW}) == [
        ("INVALID_CODE", "code")
    ]  # of another use
    change(update(OneTimeCode).values(expires_at=now()))
    assert await refused(None, "verifyEmail", eves) == [("INVALID_CODE", "code")]
    for module in (emails, new_passwords):
        monkeypatch.setattr(module, "CODES_FROM_ADDRESS", 0)
    assert await refused(None, "verifyEmail", eves) == [("TOO_MANY_ATTEMPTS",)]
    assert await refused(None, "resetPassword", eves | {"newPassword": NEW}) == [("TOO_MANY_ATTEMPTS",)]


async def test_why_another_code_is_refused(refused, signed_up, code_to, letters, change):
    ada = await signed_up()
    first = {"code": code_to("ada@example.org")}
    assert await refused(ada.token, "requestEmailVerification", None) == [("DONE",)]
    second = {"code": code_to("ada@example.org")}
    assert await refused(None, "verifyEmail", first, second) == [("INVALID_CODE", "code"), ("DONE",)]
    assert await refused(ada.token, "requestEmailVerification", None) == [("DONE",)]
    assert len(letters("ada@example.org")) == 2  # it is confirmed already
    change(update(Account).values(email=None, email_key=None))
    again = [(await refused(ada.token, "requestEmailVerification", None))[0] for _ in range(4)]
    assert again == [*[("NO_EMAIL",)] * 3, ("TOO_MANY_ATTEMPTS",)]


async def test_why_a_new_password_is_refused(refused, signed_up, code_to, letters, change):
    ada = await signed_up()
    asked = [{"email": email} for email in ("ada@example.org", "nobody@example.org", "x")]
    assert await refused(None, "requestPasswordReset", *asked) == [("DONE",), ("DONE",), ("INVALID_INPUT", "email")]
    assert letters("nobody@example.org") == []
    code = code_to("ada@example.org")
    weak = [{"code": code, "newPassword": password} for password in WEAK]
    assert await refused(None, "resetPassword", *weak) == [("WEAK_PASSWORD", "newPassword")] * 3
    right = {"code": code.lower(), "newPassword": NEW}
    assert await refused(None, "resetPassword", right, right) == [("DONE",), ("INVALID_CODE", "code")]
    assert [letter.subject for letter in letters("ada@example.org")][-1] == "Your password was changed"
    again = [{"email": "ADA@example.org"}] * 5
    assert await refused(None, "requestPasswordReset", *again) == [*[("DONE",)] * 4, ("TOO_MANY_ATTEMPTS",)]
    change(delete(Attempts))
    mailed = len(letters("ada@example.org"))
    change(update(Account).values(suspended_at=now()))
    assert await refused(None, "requestPasswordReset", again[0]) == [("DONE",)]
    assert len(letters("ada@example.org")) == mailed
    assert ada.viewer.email_verified is False


async def test_why_changing_the_password_is_refused(refused, signed_up, post_as):
    ada = await signed_up()
    right = {"currentPassword": PASSWORD, "newPassword": NEW}
    weak = [right | {"newPassword": password} for password in [*WEAK, "ada@example.org"]]
    assert await refused(ada.token, "changePassword", *weak) == [("WEAK_PASSWORD", "newPassword")] * 4
    wrong = [right | {"currentPassword": password} for password in ("", NEW)]
    assert await refused(ada.token, "changePassword", *wrong) == [("INVALID_CREDENTIALS", "currentPassword")] * 2
    assert await refused(ada.token, "changePassword", right) == [("DONE",)]
    assert (await post_as(ada.token, ME))["data"]["viewer"]["sessions"] == [{"isCurrent": True}]
    # The count begins anew with the new password.
    met = await refused(ada.token, "changePassword", *[right] * 11)
    assert met == [*[("INVALID_CREDENTIALS", "currentPassword")] * 10, ("TOO_MANY_ATTEMPTS",)]


async def test_why_an_api_token_is_refused(refused, signed_up, writer, monkeypatch):
    ada = await signed_up()
    right = {"name": "script", "scopes": ["READ"]}
    wrong = [right | {"name": ""}, right | {"scopes": []}, right | {"expiresInDays": 0}, right | {"expiresInDays": 367}]
    fields = [("INVALID_INPUT", field) for field in ("name", "scopes", "expiresInDays", "expiresInDays")]
    assert await refused(ada.token, "createApiToken", *wrong) == fields
    monkeypatch.setattr(accesses, "MOST_TOKENS", 3)
    made = await asyncio.gather(*[refused(ada.token, "createApiToken", right) for _ in range(6)])
    assert sorted(made) == [[("DONE",)]] * 3 + [[("LIMIT_EXCEEDED",)]] * 3


async def test_a_new_password_ends_what_else_lets_anyone_in(refused, signed_up, post_as, writer, code_to):
    ada = await signed_up()
    signed = await post_as(None, SIGN_IN, input={"email": "ada@example.org", "password": PASSWORD})
    other = signed["data"]["signIn"]["token"]
    _, script = await make_api_token(writer, ada.viewer, "script", ["READ"], 1)

    async def let_in() -> list[bool]:
        return ["errors" not in await post_as(token, ME) for token in (ada.token, other, script)]

    assert await let_in() == [True, True, True]
    assert await refused(ada.token, "changePassword", {"currentPassword": PASSWORD, "newPassword": NEW}) == [("DONE",)]
    assert await let_in() == [True, False, False]
    await refused(None, "requestPasswordReset", {"email": "ada@example.org"})
    reset = {"code": code_to("ada@example.org"), "newPassword": PASSWORD}
    met = await asyncio.gather(*[refused(None, "resetPassword", reset) for _ in range(4)])
    assert sorted(met) == [[("DONE",)], *[[("INVALID_CODE", "code")]] * 3]
    assert await let_in() == [False, False, False]


async def test_what_has_ended_by_itself_is_not_shown_and_not_counted(
    *, refused, signed_up, post_as, writer, change, monkeypatch
):
    monkeypatch.setattr(accesses, "MOST_TOKENS", 1)
    ada = await signed_up()
    await make_api_token(writer, ada.viewer, "old", ["READ"], 1)
    given = {"email": "ada@example.org", "password": PASSWORD}
    token = (await post_as(None, SIGN_IN, input=given))["data"]["signIn"]["token"]
    ended = now() - timedelta(seconds=2)
    change(update(Access).where(col(Access.token_hash) != token_hash(token)).values(expires_at=ended))
    both = "{ viewer { sessions { isCurrent } apiTokens { name } } }"
    assert (await post_as(token, both))["data"]["viewer"] == {"sessions": [{"isCurrent": True}], "apiTokens": []}
    new = {"name": "new", "scopes": ["READ"]}
    assert await refused(token, "createApiToken", new, new) == [("DONE",), ("LIMIT_EXCEEDED",)]
    assert (await post_as(token, both))["data"]["viewer"]["apiTokens"] == [{"name": "new"}]


async def test_what_is_not_the_viewers_is_not_ended(refused, signed_up, writer, post_as):
    ada, eve = await signed_up(), await signed_up("Eve")
    token_id, token = await make_api_token(writer, ada.viewer, "script", ["READ"], 1)
    session, script = global_id("Session", ada.viewer.access_id), global_id("ApiToken", token_id)
    for who, gone in ((eve, False), (ada, True)):
        assert await refused(who.token, "revokeApiToken", {"apiTokenId": script}) == [("DONE",)]
        assert ("errors" in await post_as(token, ME)) is gone
        assert await refused(who.token, "revokeSession", {"sessionId": session}) == [("DONE",)]
        assert ("errors" in await post_as(ada.token, ME)) is gone
    for wrong in (script, "x", global_id("Account", eve.viewer.id)):
        revoke = "mutation($id: ID!) { revokeSession(input: {sessionId: $id}) { account { id } } }"
        (error,) = (await post_as(eve.token, revoke, id=wrong))["errors"]
        assert error["extensions"]["argument"] == ["input", "sessionId"]


def guesses(*emails: str, password: str = NEW) -> str:
    """One document that signs in as each of these."""
    fields = [
        f'g{number}: signIn(input: {{email: "{email}", password: "{password}"}}) {{ userErrors {{ code }} }}'
        for number, email in enumerate(emails)
    ]
    return f"mutation {{ {' '.join(fields)} }}"


async def test_an_unknown_address_and_a_wrong_password_cost_the_same(post_as, signed_up, looked_at, monkeypatch):
    await signed_up()
    run: list[str] = []
    rows = Transaction.rows

    async def recorded(self: Any, statement: Any, **values: Any) -> Any:
        run.append(writing._prepared(self, statement).compiled.sql)
        return await rows(self, statement, **values)

    monkeypatch.setattr(Transaction, "rows", recorded)
    costs = []
    for email in ("ada@example.org", "nobody@example.org", "nothing like an address"):
        run.clear(), looked_at.clear()
        body = await post_as(None, guesses(email))
        costs.append((body["data"], [*run], [*looked_at]))
    assert costs[0] == costs[1] == costs[2]
    assert costs[0][2] == [NEW]


@pytest.mark.usefixtures("without_limits")
async def test_a_thousand_guesses_in_one_document_are_a_thousand(post_as, signed_up, looked_at, engine):
    await signed_up()
    body = await post_as(None, guesses(*["ada@example.org"] * 1_000))
    codes = [payload["userErrors"][0]["code"] for payload in body["data"].values()]
    assert codes == ["INVALID_CREDENTIALS"] * 10 + ["TOO_MANY_ATTEMPTS"] * 990
    assert len(looked_at) == 10
    with engine.connect() as connection:
        counts = connection.scalars(select(Attempts.count).where(col(Attempts.key).startswith("sign in"))).all()
    assert counts == [1_000, 1_000]


@pytest.mark.usefixtures("without_limits")
async def test_one_address_guesses_at_so_many_accounts(post_as, looked_at):
    body = await post_as(None, guesses(*[f"{number}@example.org" for number in range(105)]))
    codes = [payload["userErrors"][0]["code"] for payload in body["data"].values()]
    assert codes == ["INVALID_CREDENTIALS"] * 100 + ["TOO_MANY_ATTEMPTS"] * 5
    assert len(looked_at) == 100


async def test_guesses_at_once_are_counted_one_by_one(post_as, signed_up, looked_at):
    await signed_up()
    await asyncio.gather(*[post_as(None, guesses("ada@example.org")) for _ in range(25)])
    assert len(looked_at) == 10


async def test_whoever_proves_to_be_the_person_may_guess_anew(post_as, signed_up, refused, code_to, looked_at):
    ada = await signed_up()
    right, wrong = [{"email": "ada@example.org", "password": password} for password in (PASSWORD, NEW + "!")]
    change = {"currentPassword": "wrong password", "newPassword": NEW}
    assert await refused(None, "signIn", *[wrong] * 9, right) == [*[("INVALID_CREDENTIALS",)] * 9, ("DONE",)]
    assert await refused(None, "signIn", *[wrong] * 10, right) == [
        *[("INVALID_CREDENTIALS",)] * 10,
        ("TOO_MANY_ATTEMPTS",),
    ]
    assert (await refused(ada.token, "changePassword", *[change] * 11))[-1] == ("TOO_MANY_ATTEMPTS",)
    assert await refused(None, "requestPasswordReset", {"email": "ada@example.org"}) == [("DONE",)]
    reset = {"code": code_to("ada@example.org"), "newPassword": NEW}
    assert await refused(None, "resetPassword", reset) == [("DONE",)]
    body = await post_as(None, SIGN_IN, input=right | {"password": NEW})
    change["currentPassword"] = NEW
    assert await refused(body["data"]["signIn"]["token"], "changePassword", change) == [("DONE",)]


async def test_tokens_hold_across_restarts(database_url, signed_up, writer):
    ada = await signed_up()
    _, script = await make_api_token(writer, ada.viewer, "script", ["READ"], 1)
    reader = open_reader(database_url)
    again = open_writer(database_url, reader)
    app = create_app(Settings(database_url=database_url), reader, again)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        for token in (ada.token, script):
            body = (
                await client.post("/graphql", json={"query": ME}, headers={"authorization": f"Bearer {token}"})
            ).json()
            assert body["data"]["viewer"]["email"] == "ada@example.org"
    await again.close()
    await reader.close()


async def test_neither_the_database_nor_the_log_has_what_lets_anyone_in(
    *, database_url, engine, writer, post_as, refused, code_to, caplog
):
    caplog.set_level(logging.DEBUG)
    given = {"displayName": "Ada", "email": "ada@example.org", "password": PASSWORD}
    session = (await post_as(None, SIGN_UP, input=given))["data"]["signUp"]["token"]
    verification = code_to("ada@example.org")
    await refused(None, "signUp", given)
    await post_as(None, guesses("ada@example.org"))
    create = 'mutation { createApiToken(input: {name: "script", scopes: [READ, WRITE]}) { token } }'
    script = (await post_as(session, create))["data"]["createApiToken"]["token"]
    await refused(None, "requestPasswordReset", {"email": "ada@example.org"})
    reset = code_to("ada@example.org")
    await refused(session, "changePassword", {"currentPassword": PASSWORD, "newPassword": NEW})
    await post_as(script, ME)
    await post_as(
        None, "mutation($input: SignInInput!) { signIn(input: $input) { token } }", input={"email": given["email"]}
    )
    mailer = Mailer(writer, Settings(database_url=database_url))
    while await mailer.send_one():  # the outbox has codes until they are mailed
        pass
    codes = [verification, reset]
    secrets = [session, script, PASSWORD, NEW, *codes, *[code.replace("-", "") for code in codes]]
    tables = MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        stored = [
            str(value) for table in tables.sorted_tables for row in connection.execute(table.select()) for value in row
        ]
    assert "ada@example.org" in stored
    assert [value for value in stored if any(secret.casefold() in value.casefold() for secret in secrets)] == []
    logged = "\n".join(
        caplog.handler.format(record) for record in caplog.records if record.name != "peergraph.mail"
    ).casefold()
    assert [secret for secret in [*secrets, "ada@example.org"] if secret.casefold() in logged] == []


async def test_passwords_are_stored_as_argon2id(monkeypatch):
    monkeypatch.undo()
    assert isinstance(passwords._HASHER, PasswordHash)
    kept = await passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await passwords.verified(PASSWORD, kept)


async def test_the_cookie_is_for_the_browser_alone(database_url, reader, writer):
    for number, (url, secure) in enumerate([("http://test", False), ("https://test", True), ("HTTPS://test", True)]):
        app = create_app(Settings(database_url=database_url, public_url=url), reader, writer)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://test") as client:
            given = {"displayName": "Ada", "email": f"ada{number}@example.org", "password": PASSWORD}
            response = await client.post("/graphql", json={"query": SIGN_UP, "variables": {"input": given}})
            token = response.json()["data"]["signUp"]["token"]
            ended = await client.post("/graphql", json={"query": "mutation { signOut { signedOut } }"})
        attributes = {"Path=/", "HttpOnly", "SameSite=Lax"} | ({"Secure"} if secure else set())
        kept, *rest = response.headers["set-cookie"].split("; ")
        assert (kept, {*rest}) == (f"peergraph_session={token}", attributes | {f"Max-Age={30 * 24 * 3600}"})
        gone, *rest = ended.headers["set-cookie"].split("; ")
        assert (gone, {*rest}) == ("peergraph_session=", attributes | {"Max-Age=0"})


async def test_a_bearer_token_goes_before_a_cookie(client, signed_up):
    ada, eve = await signed_up(), await signed_up("Eve")

    async def name(**headers: str) -> Any:
        response = await client.post("/graphql", json={"query": "{ viewer { displayName } }"}, headers=headers)
        return response.status_code, (response.json().get("data") or {}).get("viewer")

    cookie = f"peergraph_session={eve.token}"
    assert await name(cookie=cookie) == (200, {"displayName": "Eve"})
    assert await name(cookie=cookie, authorization=f"bearer  {ada.token} ") == (200, {"displayName": "Ada"})
    assert await name(cookie=cookie, authorization="Bearer wrong") == (401, None)
    await client.post("/graphql", json={"query": "mutation { signOut { signedOut } }"}, headers={"cookie": cookie})
    assert await name(cookie=cookie) == (200, None)


@pytest.mark.parametrize("ended", [{"expires_at": -1}, {"suspended_at": 0}])
async def test_an_ended_token_lets_nobody_in(client, signed_up, change, writer, ended):
    ada = await signed_up()
    _, script = await make_api_token(writer, ada.viewer, "script", ["READ"], 1)
    values = {name: now() + timedelta(seconds=seconds) for name, seconds in ended.items()}
    change(update(Access if "expires_at" in values else Account).values(values))
    for token in (ada.token, script, f"{ada.token}x", ada.token.upper(), "", "é"):
        bearer = {"authorization": f"Bearer {token}".encode("latin-1")}
        response = await client.post("/graphql", json={"query": ME}, headers=bearer)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        cookie = {"cookie": f"peergraph_session={token}".encode("latin-1")}
        response = await client.post("/graphql", json={"query": ME}, headers=cookie)
        assert response.json() == {"data": {"viewer": None}}


async def test_an_api_token_does_what_its_scopes_say(post_as, signed_up, writer, refused):
    ada = await signed_up()
    tokens = {
        scopes: (await make_api_token(writer, ada.viewer, scopes, scopes.split(), 1))[1]
        for scopes in ("READ", "WRITE", "READ WRITE")
    }

    async def code(token: str, query: str) -> Any:
        body = await post_as(token, query)
        return body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"]["viewer"]

    for scopes, token in tokens.items():
        private = "{ viewer { displayName email isEmailVerified } }"
        shown = ["ada@example.org", False] if "READ" in scopes else [None, None]
        assert [*(await code(token, private)).values()] == ["Ada", *shown]
        for listed in ("sessions", "apiTokens"):
            found = await code(token, f"{{ viewer {{ {listed} {{ name }} }} }}")
            assert (found == "FORBIDDEN") is ("READ" not in scopes)
        for mutation in (
            "requestEmailVerification { account { id } }",
            f'changePassword(input: {{currentPassword: "{PASSWORD}", newPassword: "{NEW}"}}) {{ account {{ id }} }}',
            'createApiToken(input: {name: "more", scopes: [READ, WRITE]}) { token }',
            f'revokeApiToken(input: {{apiTokenId: "{global_id("ApiToken", 1)}"}}) {{ account {{ id }} }}',
            f'revokeSession(input: {{sessionId: "{global_id("Session", ada.viewer.access_id)}"}}) {{ account {{ id }} }}',
        ):
            assert await code(token, f"mutation {{ {mutation} }}") == "FORBIDDEN"
    assert (await post_as(ada.token, ME))["data"]["viewer"]["sessions"] == [{"isCurrent": True}]


async def test_what_an_account_sees_of_itself_is_never_kept_for_others(post_as, signed_up, reader):
    reader.changes = reader.reader.changes  # so that answers are kept
    ada, eve = await signed_up(), await signed_up("Eve")
    for private in ("sessions { name }", "apiTokens { name }", "email", "isEmailVerified"):
        query = (
            f'{{ node(id: "{global_id("Account", ada.viewer.id)}") {{ ... on Account {{ displayName {private} }} }} }}'
        )
        assert "errors" not in await post_as(ada.token, query)
        for token in (None, eve.token):
            other = await post_as(token, query)
            shown = other["data"] and other["data"]["node"]
            assert shown is None or [*shown.values()] == ["Ada", None]


async def test_when_an_access_was_used_is_known_to_the_hour(post_as, signed_up, change, reader):
    ada = await signed_up()
    change(update(Access).values(used_at=now() - timedelta(hours=2)))
    await post_as(ada.token, ME)
    for _ in range(100):
        access = await Store(reader).load(access_by_id, ada.viewer.access_id)
        if now() - access.used_at < timedelta(hours=1):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(access)


async def test_a_new_address_is_the_accounts_with_its_code(refused, signed_up, letters, code_to, post_as):
    ada, bob = await signed_up(), await signed_up("Bob")
    old = code_to("ada@example.org")
    right = {"password": PASSWORD}
    assert await refused(
        ada.token,
        "changeEmail",
        {"email": "nonsense", **right},
        {"email": "new@example.org", "password": "wrong"},
        {"email": "BOB@example.org", **right},
        *[{"email": "new@example.org", **right}] * 4,
    ) == [
        ("INVALID_INPUT", "email"),
        ("INVALID_CREDENTIALS", "password"),
        ("EMAIL_TAKEN", "email"),
        *[("DONE",)] * 3,
        ("TOO_MANY_ATTEMPTS",),
    ]
    assert (await post_as(ada.token, ME))["data"]["viewer"]["email"] == "ada@example.org"
    code = code_to("new@example.org")
    assert await refused(bob.token, "verifyEmail", {"code": code}) == [("INVALID_CODE", "code")]
    assert await refused(ada.token, "verifyEmail", {"code": code}, {"code": code}) == [("DONE",), ("DONE",)]
    me = (await post_as(ada.token, ME))["data"]["viewer"]
    assert (me["email"], me["isEmailVerified"]) == ("new@example.org", True)
    assert letters("ada@example.org")[-1].subject == "Your e-mail address was changed"
    assert await refused(None, "verifyEmail", {"code": old}) == [("INVALID_CODE", "code")]


async def test_an_address_that_somebody_took_meanwhile(refused, signed_up, code_to):
    ada = await signed_up()
    assert await refused(ada.token, "changeEmail", {"email": "bob@example.org", "password": PASSWORD}) == [("DONE",)]
    code = code_to("bob@example.org")
    await signed_up("Bob")
    assert await refused(None, "verifyEmail", {"code": code}) == [("EMAIL_TAKEN", "code")]

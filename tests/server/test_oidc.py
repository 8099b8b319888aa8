"""Signing in at an OpenID Connect provider: at an independent one, and at one whose answers do not hold."""

import html
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select, update
from starlette.applications import Starlette

from models import Access, Account, Identity
from models.columns import now
from server.access import Accesses
from server.app import create_app
from server.pages import FAIL_FAST, NPM_CI, PATH, PIP, _has_node
from server.providers import Provider
from server.settings import KnownProvider, Settings
from server.sign_in import SignIn, local_path

HERE = "http://test"
OIDC = Path(__file__).parent / "oidc"
ENVIRON = os.environ | {"PATH": PATH}
ORCID_ID = "0000-0002-1825-0097"
ME = "{ viewer { id displayName email isEmailVerified hasPassword identities { provider issuer subject linkedAt } } }"
SIGN_UP = "mutation ($input: SignUpInput!) { signUp(input: $input) { account { id } } }"
UNLINK = "mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) { account { identities { subject } } userErrors { code path } } }"


def _install() -> None:
    """What the provider needs, once for each lock file."""
    installed, lock = OIDC / "node_modules" / ".package-lock.json", OIDC / "package-lock.json"
    if installed.is_file() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    if not _has_node():
        _run(*PIP)
    _run(*NPM_CI, *FAIL_FAST)


def _run(*command: str) -> None:
    program = shutil.which(command[0], path=PATH) or command[0]
    ran = subprocess.run([program, *command[1:]], cwd=OIDC, env=ENVIRON, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.fail(f"The tests' provider was not installed: {' '.join(command)} said\n{ran.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def issuers() -> Iterator[dict[str, str]]:
    """The issuers of npm's oidc-provider, running: `house`, and `orcid`, which behaves as ORCID does."""
    _install()
    node = shutil.which("node", path=PATH) or "node"
    process = subprocess.Popen(
        [node, "provider.mjs", HERE], cwd=OIDC, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout
    said = process.stdout.readline()
    assert said, "the provider of the tests did not start"
    yield json.loads(said)
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


def known(issuer: str, name: str = "house", **changed: Any) -> dict[str, Any]:
    secret = f"{name}-client-secret-that-nobody-may-see"
    return {"issuer": issuer, "client_id": name, "client_secret": secret} | changed


@pytest.fixture
def settings(issuers, database_url) -> Settings:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    orcid = known(issuers["orcid"], "orcid")
    return Settings(
        database_url=database_url,
        public_url=f"{HERE}/",
        orcid_issuer=orcid["issuer"],
        orcid_client_id=orcid["client_id"],
        orcid_client_secret=orcid["client_secret"],
        oidc_providers={
            "house": known(issuers["house"], label="The house"),
            "down": known(closed),
            "misnamed": known(issuers["house"].replace("127.0.0.1", "localhost")),
        },
    )


@pytest.fixture
async def client(settings, reader, writer):
    """A browser at a service with these providers."""
    transport = httpx2.ASGITransport(create_app(settings, reader, writer))
    async with httpx2.AsyncClient(transport=transport, base_url=HERE) as client:
        yield client


async def at_provider(url: str, who: str | None) -> str:
    """Sign in there as somebody, or abort; answers where it sends the browser back to."""
    async with httpx2.AsyncClient() as provider:
        response = await provider.get(url)
        for _ in range(12):
            if response.is_redirect:
                url = urljoin(str(response.url), response.headers["location"])
                if url.startswith(HERE):
                    return url
                response = await provider.get(url)
                continue
            assert response.status_code == 200, response.text
            if who is None:
                abort = html.unescape(re.search(r'href="([^"]+/abort)"', response.text)[1])
                response = await provider.get(abort)
                continue
            action = html.unescape(re.search(r'<form[^>]* action="([^"]+)"', response.text)[1])
            prompt = re.search(r'name="prompt" value="(\w+)"', response.text)[1]
            response = await provider.post(action, data={"prompt": prompt, "login": who, "password": "any"})
    raise AssertionError("the provider goes round in circles")


@pytest.fixture
def begin(client):
    async def go(name: str = "house", *, changed: dict[str, str] | None = None, **given: str) -> str:
        """Where the browser is sent; a dictionary changes what it is sent with."""
        response = await client.get(f"/auth/{name}", params=given)
        assert response.status_code == 303, response.text
        url = urlsplit(response.headers["location"])
        query = dict(parse_qsl(url.query)) | (changed or {})
        return url._replace(query=urlencode(query)).geturl()

    return go


@pytest.fixture
def sign_in(client, begin):
    async def go(who: str | None, name: str = "house", **given: Any) -> httpx2.Response:
        return await client.get(await at_provider(await begin(name, **given), who))

    return go


@pytest.fixture
def stored(engine):
    def read(*columns):
        with engine.connect() as connection:
            return connection.execute(select(*columns)).all()

    return read


async def sign_up(ask, email: str = "me@example.org") -> str:
    given = {"displayName": "Me", "email": email, "password": "correct horse battery staple"}
    return (await ask(SIGN_UP, input=given))["signUp"]["account"]["id"]


async def test_the_browser_is_sent_there_with_all_that_protects_it(begin, issuers):
    url = urlsplit(await begin())
    query = {name: value for name, (value,) in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}" == issuers["house"]
    assert query | {"state": "", "nonce": "", "code_challenge": ""} == {
        "response_type": "code",
        "client_id": "house",
        "redirect_uri": f"{HERE}/auth/house/callback",
        "scope": "openid email profile",
        "code_challenge_method": "S256",
        "state": "",
        "nonce": "",
        "code_challenge": "",
    }
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 20
    assert parse_qs(urlsplit(await begin("orcid")).query)["scope"] == ["openid"]


async def test_the_first_time_makes_an_account_and_the_second_finds_it(sign_in, ask, client, issuers):
    response = await sign_in("ada")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    session, ended = response.headers.get_list("set-cookie")
    assert re.fullmatch(r"peergraph_session=\S+; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax", session)
    assert ended.startswith("peergraph_signing_in=null; path=/auth; expires=Thu, 01 Jan 1970")
    first = (await ask(ME))["viewer"]
    (identity,) = first["identities"]
    assert first | {"id": 0, "identities": []} == {
        "id": 0,
        "displayName": "Ada Lovelace",
        "email": "ada@example.org",
        "isEmailVerified": True,
        "hasPassword": False,
        "identities": [],
    }
    assert identity | {"linkedAt": ""} == {
        "provider": "house",
        "issuer": issuers["house"],
        "subject": "ada",
        "linkedAt": "",
    }
    client.cookies.clear()
    await sign_in("ada")
    assert (await ask(ME))["viewer"]["id"] == first["id"]


async def test_at_orcid_by_configuration_alone(sign_in, ask, issuers):
    await sign_in(ORCID_ID, "orcid")
    me = (await ask(ME))["viewer"]
    assert (me["displayName"], me["email"]) == ("Josiah Carberry", None)
    assert [(one["provider"], one["issuer"], one["subject"]) for one in me["identities"]] == [
        ("orcid", issuers["orcid"], ORCID_ID)
    ]


async def test_who_is_signed_in_links_the_identity(sign_in, ask, client, stored):
    id = await sign_up(ask)
    for _ in range(2):
        response = await sign_in(ORCID_ID, "orcid", return_to="/me?a=1")
        assert response.headers["location"] == "/me?a=1"
        assert "peergraph_session" not in response.headers["set-cookie"]
    assert len(stored(Account.id)) == len(stored(Identity.subject)) == len(stored(Access.id)) == 1
    client.cookies.clear()
    await sign_in(ORCID_ID, "orcid")
    assert (await ask(ME))["viewer"]["id"] == id


async def test_an_identity_that_is_taken(sign_in, ask, client, stored):
    await sign_in("bob")
    client.cookies.clear()
    await sign_up(ask)
    response = await sign_in("bob")
    assert response.status_code == 403
    assert "Another account has this identity" in response.text
    response = await sign_in("bob", return_to="/me?a=1&b=#c")
    assert response.headers["location"] == "/me?a=1&b=&sign_in_error=IDENTITY_TAKEN#c"
    assert len(stored(Identity.subject)) == 1


async def test_an_account_with_the_same_address_is_not_taken_over(sign_in, ask, client, stored):
    await sign_up(ask, "ada@example.org")
    client.cookies.clear()
    for who in ("ada", "eve"):
        response = await sign_in(who)
        assert response.status_code == 403
        assert "There is an account with your e-mail address." in response.text
        assert "peergraph_session" not in response.headers["set-cookie"]
    assert (len(stored(Account.id)), stored(Identity.subject)) == (1, [])


async def test_the_suspended_are_refused(sign_in, client, engine, ask):
    await sign_in("bob")
    with engine.begin() as connection:
        connection.execute(update(Account).values(suspended_at=now()))
    assert (await ask(ME))["viewer"] is None
    response = await sign_in("bob", return_to="/x")
    assert response.headers["location"] == "/x?sign_in_error=ACCOUNT_SUSPENDED"


async def test_who_chooses_not_to(sign_in, ask):
    response = await sign_in(None)
    assert (response.status_code, response.text) == (403, "At the provider, you chose not to sign in here.\n")
    response = await sign_in(None, return_to="/x")
    assert response.headers["location"] == "/x?sign_in_error=CANCELLED"
    assert (await ask(ME))["viewer"] is None


async def test_a_state_that_is_not_the_browsers(client, begin, stored):
    callback = await at_provider(await begin(), "ada")
    mine = dict(client.cookies)
    state = parse_qs(urlsplit(callback).query)["state"][0]
    tampered = {name: value[:-2] + ("AA" if value[-2:] != "AA" else "BB") for name, value in mine.items()}
    for url, cookies in [
        (callback.replace(state, state[::-1]), mine),
        (callback.replace(state, ""), mine),
        (callback, {}),
        (callback, tampered),
        (callback.replace("/house/", "/orcid/"), mine),
        (f"{HERE}/auth/house/callback", mine),
    ]:
        client.cookies = cookies
        response = await client.get(url)
        assert (response.status_code, "Start again" in response.text) == (400, True), response.text
    assert stored(Account.id) == []


async def test_a_state_ends(client, begin, monkeypatch):
    callback = await at_provider(await begin(), "ada")
    later = time.time() + 601
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert (await client.get(callback)).status_code == 400


async def test_a_code_counts_once(client, begin, stored):
    callback = await at_provider(await begin(), "ada")
    cookies = dict(client.cookies)
    assert (await client.get(callback)).status_code == 303
    assert (await client.get(callback)).status_code == 400  # the state has gone
    client.cookies = cookies  # before the session, and with the state
    response = await client.get(callback)
    assert (response.status_code, "Start again" in response.text) == (502, True)
    assert len(stored(Access.id)) == 1


async def test_a_code_of_another_sign_in(client, begin, stored):
    theirs = await at_provider(await begin(), "eve")
    mine = await at_provider(await begin(), "ada")
    codes = [parse_qs(urlsplit(url).query)["code"][0] for url in (theirs, mine)]
    assert (await client.get(mine.replace(codes[1], codes[0]))).status_code == 502  # the code verifier is another
    assert stored(Account.id) == []


async def test_what_the_browser_was_sent_with_comes_back_as_it_was(sign_in, stored):
    assert (await sign_in("ada", changed={"nonce": "another"})).status_code == 502
    assert stored(Account.id) == []


async def test_another_issuers_answer(client, begin, issuers):
    callback = await at_provider(await begin(), "ada")
    issuer = urlencode({"iss": issuers["house"]})
    assert issuer in callback
    for changed in (urlencode({"iss": issuers["orcid"]}), ""):
        cookies = dict(client.cookies)
        assert (await client.get(callback.replace(issuer, changed))).status_code == 502
        client.cookies = cookies


async def test_a_session_that_changed_meanwhile(client, begin, ask, stored):
    callback = await at_provider(await begin(), "ada")
    await sign_up(ask)
    response = await client.get(callback)
    assert (response.status_code, stored(Identity.subject)) == (409, [])


async def test_another_site_does_not_begin_for_who_is_signed_in(client, ask):
    from_elsewhere = {"sec-fetch-site": "cross-site"}
    assert (await client.get("/auth/house", headers=from_elsewhere)).status_code == 303
    await sign_up(ask)
    assert (await client.get("/auth/house", headers=from_elsewhere)).status_code == 403
    assert (await client.get("/auth/house", headers={"sec-fetch-site": "same-site"})).status_code == 303


@pytest.mark.parametrize(("name", "status"), [("down", 503), ("misnamed", 502), ("nobody", 404), ("House", 404)])
async def test_a_provider_that_is_none(client, name, status):
    response = await client.get(f"/auth/{name}")
    assert (response.status_code, response.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert "Traceback" not in response.text
    assert (await client.get(f"/auth/{name}/callback")).status_code == (404 if status == 404 else 400)
    if status != 404:
        code = {503: "PROVIDER_UNAVAILABLE", 502: "PROVIDER_REFUSED"}[status]
        response = await client.get(f"/auth/{name}", params={"return_to": "/x"})
        assert response.headers["location"] == f"/x?sign_in_error={code}"


@pytest.mark.parametrize(
    "given",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/x\r\nSet-Cookie: a=b",
        "/\x00",
        "javascript:alert(1)",
        "evil.example",
        " /x",
        "/" + "x" * 2000,
        "",
    ],
)
async def test_it_leads_nowhere_else(given, request):
    assert local_path(given) is None


@pytest.mark.parametrize("given", ["/", "/x", "/x?y=//z&a=https://b#c", "/é", "/a//b"])
def test_it_comes_back_to_a_path(given):
    assert local_path(given) == given


async def test_a_sign_in_that_would_lead_elsewhere_ends_at_home(sign_in):
    assert (await sign_in("bob", return_to="//evil.example")).headers["location"] == "/"


async def test_nothing_secret_is_logged(client, begin, sign_in, ask, caplog, issuers):
    caplog.set_level(logging.DEBUG)
    callback = await at_provider(await begin(), "ada")
    await client.get(callback)
    cookies = dict(client.cookies)
    client.cookies.clear()
    for changed in ({}, {"nonce": "another"}):
        await sign_in("eve", changed=changed)
    await client.get("/auth/down")
    ours = [record for record in caplog.records if not _by_the_test(record)]
    assert {"peergraph.sign_in"} <= {record.name for record in ours}
    logged = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in ours)
    secrets = [
        *parse_qs(urlsplit(callback).query)["code"],
        *parse_qs(urlsplit(callback).query)["state"],
        *cookies.values(),
    ]
    for secret in [*secrets, "client-secret", "example.org", "Ada", "code_verifier", "Bearer", "eyJ"]:
        assert secret not in logged, secret


def _by_the_test(record: logging.LogRecord) -> bool:
    """Whether it is of the test's own requests; the service asks providers at these paths alone."""
    asked = ("/.well-known/openid-configuration ", "/token ", "/jwks ", "/me ")
    if record.name.startswith("httpx2"):
        return not any(path in record.getMessage() for path in asked)
    return record.name.startswith(("httpcore2", "asyncio", "aiosqlite"))


async def test_the_providers_are_offered(ask):
    offered = (await ask("{ signInProviders { name label url } }"))["signInProviders"]
    assert offered[:2] == [
        {"name": "orcid", "label": "ORCID", "url": f"{HERE}/auth/orcid"},
        {"name": "house", "label": "The house", "url": f"{HERE}/auth/house"},
    ]
    assert [one["label"] for one in offered[2:]] == ["Down", "Misnamed"]


async def test_unlinking(sign_in, ask, post, client, issuers):
    await sign_in("bob")
    bob = {"issuer": issuers["house"], "subject": "bob"}
    last = (await ask(UNLINK, input=bob))["unlinkIdentity"]
    assert last == {"account": None, "userErrors": [{"code": "LAST_WAY_IN", "path": []}]}
    await sign_in(ORCID_ID, "orcid")
    for _ in range(2):
        done = (await ask(UNLINK, input=bob))["unlinkIdentity"]
        assert done == {"account": {"identities": [{"subject": ORCID_ID}]}, "userErrors": []}
    id = (await ask(ME))["viewer"]["id"]
    client.cookies.clear()
    refused = await post("query ($id: ID!) { node(id: $id) { ... on Account { identities { subject } } } }", id=id)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    refused = await post(UNLINK, input=bob)
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


KEY, ANOTHER = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("1", "1"))
ISSUER = "https://provider.example"


class Fake:
    """A provider whose answers can be made wrong."""

    def __init__(self) -> None:
        self.nonce = ""
        self.claims, self.header = dict[str, Any](), {"alg": "RS256", "kid": "1"}
        self.key: Any = KEY
        self.discovered, self.token, self.userinfo = dict[str, Any](), dict[str, Any](), dict[str, Any]()
        self.status, self.down = 200, ""
        self.asked: httpx2.Request | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if path == self.down:
            raise httpx2.ConnectError("down", request=request)
        if path.startswith("/.well-known"):
            ends = {"authorization_endpoint": "/a", "token_endpoint": "/t", "jwks_uri": "/j", "userinfo_endpoint": "/u"}
            said = {
                "issuer": ISSUER,
                **{name: ISSUER + end for name, end in ends.items()},
                "scope": "everything",
                "verify": False,
            }
            return httpx2.Response(200, json=said | self.discovered)
        if path == "/j":
            return httpx2.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        if path == "/u":
            assert request.headers["authorization"] == "Bearer access"
            return httpx2.Response(200, json={"sub": "1", "name": "Ada"} | self.userinfo)
        self.asked = request
        claims = {
            "iss": ISSUER,
            "aud": "client",
            "sub": "1",
            "nonce": self.nonce,
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "amr": "pwd",
        }
        claims = {name: value for name, value in (claims | self.claims).items() if value is not None}
        signed = jwt.encode(self.header, claims, self.key, algorithms=["RS256", "HS256", "none"])
        token = {
            "access_token": "access",
            "token_type": "bearer",
            "id_token": signed,
            "userinfo": {"sub": "1"},
        } | self.token
        return httpx2.Response(self.status, json={name: value for name, value in token.items() if value is not None})


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def finish(fake, reader, writer):
    async def go() -> httpx2.Response:
        provider = Provider(
            "house", KnownProvider(**known(ISSUER, client_id="client")), HERE, httpx2.MockTransport(fake)
        )
        mount = SignIn({"house": provider}, Accesses(reader, writer, secure=False), writer).mount(HERE, "secret" * 6)
        transport = httpx2.ASGITransport(Starlette(routes=[mount]))
        async with httpx2.AsyncClient(transport=transport, base_url=HERE) as client:
            begun = await client.get("/auth/house")
            if begun.status_code != 303:
                return begun
            query = parse_qs(urlsplit(begun.headers["location"]).query)
            assert query["scope"] == ["openid email profile"]  # whatever the provider says of itself
            fake.nonce = fake.nonce or query["nonce"][0]
            return await client.get("/auth/house/callback", params={"code": "code", "state": query["state"][0]})

    return go


async def test_an_answer_that_holds(finish, stored):
    assert (await finish()).status_code == 303
    assert stored(Identity.issuer, Identity.subject) == [(ISSUER, "1")]


@pytest.mark.parametrize(
    ("methods", "posted"),
    [
        (None, False),
        (["client_secret_basic"], False),
        (["client_secret_post"], True),  # as ORCID says
        (["client_secret_basic", "client_secret_post"], True),
    ],
)
async def test_how_the_secret_is_given(fake, finish, methods, posted):
    fake.discovered = {"token_endpoint_auth_methods_supported": methods} if methods else {}
    assert (await finish()).status_code == 303
    sent = parse_qs(fake.asked.content.decode())
    assert ("client_secret" in sent, "authorization" in fake.asked.headers) == (posted, not posted)
    assert sent["redirect_uri"] == [f"{HERE}/auth/house/callback"]
    assert sent["code_verifier"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"claims": {"aud": "another"}},
        {"claims": {"aud": ["another"], "azp": "client"}},
        {"claims": {"aud": ["client", "another"], "azp": "another"}},
        {"claims": {"aud": None}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"iss": None}},
        {"claims": {"sub": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": 1}},
        {"claims": {"exp": int(time.time()) - 3600}},
        {"claims": {"exp": None}},
        {"claims": {"iat": int(time.time()) + 3600}},
        {"claims": {"nonce": None}},
        {"nonce": "another"},
        {"key": ANOTHER},
        {"header": {"alg": "none"}, "key": OctKey.import_key("x" * 32)},
        {
            "header": {"alg": "none"},
            "key": OctKey.import_key("x" * 32),
            "discovered": {"id_token_signing_alg_values_supported": ["none"]},
        },
        {"header": {"alg": "HS256"}, "key": OctKey.import_key("house-client-secret-that-nobody-may-see")},
        {"token": {"id_token": None}},
        {"token": {"id_token": "nonsense"}},
        {"token": {"id_token": 1}},
        {"token": {"access_token": None}},
        {"token": {"error": "invalid_grant"}},
        {"status": 500},
        {"userinfo": {"sub": "2"}},
        {"discovered": {"issuer": "https://evil.example"}},
        {"discovered": {"token_endpoint": 1}},
        {"discovered": {"jwks_uri": None}},
        {"down": "/t"},
        {"down": "/j"},
        {"down": "/u"},
        {"down": "/.well-known/openid-configuration"},
    ],
    ids=lambda wrong: re.sub(r" object at 0x\w+|\d{10}", "", str(wrong)),  # the same in every process
)
@pytest.mark.filterwarnings(
    "ignore::joserfc.errors.SecurityWarning"
)  # it warns of what it must not take, and is to refuse it all the same
async def test_an_answer_that_does_not_hold(fake, finish, stored, wrong):
    for name, value in wrong.items():
        setattr(fake, name, value)
    response = await finish()
    expected = (
        {502, 403}
        if wrong.get("claims", {}).get("sub") == ""
        else {503 if "down" in wrong or "status" in wrong else 502}
    )
    assert response.status_code in expected, response.text
    assert "Traceback" not in response.text
    assert "peergraph_session" not in response.headers.get("set-cookie", "")
    assert (stored(Account.id), stored(Identity.subject)) == ([], [])

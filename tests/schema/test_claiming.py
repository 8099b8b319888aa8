"""Claiming over GraphQL: what is answered, and that whoever is told that they can, can."""

import asyncio
import re
from datetime import timedelta
from itertools import count
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from models import Access, Account, Affiliation, Claim, Institution, Mail, MergedId, Researcher
from models.claim import CLAIM_STATES, HELD_STATES, OPEN_STATES
from models.columns import now
from resolvers.drivers import open_reader
from resolvers.secrets import token_hash
from resolvers.writing import open_writer
from schema.node import global_id
from server.app import create_app
from server.settings import Settings

SHOWN = """{ claim { id state method email statement nextSteps { key label } researcher { slug claimStatus }
  account { displayName } events { action fromState toState actor note } }
  userErrors { code path message ... on Refusal { nextSteps { key } } } }"""
CLAIM = f"mutation($input: ClaimResearcherInput!) {{ claimResearcher(input: $input) {SHOWN} }}"
CONFIRM = f"mutation($input: ConfirmClaimInput!) {{ confirmClaim(input: $input) {SHOWN} }}"
WITHDRAW = f"mutation($input: ClaimRef!) {{ withdrawClaim(input: $input) {SHOWN} }}"
SHORT = "{ claim { id state } userErrors { code path ... on Refusal { nextSteps { key } } } }"
CONTEST = f"mutation($input: ContestClaimInput!) {{ contestClaim(input: $input) {SHORT} }}"
DECIDE = f"mutation($input: DecideClaimInput!) {{ decideClaim(input: $input) {SHORT} }}"
ME = global_id("Researcher", 1)
FIELDS = {
    "researcherId",
    "claimId",
    "method",
    "email",
    "evidenceUrl",
    "statement",
    "code",
    "reason",
    "decision",
    "note",
}
# Nothing is left to do about these, or the message says what to give instead.
DEAD_ENDS = {"INVALID_INPUT", "ALREADY_YOURS"}


@pytest.fixture
def told(ask):
    """Ask for a claim's mutation; the claim, or the refusal. One of the two is always there, never both."""

    async def send(document: str, **given: Any) -> Any:
        ((payload),) = (await ask(document, input=given)).values()
        assert payload.keys() == {"claim", "userErrors"}
        assert (payload["claim"] is None) == bool(payload["userErrors"])
        for error in payload["userErrors"]:
            assert error["path"] == [] or (error["path"][0] == "input" and error["path"][1] in FIELDS), error
            assert error["nextSteps"] or error["code"] in DEAD_ENDS, error
        return payload["claim"] or [error["code"] for error in payload["userErrors"]]

    return send


@pytest.fixture
def uni(world, engine):
    world(researchers=5)
    with engine.begin() as connection:
        connection.execute(text("UPDATE institution SET homepage_url = 'https://uni.example' WHERE id = 1"))


@pytest.fixture
def code(engine):
    def newest() -> str:
        with engine.connect() as connection:
            body = connection.scalars(select(Mail.body).order_by(Mail.created_at)).all()[-1]
        return re.search(r"^\w{4}-\w{4}-\w{4}$", body, re.MULTILINE)[0]

    return newest


@pytest.fixture
def moderate(sign_up, engine):
    async def make(name: str) -> None:
        await sign_up(name)
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE account SET moderator_since = created_at WHERE display_name = '{name}'"))

    return make


async def test_by_email(uni, told, sign_up, code):
    await sign_up("Ada")
    assert await told(CLAIM, researcherId=ME, method="EMAIL") == ["INVALID_INPUT"]
    assert await told(CLAIM, researcherId=ME, method="EMAIL", email="a@evil.example") == ["EMAIL_DOMAIN_MISMATCH"]
    claim = await told(CLAIM, researcherId=ME, method="EMAIL", email="ada@cs.uni.example")
    assert (claim["state"], claim["method"], claim["email"]) == ("EVIDENCE_PENDING", "EMAIL", "ada@cs.uni.example")
    assert [step["key"] for step in claim["nextSteps"]] == ["ENTER_CODE", "CLAIM_AGAIN", "WITHDRAW"]
    assert claim["researcher"] == {"slug": "r-1", "claimStatus": "PENDING"}
    assert claim["account"] == {"displayName": "Ada"}
    assert await told(CONFIRM, claimId=claim["id"], code="AAAA-AAAA-AAAA") == ["INVALID_CODE"]
    for typed in (code().lower().replace("-", " "), "whatever"):  # twice is success
        claim = await told(CONFIRM, claimId=claim["id"], code=typed)
        assert claim["state"] == "APPROVED"
    assert claim["researcher"]["claimStatus"] == "CLAIMED"
    assert [(step["action"], step["toState"], step["actor"]) for step in claim["events"]] == [
        ("OPEN", "DRAFT", "CLAIMANT"),
        ("SUBMIT", "EVIDENCE_PENDING", "CLAIMANT"),
        ("PROVE", "UNDER_REVIEW", "CLAIMANT"),
        ("APPROVE", "APPROVED", "SERVICE"),
    ]
    assert await told(CLAIM, researcherId=ME, method="EVIDENCE", statement="me") == ["ALREADY_YOURS"]
    other = global_id("Researcher", 2)
    assert await told(CLAIM, researcherId=other, method="EVIDENCE", statement="me") == ["HAS_CLAIM"]
    for _ in range(2):
        assert (await told(WITHDRAW, claimId=claim["id"]))["state"] == "WITHDRAWN"
    assert await told(CONFIRM, claimId=claim["id"], code="whatever") == ["WRONG_STATE"]


async def test_by_evidence_and_a_dispute(uni, told, sign_up, moderate, post, client):
    await moderate("Mod")
    moderator = dict(client.cookies)
    await sign_up("Bob")
    other = dict(client.cookies)
    await sign_up("Ada")
    owner = dict(client.cookies)

    def be(cookies: dict[str, str]) -> None:
        client.cookies.clear()
        client.cookies.update(cookies)

    assert await told(CLAIM, researcherId=ME, method="ORCID") == ["NOT_AT_ORCID"]
    assert await told(CLAIM, researcherId=ME, method="EVIDENCE") == ["INVALID_INPUT"]
    claim = await told(CLAIM, researcherId=ME, method="EVIDENCE", statement="It is me")
    assert (claim["state"], claim["statement"]) == ("UNDER_REVIEW", "It is me")
    refused = await post(DECIDE, input={"claimId": claim["id"], "decision": "APPROVE"})
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    be(other)
    assert await told(CONTEST, researcherId=ME, reason="me") == ["NOT_CLAIMED"]
    for document, more in ((WITHDRAW, {}), (CONFIRM, {"code": "x"})):
        assert await told(document, claimId=claim["id"], **more) == ["NOT_FOUND"]
    be(moderator)
    assert await told(DECIDE, claimId=claim["id"], decision="REVOKE") == ["WRONG_STATE"]
    assert (await told(DECIDE, claimId=claim["id"], decision="APPROVE"))["state"] == "APPROVED"
    be(other)
    assert await told(CONTEST, researcherId=ME, reason=" ") == ["INVALID_INPUT"]
    assert await told(CONTEST, researcherId=ME, reason="me") == {"id": claim["id"], "state": "CONTESTED"}
    assert await told(CLAIM, researcherId=ME, method="EVIDENCE", statement="me") == ["ALREADY_CLAIMED"]
    be(moderator)
    assert await told(CONTEST, researcherId=ME, reason="me") == ["WRONG_STATE"]
    assert (await told(DECIDE, claimId=claim["id"], decision="REVOKE", note="no"))["state"] == "REVOKED"
    be(owner)
    assert await told(CLAIM, researcherId=ME, method="EVIDENCE", statement="me") == ["COOLDOWN"]


@pytest.mark.parametrize(
    "link", ["https://[uni.example/me", "https://", "ftp://uni.example", "https://a b", "x" * 3000]
)
async def test_evidence_that_is_no_link_is_the_inputs_fault(uni, told, sign_up, link):
    await sign_up("Ada")
    assert await told(CLAIM, researcherId=ME, method="EVIDENCE", evidenceUrl=link) == ["INVALID_INPUT"]


async def test_the_ids_of_a_merged_record_are_its_survivors(uni, told, moderate, sign_up):
    """999 was merged into 1."""
    merged = global_id("Researcher", 999)
    await sign_up("Ada")
    claim = await told(CLAIM, researcherId=merged, method="EVIDENCE", statement="me")
    assert claim["researcher"]["slug"] == "r-1"
    await moderate("Mod")
    await told(DECIDE, claimId=claim["id"], decision="APPROVE")
    await sign_up("Bob")
    assert (await told(CONTEST, researcherId=merged, reason="me"))["id"] == claim["id"]


async def test_signed_out_and_wrong_ids_are_errors(uni, post, sign_up):
    asked = [
        (CLAIM, {"researcherId": ME, "method": "EVIDENCE"}, {"researcherId": global_id("Topic", 1)}),
        (CONFIRM, {"claimId": global_id("Claim", 1), "code": "x"}, {"claimId": ME}),
        (WITHDRAW, {"claimId": global_id("Claim", 1)}, {"claimId": "nonsense"}),
        (CONTEST, {"researcherId": ME, "reason": "x"}, {"researcherId": global_id("Claim", 1)}),
    ]
    for document, input, _ in asked:
        body = await post(document, input=input)
        assert body["data"] is None
        assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    await sign_up("Ada")
    for document, input, wrong in asked:
        body = await post(document, input=input | wrong)
        assert body["data"] is None
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert body["errors"][0]["extensions"]["argument"] == ["input", *wrong]


async def test_who_can_claim_is_read_once_for_all(uni, told, ask, sign_up, statements):
    await sign_up("Ada")
    await told(CLAIM, researcherId=ME, method="EVIDENCE", statement="me")
    query = "{ researchers(first: %d) { nodes { viewerCanClaim viewerCannotClaimReasons verification { methods } } } }"
    counts = []
    for size in (2, 5):
        statements.clear()
        rows = (await ask(query % size))["researchers"]["nodes"]
        counts.append(len(statements))
        assert [row["viewerCannotClaimReasons"] for row in rows] == [["UNDER_REVIEW"]] + [[]] * (size - 1)
        assert [row["viewerCanClaim"] for row in rows] == [False] + [True] * (size - 1)
    assert counts[0] == counts[1]


ACCESS = ("nobody", "unverified", "no scope to write", "no scope to read", "session")
SITUATIONS = st.fixed_dictionaries(
    {
        "access": st.sampled_from(("session", "session", *ACCESS)),
        "own": st.lists(
            st.tuples(
                st.sampled_from([state for state in CLAIM_STATES if state != "DRAFT"]),
                st.sampled_from([1, 29, 31, 400]),
            ),
            max_size=3,
        ),
        "theirs": st.sampled_from((None, None, *HELD_STATES, "UNDER_REVIEW", "REVOKED")),
        "elsewhere": st.sampled_from((None, None, *HELD_STATES, "UNDER_REVIEW", "REJECTED")),
        "merged": st.booleans(),
        "suppressed": st.sampled_from((False, False, False, True)),
    }
)
CAN = """query($id: ID!, $claim: ID!) { node(id: $id) { ... on Researcher { ...can } }
  claim: node(id: $claim) { ... on Claim { researcher { ...can } } } }
fragment can on Researcher { viewerCanClaim viewerCannotClaimReasons }"""


class Situation:
    """An account, a record and their claims."""

    def __init__(self, save: Any, number: int, given: dict[str, Any]) -> None:
        ada, bob, record, other, merged = (10 * number + place for place in range(5))
        access, self.token = given["access"], f"token {number}"
        own = self._possible(given)
        states = {state for state, _ in own} | {given["theirs"]}
        status = (
            "CONTESTED" if "CONTESTED" in states
            else "CLAIMED" if "APPROVED" in states
            else "PENDING" if states & {"EVIDENCE_PENDING", "UNDER_REVIEW"}
            else "UNCLAIMED"
        )  # fmt: skip
        scopes = {"no scope to write": "READ", "no scope to read": "WRITE"}.get(access, "READ WRITE")
        self.claim = global_id("Claim", 100 * number)
        save(
            *[
                Account(id=id, display_name="A", email_verified_at=None if access == "unverified" else now())
                for id in (ada, bob)
            ],
            *[
                Researcher(
                    id=id, slug=f"r-{id}", display_name="R", name_key="r", claim_status=claimed, suppressed_at=gone
                )
                for id, claimed, gone in (
                    (record, status, now() if given["suppressed"] else None),
                    (other, "UNCLAIMED", None),
                )
            ],
            Affiliation(researcher_id=record, institution_id=1),
            MergedId(kind="researcher", old_id=merged, into_id=record),
            Access(
                account_id=ada,
                kind="SESSION" if scopes == "READ WRITE" else "API",
                name="x",
                token_hash=token_hash(self.token),
                scopes=scopes,
                expires_at=now() + timedelta(days=1),
            ),
            *[self._claim(100 * number + place, record, ada, state, days) for place, (state, days) in enumerate(own)],
            *[
                self._claim(100 * number + 50 + place, researcher, account, state, 1)
                for place, (researcher, account, state) in enumerate(
                    ((record, bob, given["theirs"]), (other, ada, given["elsewhere"]))
                )
                if state
            ],
        )
        self.id = global_id("Researcher", merged if given["merged"] else record)
        self.headers = {} if access == "nobody" else {"authorization": f"Bearer {self.token}"}
        self.suppressed = given["suppressed"]

    def _possible(self, given: dict[str, Any]) -> list[tuple[str, int]]:
        """What the database takes: one open claim of the record, one held of it and by the account."""
        held = given["theirs"] in HELD_STATES or given["elsewhere"] in HELD_STATES
        kept, opened = [], False
        for state, days in given["own"]:
            if (state in HELD_STATES and held) or (state in OPEN_STATES and opened):
                continue
            held, opened = held or state in HELD_STATES, opened or state in OPEN_STATES
            kept.append((state, days))
        return kept

    def _claim(self, id: int, researcher: int, account: int, state: str, days: int) -> Claim:
        return Claim(
            id=id,
            researcher_id=researcher,
            account_id=account,
            state=state,
            method="EVIDENCE",
            level=4 if state in HELD_STATES else None,
            updated_at=now() - timedelta(days=days),
        )


@settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(SITUATIONS)
def every_situation(check: Any, situation: dict[str, Any]) -> None:
    check(situation)


def test_whoever_is_told_that_they_can_claim_can(database_url, save):
    save(Institution(id=1, slug="i", display_name="I", name_key="i"))
    numbers, met = count(1), set()

    async def asked(client: httpx2.AsyncClient, situation: Situation) -> None:
        async def send(query: str, **variables: Any) -> Any:
            body = {"query": query, "variables": variables}
            return (await client.post("/graphql", json=body, headers=situation.headers)).json()

        found = (await send(CAN, id=situation.id, claim=situation.claim))["data"]
        by_claim = found["claim"] and found["claim"]["researcher"]
        body = await send(CLAIM, input={"researcherId": situation.id, "method": "EVIDENCE", "statement": "It is me"})
        payload = (body["data"] or {}).get("claimResearcher")
        code = body["errors"][0]["extensions"]["code"] if "errors" in body and payload is None else None
        if payload and payload["userErrors"]:
            code = payload["userErrors"][0]["code"]
        if situation.suppressed:  # nobody finds it, but by a claim of their own
            assert found["node"] is None
            assert code is not None
            return
        reasons = found["node"]["viewerCannotClaimReasons"]
        met.add(next(iter(reasons), None))
        assert found["node"]["viewerCanClaim"] == (not reasons) == (code is None)
        assert by_claim in (None, found["node"])
        expected = {"LOGIN_REQUIRED": "UNAUTHENTICATED", "WRITE_SCOPE_REQUIRED": "FORBIDDEN"}
        assert code == next((expected.get(reason, reason) for reason in reasons), None), (reasons, body)

    with asyncio.Runner() as runner:  # and nothing else on its loop, so that no write is under way when it stands still

        async def serve() -> tuple[Any, Any, httpx2.AsyncClient]:
            reader = open_reader(database_url)
            writer = open_writer(database_url, reader)
            app = create_app(Settings(database_url=database_url), reader, writer)
            return reader, writer, httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")

        reader, writer, client = runner.run(serve())
        try:
            every_situation(lambda one: runner.run(asked(client, Situation(save, next(numbers), one))))
        finally:
            for each in (client.aclose, writer.close, reader.close):
                runner.run(each())
    assert met >= {None, "LOGIN_REQUIRED", "WRITE_SCOPE_REQUIRED", "VERIFIED_EMAIL_REQUIRED", "ALREADY_CLAIMED"}
    assert met >= {"ALREADY_YOURS", "HAS_CLAIM", "UNDER_REVIEW", "COOLDOWN"}

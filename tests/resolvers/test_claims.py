"""Claims: each method, each refusal, and what becomes of the record."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from models import Affiliation, Claim, Event, Identity, Institution, Mail, MergedId, Researcher
from models.claim import HELD_STATES
from models.columns import now
from resolvers.claim_proofs import domain_of
from resolvers.claim_states import TRANSITIONS
from resolvers.claims import (
    claim_researcher,
    confirm_claim,
    contest_claim,
    decide_claim,
    expire_claims,
    withdraw_claim,
)
from resolvers.refused import Declined

ORCID = "0000-0002-1825-0097"
AT_UNI = {"email": "me@cs.uni.example"}


@pytest.fixture
def record(save):
    save(
        Institution(id=1, slug="uni", display_name="Uni", name_key="uni", homepage_url="https://www.uni.example/home"),
        *[Researcher(id=id, slug=f"r-{id}", display_name="R", name_key="r", orcid=ORCID) for id in (1, 2)],
        Researcher(id=3, slug="r-3", display_name="R", name_key="r"),
        *[Affiliation(researcher_id=id, institution_id=1) for id in (1, 2)],
        MergedId(kind="researcher", old_id=9, into_id=1),
    )


@pytest.fixture
def at_orcid(save):
    def link(viewer, orcid=ORCID):
        save(Identity(issuer="https://orcid.org", subject=orcid, provider="orcid", account_id=viewer.id))

    return link


@pytest.fixture
def codes(engine):
    """The codes mailed for claims, oldest first."""

    def read():
        with engine.connect() as connection:
            bodies = connection.scalars(select(Mail.body).order_by(Mail.created_at)).all()
        return [re.search(r"^(\w{4}-\w{4}-\w{4})$", body, re.MULTILINE)[1] for body in bodies]

    return read


@pytest.fixture
def stored(engine):
    """A record's claim status and level, and the claim's state."""

    def read(claim_id=None, researcher_id=1):
        with engine.connect() as connection:
            row = connection.execute(
                text(f"SELECT claim_status, verification_level FROM researcher WHERE id = {researcher_id}")
            ).one()
            state = connection.scalar(select(Claim.state).where(Claim.id == claim_id))
        return (*row, state)

    return read


@pytest.fixture
def history(engine):
    def read(claim_id):
        with engine.connect() as connection:
            events = select(Event.action, Event.from_state, Event.to_state).where(Event.claim_id == claim_id)
            return [tuple(row) for row in connection.execute(events.order_by(Event.id))]

    return read


async def declined(awaitable):
    with pytest.raises(Declined) as caught:
        await awaitable
    assert caught.value.steps is not None
    return caught.value.code


async def test_by_orcid(writer, viewer, record, at_orcid, stored, history):
    me = viewer()
    assert await declined(claim_researcher(writer, me, 1, "ORCID")) == "NOT_AT_ORCID"
    at_orcid(me)
    assert await declined(claim_researcher(writer, me, 3, "ORCID")) == "ORCID_MISMATCH"
    id = await claim_researcher(writer, me, 9, "ORCID")  # merged into 1
    assert stored(id) == ("CLAIMED", 3, "APPROVED")
    assert history(id) == [
        ("OPEN", None, "DRAFT"),
        ("SUBMIT", "DRAFT", "EVIDENCE_PENDING"),
        ("PROVE", "EVIDENCE_PENDING", "UNDER_REVIEW"),
        ("APPROVE", "UNDER_REVIEW", "APPROVED"),
    ]
    assert await declined(claim_researcher(writer, me, 1, "ORCID")) == "ALREADY_YOURS"
    assert await declined(claim_researcher(writer, me, 2, "ORCID")) == "HAS_CLAIM"
    assert await declined(claim_researcher(writer, viewer(), 1, "ORCID")) == "ALREADY_CLAIMED"


async def test_by_email(writer, viewer, record, stored, codes):
    me = viewer()
    assert await declined(claim_researcher(writer, me, 1, "EMAIL")) == "INVALID_INPUT"
    assert await declined(claim_researcher(writer, me, 3, "EMAIL", **AT_UNI)) == "NO_INSTITUTION_DOMAIN"
    for elsewhere in ("me@evil.example", "me@notuni.example", "me@uni.example.evil.example"):
        assert (
            await declined(claim_researcher(writer, viewer(), 1, "EMAIL", email=elsewhere)) == "EMAIL_DOMAIN_MISMATCH"
        )
    id = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    assert stored(id) == ("PENDING", 1, "EVIDENCE_PENDING")
    assert await declined(confirm_claim(writer, viewer(), id, codes()[0])) == "NOT_FOUND"
    assert await declined(confirm_claim(writer, me, id, "0000-0000-0000")) == "INVALID_CODE"
    assert await confirm_claim(writer, me, id, codes()[0].lower()) == id
    assert stored(id) == ("CLAIMED", 2, "APPROVED")
    assert await confirm_claim(writer, me, id, "anything") == id


async def test_five_tries(writer, viewer, record, stored, codes):
    me = viewer()
    id = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    answers = [await declined(confirm_claim(writer, me, id, "wrong")) for _ in range(6)]
    assert answers == ["INVALID_CODE"] * 4 + ["CODE_EXPIRED", "WRONG_STATE"]
    assert stored(id) == ("UNCLAIMED", 1, "EXPIRED")
    again = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    assert await confirm_claim(writer, me, again, codes()[1]) == again


async def test_thirty_minutes(writer, viewer, record, stored, engine, codes):
    me = viewer()
    id = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    with engine.begin() as connection:
        for table in ("one_time_code", "claim"):
            connection.execute(
                text(f"UPDATE {table} SET expires_at = :then"), {"then": (now() - timedelta(seconds=1)).isoformat(" ")}
            )
    assert await declined(confirm_claim(writer, me, id, codes()[0])) == "CODE_EXPIRED"
    assert stored(id)[2] == "EXPIRED"
    assert await expire_claims(writer) == 0


async def test_a_new_code_replaces_the_old(writer, viewer, record, stored, codes):
    me = viewer()
    first = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    second = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    assert stored(first)[2] == "WITHDRAWN"
    assert await declined(confirm_claim(writer, me, first, codes()[0])) == "WRONG_STATE"
    assert await declined(confirm_claim(writer, me, second, codes()[0])) == "INVALID_CODE"
    assert await confirm_claim(writer, me, second, codes()[1]) == second


async def test_codes_are_not_mailed_without_end(writer, viewer, record):
    me = viewer()
    answers = []
    for _ in range(6):
        try:
            await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
        except Declined as error:
            answers.append(error.code)
    assert answers == ["TOO_MANY_ATTEMPTS"]


async def test_by_evidence(writer, viewer, record, stored):
    me, moderator = viewer(), viewer(moderator=True)
    assert await declined(claim_researcher(writer, me, 1, "EVIDENCE")) == "INVALID_INPUT"
    assert await declined(claim_researcher(writer, me, 1, "EVIDENCE", evidence_url="javascript:x")) == "INVALID_INPUT"
    id = await claim_researcher(writer, me, 1, "EVIDENCE", evidence_url="https://uni.example/me")
    assert stored(id) == ("PENDING", 1, "UNDER_REVIEW")
    assert await declined(claim_researcher(writer, me, 1, "EVIDENCE", statement="me")) == "UNDER_REVIEW"
    assert await declined(decide_claim(writer, moderator, id, "REVOKE", None)) == "WRONG_STATE"
    await decide_claim(writer, moderator, id, "APPROVE", "I know them")
    assert stored(id) == ("CLAIMED", 4, "APPROVED")


async def test_a_moderators_no(writer, viewer, record, stored):
    me, moderator = viewer(), viewer(moderator=True)
    id = await claim_researcher(writer, me, 1, "EVIDENCE", statement="me")
    await decide_claim(writer, moderator, id, "REJECT", "no")
    assert stored(id) == ("UNCLAIMED", 1, "REJECTED")
    assert await declined(claim_researcher(writer, me, 1, "EVIDENCE", statement="me")) == "COOLDOWN"
    assert await declined(decide_claim(writer, moderator, 77, "REJECT", None)) == "NOT_FOUND"
    own = await claim_researcher(writer, moderator, 2, "EVIDENCE", statement="me")
    assert await declined(decide_claim(writer, moderator, own, "APPROVE", None)) == "OWN_CLAIM"


async def test_a_dispute(writer, viewer, record, at_orcid, stored):
    me, other, moderator = viewer(), viewer(), viewer(moderator=True)
    at_orcid(me)
    assert await declined(contest_claim(writer, other, 1, "mine")) == "NOT_CLAIMED"
    assert await declined(contest_claim(writer, other, 77, "mine")) == "NOT_FOUND"
    id = await claim_researcher(writer, me, 1, "ORCID")
    assert await declined(contest_claim(writer, other, 1, " ")) == "INVALID_INPUT"
    assert await declined(contest_claim(writer, viewer(email_verified=False), 1, "x")) == "VERIFIED_EMAIL_REQUIRED"
    assert await declined(contest_claim(writer, me, 1, "x")) == "ALREADY_YOURS"
    assert await contest_claim(writer, other, 1, "It is me") == id
    assert stored(id) == ("CONTESTED", 3, "CONTESTED")
    assert await declined(contest_claim(writer, viewer(), 1, "me too")) == "WRONG_STATE"
    await decide_claim(writer, moderator, id, "APPROVE", None)
    assert stored(id) == ("CLAIMED", 3, "APPROVED")
    assert await declined(contest_claim(writer, other, 1, "Still")) == "COOLDOWN"
    await decide_claim(writer, moderator, id, "APPROVE", "seen in person")
    assert stored(id) == ("CLAIMED", 4, "APPROVED")
    await decide_claim(writer, moderator, id, "REVOKE", None)
    assert stored(id) == ("UNCLAIMED", 1, "REVOKED")
    assert await declined(claim_researcher(writer, me, 1, "ORCID")) == "COOLDOWN"


async def test_withdrawing(writer, viewer, record, at_orcid, stored):
    me = viewer()
    at_orcid(me)
    id = await claim_researcher(writer, me, 1, "ORCID")
    for _ in range(2):
        assert await withdraw_claim(writer, me, id) == id
        assert stored(id) == ("UNCLAIMED", 1, "WITHDRAWN")
    assert await declined(withdraw_claim(writer, viewer(), id)) == "NOT_FOUND"
    assert await claim_researcher(writer, me, 1, "ORCID") != id


async def test_an_unconfirmed_address_claims_nothing(writer, viewer, record):
    me = viewer(email_verified=False)
    assert await declined(claim_researcher(writer, me, 1, "EVIDENCE", statement="me")) == "VERIFIED_EMAIL_REQUIRED"
    assert await declined(claim_researcher(writer, viewer(), 77, "EVIDENCE", statement="me")) == "NOT_FOUND"


async def test_of_a_hundred_one_wins(writer, viewer, record, at_orcid, engine):
    people = [viewer() for _ in range(100)]
    with engine.begin() as connection:
        for number, one in enumerate(people):
            connection.execute(
                text(
                    "INSERT INTO identity (issuer, subject, provider, account_id, created_at)"
                    " VALUES (:issuer, :orcid, 'orcid', :account, '2026-01-01 00:00:00+00:00')"
                ),
                {"issuer": f"https://orcid.org/{number}", "orcid": ORCID, "account": one.id},
            )
    found = await asyncio.gather(*[claim_researcher(writer, one, 1, "ORCID") for one in people], return_exceptions=True)
    refusals = [one.code for one in found if isinstance(one, Declined)]
    assert refusals == ["ALREADY_CLAIMED"] * 99
    with engine.connect() as connection:
        held = connection.scalars(select(Claim.id).where(Claim.state.in_(HELD_STATES))).all()
    assert len(held) == 1


async def test_a_hundred_confirmations_are_one(writer, viewer, record, codes, history):
    me = viewer()
    id = await claim_researcher(writer, me, 1, "EMAIL", **AT_UNI)
    await asyncio.gather(*[confirm_claim(writer, me, id, codes()[0]) for _ in range(100)])
    assert [action for action, _, _ in history(id)] == ["OPEN", "SUBMIT", "PROVE", "APPROVE"]


def test_the_table_is_the_contracts():
    arrows = {(source, one.to) for one in TRANSITIONS.values() for source in one.sources}
    assert {("APPROVED", "CONTESTED"), ("CONTESTED", "APPROVED"), ("CONTESTED", "REVOKED")} <= arrows
    over = {"REJECTED", "WITHDRAWN", "EXPIRED", "REVOKED"}
    assert not [arrow for arrow in arrows if arrow[0] in over]


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.berkeley.edu/", "berkeley.edu"),
        ("http://ETH.ch:80/x", "eth.ch"),
        ("uni.example/x", "uni.example"),
        ("https://[bad", None),
        ("localhost", None),
    ],
)
def test_domains(url, domain):
    assert domain_of(url) == domain

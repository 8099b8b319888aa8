"""A hundred at once from two processes, each with connections of its own: one effect of each."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from models import Account, Affiliation, Claim, Event, Follow, Identity, Institution, Mail, Researcher
from models.claim import HELD_STATES
from resolvers.claims import claim_researcher
from resolvers.viewers import Viewer

ROOT = Path(__file__).parents[2]
ORCID = "0000-0002-1825-0097"


@pytest.fixture
def people(save):
    save(
        Institution(id=1, slug="uni", display_name="Uni", name_key="uni", homepage_url="https://uni.example"),
        Researcher(id=1, slug="r-1", display_name="R", name_key="r", orcid=ORCID),
        Affiliation(researcher_id=1, institution_id=1),
        *[Account(id=id, display_name="P") for id in range(1, 101)],
        *[Identity(issuer=f"i{id}", subject=ORCID, provider="orcid", account_id=id) for id in range(1, 101)],
    )


@pytest.fixture
def at_once(people, database_url):
    """How often each came of it."""

    def run(verb: str, code: str = "", claim: int = 0) -> Counter[str]:
        halves = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.resolvers.rivals", database_url, verb, str(half), code, str(claim)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for half in (0, 1)
        ]
        for one in halves:
            assert one.stdout.readline() == "ready\n"
        for one in halves:
            one.stdin.write("\n")
            one.stdin.flush()
        found = Counter(word for one in halves for word in one.communicate()[0].split())
        assert [one.returncode for one in halves] == [0, 0]
        return found

    return run


async def test_of_a_hundred_claims_one_holds(at_once, engine):
    assert at_once("claim") == {"done": 1, "ALREADY_CLAIMED": 99}
    with engine.connect() as connection:
        states = connection.scalars(select(Claim.state)).all()
        events = connection.scalars(select(Event.action).order_by(Event.id)).all()
    assert states == ["APPROVED"]
    assert events == ["OPEN", "SUBMIT", "PROVE", "APPROVE"]


async def test_a_hundred_confirmations_are_one_and_of_wrong_ones_five_count(at_once, engine, writer, viewer):
    me = Viewer(1, 0, True, frozenset({"READ", "WRITE"}), True, False, None)
    for typed, found in (
        (None, {"INVALID_CODE": 4, "CODE_EXPIRED": 1, "WRONG_STATE": 95}),
        (r"^\w{4}-\w{4}-\w{4}$", {"done": 100}),
    ):
        id = await claim_researcher(writer, me, 1, "EMAIL", email="me@uni.example")
        with engine.connect() as connection:
            body = connection.scalars(select(Mail.body).order_by(Mail.created_at)).all()[-1]
        assert at_once("confirm", re.search(typed, body, re.MULTILINE)[0] if typed else "wrong", id) == found
    with engine.connect() as connection:
        events = connection.scalars(select(Event.action).where(Event.claim_id == id).order_by(Event.id)).all()
        held = connection.scalars(select(Claim.id).where(Claim.state.in_(HELD_STATES))).all()
    assert (events, held) == (["OPEN", "SUBMIT", "PROVE", "APPROVE"], [id])


async def test_a_hundred_follows_of_ten_are_ten(at_once, engine):
    for verb, count in (("follow", 10), ("unfollow", 0)):
        assert at_once(verb) == {"done": 100}
        with engine.connect() as connection:
            assert connection.scalar(select(Researcher.follower_count)) == count
            assert len(connection.scalars(select(Follow.id)).all()) == count

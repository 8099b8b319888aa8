"""What every process looks after."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from models import Access, Account, Claim, Event, Follow, Mail, OneTimeCode, Researcher, Work
from models.columns import now
from server.upkeep import look_after

URL = "https://peergraph.example"


@pytest.fixture
def account(save):
    def make(id: int = 1, **known):
        moment = known.pop("email_verified_at", now())
        email = f"p{id}@example.org"
        save(Account(id=id, display_name=f"P{id}", email=email, email_key=email, email_verified_at=moment, **known))

    return make


@pytest.fixture
def stored(engine):
    def read(column, *conditions):
        with engine.connect() as connection:
            return connection.scalars(select(column).where(*conditions)).all()

    return read


async def test_a_digest_comes_once_and_only_to_those_who_want_it(writer, save, account, stored):
    past = now() - timedelta(days=2)
    account(1, digest="DAILY", digested_at=past)
    account(2)
    account(3, digest="WEEKLY", digested_at=past)
    account(4, digest="DAILY")
    account(5, digest="DAILY", email_verified_at=None)
    save(
        Researcher(id=1, slug="r", display_name="R", name_key="r"),
        *[Work(id=id, title=f"Work {id}", title_key="w", kind="ARTICLE", newest_key=0) for id in (1, 2)],
        *[Follow(account_id=id, kind="researcher", subject_id=1, created_at=past) for id in (1, 2, 3, 5)],
        Event(kind="NEW_WORK", subject_kind="researcher", subject_id=1, work_id=1, at=past - timedelta(days=1)),
        Event(kind="NEW_WORK", subject_kind="researcher", subject_id=1, work_id=2),
        Event(kind="CLAIM", account_id=1, action="APPROVE", to_state="APPROVED"),
    )
    for _ in range(2):
        await look_after(writer, URL)
        assert stored(Mail.recipient) == ["p1@example.org"]
    (body,) = stored(Mail.body)
    assert "- Work 2" in body
    assert "Work 1" not in body
    assert "have not read: 1" in body
    assert URL in body


async def test_what_is_over_goes(writer, save, account, stored):
    account()
    then, later = now() - timedelta(seconds=1), now() + timedelta(days=1)
    common = {"account_id": 1, "kind": "SESSION", "name": "n", "scopes": "READ"}
    save(
        Access(id=1, token_hash="a", expires_at=then, **common),
        Access(id=2, token_hash="b", expires_at=later, **common),
        OneTimeCode(account_id=1, purpose="VERIFY_EMAIL", code_hash="c", tries_left=1, expires_at=then),
    )
    await look_after(writer, URL)
    assert stored(Access.id) == [2]
    assert stored(func.count(OneTimeCode.account_id)) == [0]


async def test_a_claim_that_waited_too_long_expires(writer, save, account, stored):
    account()
    save(
        Researcher(id=1, slug="r", display_name="R", name_key="r", claim_status="PENDING"),
        Claim(id=1, researcher_id=1, account_id=1, state="EVIDENCE_PENDING", method="EMAIL", expires_at=now()),
    )
    await look_after(writer, URL)
    assert stored(Claim.state) == ["EXPIRED"]
    assert stored(Researcher.claim_status) == ["UNCLAIMED"]
    assert stored(Event.action) == ["EXPIRE"]

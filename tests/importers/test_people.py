"""What people have said and followed, through imports and merges."""

import gzip
from typing import Any

import pytest
from sqlalchemy import text

from models import Account, Claim, Detached, Event, Follow, Invitation
from models.columns import now
from models.detached import NO_WORK

DAY, NEXT = "2026-01-01", "2026-01-02"
A, B, C = 9_000_000_001, 9_000_000_002, 9_000_000_003


def work(number: int, *authors: int, **known: Any) -> dict[str, Any]:
    byline = [
        {"author": {"id": f"A{one}", "display_name": f"Author {one}"}, "institutions": [{"id": "I1"}]}
        for one in authors
    ]
    above = {
        level: {"id": f"{level}s/17", "display_name": level.capitalize()} for level in ("subfield", "field", "domain")
    }
    topics = [{"id": "T1", "display_name": "T", "score": 0.9, **above}]
    record = {"id": f"W{number}", "title": f"Work {number}", "updated_date": DAY, "authorships": byline}
    return record | {"topics": topics} | known


@pytest.fixture
def merge(snapshot):
    def write(entity: str, old: str, into: str) -> None:
        folder = snapshot("works", NEXT) / "data" / "merged_ids" / entity
        folder.mkdir(parents=True, exist_ok=True)
        rows = f"merge_date,id,merge_into_id\n{NEXT},{old},{into}\n"
        (folder / f"{old}.csv.gz").write_bytes(gzip.compress(rows.encode()))

    return write


@pytest.fixture
def accounts(save):
    save(*[Account(id=id, display_name=f"P{id}") for id in (1, 2, 3)])


def follow(account: int, subject: int, kind: str = "researcher") -> Follow:
    return Follow(account_id=account, kind=kind, subject_id=subject)


def held(id: int, account: int, researcher: int, **known: Any) -> Claim:
    return Claim(
        id=id,
        account_id=account,
        researcher_id=researcher,
        **{"state": "APPROVED", "method": "ORCID", "level": 3} | known,
    )


def test_a_new_work_is_told_once_to_whoever_follows_a_part_of_it(load, snapshot, select, save, accounts):
    root = snapshot("works", DAY, work(1, A, B))
    load(root)
    subfield = select("SELECT id FROM topic WHERE level = 'SUBFIELD'")[0]
    save(follow(1, A), follow(2, A), follow(1, 1, "institution"), follow(1, subfield, "topic"))
    assert select("SELECT * FROM event WHERE kind <> 'FOLLOWERS'") == []
    snapshot("works", NEXT, work(2, A, B), work(3, C), work(1, A, B, updated_date=NEXT))
    load(root)
    told = select(
        "SELECT kind, subject_kind, subject_id, work_id FROM event WHERE kind <> 'FOLLOWERS' ORDER BY work_id, subject_kind"
    )
    assert told == [
        ("NEW_WORK", "institution", 1, 2),
        ("NEW_WORK", "researcher", A, 2),
        ("NEW_WORK", "topic", subfield, 2),
        ("NEW_WORK", "institution", 1, 3),
        ("NEW_WORK", "topic", subfield, 3),
    ]
    snapshot("works", "2026-01-03", work(2, A, updated_date="2026-01-03"))
    load(root)
    assert len(select("SELECT id FROM event WHERE kind <> 'FOLLOWERS'")) == 5


def test_what_is_not_theirs_stays_so(load, snapshot, select, save, engine):
    root = snapshot("works", DAY, work(1, A, B), work(2, A), work(3, C))
    load(root)
    save(
        Detached(researcher_id=A, work_id=1, reason="DISOWNED"),
        Detached(researcher_id=C, work_id=NO_WORK, reason="SUPPRESSED"),
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET suppressed_at = :now WHERE id = :id"), {"now": now(), "id": C})
    snapshot("works", NEXT, *[work(one, *by, updated_date=NEXT) for one, by in [(1, (A, B)), (2, (A,)), (4, (C, B))]])
    load(root)
    byline = select("SELECT work_id, position, researcher_id FROM authorship ORDER BY 1, 2")
    assert byline == [(1, 0, None), (1, 1, B), (2, 0, A), (3, 0, C), (4, 0, None), (4, 1, B)]
    assert select(f"SELECT work_count FROM researcher WHERE id = {A}") == [1]
    assert select("SELECT researcher_id, work_id, reason FROM detached WHERE work_id > 0 ORDER BY work_id") == [
        (A, 1, "DISOWNED"),
        (C, 4, "SUPPRESSED"),
    ]


@pytest.mark.parametrize("survivor", [B, 9_000_000_009])
def test_follows_go_to_the_survivor_and_are_counted_once(load, snapshot, select, save, accounts, merge, survivor):
    root = snapshot("works", DAY, work(1, A, B))
    load(root)
    save(
        follow(1, A),
        follow(2, A),
        follow(1, B),
        Event(kind="NEW_WORK", subject_kind="researcher", subject_id=A, work_id=7),
    )
    merge("authors", f"A{A}", f"A{survivor}")
    load(root)
    followers = [(1, survivor), (2, survivor)] + ([] if survivor == B else [(1, B)])
    assert sorted(select("SELECT account_id, subject_id FROM follow")) == sorted(followers)
    assert select(f"SELECT follower_count FROM researcher WHERE id = {survivor}") == [2]
    assert select("SELECT subject_id FROM event WHERE kind = 'NEW_WORK'") == [survivor]


@pytest.mark.parametrize("survivor", [B, 9_000_000_009])
def test_a_claim_goes_to_the_survivor_with_what_its_owner_said(
    load, snapshot, select, save, accounts, merge, survivor, engine
):
    root = snapshot("works", DAY, work(1, A, B))
    load(root)
    save(held(7, 1, A), Detached(researcher_id=A, work_id=2, reason="DISOWNED"))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE researcher SET headline = 'I am', claim_status = 'CLAIMED' WHERE id = {A}"))
    merge("authors", f"A{A}", f"A{survivor}")
    load(root)
    assert select("SELECT researcher_id, state FROM claim") == [(survivor, "APPROVED")]
    shown = f"SELECT headline, claim_status, verification_level FROM researcher WHERE id = {survivor}"
    assert select(shown) == [("I am", "CLAIMED", 3)]
    assert select("SELECT researcher_id, work_id FROM detached") == [(survivor, 2)]


def test_an_invitation_goes_to_the_survivor(load, snapshot, select, save, accounts, merge):
    root = snapshot("works", DAY, work(1, A, B))
    load(root)
    sent = {"sender_id": 1, "recipient_id": 2, "subject": "s", "message": "m", "expires_at": now()}
    save(Invitation(researcher_id=A, **sent))
    merge("authors", f"A{A}", f"A{B}")
    load(root)
    assert select("SELECT researcher_id FROM invitation") == [B]


def test_of_two_owners_the_first_stays(load, snapshot, select, save, accounts, merge):
    root = snapshot("works", DAY, work(1, A, B))
    load(root)
    save(
        held(7, 1, A, approved_at=now()),
        held(8, 2, B, approved_at=now().replace(year=2020), level=2, method="EMAIL"),
        held(9, 3, A, state="UNDER_REVIEW", level=None),
        held(10, 3, B, state="EVIDENCE_PENDING", level=None),
    )
    merge("authors", f"A{A}", f"A{B}")
    load(root)
    assert select("SELECT id, researcher_id, state, level FROM claim ORDER BY id") == [
        (7, B, "REVOKED", None),
        (8, B, "APPROVED", 2),
        (9, B, "WITHDRAWN", None),
        (10, B, "EVIDENCE_PENDING", None),
    ]
    assert select("SELECT claim_id, action, from_state, to_state FROM event ORDER BY id") == [
        (7, "QUESTION", "APPROVED", "CONTESTED"),
        (7, "REVOKE", "CONTESTED", "REVOKED"),
        (9, "WITHDRAW", "UNDER_REVIEW", "WITHDRAWN"),
    ]
    assert select(f"SELECT claim_status, verification_level FROM researcher WHERE id = {B}") == [("CLAIMED", 2)]

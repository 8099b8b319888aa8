"""`kill -9` while everybody writes: what was answered stands, once, and all that is counted is what is there."""

import asyncio
import os
import signal
from collections import Counter
from datetime import timedelta
from random import Random

import httpx2
from sqlalchemy import select

from models import Access, Account, Claim, Event, Follow, Researcher
from models.claim import OPEN_STATES
from models.columns import now
from resolvers.claim_states import TRANSITIONS
from resolvers.secrets import token_hash
from schema.node import global_id, read_id

PEOPLE, RECORDS, ANSWERS = 6, 3, 200
VERBS = {
    "follow": "mutation($id: ID!) { done: follow(input: {subjectId: $id}) { subject { id } userErrors { code } } }",
    "unfollow": "mutation($id: ID!) { done: unfollow(input: {subjectId: $id}) { subject { id } userErrors { code } } }",
    "claim": """mutation($id: ID!) { done: claimResearcher(input: {researcherId: $id, method: EVIDENCE, statement: "me"}) {
        claim { id } userErrors { code } } }""",
    "withdraw": "mutation($id: ID!) { done: withdrawClaim(input: {claimId: $id}) { claim { id } userErrors { code } } }",
}


class Person:
    """Follows and claims at random, and remembers what was answered and what never was."""

    def __init__(self, id: int) -> None:
        self.id, self.chance = id, Random(id)
        self.follows: dict[int, bool] = {}
        self.claims: dict[int, str] = {}  # state by id
        self.open: dict[int, int] = {}  # the claim of each record that is not over
        self.unanswered: tuple[str, int] | None = None

    def next(self) -> tuple[str, int]:
        record = self.chance.randrange(1, RECORDS + 1)
        if self.chance.random() < 0.5:
            return ("unfollow" if self.follows.get(record) else "follow"), record
        return ("withdraw" if record in self.open else "claim"), record

    async def live(self, client: httpx2.AsyncClient, answered) -> None:
        while True:
            verb, record = self.unanswered = self.next()
            id = global_id("Claim", self.open[record]) if verb == "withdraw" else global_id("Researcher", record)
            body = {"query": VERBS[verb], "variables": {"id": id}}
            try:
                response = await client.post("/graphql", json=body, headers={"authorization": f"Bearer {self.id}"})
            except httpx2.TransportError:
                return
            self.unanswered = None
            done = response.json()["data"]["done"]
            assert done["userErrors"] == []
            self._remember(verb, record, done)
            answered()

    def _remember(self, verb, record, done) -> None:
        if verb in ("follow", "unfollow"):
            self.follows[record] = verb == "follow"
            return
        _, id = read_id(done["claim"]["id"], [], "Claim")
        if verb == "claim":
            assert id not in self.claims
            self.claims[id], self.open[record] = "UNDER_REVIEW", id
        else:
            assert self.open.pop(record) == id
            self.claims[id] = "WITHDRAWN"


async def load(process, address, people) -> None:
    """Everybody at once, until the process is killed in the middle of it."""
    answers = 0

    def answered() -> None:
        nonlocal answers
        answers += 1
        if answers == ANSWERS:
            os.kill(process.pid, signal.SIGKILL)

    async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
        await asyncio.gather(*[one.live(client, answered) for one in people])
    assert answers >= ANSWERS
    assert process.wait() == -signal.SIGKILL


def check(engine, people) -> None:
    with engine.connect() as connection:
        follows = [(row.account_id, row.subject_id) for row in connection.execute(select(Follow))]
        claims = {row.id: row for row in connection.execute(select(Claim))}
        events = [*connection.execute(select(Event).where(Event.kind == "CLAIM").order_by(Event.id))]
        records = [*connection.execute(select(Researcher))]
    assert max(Counter(follows).values(), default=0) <= 1
    for one in people:
        check_person(one, follows, claims)
    for record in records:
        assert record.follower_count == sum(subject == record.id for _, subject in follows)
        waits = any(one.state == "UNDER_REVIEW" for one in claims.values() if one.researcher_id == record.id)
        assert record.claim_status == ("PENDING" if waits else "UNCLAIMED")
    for id, claim in claims.items():
        state = None
        for event in (event for event in events if event.claim_id == id):
            assert event.from_state == state
            assert state is None or event.to_state == TRANSITIONS[event.action].to
            state = event.to_state
        assert state == claim.state
    assert {event.claim_id for event in events} == claims.keys()
    opened = Counter((one.account_id, one.researcher_id) for one in claims.values() if one.state in OPEN_STATES)
    assert max(opened.values(), default=0) <= 1


def check_person(one, follows, claims) -> None:
    verb, record = one.unanswered or (None, None)
    for researcher in range(1, RECORDS + 1):
        unknown = verb in ("follow", "unfollow") and record == researcher  # it may have come to be, or not
        assert unknown or ((one.id, researcher) in follows) == one.follows.get(researcher, False)
    mine = {id: claim.state for id, claim in claims.items() if claim.account_id == one.id}
    for id, state in one.claims.items():
        unknown = verb == "withdraw" and one.open.get(record) == id
        assert mine[id] in ({state, "WITHDRAWN"} if unknown else {state})
    assert len(mine.keys() - one.claims.keys()) <= (verb == "claim")


def test_what_was_answered_stands(serve, save, engine):
    save(
        *[Researcher(id=id, slug=f"r-{id}", display_name="R", name_key="r") for id in range(1, RECORDS + 1)],
        *[Account(id=id, display_name="P", email_verified_at=now()) for id in range(1, PEOPLE + 1)],
        *[
            Access(
                account_id=id,
                kind="SESSION",
                name="x",
                token_hash=token_hash(str(id)),
                scopes="READ WRITE",
                expires_at=now() + timedelta(days=1),
            )
            for id in range(1, PEOPLE + 1)
        ],
    )
    people = [Person(id) for id in range(1, PEOPLE + 1)]
    asyncio.run(load(*serve(), people))
    check(engine, people)

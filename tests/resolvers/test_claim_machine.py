"""Whatever people do with claims, one after another or at once: the table of transitions is kept, and so is the record."""

import asyncio
import os
import re
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import IntegrityError

from models import Account, Affiliation, Claim, Event, Identity, Institution, Mail, OneTimeCode, Researcher
from models.claim import HELD_STATES, OPEN_STATES
from models.columns import now
from resolvers.claim_states import TRANSITIONS, Actor
from resolvers.claims import (
    claim_researcher,
    confirm_claim,
    contest_claim,
    decide_claim,
    expire_claims,
    withdraw_claim,
)
from resolvers.drivers import open_reader
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Writer, open_writer

ORCID = "0000-0002-1825-0097"
CODE = r"^(\w{4}-\w{4}-\w{4})$"
PEOPLE, MODERATORS, RECORDS = 3, 2, 3  # moderators have claims of their own; the last record holds no ORCID iD
METHODS = ("ORCID", "EMAIL", "EVIDENCE")
DECISIONS = ("APPROVE", "REJECT", "REVOKE")
OF_A_CLAIM = ("CONFIRM", "MISTYPE", "WITHDRAW", *DECISIONS)
OF_TIME = ("HALF AN HOUR", "A MONTH", "EXPIRE", "SPEAK")

ACTION = st.tuples(
    st.sampled_from((*METHODS, *OF_A_CLAIM, *OF_A_CLAIM, "CONTEST", "CONTEST", *OF_TIME)),
    st.integers(0, PEOPLE + MODERATORS - 1),
    st.integers(0, 11),
)
AT_ONCE = st.lists(ACTION.filter(lambda action: action[0] not in OF_TIME), min_size=2, max_size=6)
STEPS = st.lists(st.one_of(ACTION, ACTION, ACTION, AT_ONCE), min_size=20, max_size=60)
LONGER = int(os.environ.get("CLAIMS_SOAK", "0"))  # examples, instead of always the same few

# As the contract draws them, by hand: what the machine is checked against beside its own table.
ARROWS = {
    ("DRAFT", "EVIDENCE_PENDING"),
    ("EVIDENCE_PENDING", "UNDER_REVIEW"),
    ("EVIDENCE_PENDING", "EXPIRED"),
    ("UNDER_REVIEW", "APPROVED"),
    ("UNDER_REVIEW", "REJECTED"),
    ("APPROVED", "APPROVED"),
    ("APPROVED", "CONTESTED"),
    ("CONTESTED", "APPROVED"),
    ("CONTESTED", "REVOKED"),
    *[(state, "WITHDRAWN") for state in (*OPEN_STATES, *HELD_STATES)],
}


class Stored(NamedTuple):
    """All that is known of a world's claims, in the order in which they were made."""

    claims: list[Any]
    events: list[Any]
    codes: dict[str, str]  # mailed last, by address

    def held(self, record: int) -> Any:
        return next((one for one in self.claims if one.researcher_id == record and one.state in HELD_STATES), None)

    def holding(self, account: int) -> Any:
        return next((one for one in self.claims if one.account_id == account and one.state in HELD_STATES), None)

    def target(self, number: int) -> Any:
        """A claim that is not over, twice out of three times."""
        live = [one for one in self.claims if one.state in OPEN_STATES + HELD_STATES]
        pool = live if live and number % 3 else self.claims
        return pool[-1 - number // 3 % len(pool)] if pool else None


class World:
    """Accounts and records of one example's own: what has happened cannot be taken back."""

    def __init__(self, engine: Engine, writer: Writer, save: Any, number: int) -> None:
        self.engine, self.writer = engine, writer
        base = 100 * number
        self.records = [base + place for place in range(RECORDS)]
        accounts = [base + place for place in range(PEOPLE + MODERATORS)]
        save(
            *[
                Researcher(
                    id=id, slug=f"r-{id}", display_name="R", name_key="r", orcid=ORCID if id < base + 2 else None
                )
                for id in self.records
            ],
            *[Affiliation(researcher_id=id, institution_id=1) for id in self.records],
            *[Account(id=id, display_name=f"P {id}") for id in accounts],
            *[
                Identity(issuer=f"https://orcid.org/{id}", subject=ORCID, provider="orcid", account_id=id)
                for id in accounts
            ],
        )
        everything = frozenset({"READ", "WRITE"})
        self.people = [
            Viewer(id, 0, True, everything, True, place >= PEOPLE, now()) for place, id in enumerate(accounts)
        ]
        self.stored = self.read()

    def read(self) -> Stored:
        with self.engine.connect() as connection:
            found = select(Event).where(Event.subject_id.in_(self.records), Event.kind == "CLAIM").order_by(Event.id)
            events = [*connection.execute(found)]
            order = {event.claim_id: event.id for event in reversed(events)}
            claims = [*connection.execute(select(Claim).where(Claim.researcher_id.in_(self.records)))]
            addresses = [claim.email for claim in claims if claim.email]
            mailed = select(Mail.recipient, Mail.body).where(Mail.recipient.in_(addresses)).order_by(Mail.created_at)
            codes = {to: re.search(CODE, body, re.MULTILINE)[1] for to, body in connection.execute(mailed)}
        return Stored(sorted(claims, key=lambda claim: order[claim.id]), events, codes)

    async def act(self, verb: str, who: int, number: int) -> str | None:
        """Do it, if there is anything to do it to; the code of a refusal."""
        try:
            await self._act(verb, who, number)
        except Declined as declined:
            return declined.code
        return None

    async def _act(self, verb: str, who: int, number: int) -> Any:  # noqa: PLR0911  a verb, a line
        record, viewer = self.records[number % RECORDS], self.people[who]
        if verb in METHODS:
            address = f"p{viewer.id}.r{record}@uni.example"
            return await claim_researcher(self.writer, viewer, record, verb, email=address, statement="It is me")
        if verb == "CONTEST":
            return await contest_claim(self.writer, viewer, record, "It is not them")
        if verb == "EXPIRE":
            return await expire_claims(self.writer)
        claim = self.stored.target(number)
        if claim is None:
            return None
        if verb in DECISIONS:
            return await decide_claim(self.writer, self.moderator(who), claim.id, verb, None)
        viewer = self.person(who, claim)
        if verb == "WITHDRAW":
            return await withdraw_claim(self.writer, viewer, claim.id)
        code = self.stored.codes.get(claim.email, "none") if verb == "CONFIRM" else "none"
        return await confirm_claim(self.writer, viewer, claim.id, code)

    def moderator(self, who: int) -> Viewer:
        return self.people[PEOPLE + who % MODERATORS]

    def person(self, who: int, claim: Any) -> Viewer:
        """Usually the claimant."""
        return self.people[0] if who == 0 else next(one for one in self.people if one.id == claim.account_id)

    def pass_time(self, verb: str) -> None:
        past = {"then": now() - timedelta(days=31)}
        if self.engine.dialect.name == "sqlite":
            past["then"] = past["then"].strftime("%Y-%m-%d %H:%M:%S.%f")  # type: ignore[assignment]
        mine = f"researcher_id IN ({', '.join(map(str, self.records))})"
        held = f"SELECT researcher_id FROM claim WHERE {mine} AND state IN ('APPROVED', 'CONTESTED')"
        statements = {
            "HALF AN HOUR": (
                "UPDATE one_time_code SET expires_at = :then",
                f"UPDATE claim SET expires_at = :then WHERE {mine} AND expires_at IS NOT NULL",
                "UPDATE attempts SET until = :then",
            ),
            "A MONTH": (f"UPDATE claim SET updated_at = :then WHERE {mine}",),
            "SPEAK": (f"UPDATE researcher SET headline = 'Mine', homepage_url = 'https://x' WHERE id IN ({held})",),
        }
        with self.engine.begin() as connection:
            for statement in statements[verb]:
                connection.execute(text(statement), past if ":then" in statement else {})

    def check(self) -> None:
        """What holds at any time."""
        before, self.stored = self.stored, self.read()
        claims, events, _ = self.stored
        assert events[: len(before.events)] == before.events
        for key in ("researcher_id", "account_id"):
            assert not twice(getattr(one, key) for one in claims if one.state in HELD_STATES)
        assert not twice((one.account_id, one.researcher_id) for one in claims if one.state in OPEN_STATES)
        for claim in claims:
            self._check(claim, [event for event in events if event.claim_id == claim.id])
        with self.engine.connect() as connection:
            for record in connection.execute(select(Researcher).where(Researcher.id.in_(self.records))):
                self._check_record(record)
            waiting = connection.scalars(
                select(OneTimeCode.about_id).where(OneTimeCode.account_id.in_(self._ids()))
            ).all()
        assert sorted(waiting) == sorted(
            one.id for one in claims if (one.method, one.state) == ("EMAIL", "EVIDENCE_PENDING")
        )

    def _ids(self) -> list[int]:
        return [one.id for one in self.people]

    def _check(self, claim: Any, events: list[Any]) -> None:
        assert (events[0].action, events[0].from_state, events[0].to_state) == ("OPEN", None, "DRAFT")
        state = "DRAFT"
        for event in events[1:]:
            known = TRANSITIONS[event.action]
            assert event.from_state == state
            assert state in known.sources
            assert event.to_state == known.to
            assert (state, event.to_state) in ARROWS
            assert self._actors(event, claim) & known.actors, event
            assert (event.actor_id == claim.account_id) == (event.account_id is None)
            state = event.to_state
        assert state == claim.state
        held = state in HELD_STATES
        assert (claim.level is not None, claim.approved_at is not None) == (held, held)
        assert (claim.expires_at is not None) == ((claim.method, state) == ("EMAIL", "EVIDENCE_PENDING"))

    def _actors(self, event: Any, claim: Any) -> set[Actor]:
        if event.actor_id in (None, claim.account_id):
            return {Actor.SERVICE if event.actor_id is None else Actor.CLAIMANT}
        moderator = next(one for one in self.people if one.id == event.actor_id).moderator
        return {Actor.OTHER, Actor.MODERATOR} if moderator else {Actor.OTHER}

    def _check_record(self, record: Any) -> None:
        states = {one.state for one in self.stored.claims if one.researcher_id == record.id}
        status = (
            "CONTESTED" if "CONTESTED" in states
            else "CLAIMED" if "APPROVED" in states
            else "PENDING" if states & {"EVIDENCE_PENDING", "UNDER_REVIEW"}
            else "UNCLAIMED"
        )  # fmt: skip
        held = self.stored.held(record.id)
        assert (record.claim_status, record.verification_level) == (status, held.level if held else 1)
        if held is None:
            assert (record.headline, record.homepage_url) == (None, None)

    def expected(self, verb: str, who: int, number: int) -> set[str | None]:  # noqa: C901, PLR0911  a verb, a line
        """The refusals that it may meet, None for none, by what is stored."""
        viewer, record, stored = self.people[who], self.records[number % RECORDS], self.stored
        if verb in METHODS:
            return self._of_claiming(verb, viewer, record) | ({"TOO_MANY_ATTEMPTS"} if verb == "EMAIL" else set())
        if verb == "CONTEST":
            claim = stored.held(record)
            if claim is None or claim.account_id == viewer.id:
                return {"NOT_CLAIMED" if claim is None else "ALREADY_YOURS"}
            contested = [event for event in stored.events if event.action == "CONTEST" and event.claim_id == claim.id]
            if any(event.actor_id == viewer.id for event in contested):
                return {"COOLDOWN"}
            return {"WRONG_STATE" if claim.state == "CONTESTED" else None}
        claim = stored.target(number)
        if claim is None:
            return {None}
        if verb in DECISIONS:
            return self._of_deciding(verb, self.moderator(who), claim)
        if self.person(who, claim).id != claim.account_id:
            return {"NOT_FOUND"}
        if verb == "WITHDRAW":
            return {"WRONG_STATE" if claim.state in ("REJECTED", "REVOKED", "EXPIRED") else None}
        if (claim.method, claim.state) == ("EMAIL", "APPROVED"):
            return {None}
        if claim.state != "EVIDENCE_PENDING":
            return {"WRONG_STATE"}
        if self._too_late(claim):
            return {"CODE_EXPIRED"}
        return {self._taken(claim)} if verb == "CONFIRM" else {"INVALID_CODE", "CODE_EXPIRED"}

    def _too_late(self, claim: Any) -> bool:
        with self.engine.connect() as connection:
            until = connection.scalar(select(OneTimeCode.expires_at).where(OneTimeCode.about_id == claim.id))
        return until.replace(tzinfo=None) < now().replace(tzinfo=None)

    def _of_claiming(self, method: str, viewer: Viewer, record: int) -> set[str | None]:
        own = [one for one in self.stored.claims if (one.account_id, one.researcher_id) == (viewer.id, record)]
        other, held = self.stored.holding(viewer.id), self.stored.held(record)
        recent = now().replace(tzinfo=None) - timedelta(days=30)
        refused = [one for one in own if one.state in ("REJECTED", "REVOKED")]
        blockers = {
            "ALREADY_YOURS": other is not None and other.researcher_id == record,
            "ALREADY_CLAIMED": held is not None,
            "HAS_CLAIM": other is not None,
            "UNDER_REVIEW": any(one.state == "UNDER_REVIEW" for one in own),
            "COOLDOWN": any(one.updated_at.replace(tzinfo=None) > recent for one in refused),
            "ORCID_MISMATCH": method == "ORCID" and record == self.records[-1],
        }
        return {next((code for code, blocks in blockers.items() if blocks), None)}

    def _of_deciding(self, decision: str, moderator: Viewer, claim: Any) -> set[str | None]:
        if claim.account_id == moderator.id:
            return {"OWN_CLAIM"}
        takes = {"APPROVE": ("UNDER_REVIEW", *HELD_STATES), "REJECT": ("UNDER_REVIEW",), "REVOKE": HELD_STATES}
        if claim.state not in takes[decision]:
            return {"WRONG_STATE"}
        return {self._taken(claim) if (decision, claim.state) == ("APPROVE", "UNDER_REVIEW") else None}

    def _taken(self, claim: Any) -> str | None:
        if self.stored.held(claim.researcher_id):
            return "ALREADY_CLAIMED"
        return "HAS_CLAIM" if self.stored.holding(claim.account_id) else None


def twice(keys: Any) -> list[Any]:
    return [key for key, times in Counter(keys).items() if times > 1]


@pytest.fixture
def run(database_url, save):
    """Runs a coroutine, and the writer to give it."""
    save(Institution(id=1, slug="uni", display_name="Uni", name_key="uni", homepage_url="https://www.uni.example/home"))
    with asyncio.Runner() as runner:

        async def opened() -> tuple[Any, Writer]:
            reader = open_reader(database_url)
            return reader, open_writer(database_url, reader)

        reader, writer = runner.run(opened())
        yield runner.run, writer
        runner.run(writer.close())
        runner.run(reader.close())


def walk(world: World, run: Any, steps: list[Any]) -> None:
    for step in steps:
        if isinstance(step, list):

            async def together(step: Any = step) -> list[str | None]:
                return await asyncio.gather(*[world.act(*action) for action in step])

            run(together())
        elif step[0] in OF_TIME and step[0] != "EXPIRE":
            world.pass_time(step[0])
        else:
            expected = {None} if step[0] == "EXPIRE" else world.expected(*step)
            refused, before = run(world.act(*step)), world.stored
            assert refused in expected, (step, refused, expected)
            if refused not in (None, "CODE_EXPIRED"):
                assert world.read() == before
        world.check()


def test_any_sequence_keeps_the_rules(run, engine, save):
    numbers, seen = count(1), set()

    @settings(
        max_examples=LONGER or 40,
        derandomize=not LONGER,
        phases=list(Phase) if LONGER else [Phase.generate],  # to shorten what fails takes minutes
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def examples(steps: list[Any]) -> None:
        world = World(engine, run[1], save, next(numbers))
        walk(world, run[0], steps)
        seen.update(event.action for event in world.stored.events)

    examples()
    assert seen == {"OPEN", *TRANSITIONS}


@pytest.mark.parametrize("state", HELD_STATES)
def test_the_database_itself_refuses_a_second_holder(engine, save, state):
    save(
        *[Researcher(id=id, slug=f"r-{id}", display_name="R", name_key="r") for id in (1, 2)],
        *[Account(id=id, display_name="P") for id in (1, 2)],
        Claim(id=1, researcher_id=1, account_id=1, state="APPROVED", method="ORCID", level=3),
        Claim(id=2, researcher_id=1, account_id=2, state="UNDER_REVIEW", method="EVIDENCE"),
        Claim(id=3, researcher_id=2, account_id=1, state="UNDER_REVIEW", method="EVIDENCE"),
        Claim(id=4, researcher_id=2, account_id=2, state="UNDER_REVIEW", method="EVIDENCE"),
    )
    for held in HELD_STATES:
        with engine.begin() as connection:
            connection.execute(update(Claim).where(Claim.id == 1).values(state=held))
        for second in (2, 3):
            with pytest.raises(IntegrityError), engine.begin() as connection:
                connection.execute(update(Claim).where(Claim.id == second).values(state=state))
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(update(Claim).where(Claim.id == 4).values(researcher_id=1))  # a second open claim of it

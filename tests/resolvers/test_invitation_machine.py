"""Whatever people do with invitations, one after another or at once: the rules are kept, and nobody reads another's."""

import asyncio
import os
from collections import Counter
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from models import Account, Block, Claim, Conversation, Event, Invitation, Message, Participant, Researcher
from models.columns import now
from resolvers.blocks import block, unblock
from resolvers.conversations import conversation_of_viewer, leave, message_of_viewer, send_message
from resolvers.drivers import open_reader
from resolvers.invitations import expire_invitations, invitation_of_viewer, invite, respond, withdraw
from resolvers.reads import Given
from resolvers.refused import Declined
from resolvers.store import Store
from resolvers.viewers import Viewer
from resolvers.writing import Writer, open_writer

PEOPLE = 4  # each has a record; the last takes no invitations
VERBS = ("INVITE", "ACCEPT", "DECLINE", "WITHDRAW", "SEND", "LEAVE", "BLOCK", "UNBLOCK")
ACTION = st.tuples(
    st.sampled_from((*VERBS, "INVITE", "ACCEPT", "SEND", "MONTHS", "EXPIRE")), st.integers(0, 3), st.integers(0, 11)
)
AT_ONCE = st.lists(ACTION.filter(lambda action: action[0] in VERBS), min_size=2, max_size=6)
STEPS = st.lists(st.one_of(ACTION, ACTION, ACTION, AT_ONCE), min_size=20, max_size=50)
LONGER = int(os.environ.get("INVITATIONS_SOAK", "0"))  # examples, instead of always the same few
# As the issue draws them: what follows what, and who does it.
ARROWS = {"ACCEPT": "ACCEPTED", "DECLINE": "DECLINED", "WITHDRAW": "WITHDRAWN", "EXPIRE": "EXPIRED"}


class World:
    """Accounts and records of one example's own."""

    def __init__(self, engine: Any, writer: Writer, save: Any, number: int) -> None:
        self.engine, self.writer = engine, writer
        self.ids = [100 * number + place for place in range(PEOPLE)]
        save(
            *[Account(id=id, display_name=f"P {id}") for id in self.ids],
            *[
                Researcher(
                    id=id,
                    slug=f"r-{id}",
                    display_name="R",
                    name_key="r",
                    claim_status="CLAIMED",
                    collaboration_status="CLOSED" if id == self.ids[-1] else "OPEN",
                )
                for id in self.ids
            ],
            *[
                Claim(
                    id=id,
                    researcher_id=id,
                    account_id=id,
                    state="APPROVED",
                    method="EVIDENCE",
                    level=4,
                    approved_at=now(),
                )
                for id in self.ids
            ],
        )
        scopes = frozenset({"READ", "WRITE"})
        self.people = [Viewer(id, 0, True, scopes, True, False, now()) for id in self.ids]
        self.read()

    def read(self) -> None:
        with self.engine.connect() as connection:

            def rows(table: Any, condition: Any, *order: Any) -> list[Any]:
                return [*connection.execute(select(table).where(condition).order_by(*order))]

            mine = Invitation.sender_id.in_(self.ids)
            self.invitations = rows(Invitation, mine, Invitation.created_at, Invitation.id)
            known = [one.id for one in self.invitations]
            self.talks = rows(Conversation, Conversation.invitation_id.in_(known), Conversation.created_at)
            self.parties = rows(Participant, Participant.account_id.in_(self.ids))
            self.messages = rows(Message, Message.sender_id.in_(self.ids), Message.id)
            self.blocks = {(one.account_id, one.blocked_id) for one in rows(Block, Block.account_id.in_(self.ids))}
            self.events = rows(Event, Event.invitation_id.in_(known), Event.id)
            self.told = rows(Event, Event.message_id.is_not(None) & Event.actor_id.in_(self.ids), Event.id)

    def parts(self, who: int, number: int) -> tuple[Viewer, int, Any, Any]:
        """Who does it, to whom, and with which invitation and conversation, if there are any."""
        other = self.ids[number % PEOPLE]
        invitation = self.invitations[-1 - number % len(self.invitations)] if self.invitations else None
        talk = self.talks[-1 - number % len(self.talks)] if self.talks else None
        return self.people[who], other, invitation, talk

    async def act(self, verb: str, who: int, number: int) -> str | None:
        """Do it, if there is anything to do it to; the code of a refusal."""
        viewer, other, invitation, talk = self.parts(who, number)
        try:
            match verb:
                case "INVITE":
                    await invite(self.writer, viewer, other, "About", "Shall we?")
                case "ACCEPT" | "DECLINE" if invitation:
                    await respond(self.writer, viewer, invitation.id, accept=verb == "ACCEPT", word=None)
                case "WITHDRAW" if invitation:
                    await withdraw(self.writer, viewer, invitation.id)
                case "SEND" if talk:
                    await send_message(self.writer, viewer, talk.id, "Hello")
                case "LEAVE" if talk:
                    await leave(self.writer, viewer, talk.id)
                case "BLOCK" | "UNBLOCK":
                    await (block if verb == "BLOCK" else unblock)(self.writer, viewer, other)
                case "EXPIRE":
                    await expire_invitations(self.writer)
        except Declined as declined:
            return declined.code
        return None

    def months(self) -> None:
        """Three of them go by."""
        with self.engine.begin() as connection:
            for column in ("created_at", "answered_at", "expires_at"):
                past = {column: now() - timedelta(days=91)}
                there = Invitation.sender_id.in_(self.ids) & getattr(Invitation, column).is_not(None)
                connection.execute(update(Invitation).where(there).values(**past))

    def expected(self, verb: str, who: int, number: int) -> str | None:  # noqa: C901, PLR0911  a verb, a line
        """The refusal that it meets, by what is stored and by hand."""
        viewer, other, invitation, talk = self.parts(who, number)
        blocked = bool(self.blocks & {(viewer.id, other), (other, viewer.id)})
        match verb:
            case "INVITE":
                return self._inviting(viewer.id, other, blocked=blocked)
            case "ACCEPT" | "DECLINE" | "WITHDRAW" if invitation:
                party = invitation.sender_id if verb == "WITHDRAW" else invitation.recipient_id
                if viewer.id != party:
                    return "NOT_FOUND"
                if invitation.state == ARROWS[verb]:
                    return None
                if invitation.state != "PENDING" or _naive(invitation.expires_at) <= _naive(now()):
                    return "WRONG_STATE"
                pair = (invitation.sender_id, invitation.recipient_id)
                return "BLOCKED" if verb == "ACCEPT" and self.blocks & {pair, pair[::-1]} else None
            case "SEND" | "LEAVE" if talk:
                there = {one.account_id: one.left_at is None for one in self.parties if one.conversation_id == talk.id}
                if viewer.id not in there or (verb == "SEND" and not there[viewer.id]):
                    return "NOT_FOUND"
                if verb == "LEAVE":
                    return None
                (partner,) = there.keys() - {viewer.id}
                if not there[partner]:
                    return "WRONG_STATE"
                return "BLOCKED" if self.blocks & {(viewer.id, partner), (partner, viewer.id)} else None
            case "BLOCK" if viewer.id == other:
                return "OWN_ACCOUNT"
        return None

    def _inviting(self, me: int, other: int, *, blocked: bool) -> str | None:
        if me == other:
            return "SELF"
        between = [one for one in self.invitations if {one.sender_id, one.recipient_id} == {me, other}]
        over = {one.conversation_id for one in self.parties if one.left_at is not None}
        open_talks = {one.invitation_id for one in self.talks if one.id not in over}
        recent = _naive(now()) - timedelta(days=90)
        lately = [
            one
            for one in self.invitations
            if one.sender_id == me and _naive(one.created_at) > _naive(now()) - timedelta(days=1)
        ]
        blockers = {
            "NOT_OPEN_TO_COLLABORATION": other == self.ids[-1],
            "BLOCKED": blocked,
            "ALREADY_INVITED": any(one.state == "PENDING" or one.id in open_talks for one in between),
            "COOLDOWN": any(
                one.state == "DECLINED" and one.sender_id == me and _naive(one.answered_at) > recent for one in between
            ),
            "LIMIT_EXCEEDED": len(lately) >= 20,
        }
        return next((code for code, holds in blockers.items() if holds), None)

    def check(self) -> None:
        """What holds at any time."""
        before = [*self.events]
        self.read()
        assert self.events[: len(before)] == before
        pending = Counter(
            frozenset((one.sender_id, one.recipient_id)) for one in self.invitations if one.state == "PENDING"
        )
        assert all(times == 1 for times in pending.values())
        assert {one.invitation_id for one in self.talks} == {
            one.id for one in self.invitations if one.state == "ACCEPTED"
        }
        for one in self.invitations:
            assert one.sender_id != one.recipient_id == one.researcher_id
            steps = [event for event in self.events if event.invitation_id == one.id]
            assert (steps[0].action, steps[0].actor_id, steps[0].account_id) == (
                "SEND",
                one.sender_id,
                one.recipient_id,
            )
            assert [ARROWS[event.action] for event in steps[1:]] == ([] if one.state == "PENDING" else [one.state])
            for event in steps[1:]:
                actor = {"WITHDRAW": one.sender_id, "EXPIRE": None}.get(event.action, one.recipient_id)
                assert (event.actor_id, event.account_id) == (
                    actor,
                    one.recipient_id if event.action == "WITHDRAW" else one.sender_id,
                )
        members = {
            talk.id: {one.account_id for one in self.parties if one.conversation_id == talk.id} for talk in self.talks
        }
        assert all(len(one) == 2 for one in members.values())
        assert all(one.sender_id in members[one.conversation_id] for one in self.messages)
        assert [one.message_id for one in self.told] == [one.id for one in self.messages]

    async def peek(self, store: Store) -> None:
        """Nobody finds what they have no part in."""
        members = {talk.id: set[int]() for talk in self.talks}
        for one in self.parties:
            if one.left_at is None and one.conversation_id in members:
                members[one.conversation_id].add(one.account_id)
        for viewer in self.people:
            mine = (("account", viewer.id),)
            for one in self.invitations:
                found = await store.load(Given(invitation_of_viewer, mine), one.id)
                assert (found is not None) == (viewer.id in (one.sender_id, one.recipient_id))
            for one in self.talks:
                found = await store.load(Given(conversation_of_viewer, mine), one.id)
                assert (found is not None) == (viewer.id in members[one.id])
            for one in self.messages:
                found = await store.load(Given(message_of_viewer, mine), one.id)
                assert (found is not None) == (viewer.id in members[one.conversation_id])


def _naive(moment: Any) -> Any:
    return moment.replace(tzinfo=None)


@pytest.fixture
def opened(database_url):
    """Runs a coroutine, and the reader and writer to give it."""
    with asyncio.Runner() as runner:

        async def both() -> tuple[Any, Writer]:
            reader = open_reader(database_url)
            return reader, open_writer(database_url, reader)

        reader, writer = runner.run(both())
        yield runner.run, reader, writer
        runner.run(writer.close())
        runner.run(reader.close())


def test_any_sequence_keeps_the_rules(opened, engine, save):
    run, reader, writer = opened
    numbers, refusals = count(1), Counter()

    @settings(
        max_examples=LONGER or 20,
        derandomize=not LONGER,
        deadline=None,
        database=None,
        phases=[Phase.generate] if not LONGER else [Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(STEPS)
    def walk(steps: list[Any]) -> None:
        world = World(engine, writer, save, next(numbers))
        for step in steps:
            if isinstance(step, list):

                async def together(step: Any = step) -> None:
                    await asyncio.gather(*[world.act(*action) for action in step])

                run(together())
            elif step[0] == "MONTHS":
                world.months()
            else:
                expected = world.expected(*step)
                assert run(world.act(*step)) == expected, step
                refusals[expected] += 1
            world.check()

        async def look() -> None:
            await world.peek(Store(reader))

        run(look())

    walk()
    if not LONGER:  # each of the rules was met
        met = {None, "SELF", "NOT_OPEN_TO_COLLABORATION", "BLOCKED", "ALREADY_INVITED", "COOLDOWN", "WRONG_STATE"}
        assert met | {"NOT_FOUND", "OWN_ACCOUNT"} <= refusals.keys()

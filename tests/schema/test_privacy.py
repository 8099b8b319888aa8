"""Nobody reads what is another's: not by any field of any type, also not by one that is added tomorrow."""

import gc
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import orjson
import pytest
from graphql import get_named_type, is_composite_type, is_object_type, is_required_argument
from sqlalchemy import text

import schema.account
from models import (
    Access,
    Account,
    Block,
    Claim,
    Conversation,
    Event,
    Follow,
    Identity,
    Invitation,
    Mail,
    Message,
    OneTimeCode,
    Participant,
    Report,
)
from models.account import random_key
from models.columns import now
from models.indexing import reindex
from resolvers.secrets import token_hash
from schema.lookup import PRIVATE
from schema.node import global_id
from schema.root import build_schema
from tests.schema.walk import Asked, everything, without

# graphql-core leaves what stands beside or below a refused field unawaited, and Python says so when it collects it.
pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:coroutine .* was never awaited:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
    pytest.mark.usefixtures("collected", "without_limits"),
]

SCHEMA = build_schema()._schema
ADA, BOB, CYD, MOD, DAN = (random_key() for _ in range(5))
SENT, RECEIVED, TALK, REPORT = (random_key() for _ in range(4))
MESSAGES = 901_001, 901_002  # Ada's, and Dan's, which she has reported
CLAIMS, ACCESSES, API = [random_key() for _ in range(3)], [random_key() for _ in range(4)], random_key()
REFUSED = {"FORBIDDEN", "UNAUTHENTICATED"}


NUMBERS = count(1)


class Marks:
    """Texts and moments that stand in one column each, and nowhere else."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def word(self, where: str) -> str:
        made = f"secret{next(NUMBERS)}{where.replace('.', '').replace('_', '')}x"
        self.found[where] = made.encode()
        return made

    def moment(self, where: str, year: int = 2001) -> datetime:
        made = datetime(year, 1, 1, tzinfo=UTC) + timedelta(seconds=next(NUMBERS))
        self.found[where] = made.strftime("%Y-%m-%dT%H:%M:%S").encode()
        return made

    def within(self, answer: bytes) -> set[str]:
        return {where for where, mark in self.found.items() if mark in answer}


# What Ada sees of hers, what a moderator does too, and what nobody ever sees.
OWN, PARTIES, NOBODYS = Marks(), Marks(), Marks()
PARTIES.found |= {f"id of Claim {place}": global_id("Claim", id).encode() for place, id in enumerate(CLAIMS)}
OWN.found |= {"id of Session": global_id("Session", ACCESSES[0]).encode()}
OWN.found |= {"id of Conversation": global_id("Conversation", TALK).encode()}
OWN.found |= {f"id of Invitation {id}": global_id("Invitation", id).encode() for id in (SENT, RECEIVED)}
OWN.found |= {f"id of Message {id}": global_id("Message", id).encode() for id in MESSAGES}
OWN.found |= {"id of ApiToken": global_id("ApiToken", API).encode()}
NOBODYS.found |= {f"number {id}": str(id).encode() for id in (*CLAIMS, *ACCESSES, API, SENT, RECEIVED, TALK)}


def never(name: str) -> bool:
    """Whether not even their owner sees it."""
    return "hash" in name or name.startswith("mail.")


def rows() -> list[Any]:
    """Ada, with something in every column, and three others."""
    word, far = OWN.word, now() + timedelta(days=100)
    email = f"{word('account.email')}@example.org"

    def access(id: int, account: int, kind: str, scopes: str, token: str) -> Access:
        return Access(
            id=id,
            account_id=account,
            kind=kind,
            name="agent",
            token_hash=token_hash(token),
            scopes=scopes,
            expires_at=far,
        )

    def claim(id: int, researcher: int, state: str, **known: Any) -> Claim:
        return Claim(
            id=id,
            researcher_id=researcher,
            account_id=ADA,
            state=state,
            method="EMAIL",
            statement=PARTIES.word(f"claim.statement {state}"),
            evidence_url=f"https://{PARTIES.word(f'claim.evidence_url {state}')}.example",
            email=f"{PARTIES.word(f'claim.email {state}')}@example.org",
            created_at=PARTIES.moment(f"claim.created_at {state}"),
            updated_at=PARTIES.moment(f"claim.updated_at {state}"),
            **known,
        )

    def follow(kind: str, subject: int) -> Follow:
        return Follow(account_id=ADA, kind=kind, subject_id=subject, created_at=OWN.moment(f"follow.created_at {kind}"))

    return [
        Account(
            id=ADA,
            display_name="Ada",
            email=email,
            email_key=email,
            email_verified_at=NOBODYS.moment("account.email_verified_at"),
            password_hash=NOBODYS.word("account.password_hash"),
            digested_at=NOBODYS.moment("account.digested_at"),
            is_hidden=True,
        ),
        Account(id=BOB, display_name="Bob", email_verified_at=now()),
        Account(id=CYD, display_name="Cyd", email_verified_at=now()),
        Account(id=MOD, display_name="Mod", email_verified_at=now(), moderator_since=now()),
        Identity(issuer="i", subject=NOBODYS.word("identity.subject"), provider="orcid", account_id=ADA),
        *[
            Access(
                id=id,
                account_id=ADA,
                kind=kind,
                name=word(f"access.name {kind}"),
                token_hash=NOBODYS.word(f"access.token_hash {kind}"),
                scopes="READ WRITE",
                created_at=OWN.moment(f"access.created_at {kind}"),
                used_at=OWN.moment(f"access.used_at {kind}"),
                expires_at=OWN.moment(f"access.expires_at {kind}", 2101),
            )
            for id, kind in ((ACCESSES[0], "SESSION"), (API, "API"))
        ],
        access(ACCESSES[1], ADA, "SESSION", "READ WRITE", "ada"),
        access(ACCESSES[2], ADA, "API", "WRITE", "ada's program that writes"),
        access(ACCESSES[3], ADA, "API", "READ", "ada's program that reads"),
        access(random_key(), BOB, "SESSION", "READ WRITE", "bob"),
        access(random_key(), CYD, "SESSION", "READ WRITE", "cyd"),
        access(random_key(), MOD, "SESSION", "READ WRITE", "mod"),
        claim(CLAIMS[0], 1, "APPROVED", level=2, approved_at=now()),
        claim(CLAIMS[1], 2, "EVIDENCE_PENDING", expires_at=PARTIES.moment("claim.expires_at", 2101)),
        claim(CLAIMS[2], 2, "REJECTED"),
        Claim(researcher_id=2, account_id=BOB, state="APPROVED", method="EVIDENCE", level=4, approved_at=now()),
        *[
            Event(
                kind="CLAIM",
                at=PARTIES.moment(f"event.at {place}"),
                actor_id=MOD if place else ADA,
                account_id=ADA if place else None,
                subject_kind="researcher",
                subject_id=1,
                claim_id=id,
                action="REJECT" if place else "OPEN",
                to_state="DRAFT",
                note=PARTIES.word(f"event.note {place}"),
            )
            for place, id in enumerate(CLAIMS)
        ],
        OneTimeCode(
            account_id=ADA,
            purpose="CLAIM",
            about_id=CLAIMS[1],
            code_hash=NOBODYS.word("one_time_code.code_hash"),
            tries_left=5,
            expires_at=NOBODYS.moment("one_time_code.expires_at", 2101),
        ),
        Mail(
            recipient=NOBODYS.word("mail.recipient"),
            subject=NOBODYS.word("mail.subject"),
            body=NOBODYS.word("mail.body"),
        ),
        follow("researcher", 1),
        follow("institution", 1),
        follow("topic", 3),
        *[Follow(account_id=BOB, kind="researcher", subject_id=id) for id in (1, 2)],
        Account(id=DAN, display_name="Dan", email_verified_at=now()),
        *[
            Invitation(
                id=id,
                sender_id=sender,
                recipient_id=ADA + DAN - sender,
                researcher_id=1,
                state="ACCEPTED" if id == SENT else "PENDING",
                subject=OWN.word(f"invitation.subject {id == SENT}"),
                message=OWN.word(f"invitation.message {id == SENT}"),
                word=OWN.word(f"invitation.word {id == SENT}"),
                works="[1000]",
                topics="[3]",
                created_at=OWN.moment(f"invitation.created_at {id == SENT}"),
                answered_at=OWN.moment(f"invitation.answered_at {id == SENT}"),
                expires_at=OWN.moment(f"invitation.expires_at {id == SENT}", 2101),
            )
            for id, sender in ((SENT, ADA), (RECEIVED, DAN))
        ],
        Conversation(
            id=TALK,
            invitation_id=SENT,
            created_at=OWN.moment("conversation.created_at"),
            updated_at=OWN.moment("conversation.updated_at"),
        ),
        *[Participant(conversation_id=TALK, account_id=id) for id in (ADA, DAN)],
        *[
            Message(
                id=id,
                conversation_id=TALK,
                sender_id=sender,
                body=marks.word(f"message.body {id}"),
                created_at=OWN.moment(f"message.created_at {id}"),
                edited_at=OWN.moment(f"message.edited_at {id}"),
            )
            for id, sender, marks in zip(MESSAGES, (ADA, DAN), (OWN, PARTIES), strict=True)
        ],
        Report(
            id=REPORT, reporter_id=ADA, accused_id=DAN, message_id=MESSAGES[1], reason=PARTIES.word("report.reason")
        ),
        Block(account_id=ADA, blocked_id=DAN),
        Event(kind="INVITATION", actor_id=DAN, account_id=ADA, invitation_id=RECEIVED, action="SEND"),
        *[Event(kind="MESSAGE", actor_id=ADA, conversation_id=TALK, message_id=id, action="SEND") for id in MESSAGES],
    ]


# Where to begin, and how far to go from there; from Ada's account to all that can be reached.
FAR, NEAR = 6, 2
BEGIN = {
    "viewer": [("", "Account", NEAR)],
    "node": [
        (ADA, "Account", FAR),
        (CLAIMS[0], "Claim", NEAR + 1),
        (TALK, "Conversation", NEAR + 1),
        (SENT, "Invitation", NEAR + 1),
        *[(id, "Message", NEAR) for id in MESSAGES],
        (REPORT, "Report", NEAR),
        (1, "Researcher", NEAR + 1),
        *[(id, kind, NEAR) for kind, id in (("Account", BOB), ("Claim", CLAIMS[1]), ("Researcher", 999))],
        *[(id, kind, NEAR) for kind, id in (("Work", 1000), ("Topic", 3), ("Institution", 1), ("Source", 1))],
    ],
    "nodes": [(f'(ids: ["{global_id("Account", ADA)}", "{global_id("Claim", CLAIMS[0])}"])', "Node", NEAR)],
    "researcher": [('(by: {slug: "r-2"})', "Researcher", NEAR)],
    "claimQueue": [("", "ClaimConnection", NEAR + 1)],
    "reportQueue": [("", "ReportConnection", NEAR + 1)],
    "work": [(f'(by: {{id: "{global_id("Work", 1000)}"}})', "Work", NEAR)],
    "topic": [('(by: {slug: "t-3"})', "Topic", NEAR)],
    "institution": [('(by: {slug: "i-1"})', "Institution", NEAR)],
    "collaborationPath": [
        (f'(from: "{global_id("Researcher", 1)}", to: "{global_id("Researcher", 2)}")', "CollaborationPath", NEAR)
    ],
    "researchGraph": [(f'(center: "{global_id("Researcher", 1)}")', "ResearchGraph", NEAR)],
    "resolve": [('(identifier: "r-1")', "Node", 1)],
    "search": [('(query: "researcher")', "SearchConnection", NEAR + 1)],
    "suggest": [('(prefix: "r")', "Suggestion", NEAR)],
}


def roots() -> tuple[list[Asked], set[str]]:
    """Every way into the schema, with what is behind it; and the types that were met."""
    ways: list[Asked] = []
    types: set[str] = set()
    for name, known in SCHEMA.query_type.fields.items():
        kind = get_named_type(known.type)
        assert name in BEGIN or not any(map(is_required_argument, known.args.values())), f"teach the walk about {name}"
        for given, type_name, depth in BEGIN.get(name, [("", kind.name, NEAR)]):
            arguments = given if isinstance(given, str) else f'(id: "{global_id(type_name, given)}")'
            under, met = (
                everything(SCHEMA, SCHEMA.type_map[type_name], depth) if is_composite_type(kind) else (None, set())
            )
            ways.append(Asked(name, "Query", under, arguments))
            types |= met
    return ways, types


ROOTS, TYPES = roots()


@pytest.fixture
def ada(world, save, engine, reader):
    world(researchers=2, works=1)
    save(*rows())
    with engine.begin() as connection:
        reindex(connection)
    reader.changes = reader.reader.changes  # so that answers are kept, as they are when it is served


@pytest.fixture
def walk(client):
    """Everything that one is answered, refusals included; the data by way in."""

    refused: dict[str, list[Any]] = {}  # by way in; moderators ask first of the others, who are refused that as well

    async def all_of(token: str | None, *only: str) -> tuple[bytes, dict[str, Any]]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        seen, data = [], {}
        for way in (way for way in ROOTS if not only or way.name in only):
            asked = {"": deepcopy(way)}
            answer: Any = {"errors": [None]}
            while asked and "errors" in answer:
                query = f"{{ {asked[''].text()} }}"
                response = await client.post("/graphql", json={"query": query}, headers=headers)
                told = response.content.replace(response.headers["x-request-id"].encode(), b"")
                seen.append(told)
                answer = response.json()
                if "errors" in answer:
                    known = refused.setdefault(f"{way.name}{way.arguments}", [])
                    dropped = [drop(asked, error) for error in (*answer["errors"], *known)]
                    assert any(dropped)
                    known += () if token == "ada" else answer["errors"]
            data[f"{way.name}{way.arguments}"] = answer.get("data")
        return b"\n".join(seen), data

    yield all_of
    gc.collect()  # while that is not warned of


def drop(asked: dict[str, Asked], error: dict[str, Any]) -> bool:
    assert error["extensions"]["code"] in REFUSED, error
    _root, *path = error["path"]
    if not asked:
        return False
    if not [part for part in path if isinstance(part, str)]:
        asked.clear()
        return True
    return without(asked[""].under or {}, path)


def test_every_type_is_walked():
    objects = {name for name, kind in SCHEMA.type_map.items() if is_object_type(kind) and not name.startswith("__")}
    of_mutations = {name for name in objects if name.endswith("Payload")} | {"Mutation", "Refusal"}
    assert objects - of_mutations - {"Query", "Subscription"} == TYPES
    fields = {(name, field) for name in TYPES for field in SCHEMA.type_map[name].fields}
    assert fields == {(one.type_name, one.name) for way in ROOTS for one in below(way)}


def below(way: Asked) -> list[Asked]:
    return [each for one in (way.under or {}).values() for each in (one, *below(one))]


async def test_what_is_adas_is_adas(ada, walk, engine):
    """Ada asks first, so that whatever is kept of her answers would be told the others."""
    everyone = [NOBODYS, PARTIES, OWN]
    answers = {}
    told, _ = await walk("ada")
    for marks in (OWN, PARTIES):
        assert marks.within(told) == marks.found.keys()  # the walk gets to each of them
    assert not {name for name in NOBODYS.within(told) if never(name)}  # the rest is in her export
    told, _ = await walk("mod")
    assert PARTIES.within(told) == PARTIES.found.keys()
    in_export = {f"number {id}" for id in CLAIMS}  # of what a moderator has decided, as it is stored
    assert OWN.within(told) | NOBODYS.within(told) <= in_export
    for token in (None, "bob", "ada's program that writes"):
        told, answers[token] = await walk(token)
        for marks in everyone:
            assert marks.within(told) == set(), token
    for token in (None, "bob"):  # she hides herself: only who has her id finds her
        for way, data in answers[token].items():
            named = global_id("Account", ADA) in way
            assert named or b"Ada" not in orjson.dumps(data), (token, way)
    with engine.begin() as connection:  # what has too few values to be marked
        changed = (
            "UPDATE account SET digest = 'DAILY', password_hash = NULL, moderator_since = created_at WHERE id = :id"
        )
        connection.execute(text(changed), {"id": ADA})
    assert (await walk("bob"))[1] == answers["bob"]


@pytest.mark.parametrize("leak", ["account", "claim"])
async def test_the_walk_finds_a_leak(ada, walk, monkeypatch, leak):
    if leak == "account":
        monkeypatch.setattr(schema.account, "is_own", lambda *_: True)
    else:
        monkeypatch.setitem(PRIVATE, "Claim", lambda *_: True)  # found, though not all of it is shown
    told, _ = await walk("bob", "node")
    assert (OWN if leak == "account" else PARTIES).within(told)


async def test_who_contests_a_claim_sees_no_more_of_it(ada, client, engine):
    """Its id, its state and when it was made, of which they know by the record; but nothing of what was said."""
    whole, _ = everything(SCHEMA, SCHEMA.type_map["ClaimPayload"])
    pruned = deepcopy(whole)
    for name in ("account", "events"):
        assert without(pruned, ["ClaimPayload_claim", f"Claim_{name}"])
    may = {"id of Claim 0", "claim.created_at APPROVED", "claim.updated_at APPROVED"}
    for token, under in (("cyd", whole), ("bob", pruned)):
        with engine.begin() as connection:
            connection.execute(text("UPDATE claim SET state = 'APPROVED' WHERE id = :id"), {"id": CLAIMS[0]})
        input = f'(input: {{researcherId: "{global_id("Researcher", 1)}", reason: "me"}})'
        query = f"mutation {{ {Asked('contestClaim', 'Mutation', under, input).text()} }}"
        response = await client.post("/graphql", json={"query": query}, headers={"authorization": f"Bearer {token}"})
        body = response.json()
        codes = {error["extensions"]["code"] for error in body.get("errors", ())}
        assert codes == ({"FORBIDDEN"} if under is whole else set())
        # Who contests finds the claim in their own export as it is stored.
        assert NOBODYS.within(response.content) | OWN.within(response.content) <= {f"number {CLAIMS[0]}"}
        assert PARTIES.within(response.content) <= may
        if under is pruned:
            assert body["data"]["Mutation_contestClaim"]["ClaimPayload_claim"]["Claim_state"] == "CONTESTED"

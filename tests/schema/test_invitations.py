"""Inviting and writing over GraphQL: what is answered, and that whoever is told that they can, can."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from models import Access, Account, Claim, Collaboration, Conversation, Event, Invitation, Message, Participant
from models.account import random_key
from models.columns import now
from models.invitation import INVITATION_STATES
from resolvers.invitations import expire_invitations
from resolvers.secrets import token_hash
from schema.node import global_id

ADA, BOB, CYD, MOD = 1, 2, 3, 4
INVITE = """mutation ($input: InviteInput!) { inviteToCollaborate(input: $input) {
  invitation { id state subject message works { title } topics { slug } sender { displayName } recipient { displayName }
    researcher { slug } conversation { id } } userErrors { code path ... on Refusal { nextSteps { key } } } } }"""
REFUSED = "userErrors { code path }"
RESPOND = f"""mutation ($input: RespondInput!) {{ respondToInvitation(input: $input) {{
  invitation {{ id state word conversation {{ id participants {{ displayName }} }} }} {REFUSED} }} }}"""
WITHDRAW = f"""mutation ($input: InvitationRef!) {{ withdrawInvitation(input: $input) {{
  invitation {{ id state }} {REFUSED} }} }}"""
SEND = f"""mutation ($input: SendMessageInput!) {{ sendMessage(input: $input) {{
  message {{ id body editedAt sender {{ displayName }} conversation {{ id }} }} {REFUSED} }} }}"""
EDIT = (
    f"mutation ($input: EditMessageInput!) {{ editMessage(input: $input) {{ message {{ body editedAt }} {REFUSED} }} }}"
)
READ = f"""mutation ($input: MarkConversationReadInput!) {{ markConversationRead(input: $input) {{
  conversation {{ unreadCount }} {REFUSED} }} }}"""
ARCHIVE = f"""mutation ($input: ArchiveConversationInput!) {{ archiveConversation(input: $input) {{
  conversation {{ isArchived }} {REFUSED} }} }}"""
LEAVE = f"""mutation ($input: ConversationRef!) {{ leaveConversation(input: $input) {{
  conversation {{ id }} {REFUSED} }} }}"""
BLOCK = f"mutation ($input: BlockInput!) {{ blockAccount(input: $input) {{ account {{ displayName }} {REFUSED} }} }}"
UNBLOCK = BLOCK.replace("blockAccount", "unblockAccount")
REPORT = f"mutation ($input: ReportInput!) {{ reportAbuse(input: $input) {{ isReported {REFUSED} }} }}"
DECIDE = f"""mutation ($input: DecideReportInput!) {{ decideReport(input: $input) {{
  report {{ state note }} {REFUSED} }} }}"""
BLOCKERS = "query ($id: ID!) { node(id: $id) { ... on Researcher { viewerCanInvite viewerCannotInviteReasons } } }"


@pytest.fixture
def people(world, save):
    """Four accounts; Bob has the record 2, Cyd the record 3, and Ada the record 1. The last is a moderator."""
    world(researchers=5, works=3)
    save(
        *[
            Account(
                id=id,
                display_name=name,
                email_verified_at=now(),
                moderator_since=now() if id == MOD else None,
            )
            for id, name in ((ADA, "Ada"), (BOB, "Bob"), (CYD, "Cyd"), (MOD, "Mod"))
        ],
        *[
            Access(
                id=random_key(),
                account_id=id,
                kind="SESSION",
                name="agent",
                token_hash=token_hash(str(id)),
                scopes="READ WRITE",
                expires_at=now() + timedelta(days=1),
            )
            for id in (ADA, BOB, CYD, MOD)
        ],
        *[
            Claim(researcher_id=id, account_id=id, state="APPROVED", method="EVIDENCE", level=4, approved_at=now())
            for id in (ADA, BOB, CYD)
        ],
    )


@pytest.fixture(autouse=True)
def claimed(people, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET claim_status = 'CLAIMED' WHERE id IN (1, 2, 3)"))


@pytest.fixture
def do(post_as):
    """Ask for a mutation as somebody; what is in its payload, or the codes of its refusals."""

    async def send(who: int | None, document: str, **given: Any) -> Any:
        body = await post_as(None if who is None else str(who), document, input=given)
        assert "errors" not in body, body["errors"]
        ((payload,),) = ((one,) for one in body["data"].values())
        refused = payload.pop("userErrors")
        ((found,),) = ((one,) for one in payload.values())
        return [error["code"] for error in refused] if refused else found

    return send


def invitation(researcher=BOB, **known):
    return {"researcherId": global_id("Researcher", researcher), "subject": "A study", "message": "Shall we?"} | known


@pytest.fixture
def reasons(post_as):
    async def ask(who: int | None, researcher: int = BOB) -> list[str]:
        body = await post_as(None if who is None else str(who), BLOCKERS, id=global_id("Researcher", researcher))
        node = body["data"]["node"]
        assert node["viewerCanInvite"] == (not node["viewerCannotInviteReasons"])
        return node["viewerCannotInviteReasons"]

    return ask


@pytest.fixture
async def talk(do):
    """The id of a conversation between Ada and Bob."""
    sent = await do(ADA, INVITE, **invitation())
    accepted = await do(BOB, RESPOND, invitationId=sent["id"], response="ACCEPT", word="Gladly")
    assert {one["displayName"] for one in accepted["conversation"]["participants"]} == {"Ada", "Bob"}
    return accepted["conversation"]["id"]


async def test_an_invitation_and_its_answer(do, post_as, engine):
    about = {"workIds": [global_id("Work", 1000)], "topicIds": [global_id("Topic", 3)]}
    sent = await do(ADA, INVITE, **invitation(**about))
    assert (sent["state"], sent["sender"], sent["recipient"]) == (
        "PENDING",
        {"displayName": "Ada"},
        {"displayName": "Bob"},
    )
    assert (len(sent["works"]), len(sent["topics"]), sent["conversation"]) == (1, 1, None)
    assert await do(ADA, INVITE, **invitation()) == ["ALREADY_INVITED"]
    assert await do(BOB, INVITE, **invitation(ADA)) == ["ALREADY_INVITED"]
    query = """{ viewer { notifications { nodes { kind invitationAction invitation { subject } } }
      incoming: invitations(box: INCOMING) { nodes { message } totalCount }
      outgoing: invitations(box: OUTGOING, filter: {states: [PENDING]}) { totalCount } } }"""
    bob = (await post_as(str(BOB), query))["data"]["viewer"]
    assert bob["notifications"]["nodes"] == [
        {"kind": "INVITATION", "invitationAction": "SEND", "invitation": {"subject": "A study"}}
    ]
    assert (bob["incoming"]["totalCount"], bob["outgoing"]["totalCount"]) == (1, 0)
    for other in (ADA, CYD):
        assert await do(other, RESPOND, invitationId=sent["id"], response="ACCEPT") == ["NOT_FOUND"]
    for _ in range(2):
        done = await do(BOB, RESPOND, invitationId=sent["id"], response="DECLINE", word="Not now")
        assert (done["state"], done["word"], done["conversation"]) == ("DECLINED", "Not now", None)
    assert await do(BOB, RESPOND, invitationId=sent["id"], response="ACCEPT") == ["WRONG_STATE"]
    assert await do(ADA, WITHDRAW, invitationId=sent["id"]) == ["WRONG_STATE"]
    assert await do(ADA, INVITE, **invitation()) == ["COOLDOWN"]
    with engine.begin() as connection:
        connection.execute(update(Invitation).values(answered_at=now() - timedelta(days=91)))
    again = await do(ADA, INVITE, **invitation())
    for _ in range(2):
        assert (await do(ADA, WITHDRAW, invitationId=again["id"]))["state"] == "WITHDRAWN"
    assert await do(BOB, RESPOND, invitationId=again["id"], response="ACCEPT") == ["WRONG_STATE"]


async def test_nobody_answers_in_time(do, engine, writer, post_as):
    sent = await do(ADA, INVITE, **invitation())
    with engine.begin() as connection:
        connection.execute(update(Invitation).values(expires_at=now() - timedelta(seconds=1)))
    assert await do(BOB, RESPOND, invitationId=sent["id"], response="ACCEPT") == ["WRONG_STATE"]
    for _ in range(2):
        await expire_invitations(writer)
    query = "{ viewer { notifications { nodes { invitationAction invitation { state } } } } }"
    told = (await post_as(str(ADA), query))["data"]["viewer"]["notifications"]["nodes"]
    assert told == [{"invitationAction": "EXPIRE", "invitation": {"state": "EXPIRED"}}]
    assert (await do(ADA, INVITE, **invitation()))["state"] == "PENDING"


@pytest.mark.parametrize(
    ("who", "researcher", "change", "expected"),
    [
        (None, BOB, "", ["LOGIN_REQUIRED"]),
        (ADA, BOB, "", []),
        (ADA, 4, "", ["RESEARCHER_UNCLAIMED"]),
        (ADA, ADA, "", ["SELF"]),
        (ADA, BOB, "UPDATE account SET email_verified_at = NULL", ["VERIFIED_EMAIL_REQUIRED"]),
        (ADA, BOB, "UPDATE access SET scopes = 'READ'", ["WRITE_SCOPE_REQUIRED"]),
        (ADA, BOB, "UPDATE researcher SET collaboration_status = 'CLOSED'", ["NOT_OPEN_TO_COLLABORATION"]),
        (MOD, BOB, "UPDATE researcher SET collaboration_status = 'LIMITED'", ["NOT_OPEN_TO_COLLABORATION"]),
        (ADA, BOB, "INSERT INTO block (account_id, blocked_id, created_at) VALUES (1, 2, '2026-01-01')", ["BLOCKED"]),
        (ADA, BOB, "INSERT INTO block (account_id, blocked_id, created_at) VALUES (2, 1, '2026-01-01')", ["BLOCKED"]),
    ],
)
async def test_what_is_told_before_is_what_is_answered(do, reasons, post_as, engine, who, researcher, change, expected):
    if change:
        with engine.begin() as connection:
            connection.execute(text(change))
    assert await reasons(who, researcher) == expected
    if who is None or expected == ["WRITE_SCOPE_REQUIRED"]:
        body = await post_as(who and str(who), INVITE, input=invitation(researcher))
        assert body["errors"][0]["extensions"]["code"] in ("UNAUTHENTICATED", "FORBIDDEN")
        return
    answer = await do(who, INVITE, **invitation(researcher))
    assert answer["state"] == "PENDING" if expected == [] else answer == expected


async def test_a_page_that_is_gone_cannot_be_invited(do, reasons, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE researcher SET suppressed_at = '2026-01-01' WHERE id = 2"))
    assert await do(ADA, INVITE, **invitation()) == ["NOT_FOUND"]
    assert await do(ADA, INVITE, **invitation(99)) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    ("pairs", "near"), [([(1, 2)], True), ([(1, 4), (4, 2)], True), ([(1, 4), (4, 5), (5, 2)], False)]
)
async def test_limited_lets_in_collaborators_of_collaborators(do, reasons, engine, pairs, near):
    known = {"shared_work_count": 1, "strength": 0.5, "is_close": False}
    with engine.begin() as connection:
        connection.execute(delete(Collaboration))
        connection.execute(text("UPDATE researcher SET collaboration_status = 'LIMITED' WHERE id = 2"))
        both = [pair for one in pairs for pair in (one, one[::-1])]
        connection.execute(
            insert(Collaboration), [{"researcher_id": one, "collaborator_id": other} | known for one, other in both]
        )
    assert await reasons(ADA) == ([] if near else ["NOT_OPEN_TO_COLLABORATION"])
    answer = await do(ADA, INVITE, **invitation())
    assert answer["state"] == "PENDING" if near else answer == ["NOT_OPEN_TO_COLLABORATION"]


async def test_twenty_a_day(do, reasons, engine, save):
    save(
        *[
            Invitation(
                sender_id=ADA,
                recipient_id=CYD,
                researcher_id=CYD,
                state="WITHDRAWN",
                subject="s",
                message="m",
                created_at=now() - timedelta(hours=1 if place else 25),
                expires_at=now(),
            )
            for place in range(20)
        ]
    )
    assert await reasons(ADA) == []
    sent = await do(ADA, INVITE, **invitation())
    await do(ADA, WITHDRAW, invitationId=sent["id"])
    assert await reasons(ADA) == ["LIMIT_EXCEEDED"]
    assert await do(ADA, INVITE, **invitation()) == ["LIMIT_EXCEEDED"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "a\0"},
        {"message": " "},
        {"message": "x" * 5001},
        {"message": "\0"},
        {"workIds": [global_id("Work", 1)] * 11},
        {"topicIds": [global_id("Topic", 1)] * 11},
    ],
)
async def test_what_cannot_be_sent(do, wrong):
    assert await do(ADA, INVITE, **invitation(**wrong)) == ["INVALID_INPUT"]


async def test_who_lost_the_record_cannot_accept(do, engine):
    sent = await do(ADA, INVITE, **invitation())
    with engine.begin() as connection:
        connection.execute(text("UPDATE claim SET state = 'REVOKED' WHERE account_id = 2"))
    assert await do(BOB, RESPOND, invitationId=sent["id"], response="ACCEPT") == ["WRONG_STATE"]
    assert (await do(BOB, RESPOND, invitationId=sent["id"], response="DECLINE"))["state"] == "DECLINED"


async def test_a_conversation(do, talk, post_as, engine):
    text_given = "  Hello <b>Bob</b>\n$x^2$ \u202e 😀 "
    sent = await do(ADA, SEND, conversationId=talk, body=text_given)
    assert (sent["body"], sent["sender"], sent["conversation"]) == (text_given, {"displayName": "Ada"}, {"id": talk})
    for word in ("one", "two", "three"):
        await do(BOB, SEND, conversationId=talk, body=word)
    query = """query ($id: ID!, $after: String) { node(id: $id) { ... on Conversation { unreadCount invitation { subject }
      messages(first: 2, after: $after, orderBy: OLDEST) { nodes { body } totalCount pageInfo { endCursor hasNextPage } } } } }"""
    first = (await post_as(str(ADA), query, id=talk))["data"]["node"]
    assert (first["unreadCount"], first["messages"]["totalCount"], first["invitation"]["subject"]) == (3, 4, "A study")
    after = first["messages"]["pageInfo"]["endCursor"]
    second = (await post_as(str(ADA), query, id=talk, after=after))["data"]["node"]["messages"]
    assert [one["body"] for one in second["nodes"]] == ["two", "three"]
    assert not second["pageInfo"]["hasNextPage"]
    for _ in range(2):
        assert await do(ADA, READ, conversationId=talk) == {"unreadCount": 0}
    assert (await do(ADA, EDIT, messageId=sent["id"], body="Hello"))["body"] == "Hello"
    assert await do(BOB, EDIT, messageId=sent["id"], body="Bye") == ["NOT_FOUND"]
    with engine.begin() as connection:
        connection.execute(update(Message).values(created_at=now() - timedelta(minutes=16)))
    assert await do(ADA, EDIT, messageId=sent["id"], body="Later") == ["WRONG_STATE"]
    for body in ("", " \n", "x" * 10_001, "a\0b"):
        assert await do(ADA, SEND, conversationId=talk, body=body) == ["INVALID_INPUT"]
        assert await do(ADA, EDIT, messageId=sent["id"], body=body) == ["INVALID_INPUT"]
    for archived in (True, True, False):
        assert await do(ADA, ARCHIVE, conversationId=talk, archived=archived) == {"isArchived": archived}
    await do(ADA, ARCHIVE, conversationId=talk)
    await do(BOB, SEND, conversationId=talk, body="Are you there?")
    listed = """{ viewer { put: conversations(filter: {isArchived: true}) { totalCount }
      conversations(filter: {isArchived: false}) { nodes { unreadCount isArchived } } } }"""
    ada = (await post_as(str(ADA), listed))["data"]["viewer"]
    assert ada == {"put": {"totalCount": 0}, "conversations": {"nodes": [{"unreadCount": 1, "isArchived": False}]}}


async def test_who_leaves_sees_nothing_of_it_any_more(do, talk, post_as):
    await do(ADA, SEND, conversationId=talk, body="Hello")
    for _ in range(2):
        assert await do(ADA, LEAVE, conversationId=talk) is None
    assert await do(BOB, SEND, conversationId=talk, body="Wait") == ["WRONG_STATE"]
    for verb, given in ((SEND, {"body": "x"}), (READ, {}), (ARCHIVE, {})):
        assert await do(ADA, verb, conversationId=talk, **given) == ["NOT_FOUND"]
        assert await do(CYD, verb, conversationId=talk, **given) == ["NOT_FOUND"]
    assert await do(CYD, LEAVE, conversationId=talk) == ["NOT_FOUND"]
    query = "query ($id: ID!) { node(id: $id) { id ... on Conversation { messages { nodes { body } } participants { displayName } } } }"
    assert (await post_as(str(ADA), query, id=talk))["data"]["node"] is None
    bob = (await post_as(str(BOB), query, id=talk))["data"]["node"]
    assert (bob["messages"]["nodes"], bob["participants"]) == ([{"body": "Hello"}], [{"displayName": "Bob"}])
    assert (await do(ADA, INVITE, **invitation()))["state"] == "PENDING"  # they can begin anew


async def test_blocking_ends_what_can_be_written(do, talk, post_as, reasons):
    ada = global_id("Account", ADA)
    for _ in range(2):
        assert await do(BOB, BLOCK, accountId=ada) == {"displayName": "Ada"}
    for who in (ADA, BOB):
        assert await do(who, SEND, conversationId=talk, body="x") == ["BLOCKED"]
    listed = (await post_as(str(BOB), "{ viewer { blockedAccounts { displayName } } }"))["data"]["viewer"]
    assert listed == {"blockedAccounts": [{"displayName": "Ada"}]}
    assert await do(BOB, BLOCK, accountId=global_id("Account", BOB)) == ["OWN_ACCOUNT"]
    assert await do(BOB, BLOCK, accountId=global_id("Account", 99)) == ["NOT_FOUND"]
    for _ in range(2):
        assert await do(BOB, UNBLOCK, accountId=ada) == {"displayName": "Ada"}
    assert (await do(ADA, SEND, conversationId=talk, body="x"))["body"] == "x"
    assert await reasons(ADA) == ["ALREADY_INVITED"]


async def test_a_report_is_read_by_moderators_and_decided_once(do, talk, post_as):
    sent = await do(ADA, SEND, conversationId=talk, body="Buy this")
    (got,) = (await post_as(str(BOB), "{ viewer { invitations { nodes { id } } } }"))["data"]["viewer"]["invitations"][
        "nodes"
    ]
    for _ in range(2):
        assert await do(BOB, REPORT, messageId=sent["id"], reason="It is not about work") is True
    assert await do(BOB, REPORT, invitationId=got["id"], reason="So it began") is True
    for who, given in (
        (ADA, {"messageId": sent["id"]}),
        (CYD, {"messageId": sent["id"]}),
        (ADA, {"invitationId": got["id"]}),
    ):
        assert await do(who, REPORT, reason="x", **given) == ["NOT_FOUND"]
    for wrong in ({}, {"messageId": sent["id"], "invitationId": got["id"]}, {"messageId": sent["id"], "reason": " "}):
        assert await do(BOB, REPORT, **({"reason": "x"} | wrong)) == ["INVALID_INPUT"]
    queue = "{ reportQueue(filter: {states: [OPEN]}) { nodes { id reason text reporter { displayName } accused { displayName } } } }"
    listed = (await post_as(str(MOD), queue))["data"]["reportQueue"]["nodes"]
    assert [(one["text"], one["reason"], one["accused"]["displayName"]) for one in listed] == [
        ("Buy this", "It is not about work", "Ada"),
        ("Shall we?", "So it began", "Ada"),
    ]
    assert (await post_as(str(BOB), queue))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    decided = {"reportId": listed[0]["id"], "decision": "UPHOLD", "note": "Spam"}
    for _ in range(2):
        assert await do(MOD, DECIDE, **decided) == {"state": "UPHELD", "note": "Spam"}
    assert await do(MOD, DECIDE, reportId=global_id("Report", 5), decision="DISMISS") == ["NOT_FOUND"]


async def test_a_moderator_does_not_decide_about_themselves(do, talk, engine):
    sent = await do(ADA, SEND, conversationId=talk, body="Buy this")
    await do(BOB, REPORT, messageId=sent["id"], reason="No")
    with engine.begin() as connection:
        connection.execute(update(Account).where(Account.id == ADA).values(moderator_since=now()))
        (id,) = connection.execute(text("SELECT id FROM report")).one()
    assert await do(ADA, DECIDE, reportId=global_id("Report", id), decision="DISMISS") == ["OWN_ACCOUNT"]


async def test_a_deleted_account_takes_no_part_any_more(do, talk, post_as, engine):
    await do(ADA, SEND, conversationId=talk, body="Hello")
    pending = await do(CYD, INVITE, **invitation(ADA))
    with engine.begin() as connection:
        connection.execute(update(Account).where(Account.id == ADA).values(password_hash=None))
        connection.execute(update(Access).where(Access.account_id == ADA).values(created_at=now()))
    gone = await post_as(str(ADA), "mutation { deleteAccount(input: {}) { deletedAccountId userErrors { code } } }")
    assert gone["data"]["deleteAccount"]["userErrors"] == [], gone
    assert await do(BOB, SEND, conversationId=talk, body="?") == ["WRONG_STATE"]
    query = "query ($id: ID!) { node(id: $id) { ... on Invitation { state } ... on Conversation { messages { nodes { body sender { displayName } } } } } }"
    told = (await post_as(str(BOB), query, id=talk))["data"]["node"]["messages"]["nodes"]
    assert told == [{"body": "Hello", "sender": {"displayName": "Deleted account"}}]
    assert (await post_as(str(CYD), query, id=pending["id"]))["data"]["node"] == {"state": "EXPIRED"}


async def test_a_hundred_at_once_are_one(do, engine):
    answers = await asyncio.gather(*[do(ADA, INVITE, **invitation()) for _ in range(50)])
    assert sum(isinstance(one, dict) for one in answers) == 1
    assert all(one in (["ALREADY_INVITED"], ["LIMIT_EXCEEDED"]) for one in answers if isinstance(one, list))
    (sent,) = [one for one in answers if isinstance(one, dict)]
    ways = [(BOB, RESPOND, {"response": "ACCEPT"}), (BOB, RESPOND, {"response": "DECLINE"}), (ADA, WITHDRAW, {})]
    await asyncio.gather(*[do(who, verb, invitationId=sent["id"], **given) for who, verb, given in ways * 10])
    with engine.connect() as connection:
        (state,) = connection.scalars(select(Invitation.state))
        assert state in set(INVITATION_STATES) - {"PENDING", "EXPIRED"}
        assert len([*connection.scalars(select(Conversation.id))]) == (state == "ACCEPTED")
        assert len([*connection.scalars(select(Participant.account_id))]) == 2 * (state == "ACCEPTED")
        steps = [*connection.scalars(select(Event.action).where(Event.kind == "INVITATION"))]
        assert len(steps) == 2


async def test_the_number_of_statements_is_the_same_however_many_are_asked_about(do, post_as, statements, engine):
    query = "query ($n: Int) { researchers(first: $n) { nodes { viewerCanInvite viewerCannotInviteReasons } } }"
    counts = set()
    for number in (2, 5):
        await post_as(str(ADA), query, n=number)
        statements.clear()
        await post_as(str(ADA), query, n=number)
        counts.add(len(statements))
    assert len(counts) == 1

"""Moderators, suspension, and leaving."""

import pytest
from sqlalchemy import func, select, text

from models import Access, Account, Claim, Event, Follow, Identity, Mail
from schema.node import global_id

SUSPEND = """mutation($id: ID!) { %s(input: {accountId: $id, note: "Spam"}) {
  account { id } userErrors { code path } } }"""
LOG = "{ auditLog { totalCount nodes { action note actor { displayName } account { displayName } } } }"
DELETE = "mutation($password: String) { deleteAccount(input: {password: $password}) { deletedAccountId userErrors { code path } } }"


@pytest.fixture
def promote(engine):
    def make(name: str) -> None:
        with engine.begin() as connection:
            connection.execute(
                text("UPDATE account SET moderator_since = created_at WHERE display_name = :n"), {"n": name}
            )

    return make


async def test_a_suspended_account_is_out(ask, post, sign_up, promote, client, engine):
    bob = await sign_up("Bob")
    theirs = dict(client.cookies)
    me = await sign_up("Mod")
    promote("Mod")
    for _ in range(2):
        assert (await ask(SUSPEND % "suspendAccount", id=bob))["suspendAccount"] == {
            "account": {"id": bob},
            "userErrors": [],
        }
    own = (await ask(SUSPEND % "suspendAccount", id=me))["suspendAccount"]
    assert own["userErrors"] == [{"code": "OWN_ACCOUNT", "path": ["input", "accountId"]}]
    gone = (await ask(SUSPEND % "suspendAccount", id=global_id("Account", 7)))["suspendAccount"]
    assert gone["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "accountId"]}]
    mine = dict(client.cookies)
    client.cookies.clear()
    client.cookies.update(theirs)
    assert (await ask("{ viewer { id } }"))["viewer"] is None
    sign_in = """mutation { signIn(input: {email: "bob@example.org", password: "a long password"}) {
      token userErrors { code } } }"""
    assert (await ask(sign_in))["signIn"] == {"token": None, "userErrors": [{"code": "ACCOUNT_SUSPENDED"}]}
    client.cookies.clear()
    client.cookies.update(mine)
    assert (await ask(SUSPEND % "reinstateAccount", id=bob))["reinstateAccount"]["userErrors"] == []
    log = (await ask(LOG))["auditLog"]
    assert log["totalCount"] == 2
    assert log["nodes"][1] == {
        "action": "SUSPEND",
        "note": "Spam",
        "actor": {"displayName": "Mod"},
        "account": {"displayName": "Bob"},
    }
    client.cookies.clear()
    assert (await ask(sign_in))["signIn"]["userErrors"] == []
    told = (await ask("{ viewer { notifications { nodes { kind claimAction note } } } }"))["viewer"]["notifications"]
    assert told["nodes"] == [{"kind": "ACCOUNT", "claimAction": None, "note": "Spam"}] * 2


async def test_only_moderators_moderate(world, post, sign_up, client):
    world()
    await sign_up("Bob")
    for query in (
        SUSPEND % "suspendAccount",
        "query($id: ID) { auditLog { totalCount } node(id: $id) { id } }".replace("$id: ID", "$id: ID!"),
        "query($id: ID!) { claimQueue { totalCount } node(id: $id) { id } }",
    ):
        body = await post(query, id=global_id("Account", 1))
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    client.cookies.clear()
    body = await post("{ claimQueue { totalCount } }")
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_queue(world, ask, sign_up, promote):
    world()
    claim = """mutation($id: ID!) { claimResearcher(input: {researcherId: $id, method: EVIDENCE, statement: "It is me"}) {
      claim { id state } userErrors { code } } }"""
    await sign_up("Ada")
    mine = (await ask(claim, id=global_id("Researcher", 1)))["claimResearcher"]["claim"]
    await sign_up("Mod")
    promote("Mod")
    queue = """{ claimQueue(filter: {states: [UNDER_REVIEW]}) { totalCount nodes {
      id statement account { displayName } researcher { slug } events { action actor } } } }"""
    (found,) = (await ask(queue))["claimQueue"]["nodes"]
    assert found == {
        "id": mine["id"],
        "statement": "It is me",
        "account": {"displayName": "Ada"},
        "researcher": {"slug": "r-1"},
        "events": [{"action": action, "actor": "CLAIMANT"} for action in ("OPEN", "SUBMIT", "PROVE")],
    }
    decide = """mutation($id: ID!) { decideClaim(input: {claimId: $id, decision: APPROVE, note: "Seen"}) {
      claim { state researcher { claimStatus verification { level methods } trust { score } } } userErrors { code } } }"""
    done = (await ask(decide, id=mine["id"]))["decideClaim"]["claim"]
    assert done["state"] == "APPROVED"
    assert done["researcher"]["claimStatus"] == "CLAIMED"
    assert done["researcher"]["verification"] == {"level": "L4", "methods": ["EVIDENCE"]}
    assert (await ask(queue))["claimQueue"]["totalCount"] == 0


async def test_leaving(world, ask, sign_up, save, engine, client):
    world()
    me = await sign_up("Ada")
    with engine.connect() as connection:
        id = connection.scalar(select(Account.id))
    save(
        Claim(id=5, account_id=id, researcher_id=1, state="APPROVED", method="ORCID", level=3, statement="private"),
        Identity(issuer="i", subject="s", provider="orcid", account_id=id),
        Follow(account_id=id, kind="researcher", subject_id=2),
    )
    wrong = (await ask(DELETE, password="wrong"))["deleteAccount"]
    assert wrong == {
        "deletedAccountId": None,
        "userErrors": [{"code": "INVALID_CREDENTIALS", "path": ["input", "password"]}],
    }
    done = (await ask(DELETE, password="a long password"))["deleteAccount"]
    assert done == {"deletedAccountId": me, "userErrors": []}
    assert not client.cookies
    with engine.connect() as connection:
        for table in (Access, Identity, Follow, Mail):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
        assert connection.execute(select(Claim.state, Claim.statement)).all() == [("WITHDRAWN", None)]
        row = connection.execute(text("SELECT follower_count FROM researcher WHERE id = 2")).scalar()
        assert row == 0
        assert list(connection.scalars(select(Event.action).where(Event.kind != "FOLLOWERS"))) == ["WITHDRAW", "DELETE"]
    assert (await ask("query($id: ID!) { node(id: $id) { ... on Account { displayName } } }", id=me))["node"] == {
        "displayName": "Deleted account"
    }
    await sign_up("Ada")  # the address is free again


async def test_all_that_is_held(world, ask, post, sign_up):
    world()
    me = await sign_up("Ada")
    follow = "mutation($id: ID!) { follow(input: {subjectId: $id}) { userErrors { code } } }"
    await ask(follow, id=global_id("Researcher", 2))
    found = (await ask("{ viewer { dataExport } }"))["viewer"]["dataExport"]
    assert found["account"][0]["email"] == "ada@example.org"
    assert found["account"][0]["id"] == me
    assert found["following"][0]["subject_id"] == global_id("Researcher", 2)
    assert set(found) == {
        *("account", "identities", "access", "following", "claims", "notifications", "actions"),
        *("invitationsSent", "invitationsReceived", "conversations", "messages", "blocked", "reports"),
    }
    assert not [key for rows in found.values() for row in rows for key in row if "hash" in key]
    await sign_up("Bob")
    body = await post("query($id: ID!) { node(id: $id) { ... on Account { dataExport } } }", id=me)
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"

"""What is new, and what an account is told."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Account, Claim, Event, Follow
from models.columns import now
from schema.node import global_id

FEED = """query($filter: FeedFilter, $first: Int, $after: String) { viewer { feed(filter: $filter, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { id at work { title } because { id } } edges { cursor } } } }"""
NOTIFICATIONS = """query($filter: NotificationFilter) { viewer { notifications(filter: $filter) { totalCount unreadCount
  nodes { id kind createdAt readAt claim { id } claimAction follower { displayName } note } } } }"""
MARK = """mutation($input: MarkReadInput!) { markNotificationsRead(input: $input) {
  account { notifications { unreadCount } } userErrors { code path } } }"""


@pytest.fixture
def new_work(save):
    def make(work: int, kind: str = "researcher", id: int = 1, **known):
        save(Event(kind="NEW_WORK", subject_kind=kind, subject_id=id, work_id=work, **known))

    return make


@pytest.fixture
async def me(sign_up, engine, world):
    """The viewer's number."""
    world()
    await sign_up("Ada")
    with engine.connect() as connection:
        return connection.scalar(select(Account.id))


async def test_each_new_work_comes_once(ask, me, save, new_work):
    past = now() - timedelta(days=1)
    save(*[Follow(account_id=me, kind=kind, subject_id=1, created_at=past) for kind in ("researcher", "topic")])
    new_work(1000, at=past - timedelta(days=1))  # before it was followed
    new_work(1001)
    new_work(1001, "topic")
    new_work(1002, "topic")
    new_work(2000, id=2)  # nobody whom the viewer follows
    new_work(77)  # which is no more
    feed = (await ask(FEED))["viewer"]["feed"]
    assert [item["work"]["title"] for item in feed["nodes"]] == ["Work 1002", "Work 1001"]
    assert [item["because"]["id"] for item in feed["nodes"]] == [global_id("Topic", 1), global_id("Researcher", 1)]
    assert feed["totalCount"] == 2
    page = (await ask(FEED, first=1))["viewer"]["feed"]
    assert page["pageInfo"]["hasNextPage"] is True
    rest = (await ask(FEED, first=1, after=page["pageInfo"]["endCursor"]))["viewer"]["feed"]
    assert [item["work"]["title"] for item in rest["nodes"]] == ["Work 1001"]
    topics = (await ask(FEED, filter={"kinds": ["TOPIC"]}))["viewer"]["feed"]
    assert [item["work"]["title"] for item in topics["nodes"]] == ["Work 1002"]


async def test_the_size_of_a_feed_changes_no_number_of_statements(ask, me, save, new_work, statements):
    save(Follow(account_id=me, kind="researcher", subject_id=1, created_at=now() - timedelta(days=1)))
    counts = []
    for works in ((1000,), (1001, 1002)):
        for work in works:
            new_work(work)
        statements.clear()
        await ask(FEED)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_a_new_follower_is_told_once(ask, me, save, sign_up, client, engine):
    save(Claim(account_id=me, researcher_id=1, state="APPROVED", method="ORCID", level=3))
    ada = dict(client.cookies)
    await sign_up("Bob")
    follow = "mutation($id: ID!) { follow(input: {subjectId: $id}) { userErrors { code } } }"
    for verb in ("follow", "unfollow", "follow"):
        await ask(follow.replace("follow(", f"{verb}("), id=global_id("Researcher", 1))
    await sign_up("Cyd")
    await ask("mutation { updateAccount(input: {isHidden: true}) { userErrors { code } } }")
    await ask(follow, id=global_id("Researcher", 1))
    client.cookies.clear()
    client.cookies.update(ada)
    found = (await ask(NOTIFICATIONS))["viewer"]["notifications"]
    assert [node["follower"] for node in found["nodes"]] == [None, {"displayName": "Bob"}]
    assert {node["kind"] for node in found["nodes"]} == {"NEW_FOLLOWER"}
    assert (found["totalCount"], found["unreadCount"]) == (2, 2)


async def test_reading(ask, me, save):
    save(*[Event(kind="CLAIM", account_id=me, action="APPROVE", to_state="APPROVED", note=f"{n}") for n in range(4)])
    save(Event(kind="CLAIM", account_id=me + 1, action="APPROVE", to_state="APPROVED"))
    nodes = (await ask(NOTIFICATIONS))["viewer"]["notifications"]["nodes"]
    assert [node["note"] for node in nodes] == ["3", "2", "1", "0"]
    ids = [node["id"] for node in nodes]
    for _ in range(2):
        done = await ask(MARK, input={"notificationIds": ids[:1]})
        assert done["markNotificationsRead"] == {"account": {"notifications": {"unreadCount": 3}}, "userErrors": []}
    assert (await ask(MARK, input={"upToId": ids[2]}))["markNotificationsRead"]["account"] == {
        "notifications": {"unreadCount": 1}
    }
    unread = (await ask(NOTIFICATIONS, filter={"isRead": False}))["viewer"]["notifications"]
    assert [node["note"] for node in unread["nodes"]] == ["2"]
    read = (await ask(NOTIFICATIONS, filter={"isRead": True}))["viewer"]["notifications"]
    assert read["totalCount"] == 3
    refused = (await ask(MARK, input={}))["markNotificationsRead"]
    assert refused["account"] is None
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "notificationIds"]}]


async def test_nobody_reads_anothers(ask, me, save, sign_up):
    save(Event(id=5, kind="CLAIM", account_id=me, action="APPROVE", to_state="APPROVED"))
    query = "query($id: ID!) { node(id: $id) { id ... on Notification { claimAction } } }"
    id = global_id("Notification", 5)
    assert (await ask(query, id=id))["node"] == {"id": id, "claimAction": "APPROVE"}
    await sign_up("Bob")
    assert (await ask(query, id=id))["node"] is None
    await ask(MARK, input={"notificationIds": [id]})
    await sign_up("Cyd")

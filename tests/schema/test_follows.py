"""Following over GraphQL."""

import pytest

from schema.node import global_id

FOLLOW = """mutation($id: ID!) { follow(input: {subjectId: $id}) {
  subject { id followerCount viewerIsFollowing viewerCanFollow } userErrors { code path } } }"""
UNFOLLOW = FOLLOW.replace("follow(", "unfollow(")
ME = global_id("Researcher", 1)


@pytest.fixture
async def signed_in(sign_up):
    return await sign_up("Ada")


@pytest.mark.parametrize("type_name", ["Researcher", "Topic", "Institution"])
async def test_following_and_not_any_more(world, ask, signed_in, type_name):
    world()
    id = global_id(type_name, 1)
    shown = {"id": id, "followerCount": 1, "viewerIsFollowing": True, "viewerCanFollow": False}
    for _ in range(2):
        assert (await ask(FOLLOW, id=id))["follow"] == {"subject": shown, "userErrors": []}
    shown = {"id": id, "followerCount": 0, "viewerIsFollowing": False, "viewerCanFollow": True}
    for _ in range(2):
        assert (await ask(UNFOLLOW, id=id))["unfollow"] == {"subject": shown, "userErrors": []}


async def test_what_is_not_there(world, ask, post, signed_in):
    world()
    gone = await ask(FOLLOW, id=global_id("Researcher", 77))
    assert gone["follow"] == {"subject": None, "userErrors": [{"code": "NOT_FOUND", "path": ["input", "subjectId"]}]}
    for wrong in ("nonsense", global_id("Work", 1000)):
        body = await post(FOLLOW, id=wrong)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert body["errors"][0]["extensions"]["argument"] == ["input", "subjectId"]


async def test_signed_out_it_is_no_silent_nothing(world, post):
    world()
    body = await post(FOLLOW, id=ME)
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert body["data"] is None


async def test_the_viewer_is_asked_for_once(world, ask, signed_in, statements):
    world(researchers=5)
    await ask(FOLLOW, id=ME)
    query = "{ researchers(first: %d) { nodes { viewerIsFollowing viewerCanFollow } } }"
    counts = []
    for size in (2, 5):
        statements.clear()
        rows = (await ask(query % size))["researchers"]["nodes"]
        counts.append(len(statements))
        assert [row["viewerIsFollowing"] for row in rows] == [True] + [False] * (size - 1)
        assert [row["viewerCanFollow"] for row in rows] == [False] + [True] * (size - 1)
    assert counts[0] == counts[1]


FOLLOWERS = """query($id: ID!) { researcher(by: {id: $id}) { followerCount followers {
  totalCount hiddenCount nodes { displayName } edges { cursor followedAt node { id } } } } }"""


async def test_the_hidden_are_counted_and_never_listed(world, ask, sign_up, engine):
    world()
    for name in ("Ada", "Bob", "Cyd"):
        await sign_up(name)
        await ask(FOLLOW, id=ME)
    await ask("mutation { updateAccount(input: {isHidden: true}) { account { isHidden } userErrors { code } } }")
    found = (await ask(FOLLOWERS, id=ME))["researcher"]
    assert found["followerCount"] == 3
    assert (found["followers"]["totalCount"], found["followers"]["hiddenCount"]) == (3, 1)
    assert [node["displayName"] for node in found["followers"]["nodes"]] == ["Bob", "Ada"]
    assert len(found["followers"]["edges"]) == 2


async def test_what_the_viewer_follows(world, ask, signed_in, statements):
    world()
    subjects = [global_id("Researcher", 1), global_id("Topic", 1), global_id("Institution", 2), global_id("Topic", 2)]
    for id in subjects:
        await ask(FOLLOW, id=id)
    query = """query($kinds: [FollowableKind!], $first: Int, $after: String) { viewer { following(
      filter: {kinds: $kinds}, first: $first, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } nodes { id ... on Topic { slug } } edges { followedAt node { id } } } } }"""
    found = (await ask(query))["viewer"]["following"]
    assert [node["id"] for node in found["nodes"]] == subjects[::-1]
    assert [edge["node"]["id"] for edge in found["edges"]] == subjects[::-1]
    page = (await ask(query, first=3))["viewer"]["following"]
    assert page["pageInfo"]["hasNextPage"] is True
    rest = (await ask(query, first=3, after=page["pageInfo"]["endCursor"]))["viewer"]["following"]
    assert [node["id"] for node in rest["nodes"]] == subjects[:1]
    topics = (await ask(query, kinds=["TOPIC"]))["viewer"]["following"]
    assert [node["id"] for node in topics["nodes"]] == [subjects[3], subjects[1]]
    assert topics["totalCount"] == 2


async def test_only_oneself_sees_what_one_follows(world, ask, post, sign_up):
    world()
    ada = await sign_up("Ada")
    await ask(FOLLOW, id=ME)
    await sign_up("Bob")
    query = "query($id: ID!) { node(id: $id) { ... on Account { displayName email following { totalCount } } } }"
    body = await post(query, id=ada)
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert body["data"] == {"node": None}

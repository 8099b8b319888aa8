"""The claimed profile: what its owner says, which works are theirs, and a page that is gone."""

import pytest
from sqlalchemy import select, text

from models import Account, Authorship, Claim, Detached, Researcher
from resolvers.own_works import restore_unowned
from schema.node import global_id

ME, OTHER = global_id("Researcher", 1), global_id("Researcher", 2)
UPDATE = """mutation($input: UpdateProfileInput!) { updateProfile(input: $input) {
  researcher { headline homepageUrl affiliationStatus affiliation { id } affiliations { institution { id } }
    collaborationStatus } userErrors { code path } } }"""
WORKS = """mutation($id: ID!) { %s(input: {workId: $id}) {
  researcher { workCount works { nodes { id } } } userErrors { code path } } }"""
SUPPRESS = "mutation($id: ID!) { %s(input: {researcherId: $id}) { researcherId userErrors { code path } } }"
PAGE = """query($id: ID!, $work: ID!) { researcher(by: {id: $id}) { displayName } node(id: $id) { id }
  researchers { nodes { id } } work(by: {id: $work}) { authorships { nodes { rawName researcher { id } } } }
  works { facets(by: [AUTHOR]) { withoutCount buckets { value } } } }"""
WORK = global_id("Work", 1000)


@pytest.fixture
async def owner(world, sign_up, save, engine):
    world()
    await sign_up("Ada")
    with engine.begin() as connection:
        id = connection.scalar(select(Account.id))
        connection.execute(text("UPDATE researcher SET claim_status = 'CLAIMED' WHERE id = 1"))
        connection.execute(text("INSERT INTO stale (kind, id) SELECT 'researcher', id FROM researcher"))
    save(Claim(id=5, account_id=id, researcher_id=1, state="APPROVED", method="ORCID", level=3))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM stale"))
    return id


async def test_what_the_owner_says(ask, owner):
    said = {"headline": "I  am ", "homepageUrl": "https://me.example", "institutionId": global_id("Institution", 1)}
    shown = (await ask(UPDATE, input=said | {"collaborationStatus": "LIMITED"}))["updateProfile"]["researcher"]
    assert shown == {
        "headline": "I am",
        "homepageUrl": "https://me.example",
        "affiliationStatus": "KNOWN",
        "affiliation": {"id": global_id("Institution", 1)},
        "affiliations": [{"institution": {"id": global_id("Institution", 1)}}],
        "collaborationStatus": "LIMITED",
    }
    shown = (await ask(UPDATE, input={"withholdAffiliation": True, "headline": None}))["updateProfile"]["researcher"]
    assert (shown["affiliationStatus"], shown["affiliation"], shown["affiliations"]) == ("WITHHELD", None, [])
    assert shown["headline"] == "Researcher 1 contributes to research discovery and scholarly infrastructure."
    assert shown["homepageUrl"] == "https://me.example"


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"headline": "x" * 201}, "INVALID_INPUT", "headline"),
        ({"homepageUrl": "javascript:alert(1)"}, "INVALID_INPUT", "homepageUrl"),
        ({"institutionId": global_id("Institution", 2)}, "NOT_FOUND", "institutionId"),
    ],
)
async def test_what_the_owner_cannot_say(ask, owner, given, code, field):
    refused = (await ask(UPDATE, input=given))["updateProfile"]
    assert refused == {"researcher": None, "userErrors": [{"code": code, "path": ["input", field]}]}


async def test_nobody_speaks_for_another(ask, owner, sign_up):
    await sign_up("Bob")
    assert (await ask(UPDATE, input={}))["updateProfile"]["userErrors"][0]["code"] == "NOT_CLAIMED"
    for verb in ("disownWork", "reclaimWork"):
        refused = (await ask(WORKS % verb, id=WORK))[verb]
        assert refused["userErrors"][0]["code"] == "NOT_CLAIMED"


async def test_a_work_that_is_not_theirs(ask, owner, engine):
    id = WORK
    rest = {"workCount": 2, "works": {"nodes": [{"id": global_id("Work", number)} for number in (1001, 1002)]}}
    for _ in range(2):
        assert (await ask(WORKS % "disownWork", id=id))["disownWork"] == {"researcher": rest, "userErrors": []}
    assert (await ask("{ viewer { disownedWorks { id } } }"))["viewer"] == {"disownedWorks": [{"id": id}]}
    refused = (await ask(WORKS % "disownWork", id=global_id("Work", 2000)))["disownWork"]
    assert refused == {"researcher": None, "userErrors": [{"code": "NOT_FOUND", "path": ["input", "workId"]}]}
    for _ in range(2):
        back = (await ask(WORKS % "reclaimWork", id=id))["reclaimWork"]["researcher"]
        assert back["workCount"] == 3
    with engine.connect() as connection:
        names = connection.scalars(select(Authorship.researcher_id).where(Authorship.work_id == 1000)).all()
    assert sorted(names, key=bool) == [None, 1]


async def test_what_was_disowned_comes_back_when_the_owner_goes(ask, owner, writer, engine):
    await ask(WORKS % "disownWork", id=WORK)
    assert await restore_unowned(writer) == 0
    await ask(
        "mutation($id: ID!) { withdrawClaim(input: {claimId: $id}) { userErrors { code } } }", id=global_id("Claim", 5)
    )
    assert await restore_unowned(writer) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(Researcher.work_count).where(Researcher.id == 1)) == 3


async def test_a_page_that_is_gone(ask, post, owner, sign_up, client):
    before = await ask(PAGE, id=ME, work=WORK)
    for _ in range(2):
        assert (await ask(SUPPRESS % "suppressProfile", id=ME))["suppressProfile"] == {
            "researcherId": ME,
            "userErrors": [],
        }
    gone = await ask(PAGE, id=ME, work=WORK)
    assert (gone["researcher"], gone["node"]) == (None, None)
    assert ME not in [node["id"] for node in gone["researchers"]["nodes"]]
    assert gone["work"]["authorships"]["nodes"][0] == {"rawName": "R.", "researcher": None}
    assert before["works"]["facets"][0] == {"withoutCount": 0, "buckets": [{"value": ME}, {"value": OTHER}]}
    assert gone["works"]["facets"][0] == {"withoutCount": 3, "buckets": [{"value": OTHER}]}
    assert (await ask("{ viewer { claims { researcher { id } } researcher { id } } }"))["viewer"] == {
        "claims": [{"researcher": {"id": ME}}],
        "researcher": None,
    }
    cookies = dict(client.cookies)
    await sign_up("Bob")
    refused = await post(SUPPRESS % "restoreProfile", id=ME)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    client.cookies.clear()
    client.cookies.update(cookies)
    assert (await ask(SUPPRESS % "restoreProfile", id=ME))["restoreProfile"]["userErrors"] == []
    assert await ask(PAGE, id=ME, work=WORK) == before


AFFILIATED = """query($institution: ID!) {
  institution(by: {id: $institution}) { researchers { totalCount nodes { id } } }
  researchers(filter: {institutions: [$institution]}) { totalCount nodes { id } }
  everyone: researchers { facets(by: [INSTITUTION, COUNTRY]) { by withoutCount buckets { value count } } } }"""


async def test_who_withholds_where_they_are_is_found_nowhere_by_it(ask, owner, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE institution SET country_code = 'DE'"))
    institution = global_id("Institution", 1)
    listed = {"totalCount": 2, "nodes": [{"id": ME}, {"id": OTHER}]}
    before = await ask(AFFILIATED, institution=institution)
    assert (before["institution"]["researchers"], before["researchers"]) == (listed, listed)
    await ask(UPDATE, input={"withholdAffiliation": True})
    after = await ask(AFFILIATED, institution=institution)
    others = {"totalCount": 1, "nodes": [{"id": OTHER}]}
    assert (after["institution"]["researchers"], after["researchers"]) == (others, others)
    assert after["everyone"]["facets"] == [
        {"by": "INSTITUTION", "withoutCount": 1, "buckets": [{"value": institution, "count": 1}]},
        {"by": "COUNTRY", "withoutCount": 1, "buckets": [{"value": "DE", "count": 1}]},
    ]
    await ask(UPDATE, input={"withholdAffiliation": False})
    assert await ask(AFFILIATED, institution=institution) == before


async def test_a_moderator_suppresses_at_a_persons_wish(world, ask, sign_up, engine):
    world()
    await sign_up("Mod")
    with engine.begin() as connection:
        connection.execute(text("UPDATE account SET moderator_since = created_at"))
    assert (await ask(SUPPRESS % "suppressProfile", id=ME))["suppressProfile"]["userErrors"] == []
    with engine.connect() as connection:  # by which an import knows
        assert 0 in connection.scalars(select(Detached.work_id)).all()
    gone = (await ask(SUPPRESS % "suppressProfile", id=global_id("Researcher", 77)))["suppressProfile"]
    assert gone["userErrors"] == [{"code": "NOT_FOUND", "path": ["input", "researcherId"]}]
    log = (await ask("{ auditLog { nodes { action actor { displayName } } } }"))["auditLog"]["nodes"]
    assert log == [{"action": "SUPPRESS", "actor": {"displayName": "Mod"}}]


async def test_whose_word_it_is(ask, owner):
    query = '{ researcher(by: {slug: "r-1"}) { provenance { kind source fields } trust { nextSteps { key advice } } } }'
    before = (await ask(query))["researcher"]
    assert before["provenance"] == [{"kind": "IMPORTED", "source": "OpenAlex", "fields": []}]
    await ask(UPDATE, input={"headline": "Me", "withholdAffiliation": True})
    after = (await ask(query))["researcher"]
    said = {"kind": "SELF_ASSERTED", "source": "The researcher", "fields": ["headline", "affiliationStatus"]}
    assert after["provenance"][1:] == [said]


async def test_advice_is_the_viewers(ask, owner, sign_up, client):
    query = '{ researcher(by: {slug: "r-%d"}) { trust { nextSteps { key advice } } } }'

    async def advised(id: int) -> str:
        steps = (await ask(query % id))["researcher"]["trust"]["nextSteps"]
        return next(step["advice"] for step in steps if step["key"] == "orcid")

    owners = await advised(1)
    another = await advised(2)
    await sign_up("Bob")
    others, free = await advised(1), await advised(2)
    client.cookies.clear()
    assert len({owners, another, others, free, await advised(2)}) == 5

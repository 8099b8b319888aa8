"""Search and type-ahead as a client sees them."""

import pytest
from sqlalchemy import text

from models import Claim, Researcher
from models.indexing import reindex
from schema.node import global_id

SEARCH = """query($text: String!, $kinds: [SearchKind!], $first: Int, $after: String) {
  search(query: $text, kinds: $kinds, first: $first, after: $after) {
    totalCount totals { kind count } pageInfo { hasNextPage endCursor }
    edges { cursor node { kind score highlights node { id ... on Researcher { displayName } ... on Work { title } } } }
    nodes { kind } } }"""
SUGGEST = """query($prefix: String!, $kinds: [SearchKind!], $first: Int) {
  suggest(prefix: $prefix, kinds: $kinds, first: $first) { id kind text highlighted node { id } } }"""
FOUND = "query($text: String!) { search(query: $text) { nodes { node { id } } } }"
SUPPRESS = "mutation($id: ID!) { %s(input: {researcherId: $id}) { userErrors { code } } }"
ADA = global_id("Researcher", 500)


@pytest.fixture
def indexed(world, save, engine):
    world()
    save(
        Researcher(
            id=500,
            slug="ada",
            display_name="Ada & <Lovelace>",
            name_key="ada",
            alternative_names='["Augusta Ada King", "A. A. Lovelace"]',
            citation_count=800,
        )
    )
    with engine.begin() as connection:
        reindex(connection)


async def test_a_page_of_hits(ask, indexed):
    page = (await ask(SEARCH, text="work", first=2))["search"]
    assert (page["totalCount"], page["totals"]) == (6, [{"kind": "WORK", "count": 6}])
    assert page["pageInfo"]["hasNextPage"]
    assert [edge["node"]["node"]["title"] for edge in page["edges"]] == ["Work 1000", "Work 1001"]
    assert page["edges"][0]["node"]["highlights"] == ["<mark>Work</mark> 1000"]
    assert 2 < page["edges"][0]["node"]["score"] < 3
    after = page["pageInfo"]["endCursor"]
    rest = (await ask(SEARCH, text="work", first=100, after=after))["search"]
    assert [edge["node"]["node"]["title"] for edge in rest["edges"]] == [
        "Work 1002",
        "Work 2000",
        "Work 2001",
        "Work 2002",
    ]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_highlights_are_escaped_and_of_any_name(ask, indexed):
    hits = (await ask(SEARCH, text="lovelace, a"))["search"]["edges"]
    assert hits[0]["node"]["highlights"] == [
        "<mark>Ada</mark> &amp; &lt;<mark>Lovelace</mark>&gt;",
        "<mark>Augusta</mark> <mark>Ada</mark> King",
        "<mark>A</mark>. <mark>A</mark>. <mark>Lovelace</mark>",
    ]
    hits = (await ask(SEARCH, text="lovelaec ada"))["search"]["edges"]
    assert hits[0]["node"]["highlights"][0] == "<mark>Ada</mark> &amp; &lt;<mark>Lovelace</mark>&gt;"


async def test_suggestions(ask, indexed):
    found = (await ask(SUGGEST, prefix="ada", kinds=["RESEARCHER"]))["suggest"]
    assert found == [
        {
            "id": ADA,
            "kind": "RESEARCHER",
            "text": "Ada & <Lovelace>",
            "highlighted": "<mark>Ada</mark> &amp; &lt;Lovelace&gt;",
            "node": {"id": ADA},
        }
    ]
    assert (await ask(SUGGEST, prefix="ada", kinds=["WORK"]))["suggest"] == []
    assert len((await ask(SUGGEST, prefix="w", first=2))["suggest"]) == 2


@pytest.mark.parametrize(
    ("query", "given", "code", "argument"),
    [
        (SEARCH, {"text": "x" * 10_000}, "BAD_USER_INPUT", "query"),
        (SEARCH, {"text": "x " * 65}, "BAD_USER_INPUT", "query"),
        (SEARCH, {"text": "x", "first": 0}, "BAD_USER_INPUT", "first"),
        (SEARCH, {"text": "x", "first": 101}, "BAD_USER_INPUT", "first"),
        (SEARCH, {"text": "x", "after": "x"}, "BAD_CURSOR", "after"),
        (SUGGEST, {"prefix": "x" * 1_001}, "BAD_USER_INPUT", "prefix"),
        (SUGGEST, {"prefix": "x", "first": 0}, "BAD_USER_INPUT", "first"),
        (SUGGEST, {"prefix": "x", "first": 21}, "BAD_USER_INPUT", "first"),
    ],
)
async def test_refusals_name_what_was_wrong(post, indexed, query, given, code, argument):
    error = (await post(query, **given))["errors"][0]["extensions"]
    assert (error["code"], error["argument"]) == (code, [argument])


async def test_the_number_of_statements_does_not_grow_with_the_page(ask, indexed, statements):
    counts = []
    for first in (1, 5):
        statements.clear()
        await ask(SEARCH, text="work", first=first)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 5, statements


async def test_owners_are_found_by_what_they_say_at_once(ask, indexed, sign_up, save, engine):
    await sign_up("Ada")
    with engine.begin() as connection:
        account = connection.scalar(text("SELECT id FROM account"))
        connection.execute(text("UPDATE researcher SET claim_status = 'CLAIMED' WHERE id = 500"))
    save(Claim(id=5, account_id=account, researcher_id=500, state="APPROVED", method="ORCID", level=3))
    update = "mutation($headline: String) { updateProfile(input: {headline: $headline}) { userErrors { code } } }"
    for said, found in (("Analytical engines", [{"node": {"id": ADA}}]), (None, [])):
        await ask(update, headline=said)
        assert (await ask(FOUND, text="analytical"))["search"]["nodes"] == found
    with engine.begin() as connection:
        kept = connection.execute(text("SELECT * FROM searchable ORDER BY key")).all()
        reindex(connection)
        assert connection.execute(text("SELECT * FROM searchable ORDER BY key")).all() == kept


async def test_who_is_suppressed_is_found_no_more(ask, indexed, sign_up, engine):
    await sign_up("Mo")
    with engine.begin() as connection:
        connection.execute(text("UPDATE account SET moderator_since = created_at"))
    for verb, found in (("suppressProfile", []), ("restoreProfile", [{"node": {"id": ADA}}])):
        await ask(SUPPRESS % verb, id=ADA)
        assert (await ask(FOUND, text="lovelace"))["search"]["nodes"] == found
        assert [one["id"] for one in (await ask(SUGGEST, prefix="lovel"))["suggest"]] == [
            one["node"]["id"] for one in found
        ]


async def test_a_merged_identifier_finds_the_survivor(ask, indexed):
    for text_ in ("A999", "https://openalex.org/A999"):
        found = (await ask(FOUND, text=text_))["search"]["nodes"]
        assert found == [{"node": {"id": global_id("Researcher", 1)}}]

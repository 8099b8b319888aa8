"""One statement per link per level, whatever the size."""

import gc
from pathlib import Path

import pytest

from execution import PlanExecutor
from schema.joining import Joins
from schema.node import global_id

pytestmark = pytest.mark.usefixtures("without_limits")

QUERIES = Path(__file__).parents[1] / "benchmarks" / "queries"

PROFILE = """
  slug displayName headline kind orcid url homepageUrl alternativeNames openAlexId
  affiliationStatus affiliation { displayName ror }
  collaborationStatus claimStatus verification { level methods verifiedAt }
  trust { score band formulaVersion computedAt components { key label points maxPoints value explanation }
          nextSteps { key label points } }
  workCount citationCount hIndex i10Index topicCount collaboratorCount closeCollaboratorCount followerCount
  viewerIsFollowing viewerCanFollow viewerCanClaim viewerCannotClaimReasons viewerCanInvite viewerCannotInviteReasons
  activity { year works citations }
  topics(first: 15) { totalCount edges { workCount share node { displayName } } }
  collaborators(first: 10) { totalCount nodes { sharedWorkCount strength isClose researcher { displayName slug } } }
  works(first: 45) { totalCount pageInfo { hasNextPage endCursor } nodes {
    title kind publicationYear source { displayName } abstract
    topics { score topic { displayName level } } authors { displayName slug } } }
"""
ONE = f'{{ researcher(by: {{slug: "r-1"}}) {{ {PROFILE} }} }}'
MANY = f"{{ researchers(first: 50) {{ nodes {{ {PROFILE} }} }} }}"


@pytest.mark.parametrize(("researchers", "works"), [(1, 2), (1, 45), (50, 2)])
async def test_the_number_of_statements_is_the_same(world, ask, statements, database_url, researchers, works):
    world(researchers=researchers, works=works)
    await ask(ONE)
    one = len(statements)
    statements.clear()
    await ask(MANY)
    # PostgreSQL joins what links lead to: under one row its lists and theirs, under a list its rows' own lists.
    assert (one, len(statements)) == ((9, 9) if database_url.startswith("sqlite") else (1, 4))


@pytest.mark.parametrize(
    ("name", "joined", "apart"), [("small", 1, 1), ("profile", 1, 9), ("list", 1, 3), ("deep", 2, 4)]
)
async def test_what_is_joined_takes_fewer_statements(world, ask, statements, database_url, name, joined, apart):
    world(researchers=6, works=6)
    document = (QUERIES / f"{name}.graphql").read_text()
    await ask(document, **({"slug": "r-1"} if "$slug" in document else {}))
    assert len(statements) == (apart if database_url.startswith("sqlite") else joined)


PAGES = """
query ($slug: String!, $first: Int = 2, $order: WorkOrder, $after: String, $filter: WorkFilter, $all: Boolean = false) {
  researcher(by: { slug: $slug }) {
    works(first: $first, orderBy: $order, after: $after, filter: $filter) {
      pageInfo { endCursor }
      nodes { title topics @include(if: $all) { topic { displayName } } }
    }
  }
}"""


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ({}, 1),
        ({"first": 3, "order": "TITLE", "after": None}, 1),
        ({"filter": {"kinds": ["ARTICLE"]}}, 2),
        ({"all": True}, 1),
    ],
)
async def test_what_variables_ask_for_is_joined_too(world, ask, statements, database_url, given, joined):
    world(works=6)
    apart = 3 if given.get("all") else 2
    for slug in ("r-1", "r-1", "r-2"):
        statements.clear()
        data = await ask(PAGES, slug=slug, **given)
        assert len(data["researcher"]["works"]["nodes"]) == given.get("first", 2)
        assert len(statements) == (apart if database_url.startswith("sqlite") else joined)
    statements.clear()
    after = data["researcher"]["works"]["pageInfo"]["endCursor"]
    again = await ask(PAGES, slug="r-2", after=after, **given) if "after" not in given else data
    assert len(again["researcher"]["works"]["nodes"]) == given.get("first", 2)
    assert len(statements) == (0 if "after" in given else apart if database_url.startswith("sqlite") else 2)
    # A page behind a cursor is not known before its row: no other is read in its place.
    assert not any("join_0" in sql and "slug" in sql for sql in statements)


async def test_what_variables_hold_is_not_remembered_for_long(world, post):
    world()
    asked = 'query ($a: String) { researcher(by: { slug: "r-1" }) { works(first: 2, after: $a) { nodes { title } } } }'
    for letter in "abc":
        (error,) = (await post(asked, a=letter * 10_000))["errors"]
        assert error["extensions"]["code"] == "BAD_CURSOR"
    gc.collect()
    held = [one for one in gc.get_objects() if isinstance(one, Joins)]
    assert held
    assert not any("aaaa" in repr([*one._known]) for one in held)


async def test_a_row_of_more_than_a_function_takes_is_read_in_parts(world, ask):
    world(researchers=3, works=3)
    columns = (
        "id title kind rawKind publicationYear doi arxivId landingPageUrl pdfUrl language isRetracted volume issue"
    )
    links = " ".join(
        f"n{i}: nodes {{ topics {{ score {'topic { slug }' * (i % 2)} }} keywords {{ score }} "
        f"authorships(first: {i + 1}) {{ nodes {{ rawName }} }} citedBy(first: {i + 1}) {{ nodes {{ title }} }} "
        f"references(first: {i + 1}) {{ nodes {{ doi }} }} }}"
        for i in range(20)
    )
    PlanExecutor.runs.clear()
    data = await ask(f'{{ researcher(by: {{slug: "r-1"}}) {{ works {{ nodes {{ {columns} }} {links} }} }} }}')
    assert len(data["researcher"]["works"]["n19"]) == 3
    assert PlanExecutor.runs == {"planned": 1}


async def test_several_look_ups_share_their_statements(world, ask, statements, database_url):
    world(researchers=6)
    asked = " ".join(f'r{n}: researcher(by: {{slug: "r-{n}"}}) {{ slug activity {{ year }} }}' for n in range(1, 7))
    await ask(f"{{ {asked} }}")
    # On PostgreSQL each brings its own along.
    assert len(statements) == (7 if database_url.startswith("sqlite") else 6)


async def test_variables_out_of_bounds_are_told_of_as_ever(world, post):
    world()
    body = await post(PAGES, slug="r-1", first=1000)
    (error,) = body["errors"]
    assert (error["message"], body["data"]) == ("`first` must be from 1 to 100, not 1000.", {"researcher": None})


async def test_none_of_these_documents_is_given_up(world, ask):
    world()
    PlanExecutor.runs.clear()
    documents = [ONE, MANY, *[path.read_text() for path in sorted(QUERIES.glob("*.graphql"))]]
    for document in documents:
        await ask(document, **({"slug": "r-1"} if "$slug" in document else {}))
    assert PlanExecutor.runs == {"planned": len(documents)}


LINKS = {
    "work by id": "nodes(ids: $works) { ... on Work { title } }",
    "byline": "nodes(ids: $works) { ... on Work { authorships { totalCount nodes { position rawName isCorresponding "
    "researcher { slug } institutions { displayName } } } } }",
    "keywords": "nodes(ids: $works) { ... on Work { keywords { displayName score } externalIds { scheme value } } }",
    "references": "nodes(ids: $works) { ... on Work { references { totalCount nodes { title } } } }",
    "cited by": "nodes(ids: $works) { ... on Work { citedBy(first: 2) { nodes { title citedBy { totalCount } } } } }",
    "provenance": "nodes(ids: $works) { ... on Work { provenance { source recordId importedAt changedAt recordUrl } } }",
    "shared works": "nodes(ids: $people) { ... on Researcher { collaborators { nodes { sharedWorks { totalCount nodes "
    "{ title } } } } } }",
    "affiliations": "nodes(ids: $people) { ... on Researcher { affiliations { firstYear lastYear institution "
    "{ slug researchers { totalCount nodes { slug } } works { nodes { title } } } } } }",
    "topics": "nodes(ids: $people) { ... on Researcher { topics { nodes { slug parent { slug children { nodes "
    "{ slug } } } researchers { edges { workCount node { slug } } } works { totalCount nodes { title } } } } } }",
    "facets": "nodes(ids: $people) { ... on Researcher { works(filter: {kinds: [ARTICLE]}) { facets(by: [YEAR KIND TOPIC "
    "SOURCE INSTITUTION AUTHOR]) { by hasMore withoutCount buckets { value label count node { id ... on Topic { slug } "
    "} } } } } }",
    "followers": "nodes(ids: $people) { ... on Researcher { followers { totalCount nodes { displayName } } } }",
}


@pytest.mark.parametrize("name", LINKS)
async def test_every_link_costs_the_same_at_two_sizes(world, ask, statements, name):
    world(researchers=6, works=6)
    # Of one row PostgreSQL joins more.
    query = f"query ($works: [ID!]!, $people: [ID!]!) {{ {LINKS[name]} }}"
    unused = "people" if "$works" in LINKS[name] else "works"
    query = query.replace(f"${unused}: [ID!]!", "").replace("(, ", "(").replace(", )", ")")
    counts = []
    for size in (2, 6):
        statements.clear()
        given = {
            "works": [global_id("Work", 1000 + w) for w in range(size)],
            "people": [global_id("Researcher", p) for p in range(1, size + 1)],
        }
        del given[unused]
        data = await ask(query, **given)
        assert None not in data["nodes"]
        counts.append(len(statements))
    assert counts[0] == counts[1], statements


async def test_only_the_columns_asked_for_are_read(world, ask, statements):
    world()
    await ask('{ researcher(by: {slug: "r-1"}) { displayName works { nodes { title } } } }')
    assert not any("abstract" in sql or "headline" in sql for sql in statements)
    statements.clear()
    query = (
        'query ($no: Boolean!) { researcher(by: {slug: "r-1"}) { ...F works { nodes { abstract @skip(if: $no) } } } }'
    )
    await ask(query + " fragment F on Node { ... on Researcher { orcid } }", no=True)
    assert not any("abstract" in sql for sql in statements)
    assert "orcid" in statements[0]


async def test_a_count_alone_reads_no_rows(world, ask, statements):
    world()
    data = await ask('{ researcher(by: {slug: "r-1"}) { works { totalCount } collaborators { totalCount } } }')
    assert data["researcher"] == {"works": {"totalCount": 3}, "collaborators": {"totalCount": 1}}
    assert len(statements) == 1

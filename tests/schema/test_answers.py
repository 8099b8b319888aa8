"""What each way to a record, each filter and each order answers."""

import asyncio
import gc
import warnings

import pytest

from models import Affiliation, Institution, Researcher, Work
from schema.node import global_id

PLACES = {1: "DE", 2: "DE", 3: "FR", 4: None}


async def test_every_way_leads_to_the_same_researcher(world, ask, save):
    world()
    save(Researcher(id=7, slug="x-7", display_name="X", name_key="x", orcid="0000-0002-1825-0097", work_count=1))
    save(Researcher(id=8, slug="x-8", display_name="Y", name_key="y", orcid="0000-0002-1825-0097", work_count=2))
    data = await ask(
        """query ($id: ID!, $merged: ID!) {
          a: researcher(by: {id: $id}) { slug } b: researcher(by: {slug: "r-1"}) { slug }
          c: researcher(by: {openAlexId: "https://openalex.org/A1"}) { slug }
          d: researcher(by: {id: $merged}) { slug } e: researcher(by: {openAlexId: "A999"}) { slug }
          f: node(id: $merged) { id ... on Researcher { slug } } g: resolve(identifier: "a999") { id }
          orcid: researcher(by: {orcid: "https://orcid.org/0000-0002-1825-0097"}) { slug }
        }""",
        id=global_id("Researcher", 1),
        merged=global_id("Researcher", 999),
    )
    assert {data[way]["slug"] for way in "abcde"} == {"r-1"}
    assert data["f"] == {"id": global_id("Researcher", 1), "slug": "r-1"}
    assert data["g"] == {"id": global_id("Researcher", 1)}
    assert data["orcid"] == {"slug": "x-8"}  # of several, the one with most works


async def test_nodes_keep_their_order_and_types(world, ask):
    world()
    ids = [global_id(*one) for one in (("Work", 1000), ("Topic", 1), ("Work", 5), ("Source", 1), ("Institution", 2))]
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Followable { followerCount } } }"
    nodes = (await ask(query, ids=ids))["nodes"]
    assert [node and node["__typename"] for node in nodes] == ["Work", "Topic", None, "Source", "Institution"]
    assert [node and node["id"] for node in nodes] == [None if i == 2 else id for i, id in enumerate(ids)]


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("https://doi.org/10.1/1000", ("Work", 1000)),
        ("W1001", ("Work", 1001)),
        ("r-2", ("Researcher", 2)),
        ("t-3", ("Topic", 3)),
        ("i-1", ("Institution", 1)),
        ("domains/1", ("Topic", 10**9 + 1)),
    ],
)
async def test_resolve_understands_identifiers(world, ask, identifier, expected):
    world()
    data = await ask("query ($it: String!) { resolve(identifier: $it) { id __typename } }", it=identifier)
    assert data["resolve"] == {"id": global_id(*expected), "__typename": expected[0]}


async def test_a_byline_shows_everyone_and_authors_only_those_known(world, ask):
    world()
    query = """query ($id: ID!) { work(by: {id: $id}) {
      abstract latex: abstract(format: LATEX) usual: abstract(format: null) authors { slug } authorCount kind openAlexId
      authorships(first: 5) { totalCount nodes { position rawName researcher { slug } institutions { slug } } } } }"""
    work = (await ask(query, id=global_id("Work", 1000)))["work"]
    assert work["authorships"] == {
        "totalCount": 2,
        "nodes": [
            {
                "position": 0,
                "rawName": "R.",
                "researcher": {"slug": "r-1"},
                "institutions": [{"slug": "i-2"}, {"slug": "i-1"}],
            },
            {"position": 1, "rawName": "Unknown", "researcher": None, "institutions": []},
        ],
    }
    assert (work["authors"], work["abstract"], work["latex"]) == ([{"slug": "r-1"}], "3×", "$3\\times$")
    assert work["usual"] == work["abstract"]
    assert (work["kind"], work["openAlexId"]) == ("ARTICLE", "W1000")


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("{years: {min: 2019}}", {1, 2}),
        ("{years: {max: 2019}}", {3}),
        ("{years: {min: 2019, max: 2019}}", set()),
        ("{kinds: [PREPRINT, BOOK]}", {2}),
        ("{isRetracted: true}", {3}),
        ("{isRetracted: false}", {1, 2, 4}),
        ("{isOpenAccess: true}", {1}),
        ("{isOpenAccess: false}", {2}),
        ("{hasAbstract: true}", {1}),
        ("{hasAbstract: false}", {2, 3, 4}),
        ("{minCitations: 5}", {4}),
        ('{titleContains: "100%"}', {2}),
        ('{titleContains: "STRASSE"}', {1}),
        ('{titleContains: "_"}', set()),
        ('{titleContains: "é"}', {3}),
        ("{minCitations: 1, years: null}", {4}),
    ],
)
async def test_works_are_filtered(save, ask, filter, expected):
    def work(id: int, year: int | None, title: str, kind: str = "ARTICLE", **known: object) -> Work:
        folded = title.casefold()
        return Work(
            id=id, title=title, title_key=folded, kind=kind, publication_year=year, newest_key=-(year or 0), **known
        )

    save(
        work(1, 2020, "Straße", abstract="A", is_open_access=True),
        work(2, 2021, "100% Sure", "PREPRINT", is_open_access=False),
        work(3, 2000, "Café", is_retracted=True),
        work(4, None, "100 Years", citation_count=5),
    )
    data = await ask(f"{{ works(filter: {filter}) {{ totalCount nodes {{ openAlexId }} }} }}")
    assert {int(node["openAlexId"][1:]) for node in data["works"]["nodes"]} == expected
    assert data["works"]["totalCount"] == len(expected)


async def test_links_are_filtered_by_ids(world, ask):
    world(researchers=3)
    query = """query ($topic: ID!, $institution: ID!, $author: ID!, $source: ID!, $domain: ID!) {
      a: works(filter: {topics: [$domain], authors: [$author], institutions: [$institution], sources: [$source]})
        { totalCount }
      b: researchers(filter: {topics: [$topic], institutions: [$institution], claimStatuses: [UNCLAIMED]})
        { totalCount }
      c: researchers(filter: {nameContains: "ER 2", minWorks: 3}) { nodes { slug } }
      d: topics(filter: {within: [$domain], levels: [TOPIC]}) { nodes { slug } }
      e: institutions(filter: {nameContains: "1"}) { nodes { slug } }
      f: researchers(filter: {claimStatuses: [CLAIMED]}) { totalCount } }"""
    data = await ask(
        query,
        topic=global_id("Topic", 1),
        institution=global_id("Institution", 1),
        author=global_id("Researcher", 2),
        source=global_id("Source", 1),
        domain=global_id("Topic", 10**9 + 1),
    )
    assert (data["a"]["totalCount"], data["b"]["totalCount"], data["f"]["totalCount"]) == (3, 3, 0)
    assert data["c"]["nodes"] == [{"slug": "r-2"}]
    assert [node["slug"] for node in data["d"]["nodes"]] == ["t-1", "t-2", "t-3"]
    assert data["e"]["nodes"] == [{"slug": "i-1"}]


async def test_researchers_are_found_by_country(save, ask):
    save(*[Institution(id=i, slug=f"i-{i}", display_name="I", name_key="i", country_code=c) for i, c in PLACES.items()])
    save(*[Researcher(id=id, slug=f"r-{id}", display_name="R", name_key=f"r{id}") for id in (1, 2, 3, 4)])
    save(*[Affiliation(researcher_id=r, institution_id=i) for r, i in ((1, 1), (1, 2), (2, 2), (2, 3), (3, 4))])
    query = "query ($codes: [String!]) { researchers(filter: {countries: $codes}) { totalCount nodes { slug } } }"
    for codes, slugs in ((["de"], ["r-1", "r-2"]), (["FR", "DE"], ["r-1", "r-2"]), (["IT"], []), ([], [])):
        found = (await ask(query, codes=codes))["researchers"]
        assert ([node["slug"] for node in found["nodes"]], found["totalCount"]) == (slugs, len(slugs))


async def test_a_topic_has_all_works_below_it(world, ask):
    world()
    query = """{ topic(by: {slug: "d"}) { level openAlexId works { totalCount } children { nodes { slug } }
      researchers(first: 1) { totalCount edges { workCount share node { slug } } } } }"""
    assert (await ask(query))["topic"] == {
        "level": "DOMAIN",
        "openAlexId": "domains/1",
        "works": {"totalCount": 6},
        "children": {"nodes": [{"slug": "t-1"}, {"slug": "t-2"}, {"slug": "t-3"}]},
        "researchers": {"totalCount": 2, "edges": [{"workCount": 3, "share": 1.0, "node": {"slug": "r-2"}}]},
    }


async def test_nobody_follows_in_a_world_without_accounts(world, ask):
    world()
    query = """{ viewer { id } researcher(by: {slug: "r-1"}) { followerCount viewerIsFollowing viewerCanFollow
      viewerCanClaim viewerCannotClaimReasons viewerCanInvite viewerCannotInviteReasons claimStatus
      affiliationStatus affiliation { slug } followers { totalCount edges { node { id } } } verification { level } } }"""
    data = await ask(query)
    assert data["viewer"] is None
    assert data["researcher"] == {
        "followerCount": 0,
        "viewerIsFollowing": False,
        "viewerCanFollow": False,
        "viewerCanClaim": False,
        "viewerCannotClaimReasons": ["LOGIN_REQUIRED"],
        "viewerCanInvite": False,
        "viewerCannotInviteReasons": ["LOGIN_REQUIRED", "RESEARCHER_UNCLAIMED"],
        "claimStatus": "UNCLAIMED",
        "affiliationStatus": "KNOWN",
        "affiliation": {"slug": "i-1"},
        "followers": {"totalCount": 0, "edges": []},
        "verification": {"level": "L1"},
    }


async def test_provenance_tells_which_import_brought_it(world, ask):
    world()
    query = """{ researcher(by: {slug: "r-1"}) { provenance { source recordId recordUrl changedAt } }
      topic(by: {slug: "d"}) { provenance { recordId recordUrl } }
      serverInfo { version dataVersion lastImport } }"""
    data = await ask(query)
    assert data["researcher"]["provenance"] == [
        {
            "source": "OpenAlex",
            "recordId": "A1",
            "recordUrl": "https://openalex.org/A1",
            "changedAt": "2020-09-13T12:26:40+00:00",
        }
    ]
    assert data["topic"]["provenance"] == [{"recordId": "domains/1", "recordUrl": "https://openalex.org/domains/1"}]
    assert data["serverInfo"]["dataVersion"] == 0


async def test_pages_walk_through_graphql(world, ask):
    world(researchers=5)
    seen, after = [], None
    while True:
        query = """query ($after: String) { researchers(first: 2, after: $after, orderBy: NAME) {
          edges { cursor node { slug } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
        page = (await ask(query, after=after))["researchers"]
        seen += [edge["node"]["slug"] for edge in page["edges"]]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["r-1", "r-2", "r-3", "r-4", "r-5"]


PAGE = """{ researcher(by: {slug: "r-1"}) {
  jsonLd viewerCanClaim verification { methods }
  works(first: 5) { totalCount facets(by: [YEAR, TOPIC]) { withoutCount buckets { count node { id } } } export(format: BIBTEX) nodes { citation(format: APA) title authorships { nodes { researcher { displayName } } } } }
  collaborators(first: 5) { nodes { researcher { displayName topics { nodes { displayName } } } } } activity { year }
} search(query: "work", first: 5) { totalCount nodes { node { id } } } }"""


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_whoever_goes_at_any_moment_leaves_nothing_behind(world, ask, post, caplog):
    """What would have been awaited next is nobody's fault, and the log tells nothing of it."""
    world(researchers=6)
    await ask(PAGE)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for turns in range(150):
            asking = asyncio.create_task(post(PAGE))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        gc.collect()
    assert [f"{one.message}" for one in told] == []
    assert [record.name for record in caplog.records if record.name == "asyncio"] == []

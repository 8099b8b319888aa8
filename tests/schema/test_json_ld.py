"""Records as JSON-LD: what schema.org accepts, and no more than may be shown."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from importers.openalex.run import run
from models import Authorship, Institution, Researcher, Source, Work
from models.columns import now
from models.work import WORK_KINDS
from resolvers.identifiers import recognise
from schema.node import global_id
from tests.schema.json_ld import accepted

SMALL = Path(__file__).parents[3] / "shared" / "data" / "openalex-small"


@pytest.mark.parametrize(
    "wrong",
    [
        {"@type": "Persona", "name": "Ada"},
        {"@type": "Person", "nickname": "Ada"},
        {"@type": "Person", "affiliation": {"@type": "Person", "name": "Ada"}},
    ],
)
def test_the_judge_refuses_what_schema_org_does_not_know(wrong):
    with pytest.raises((AttributeError, ValidationError)):
        accepted({"@context": "https://schema.org", **wrong})


async def test_schema_org_accepts_the_small_set(ask, engine, tmp_path):
    assert run(engine, str(SMALL), dead_letters=tmp_path / "dead.jsonl").ok
    for field, by in (("works", "MOST_CITED"), ("researchers", "MOST_WORKS")):
        after = None
        for _ in range(3):
            query = f"""query ($after: String) {{ {field}(first: 100, orderBy: {by}, after: $after) {{
                pageInfo {{ endCursor }} nodes {{ jsonLd }} }} }}"""
            page = (await ask(query, after=after))[field]
            assert all(accepted(node["jsonLd"]) for node in page["nodes"])
            after = page["pageInfo"]["endCursor"]


async def test_they_cost_the_same_at_two_sizes(world, ask, statements):
    world(researchers=6, works=6)
    counts = []
    for size in (1, 6):
        statements.clear()
        ids = [global_id("Work", 1000 + w) for w in range(size)]
        ids += [global_id("Researcher", p) for p in range(1, size + 1)]
        query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Work { jsonLd } ... on Researcher { jsonLd } } }"
        data = await ask(query, ids=ids)
        assert all(accepted(node["jsonLd"]) for node in data["nodes"])
        counts.append(len(statements))
    assert counts == [4, 4], statements


@pytest.fixture
def ada(save):
    def make(**given) -> str:
        save(
            Institution(id=1, slug="i", display_name="Institute", name_key="institute", ror="01an7q238"),
            Researcher(
                **{
                    "id": 1,
                    "slug": "ada",
                    "display_name": "Ada Lovelace",
                    "name_key": "ada lovelace",
                    "alternative_names": '["A. Lovelace"]',
                    "orcid": "0000-0002-1825-0097",
                    "homepage_url": "https://ada.example",
                    "institution_id": 1,
                    **given,
                }
            ),
        )
        return global_id("Researcher", 1)

    return make


ASK = "query ($id: ID!) { node(id: $id) { ... on Researcher { jsonLd } ... on Work { jsonLd } } }"


async def test_a_person(ask, ada):
    found = (await ask(ASK, id=ada()))["node"]["jsonLd"]
    assert found == {
        "@context": "https://schema.org",
        "@type": "Person",
        "@id": "http://127.0.0.1:8000/researchers/ada",
        "url": "http://127.0.0.1:8000/researchers/ada",
        "name": "Ada Lovelace",
        "alternateName": ["A. Lovelace"],
        "identifier": [{"@type": "PropertyValue", "propertyID": "orcid", "value": "0000-0002-1825-0097"}],
        "sameAs": ["https://orcid.org/0000-0002-1825-0097", "https://openalex.org/A1", "https://ada.example"],
        "affiliation": {"@type": "Organization", "name": "Institute", "sameAs": "https://ror.org/01an7q238"},
    }
    assert accepted(found)


async def test_a_withheld_affiliation_is_not_told(ask, ada):
    assert "affiliation" not in (await ask(ASK, id=ada(affiliation_withheld=True)))["node"]["jsonLd"]


@pytest.fixture
def work(save):
    def make(*byline, **given) -> str:
        save(
            Source(id=1, display_name="Journal", kind="journal", issn_l="1234-5678"),
            Work(**{"id": 1, "title": "A title", "title_key": "a title", "kind": "ARTICLE", "source_id": 1, **given}),
            *[
                Authorship(work_id=1, position=place, raw_name=name, researcher_id=id)
                for place, (name, id) in enumerate(byline)
            ],
        )
        return global_id("Work", 1)

    return make


async def test_an_article(ask, ada, work):
    ada()
    id = work(
        ("A. Lovelace", 1),
        ("李明", None),
        (None, 1),
        ("", None),
        doi="10.1/x",
        arxiv_id="2003.00832",
        publication_year=2020,
        publication_date=date(2020, 1, 1),
        volume="3",
        issue="2",
        first_page="1",
        last_page="9",
        language="en",
        is_open_access=False,
        pdf_url="https://x.example/1.pdf",
        landing_page_url="https://x.example/1",
    )
    found = (await ask(ASK, id=id))["node"]["jsonLd"]
    page = {
        "@id": "http://127.0.0.1:8000/researchers/ada",
        "url": "http://127.0.0.1:8000/researchers/ada",
        "sameAs": "https://orcid.org/0000-0002-1825-0097",
    }
    periodical = {"@type": "Periodical", "name": "Journal", "issn": "1234-5678"}
    volume = {"@type": "PublicationVolume", "volumeNumber": "3", "isPartOf": periodical}
    assert found == {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "@id": "https://doi.org/10.1/x",
        "name": "A title",
        "headline": "A title",
        "author": [
            {"@type": "Person", "name": "A. Lovelace", **page},
            {"@type": "Person", "name": "李明"},
            {"@type": "Person", "name": "Ada Lovelace", **page},
        ],
        "datePublished": "2020",
        "identifier": [
            {"@type": "PropertyValue", "propertyID": "doi", "value": "10.1/x"},
            {"@type": "PropertyValue", "propertyID": "arxiv", "value": "2003.00832"},
        ],
        "sameAs": ["https://doi.org/10.1/x", "https://arxiv.org/abs/2003.00832", "https://openalex.org/W1"],
        "url": "https://x.example/1",
        "isPartOf": {"@type": "PublicationIssue", "issueNumber": "2", "isPartOf": volume},
        "inLanguage": "en",
        "isAccessibleForFree": False,
        "encoding": {
            "@type": "MediaObject",
            "contentUrl": "https://x.example/1.pdf",
            "encodingFormat": "application/pdf",
        },
        "pageStart": "1",
        "pageEnd": "9",
    }
    assert accepted(found)


async def test_its_urls_are_urls(ask, work):
    doi, path = "10.1002/(sici)1<1::aid-x>2%#?é|2-2", "10.1002/(sici)1%3C1::aid-x%3E2%25%23%3F%C3%A9%7C2-2"
    address = {"landing_page_url": "https://x.example/a b<c>?d=%3C#e", "pdf_url": "https://x.example/a b.pdf"}
    found = (await ask(ASK, id=work(doi=doi, **address)))["node"]["jsonLd"]
    assert found["@id"] == found["sameAs"][0] == f"https://doi.org/{path}"
    assert found["identifier"][0]["value"] == doi
    assert found["url"] == "https://x.example/a%20b%3Cc%3E?d=%3C#e"
    assert found["encoding"]["contentUrl"] == "https://x.example/a%20b.pdf"
    assert ("doi", doi) in recognise(found["@id"])
    assert accepted(found)


async def test_a_work_of_nobody(ask, work):
    found = (await ask(ASK, id=work()))["node"]["jsonLd"]
    assert "author" not in found
    assert accepted(found)


async def test_a_page_that_is_gone_is_not_linked(ask, ada, work):
    ada(suppressed_at=now())
    (author,) = (await ask(ASK, id=work(("A. Lovelace", 1))))["node"]["jsonLd"]["author"]
    assert author == {"@type": "Person", "name": "A. Lovelace"}


@pytest.mark.parametrize("kind", WORK_KINDS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_schema_org_knows_every_kind(ask, work, kind):
    day = date(2020, 2, 29)
    id = work(("A", None), kind=kind, publication_date=day, volume="3", issue="2", first_page="1", last_page="2")
    found = (await ask(ASK, id=id))["node"]["jsonLd"]
    assert found["datePublished"] == "2020-02-29"
    assert accepted(found)

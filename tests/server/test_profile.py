"""The profile page, from a real import to the answer: exactly what seed-profile.json says of it."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from importers.openalex.run import run

DATA = Path(__file__).parents[3] / "shared" / "data"
PAGE = json.loads((DATA / "seed-profile.json").read_text("utf-8"))
CLOSE = {"Michael W. Mahoney", "Amir Gholami", "Zhen Dong", "Zhewei Yao"}


@pytest.fixture
def seed(engine, tmp_path):
    assert run(engine, str(DATA / "openalex-seed"), dead_letters=tmp_path / "dead.jsonl").ok


async def test_the_header_and_the_works_are_the_pages(seed, ask, statements):
    query = """{ researcher(by: {slug: "kurt-keutzer"}) {
      displayName headline kind affiliationStatus collaborationStatus claimStatus verification { level }
      trust { score band components { points } } workCount followerCount topicCount closeCollaboratorCount
      topics(first: 100) { totalCount edges { workCount share node { displayName level } } }
      collaborators(first: 100, filter: {closeOnly: true}) { totalCount nodes { researcher { displayName } } }
      activity { year works }
      works(first: 100) { totalCount nodes {
        title kind publicationYear arxivId openAlexId source { displayName }
        plain: abstract abstract(format: LATEX) authors { displayName } topics { score topic { displayName } } } } } }"""
    found = (await ask(query))["researcher"]
    assert len(statements) <= 12
    header = PAGE["header"]
    assert {name: found[name] for name in ("displayName", "headline", "kind", "workCount", "followerCount")} == {
        "displayName": header["display_name"],
        "headline": header["headline"],
        "kind": header["kind"],
        "workCount": header["works"],
        "followerCount": header["followers"],
    }
    assert (found["topicCount"], found["closeCollaboratorCount"]) == (header["topics"], header["close_collaborators"])
    assert found["affiliationStatus"] == "NOT_IMPORTED"
    assert (found["collaborationStatus"], found["claimStatus"]) == ("OPEN", "UNCLAIMED")
    assert found["verification"]["level"] == header["verification_level"]
    assert found["trust"]["score"] == header["trust_score"] == sum(c["points"] for c in found["trust"]["components"])
    assert found["trust"]["band"] == header["trust_label"].upper()
    assert found["topics"]["totalCount"] == len(found["topics"]["edges"]) == 15
    assert all(edge["workCount"] >= 2 and edge["node"]["level"] == "TOPIC" for edge in found["topics"]["edges"])
    assert {one["researcher"]["displayName"] for one in found["collaborators"]["nodes"]} == CLOSE
    assert {str(one["year"]): one["works"] for one in found["activity"] if one["works"]} == PAGE["by_year"]
    assert [one["year"] for one in found["activity"]] == list(range(2019, 2027))
    assert found["works"]["totalCount"] == PAGE["listed_works"]
    for shown, listed in zip(found["works"]["nodes"], PAGE["works"], strict=True):
        assert shown["title"] == listed["title"]
        assert shown["publicationYear"] == listed["year"]
        assert shown["kind"] == listed["type"].upper()
        assert f"https://openalex.org/{shown['openAlexId']}" == listed["set1_work_id"]
        assert len(shown["authors"]) == listed["authors_count"]
        assert sha256(shown["abstract"].encode()).hexdigest() == listed["abstract_sha256"]
        assert not any(mark in shown["plain"] for mark in ("&#", "&amp;", "\\textit", "\\times", "$\\"))
        if listed["arxiv_id"]:
            assert shown["arxivId"] == listed["arxiv_id"]

"""One record → its rows, whatever its era and however odd."""

import json
from datetime import date
from typing import Any

import pytest

from importers.openalex.entry import CHILDREN, COLUMNS, Entry, Rejected, Skipped
from importers.openalex.records import read

AUTHOR = {"id": "https://openalex.org/A9000000001", "display_name": "Ada"}


def entry(day: date | None = None, survivors: Any = None, **record: Any) -> Entry:
    found = read(json.dumps({"id": "https://openalex.org/W7", **record}).encode(), day, survivors=survivors or {})
    assert len(found.row) == len(COLUMNS[found.kind])
    assert all(len(row) == len(CHILDREN[table]) for table, rows in found.children.items() for row in rows)
    return found


def column(found: Entry, name: str) -> Any:
    return found.row[COLUMNS[found.kind].index(name)]


@pytest.mark.parametrize(
    ("id", "kind"),
    [
        ("https://openalex.org/W123", "work"),
        ("W123", "work"),
        ("w123", "work"),
        ("https://openalex.org/works/W123", "work"),
        ("https://openalex.org/I123", "institution"),
        ("https://openalex.org/S123", "source"),
        ("https://openalex.org/T123", "topic"),
    ],
)
def test_the_letter_tells_the_kind(id, kind):
    assert entry(id=id)[:2] == (kind, 123)


@pytest.mark.parametrize(
    ("id", "reason"),
    [
        ("https://openalex.org/F4320309652", "not kept"),
        ("https://openalex.org/P4310320006", "not kept"),
        ("https://openalex.org/C41008148", "not kept"),
        ("https://openalex.org/keywords/soil", "not kept"),
        ("https://openalex.org/keywords/w3", "not kept"),
        ("https://openalex.org/fields/17", "not kept"),
        ("https://openalex.org/A2150889177", "retired author id"),
        ("https://openalex.org/A5317838346", "nobody"),
        ("https://openalex.org/A9999999999", "nobody"),
    ],
)
def test_what_is_not_kept_is_skipped(id, reason):
    with pytest.raises(Skipped, match=reason):
        entry(id=id)


@pytest.mark.parametrize(
    "id", [None, 7, "", "W", "W0", "W1x", "W" + "9" * 19, "W" + "9" * 30, "https://openalex.org/", [], "Wⅷ"]
)
def test_no_record_without_an_id(id):
    with pytest.raises(Rejected):
        entry(id=id)


@pytest.mark.parametrize(
    ("updated", "day", "version"),
    [
        ("2023-05-16T14:50:18.726146", None, 1684248618726146),
        ("2023-05-16T14:50:18.726146Z", None, 1684248618726146),
        ("2023-05-16T16:50:18.726146+02:00", None, 1684248618726146),
        ("2023-06-25", None, 1687651200000000),
        (None, date(2023, 6, 25), 1687651200000000),
        ("yesterday", date(2023, 6, 25), 1687651200000000),
        (None, None, 1),
        ("1960-01-01", None, 1),
    ],
)
def test_versions(updated, day, version):
    assert entry(day, updated_date=updated).version == version


@pytest.mark.parametrize(
    ("doi", "ids", "url", "arxiv"),
    [
        ("https://doi.org/10.48550/arXiv.2003.00832", {}, None, "2003.00832"),
        (None, {"arxiv": "arXiv:2003.00832v2"}, None, "2003.00832"),
        (None, {}, "http://arxiv.org/abs/1806.03537v3", "1806.03537"),
        (None, {}, "https://arxiv.org/pdf/math/0211159v1.pdf", "math/0211159"),
        ("https://doi.org/10.48550/arxiv.math.AG/0211159", {}, None, "math/0211159"),
        (None, {}, "https://arxiv.org/list/cs.CV/recent", None),
    ],
)
def test_arxiv_ids(doi, ids, url, arxiv):
    found = entry(doi=doi, ids=ids, locations=[{"landing_page_url": url}])
    assert column(found, "arxiv_id") == arxiv


def test_identifiers_are_bare():
    found = entry(
        doi="HTTPS://DOI.ORG/10.1000/ABC",
        ids={"pmid": "https://pubmed.ncbi.nlm.nih.gov/12", "mag": 34, "openalex": "W7"},
    )
    assert column(found, "doi") == "10.1000/abc"
    assert found.children["external_id"] == [("work", 7, "pmid", "12"), ("work", 7, "mag", "34")]
    person = entry(
        id="A9000000001", orcid="https://orcid.org/0000-0002-1825-009x", ids={"scopus": "http://x?authorID=5&y=1"}
    )
    assert column(person, "orcid") == "0000-0002-1825-009X"
    assert person.children["external_id"] == [("researcher", 9000000001, "scopus", "5")]
    place = entry(id="I1", ror="https://ror.org/03YRM5C26", country_code="us")
    assert (column(place, "ror"), column(place, "country_code")) == ("03yrm5c26", "US")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("article", "ARTICLE"),
        ("journal-article", "ARTICLE"),
        ("proceedings-article", "ARTICLE"),
        ("posted-content", "PREPRINT"),
        ("monograph", "BOOK"),
        ("book-section", "BOOK_CHAPTER"),
        ("peer-review", "PEER_REVIEW"),
        ("hologram", "OTHER"),
        (None, "OTHER"),
        (["article"], "OTHER"),
    ],
)
def test_kinds(word, kind):
    found = entry(type=word)
    assert (column(found, "kind"), column(found, "raw_kind")) == (kind, word if isinstance(word, str) else None)


def test_titles():
    assert column(entry(title=None, display_name="A &amp; <i>B</i>"), "title") == "A & B"
    assert column(entry(title=" \0 "), "title") == "Untitled"
    assert column(entry(title="ÉCOLE" + "x" * 600), "title_key") == ("école" + "x" * 600)[:500]


def test_lone_surrogates_do_not_cost_a_record():
    found = read(rb'{"id": "W7", "title": "a \ud800 b"}', None)
    assert column(found, "title") == "a \ufffd b"


@pytest.mark.parametrize(
    "data",
    [b"", b"nonsense", b"[1]", b"5", b'{"id": "W7"', b'{"id": "W7", "a": NaN}', b'{"id": "W7", "a": "\xff"}',
     b'{"id": "W7", "a": "\\ud800", "b": NaN}', b'{"id": "W7", "a": "\\ud800", "b": ' + b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_json_is_rejected(data):
    with pytest.raises(Rejected):
        read(data, None)


def test_numbers_out_of_range():
    found = entry(
        publication_year=2**70, cited_by_count=2**70, publication_date="2020-02-30", topics=[{"id": "T1", "score": 7}]
    )
    assert [
        column(found, name) for name in ("publication_year", "citation_count", "publication_date", "newest_key")
    ] == [None, 2**31 - 1, None, 0]
    assert found.children["work_topic"] == [(7, 1, 1.0)]
    assert column(entry(cited_by_count=-1), "citation_count") == 0


def test_a_byline_keeps_every_place():
    institution = {"id": "https://openalex.org/I1", "display_name": "One"}
    found = entry(
        authorships=[
            {"author": AUTHOR, "institutions": [institution, {"id": "I2"}, institution], "is_corresponding": True},
            {"author": {"id": None, "display_name": "Nobody"}, "raw_author_name": "N. O. Body"},
            {"author": AUTHOR},
            {},
        ]
    )
    assert found.children["authorship"] == [
        (7, 0, 9000000001, "Ada", True),
        (7, 1, None, "N. O. Body", False),
        (7, 2, 9000000001, "Ada", False),
        (7, 3, None, None, False),
    ]
    assert found.children["authorship_institution"] == [(7, 0, 1, 0), (7, 0, 2, 1)]
    assert column(found, "author_count") == 4
    assert {kind: set(some) for kind, some in found.named.items()} == {
        "researcher": {9000000001},
        "institution": {1, 2},
    }


def test_merged_ids_are_replaced_everywhere():
    survivors = {
        ("researcher", 9000000001): 9000000002,
        ("work", 5): 6,
        ("topic", 1): 2,
        ("institution", 3): 4,
        ("source", 8): 9,
    }
    found = entry(
        survivors=survivors,
        authorships=[{"author": AUTHOR, "institutions": [{"id": "I3"}, {"id": "I4"}]}],
        referenced_works=["W5", "W6", "W7"],
        topics=[{"id": "T1", "score": 0.2}, {"id": "T2", "score": 0.4}],
        primary_location={"source": {"id": "S8"}},
    )
    assert found.children["authorship"] == [(7, 0, 9000000002, "Ada", False)]
    assert found.children["authorship_institution"] == [(7, 0, 4, 0)]
    assert found.children["reference"] == [(7, 6)]
    assert found.children["work_topic"] == [(7, 2, 0.4)]
    assert column(found, "source_id") == 9
    with pytest.raises(Skipped, match="merged"):
        entry(survivors=survivors, id="A9000000001")


def test_levels_above_a_topic_are_read_in_both_shapes():
    as_numbers = {
        "domain": {"id": 3, "display_name": "D"},
        "field": {"id": 17, "display_name": "F"},
        "subfield": {"id": 1709, "display_name": "S"},
    }
    as_addresses = {
        name: {**level, "id": f"https://openalex.org/{name}s/{level['id']}"} for name, level in as_numbers.items()
    }
    for levels in (as_numbers, as_addresses):
        found = entry(id="T5", keywords="a; b;a", **levels)
        assert [column(found, name) for name in ("level", "parent_id", "keywords")] == [
            "TOPIC",
            3_000_001_709,
            '["a","b"]',
        ]
        assert list(found.named["topic"]) == [1_000_000_003, 2_000_000_017, 3_000_001_709, 5]
    assert column(entry(id="T5", subfield={"id": 1709}), "parent_id") is None


def test_keywords_of_both_eras():
    found = entry(
        keywords=[
            {"id": "https://openalex.org/keywords/deep-learning", "display_name": "Deep learning", "score": 0.5},
            {"keyword": "deep learning", "score": 0.7},
            {"score": 1},
        ]
    )
    assert found.keywords == [("deep-learning", "Deep learning")]
    assert found.children["work_keyword"] == [(7, "deep-learning", 0.7)]


def test_places_of_every_era():
    source = {"id": "https://openalex.org/S1", "display_name": "Journal"}
    now = entry(
        primary_location={"landing_page_url": "javascript:alert(1)", "source": None},
        locations=[{"source": source, "landing_page_url": "https://x.org/1", "pdf_url": "https://x.org/1.pdf"}],
    )
    then = entry(host_venue={**source, "url": "https://x.org/1"})
    assert [column(now, name) for name in ("source_id", "landing_page_url", "pdf_url")] == [
        1,
        "https://x.org/1",
        "https://x.org/1.pdf",
    ]
    assert [column(then, name) for name in ("source_id", "landing_page_url", "pdf_url")] == [1, "https://x.org/1", None]


def test_affiliations_span_their_years():
    one, two = {"id": "I1"}, {"id": "I2"}
    found = entry(
        id="A9000000001",
        affiliations=[
            {"institution": one, "years": [2019, 2021, 99999]},
            {"institution": two, "years": [2022]},
            {"institution": one, "years": [2015]},
        ],
    )
    assert found.children["affiliation"] == [(9000000001, 1, 2015, 2021), (9000000001, 2, 2022, 2022)]
    assert column(found, "institution_id") == 2
    assert column(entry(id="A9000000001", last_known_institution=one), "institution_id") == 1
    assert column(entry(id="A9000000001", last_known_institutions=[two, one], affiliations=[]), "institution_id") == 2


@pytest.mark.parametrize("authorships", [5, "x", {"a": 1}, [1], [None]])
def test_a_byline_that_is_none_is_rejected(authorships):
    with pytest.raises(Rejected):
        entry(authorships=authorships)


def test_fields_of_a_wrong_type_are_dropped():
    wrong = dict.fromkeys(
        (
            "title",
            "ids",
            "biblio",
            "primary_location",
            "best_oa_location",
            "locations",
            "topics",
            "keywords",
            "referenced_works",
            "open_access",
            "language",
            "doi",
            "type",
            "primary_topic",
            "host_venue",
        ),
    )
    for value in (7, "x", [1], {"id": 5}, [{"id": {}}], True):
        found = entry(**{name: value for name in wrong if name != "title" or value != "x"})
        assert found.children["work_topic"] == []

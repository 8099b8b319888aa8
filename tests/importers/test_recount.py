"""Everything derived equals an independent recount of the files, in plain Python; of the large set by `make recount`."""

import gzip
import os
from collections import Counter, defaultdict
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from models.columns import fold
from models.derive import derive

FILES = Path(__file__).parents[3] / "shared" / "data" / os.environ.get("RECOUNT", "openalex-small")


def number(id: str) -> int:
    return int(id.rsplit("/", 1)[1][1:])


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    files = sorted((FILES / "data" / "works").glob("*/*.gz"))
    return [orjson.loads(line) for file in files for line in gzip.open(file)]


@pytest.fixture(scope="module")
def by_author(records):
    found = defaultdict(list)
    for record in records:
        for author in {number(a["author"]["id"]) for a in record["authorships"] if a["author"]["id"]}:
            found[author].append(record)
    return found


@pytest.fixture
def loaded(load):
    assert load(FILES).ok


def test_counts_metrics_and_years(loaded, by_author, select):
    rows = select(
        "SELECT id, work_count, citation_count, h_index, i10_index, first_year, last_year, topic_count FROM researcher"
    )
    found = {row[0]: row[1:7] for row in rows if row[1]}
    expected = {}
    for author, works in by_author.items():
        cited = sorted((work["cited_by_count"] for work in works), reverse=True)
        years = [work["publication_year"] for work in works]
        h = sum(count >= place for place, count in enumerate(cited, 1))
        expected[author] = (len(works), sum(cited), h, sum(c >= 10 for c in cited), min(years), max(years))
    assert found == expected


def test_activity_without_gaps(loaded, by_author, select):
    found = defaultdict(list)
    for author, *year in select("SELECT researcher_id, year, works, citations FROM year_activity ORDER BY 1, 2"):
        found[author].append(tuple(year))
    for author, works in by_author.items():
        count, cited = Counter(), Counter()
        for work in works:
            count[work["publication_year"]] += 1
            cited[work["publication_year"]] += work["cited_by_count"]
        assert found[author] == [(y, count[y], cited[y]) for y in range(min(count), max(count) + 1)]


def test_collaborations(loaded, records, select):
    shared, weight, years = Counter(), Counter(), defaultdict(set)
    for record in records:
        byline = [a["author"]["id"] for a in record["authorships"]]
        if len(byline) > 50:
            continue
        for pair in permutations({number(id) for id in byline if id}, 2):
            shared[pair] += 1
            weight[pair] += 1_000_000 // (len(byline) - 1)
            years[pair].add(record["publication_year"])
    rows = select(
        "SELECT researcher_id, collaborator_id, shared_work_count, first_year, last_year, strength, is_close"
        " FROM collaboration"
    )
    assert {(row[0], row[1]): (*row[2:6], bool(row[6])) for row in rows} == {
        pair: (count, min(years[pair]), max(years[pair]), weight[pair] / (weight[pair] + 1e6), len(years[pair]) >= 4)
        for pair, count in shared.items()
    }


def test_topics_of_researchers(loaded, by_author, select):
    found = defaultdict(dict)
    for author, topic, works, share in select(
        "SELECT rt.researcher_id, rt.topic_id, rt.work_count, rt.share FROM researcher_topic AS rt"
        " JOIN topic AS t ON t.id = rt.topic_id WHERE t.level = 'TOPIC'"
    ):
        found[author][topic] = (works, share)
    for author, works in by_author.items():
        scores = defaultdict(list)
        for work in works:
            for topic in work["topics"]:
                scores[number(topic["id"])].append(topic["score"])
        chosen = [t for t, s in scores.items() if len(s) >= 2 and max(s) >= 0.5]
        if not chosen:
            chosen = sorted(scores, key=lambda t: (-max(scores[t]), -len(scores[t]), t))[:3]
        assert found[author] == {t: (len(scores[t]), len(scores[t]) / len(works)) for t in chosen}, author


def test_topics_institutions_and_sources(loaded, records, select):
    works, cited = defaultdict(set), Counter()
    for record in records:
        for topic in record["topics"]:
            levels = [number(topic["id"])]
            levels += [
                int(topic[level]["id"].rsplit("/", 1)[1]) + 10**9 * place
                for place, level in ((1, "domain"), (2, "field"), (3, "subfield"))
            ]
            for one in levels:
                works["topic", one].add(record["id"])
        for authorship in record["authorships"]:
            for institution in authorship["institutions"]:
                works["institution", number(institution["id"])].add(record["id"])
        source = (record["primary_location"] or {}).get("source")
        if source:
            works["source", number(source["id"])].add(record["id"])
    citations = {record["id"]: record["cited_by_count"] for record in records}
    for key, ids in works.items():
        cited[key] = sum(citations[id] for id in ids)
    for kind in ("topic", "institution", "source"):
        rows = select(f"SELECT id, work_count, citation_count FROM {kind} WHERE work_count > 0")
        expected = {id: (len(ids), cited[kind, id]) for (of, id), ids in works.items() if of == kind}
        assert {row[0]: tuple(row[1:]) for row in rows} == expected


def test_titles_sort_ignoring_case(loaded, select):
    assert all(key == fold(title) for title, key in select("SELECT title, title_key FROM work"))


def test_deriving_anew_what_changed_equals_deriving_everything(loaded, engine, dump):
    """Change works here and there, derive what that made stale; then mark all and derive again."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE work SET citation_count = citation_count + 3 WHERE id % 7 = 0"))
        for kind, sql in {
            "researcher": "SELECT DISTINCT researcher_id FROM authorship WHERE work_id % 7 = 0",
            "topic": "SELECT DISTINCT topic_id FROM work_topic WHERE work_id % 7 = 0",
            "institution": "SELECT DISTINCT institution_id FROM authorship_institution WHERE work_id % 7 = 0",
            "source": "SELECT DISTINCT source_id FROM work WHERE id % 7 = 0 AND source_id IS NOT NULL",
        }.items():
            connection.execute(text(f"INSERT INTO stale (kind, id) SELECT '{kind}', named.* FROM ({sql}) AS named"))
        derive(connection)
    partly = dump()
    with engine.begin() as connection:
        for kind in ("researcher", "topic", "institution", "source"):
            connection.execute(text(f"INSERT INTO stale (kind, id) SELECT '{kind}', id FROM {kind}"))
        derive(connection)
    whole = dump()
    del partly["data_version"], whole["data_version"]
    assert partly == whole

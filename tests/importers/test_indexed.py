"""What records are found by follows what they are, however they came to be so."""

import pytest
from sqlalchemy import text

from models.indexing import index_missing, reindex

DAY = "2026-01-01"
INDEX = "SELECT key, kind, record_id, weight, length, label, name, words, marks FROM searchable ORDER BY key"

CHECK = "INSERT INTO searchable_terms (searchable_terms, rank) VALUES ('integrity-check', 1)"


@pytest.fixture
def agrees(engine, select):
    """The index is what it would be, made anew; the full-text index finds all of it."""

    def check() -> list[tuple[object, ...]]:
        kept = select(INDEX)
        spelled = set(select("SELECT word FROM spelling WHERE piece = word"))
        if engine.dialect.name == "sqlite":
            with engine.begin() as connection:
                connection.execute(text(CHECK))
        with engine.begin() as connection:
            reindex(connection)
        assert select(INDEX) == kept
        # Misspelt words that nothing has any more find nothing, so they may stay.
        assert spelled >= set(select("SELECT word FROM spelling WHERE piece = word"))
        return kept

    return check


def author(number: int, name: str, *others: str) -> dict[str, object]:
    alternatives = list(others)
    return {"id": f"A{number}", "updated_date": DAY, "display_name": name, "display_name_alternatives": alternatives}


def test_it_follows_the_import(load, snapshot, agrees):
    works = {"id": "W1", "title": "On <i>ships</i>", "updated_date": DAY, "cited_by_count": 700}
    snapshot("works", DAY, works, {**works, "id": "W2", "title": "Of shoes"})
    root = snapshot("authors", DAY, author(9_000_000_001, "Łukasz Kaiser", "L. Kaiser"), author(9_000_000_002, "Ada"))
    assert load(root).ok
    before = {row[0]: row for row in agrees()}
    assert [row[6:] for row in before.values() if row[1] == "RESEARCHER"] == [
        ("lukasz kaiser", "| lukasz kaiser | l kaiser |", "k_ l. l_"),
        ("ada", "| ada |", "a_"),
    ]
    day = "2026-01-02"
    snapshot("authors", day, author(9_000_000_002, "Ada Lovelace") | {"updated_date": day})
    snapshot("works", day, {**works, "id": "W2", "title": "Of wax", "updated_date": day})
    merge = b"merge_date,id,merge_into_id\n2026-01-02,W1,W9\n"
    folder = root / "data" / "merged_ids" / "works"
    folder.mkdir(parents=True)
    (folder / f"{day}.csv").write_bytes(merge)
    assert load(root).ok
    assert [row[2:6:3] for row in agrees()] == [
        (2, "Of wax"),
        (9, "On ships"),
        (9_000_000_001, "Łukasz Kaiser"),
        (9_000_000_002, "Ada Lovelace"),
    ]


def test_a_database_of_an_earlier_version_is_indexed_once(load, engine, select):
    load("../shared/data/openalex-seed")
    found = select(INDEX)
    with engine.begin() as connection:
        assert not index_missing(connection)
        connection.execute(text("DELETE FROM searchable"))
        assert index_missing(connection)
        assert not index_missing(connection)
    assert select(INDEX) == found


def test_an_empty_database_lacks_no_index(engine):
    with engine.begin() as connection:
        assert not index_missing(connection)

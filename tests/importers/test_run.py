"""A run that is interrupted, watched, fed from a pipe, or refused by the database; and what merges take along."""

import gzip
import io
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from importers.writer import Writer

DAY = "2026-01-01"


def work(number: int, *authors: int, **known: Any) -> dict[str, Any]:
    byline = [{"author": {"id": f"A{one}", "display_name": f"Author {one}"}, "institutions": []} for one in authors]
    return {"id": f"W{number}", "title": f"Work {number}", "updated_date": DAY, "authorships": byline, **known}


def merge(root: Path, entity: str, day: str, old: str, into: str) -> None:
    folder = root / "data" / "merged_ids" / entity
    folder.mkdir(parents=True, exist_ok=True)
    rows = f"merge_date,id,merge_into_id\n{day},{old},{into}\n"
    (folder / f"{day}.csv.gz").write_bytes(gzip.compress(rows.encode()))


@pytest.fixture
def letters(tmp_path):
    def read() -> list[int]:
        return [orjson.loads(line)["line"] for line in (tmp_path / "dead.jsonl").read_bytes().splitlines()]

    return read


class Interrupted(Exception):  # noqa: N818
    pass


def interrupt_after(batches: int) -> Any:
    left = [batches]

    def progress(_step: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise Interrupted

    return progress


@pytest.mark.parametrize("batches", [1, 2, 4])
def test_an_interrupted_run_goes_on_and_counts_nothing_twice(load, snapshot, letters, tmp_path, batches):
    records = [b"nonsense" if n % 5 == 0 else work(n, 9_000_000_000 + n) for n in range(1, 51)]
    root = snapshot("works", DAY, *records)
    with pytest.raises(Interrupted):
        load(root, batch_size=10, progress=interrupt_after(batches))
    with (tmp_path / "dead.jsonl").open("ab") as file:
        file.write(b'{"line": 5, "of": "a batch that was never committed"}\n')
    summary = load(root, batch_size=10)
    assert (summary.entities["works"].imported, summary.entities["works"].rejected) == (40, 10)
    assert letters() == [*range(5, 51, 5)]
    assert summary.problems == []


@pytest.fixture
def refusing(engine, monkeypatch):
    """A database that takes no work 7."""
    write = Writer.write
    error = sqlite3.DataError if engine.dialect.name == "sqlite" else psycopg.DataError

    def refuse(self: Writer, entries: Any, **options: Any) -> Any:
        counts = write(self, entries, **options)
        if any(entry.id == 7 for entry in entries):
            raise error("no such value")
        return counts

    monkeypatch.setattr(Writer, "write", refuse)


def test_only_the_record_that_the_database_refuses_is_left_out(load, snapshot, letters, select, refusing):
    summary = load(snapshot("works", DAY, *[work(n, 9_000_000_000 + n % 3) for n in range(1, 11)]))
    assert (summary.entities["works"].imported, summary.entities["works"].rejected) == (9, 1)
    assert letters() == [7]
    assert 7 not in select("SELECT id FROM work")
    assert select("SELECT id, work_count FROM researcher ORDER BY id") == [
        (9_000_000_000, 3),
        (9_000_000_001, 3),
        (9_000_000_002, 3),
    ]


def test_progress_tells_bytes_of_all_and_records(load, snapshot):
    snapshot("works", DAY, *[work(n) for n in range(25)][1:])
    root = snapshot("sources", DAY, {"id": "S1", "display_name": "Journal"})
    steps = []
    load(root, batch_size=10, progress=steps.append)
    total = sum(file.stat().st_size for file in root.glob("data/*/*/*.gz"))
    assert {step.total for step in steps} == {total}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert (steps[-1].done, steps[-1].records) == (total, 25)


def test_what_comes_through_a_pipe_is_always_read(load, select):
    mixed = [work(1, 9_000_000_001), {"id": "A9000000001", "display_name": "Ada", "updated_date": DAY}, {"id": "F1"}]
    lines = b"".join(orjson.dumps(record) + b"\n" for record in mixed)
    first = load("-", stdin=io.BytesIO(gzip.compress(lines)))
    assert (first.entities["works"].imported, first.entities["authors"].imported) == (1, 1)
    assert first.entities["other"].skipped == {"not kept": 1}
    again = load("-", stdin=io.BytesIO(lines))
    assert (again.entities["works"].unchanged, again.entities["authors"].unchanged) == (1, 1)
    assert select("SELECT slug, work_count FROM researcher") == [("ada", 1)]


def test_the_newest_of_one_id_in_a_batch_counts(load, snapshot, select):
    new, old = work(1, title="New", updated_date="2026-01-03"), work(1, title="Old", updated_date="2026-01-02")
    summary = load(snapshot("works", DAY, old, new, old))
    assert (summary.entities["works"].imported, summary.entities["works"].unchanged) == (1, 2)
    assert select("SELECT title FROM work") == ["New"]


def test_a_stub_is_completed_by_its_own_record_and_keeps_its_slug(load, snapshot, select):
    root = snapshot("works", DAY, work(1, 9_000_000_001))
    load(root)
    record = {"id": "A9000000001", "display_name": "Ada Lovelace", "orcid": "0000-0002-1825-0097", "updated_date": DAY}
    summary = load(snapshot("authors", DAY, record))
    assert summary.entities["authors"].imported == 1
    assert select("SELECT slug, display_name, orcid, work_count FROM researcher") == [
        ("author9000000001", "Ada Lovelace", "0000-0002-1825-0097", 1)
    ]


def test_a_survivor_that_is_not_here_takes_the_place_of_what_merged_into_it(load, snapshot, select):
    author = {
        "id": "A9000000001",
        "display_name": "Ada",
        "updated_date": DAY,
        "ids": {"scopus": "5"},
        "affiliations": [{"institution": {"id": "I1"}, "years": [2020]}],
    }
    snapshot("authors", DAY, author)
    root = snapshot(
        "works", DAY, work(1, 9_000_000_001, 9_000_000_002, ids={"pmid": 3}), work(2, referenced_works=["W1"])
    )
    load(root)
    merge(root, "authors", "2026-01-02", "A9000000001", "A9000000009")
    merge(root, "works", "2026-01-02", "W1", "W9")
    load(root)
    assert select("SELECT id, slug, display_name, version, work_count FROM researcher WHERE slug = 'ada'") == [
        (9_000_000_009, "ada", "Ada", 0, 1)
    ]
    assert select("SELECT researcher_id, institution_id, first_year FROM affiliation") == [(9_000_000_009, 1, 2020)]
    assert select("SELECT kind, entity_id, value FROM external_id ORDER BY kind") == [
        ("researcher", 9_000_000_009, "5"),
        ("work", 9, "3"),
    ]
    assert select("SELECT id, title, author_count FROM work ORDER BY id") == [(2, "Work 2", 0), (9, "Work 1", 2)]
    assert select("SELECT work_id, researcher_id FROM authorship ORDER BY position") == [
        (9, 9_000_000_009),
        (9, 9_000_000_002),
    ]
    assert select("SELECT citing_id, cited_id FROM reference") == [(2, 9)]
    assert select("SELECT researcher_id, collaborator_id FROM collaboration ORDER BY 1") == [
        (9_000_000_002, 9_000_000_009),
        (9_000_000_009, 9_000_000_002),
    ]


def test_a_survivor_that_is_here_keeps_its_own_and_takes_the_rest(load, snapshot, select):
    own = {"updated_date": DAY, "display_name": "Ada"}
    one = {"institution": {"id": "I1"}, "years": [2020]}
    two = {"institution": {"id": "I2"}, "years": [2021]}
    snapshot(
        "authors",
        DAY,
        {"id": "A9000000001", **own, "affiliations": [one, two], "ids": {"mag": 1}},
        {"id": "A9000000002", **own, "affiliations": [one], "ids": {"mag": 1}},
    )
    root = snapshot("works", DAY, work(1, 9_000_000_001, 9_000_000_002), work(2, 9_000_000_002), work(3, 9_000_000_001))
    load(root)
    merge(root, "authors", "2026-01-02", "A9000000001", "A9000000002")
    merge(root, "works", "2026-01-02", "W3", "W2")
    load(root)
    assert select("SELECT id, slug, work_count FROM researcher") == [(9_000_000_002, "ada-2", 2)]
    assert select("SELECT institution_id FROM affiliation ORDER BY 1") == [1, 2]
    assert select("SELECT id, researcher_count FROM institution ORDER BY id") == [(1, 1), (2, 1)]
    assert select("SELECT entity_id, value FROM external_id") == [(9_000_000_002, "1")]
    assert select("SELECT count(*) FROM collaboration") == [0]
    assert select("SELECT id FROM work ORDER BY id") == [1, 2]
    # Neither the files that were taken in nor the records of what merged away change anything again.
    before = select("SELECT version FROM data_version")
    summary = load(root / "data")
    assert summary.entities["authors"].skipped == {"merged": 1}
    assert select("SELECT version FROM data_version") == before


def test_a_cycle_leaves_the_target_of_its_newest_merge(load, snapshot, select):
    root = snapshot("works", DAY, work(1, 9_000_000_001), work(2, 9_000_000_002), work(3, 9_000_000_003))
    merge(root, "authors", "2026-01-02", "A9000000001", "A9000000002")
    merge(root, "authors", "2026-01-03", "A9000000002", "A9000000003")
    merge(root, "authors", "2026-01-04", "A9000000003", "A9000000001")
    load(root)
    assert select("SELECT DISTINCT researcher_id FROM authorship") == [9_000_000_001]
    assert select("SELECT old_id, into_id FROM merged_id ORDER BY 1") == [
        (9_000_000_002, 9_000_000_001),
        (9_000_000_003, 9_000_000_001),
    ]

"""What an import promises, on both databases."""

import gzip
import os
import random
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from importers.lock import only_import
from importers.openalex.run import ImportBusy, SnapshotError
from models import derive

DATA = Path(__file__).parents[3] / "shared" / "data"
ROOT = Path(__file__).parents[2]
KILLS = 5
IMPORT = """
import sys
from pathlib import Path
from models.database import connect
from importers.openalex.run import run
run(connect(sys.argv[1]), sys.argv[2], dead_letters=Path(sys.argv[3]), batch_size=50)
"""
# Not getrusage's, which counts what the process that started it held at that moment.
PEAK = """
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def work(number: int, *authors: int | None, **known: Any) -> dict[str, Any]:
    """A work's record with these authors in its byline."""
    return {
        "id": f"https://openalex.org/W{number}",
        "title": f"Work {number}",
        "type": "article",
        "publication_year": 2020,
        "updated_date": "2026-01-01",
        "authorships": [
            {
                "author": {"id": one and f"https://openalex.org/A{one}", "display_name": f"Author {one}"},
                "institutions": [],
            }
            for one in authors
        ],
        **known,
    }


def test_killed_at_any_moment_it_ends_as_if_left_in_peace(load, dump, clear, database_url, tmp_path):
    source = str(DATA / "openalex-small")
    assert load(source, batch_size=50).ok
    peaceful = dump()
    clear()
    chance = random.Random(4)
    arguments = [sys.executable, "-c", IMPORT, database_url, source, str(tmp_path / "dead.jsonl")]
    killed = 0
    for _ in range(KILLS):
        importing = subprocess.Popen(arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)})
        time.sleep(chance.uniform(0.8, 2.2))
        importing.send_signal(signal.SIGKILL)
        killed += importing.wait() == -signal.SIGKILL
    assert killed
    # The database may need a moment to notice that its client is gone.
    for _ in range(50):
        try:
            assert load(source, batch_size=50).ok
            break
        except ImportBusy:
            time.sleep(0.1)
    assert dump() == peaceful


def test_run_twice_it_changes_nothing(load, dump, select):
    load(DATA / "openalex-small")
    before = dump()
    again = load(DATA / "openalex-small")
    assert (again.files_read, again.files_skipped) == (0, 5)
    assert dump() == before
    # Not even where the files are read again, from another place.
    elsewhere = load(DATA / "openalex-small" / "data")
    assert elsewhere.files_read == 5
    assert elsewhere.entities["works"].unchanged == 2000
    assert dump() == before
    assert select("SELECT version FROM data_version") == [1]


def test_genuine_records_of_three_eras_are_all_taken(load, select):
    summary = load(DATA / "openalex-real")
    assert {name: tally.rejected for name, tally in summary.entities.items() if tally.rejected} == {}
    assert summary.entities["works"].imported == 80
    assert sum(summary.entities["authors"].skipped.values()) == 3  # two retired ids, and the deleted author
    assert select("SELECT count(*) FROM work WHERE abstract IS NOT NULL")[0] >= 50
    assert select("SELECT count(*) FROM work_keyword")[0] > 0
    assert select("SELECT count(*) FROM reference")[0] > 0
    assert select("SELECT count(*) FROM external_id WHERE scheme = 'pmid'")[0] > 0
    assert select("SELECT count(*) FROM institution WHERE ror IS NOT NULL")[0] >= 54
    assert select("SELECT count(*) FROM topic WHERE level = 'TOPIC'")[0] >= 1115
    assert select("SELECT count(*) FROM affiliation")[0] > 0
    assert select("SELECT title FROM work WHERE title = ''") == []


def test_it_never_goes_back_in_time(load, snapshot, select):
    load(snapshot("works", "2026-02-01", work(1, 9000000001, title="New", updated_date="2026-02-01")))
    root = snapshot("works", "2026-03-01", work(1, title="Old", updated_date="2026-01-01"))
    assert load(root).entities["works"].unchanged == 1
    assert select("SELECT title FROM work") == ["New"]
    load(snapshot("works", "2026-04-01", work(1, 9000000002, title="Newer", updated_date="2026-04-01")))
    assert select("SELECT title FROM work") == ["Newer"]
    assert select("SELECT researcher_id FROM authorship") == [9000000002]
    assert select("SELECT id, work_count FROM researcher ORDER BY id") == [(9000000001, 0), (9000000002, 1)]


def test_only_partitions_newer_than_the_last_import_are_read(load, snapshot):
    load(snapshot("works", "2026-02-01", work(1)))
    snapshot("works", "2026-01-01", work(2))
    root = snapshot("works", "2026-03-01", work(3))
    summary = load(root)
    assert (summary.files_read, summary.entities["works"].imported) == (1, 1)
    assert load(root, since=None).files_read == 0


def test_since_and_entities_choose(load, snapshot, select):
    snapshot("works", "2026-01-01", work(1))
    snapshot("works", "2026-02-01", work(2))
    root = snapshot("sources", "2026-02-01", {"id": "https://openalex.org/S1", "display_name": "J"})
    load(root, since=date(2026, 2, 1), entities=["works"])
    assert (select("SELECT id FROM work"), select("SELECT id FROM source")) == ([2], [])
    load(root)
    assert (select("SELECT id FROM work ORDER BY id"), select("SELECT id FROM source")) == ([1, 2], [1])


def test_a_dry_run_writes_nothing(load, dump):
    before = dump()
    summary = load(DATA / "openalex-seed", dry_run=True)
    assert summary.ok
    assert dump() == before


def test_xpac_works_are_left_out_unless_asked_for(load, snapshot, select):
    root = snapshot("works", "2026-01-01", work(1, is_xpac=True), work(2))
    assert sum(load(root).entities["works"].skipped.values()) == 1
    assert select("SELECT id FROM work") == [2]
    load(root, include_xpac=True)
    assert select("SELECT id FROM work ORDER BY id") == [1, 2]


BAD = [
    b"nonsense",
    b"[1]",
    b'{"id": 5}',
    b'{"id": "https://openalex.org/W5", "authorships": 5}',
    orjson.dumps(work(6, abstract_inverted_index={"a": ["x"]})),
    orjson.dumps(work(7, abstract_inverted_index={"word": list(range(300_000))})),
]


def test_bad_records_go_to_the_dead_letters_and_good_ones_in(load, snapshot, select, tmp_path):
    root = snapshot("works", "2026-01-01", work(1, None), *BAD, work(2, abstract_inverted_index={"far": [10**9]}))
    summary = load(root)
    assert summary.ok
    assert summary.entities["works"].rejected == len(BAD)
    assert select("SELECT id FROM work ORDER BY id") == [1, 2]
    assert select("SELECT abstract FROM work WHERE id = 2") == ["far"]
    letters = [orjson.loads(line) for line in (tmp_path / "dead.jsonl").read_bytes().splitlines()]
    assert [letter["line"] for letter in letters] == [2, 3, 4, 5, 6, 7]
    assert all(letter["file"] and letter["reason"] and len(letter["record"]) <= 1000 for letter in letters)


def test_a_damaged_file_keeps_what_precedes_the_damage(load, snapshot, select):
    root = snapshot("works", "2026-01-01", *[work(n, title=os.urandom(400).hex()) for n in range(1, 400)])
    file = root / "data" / "works" / "updated_date=2026-01-01" / "part_000.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    summary = load(root)
    assert not summary.ok
    assert any("part_000.gz" in problem for problem in summary.problems)
    kept = select("SELECT count(*) FROM work")[0]
    assert 50 < kept < 399
    file.write_bytes(whole)
    assert load(root).ok
    assert select("SELECT count(*) FROM work") == [399]


def test_what_came_out_of_a_damaged_file_is_replaced_when_it_is_repaired(load, snapshot, select):
    titles = [os.urandom(400).hex() for _ in range(600)]
    root = snapshot("works", "2026-01-01", *[work(n, title=title) for n, title in enumerate(titles, 1)])
    file = root / "data" / "works" / "updated_date=2026-01-01" / "part_000.gz"
    whole = file.read_bytes()
    assert len(whole) > 2 * 65_536  # so that the damage is in neither of the ends that tell files apart
    wrong = 0
    for at in range(len(whole) // 2, len(whole) // 2 + 40):  # until a flipped bit leaves valid records
        damaged = bytearray(whole)
        damaged[at] ^= 1
        file.write_bytes(damaged)
        damage = load(root)
        assert not damage.ok
        wrong = len(set(select("SELECT title FROM work")) - set(titles))
        if wrong:
            break
    assert wrong
    file.write_bytes(whole)
    assert load(root).ok
    assert select("SELECT title FROM work ORDER BY id") == titles
    assert load(root).files_read == 0


def test_hostile_values_are_tamed_or_rejected_and_nothing_fails(load, snapshot, select):
    hostile = [
        work(1, publication_year=2**60, cited_by_count=-5, publication_date="2020-99-99"),
        work(2, title="\0\ud800 e\u0301".encode("utf-16", "surrogatepass").decode("utf-16", "replace")),
        work(3, language=["en"], doi=7, primary_location="x", open_access=[], topics={"a": 1}, keywords=5),
        work(4, *range(9_000_000_000, 9_000_003_000)),
    ]
    summary = load(snapshot("works", "2026-01-01", *hostile, b'{"id": "W' + b"9" * 30 + b'"}'))
    assert summary.entities["works"].imported == 4
    assert select("SELECT publication_year, citation_count FROM work WHERE id = 1") == [(None, 0)]
    assert select("SELECT author_count FROM work WHERE id = 4") == [3000]
    assert select("SELECT count(*) FROM collaboration") == [0]  # no byline of 3,000 makes friends


def test_authors_nobody_knows_keep_their_place(load, snapshot, select):
    load(snapshot("works", "2026-01-01", work(1, 9000000001, None, 9999999999, 5317838346, 4999999999, 9000000001)))
    assert select("SELECT position, researcher_id FROM authorship ORDER BY position") == [
        (0, 9000000001),
        (1, None),
        (2, None),
        (3, None),
        (4, None),
        (5, 9000000001),
    ]
    assert select("SELECT id, work_count FROM researcher") == [(9000000001, 1)]


def test_slugs_are_readable_unique_and_stable(load, snapshot, select):
    def author(number: int, name: str, day: str = "2026-01-01") -> dict[str, object]:
        return {"id": f"https://openalex.org/A{number}", "display_name": name, "updated_date": day}

    load(snapshot("authors", "2026-01-01", *[author(9000000000 + n, "Kurt Keutzer") for n in range(3)]))
    expected = ["kurt-keutzer", "kurt-keutzer-2", "kurt-keutzer-3"]
    assert select("SELECT slug FROM researcher ORDER BY id") == expected
    load(
        snapshot(
            "authors",
            "2026-02-01",
            author(9000000001, "Someone Else", "2026-02-01"),
            author(9000000009, "Kurt Keutzer"),
        )
    )
    assert select("SELECT slug FROM researcher ORDER BY id") == [*expected, "kurt-keutzer-4"]


def merges(root: Path, entity: str, day: str, *pairs: tuple[int, int]) -> None:
    folder = root / "data" / "merged_ids" / entity
    folder.mkdir(parents=True, exist_ok=True)
    letter = {"authors": "A", "works": "W"}[entity]
    rows = "".join(f"{day},{letter}{old},{letter}{into}\n" for old, into in pairs)
    (folder / f"{day}.csv.gz").write_bytes(gzip.compress(f"merge_date,id,merge_into_id\n{rows}".encode()))


def test_merges_follow_chains_and_break_cycles(load, snapshot, select):
    a, b, c, d, e = range(9000000001, 9000000006)
    root = snapshot("works", "2026-01-01", work(1, a, d), work(2, b), work(3, c, e))
    load(root)
    merges(root, "authors", "2026-02-01", (a, b), (b, c), (d, e), (e, d))
    summary = load(snapshot("works", "2026-02-01", work(4, a, updated_date="2026-02-01")))
    assert summary.ok
    into = dict(select("SELECT old_id, into_id FROM merged_id ORDER BY old_id"))
    assert (into[a], into[b]) == (c, c)
    survivor = ({d, e} - set(into)).pop()
    assert into == {a: c, b: c, ({d, e} - {survivor}).pop(): survivor}
    assert select("SELECT id, work_count FROM researcher ORDER BY id") == sorted([(c, 4), (survivor, 2)])
    assert select("SELECT researcher_id, collaborator_id FROM collaboration ORDER BY 1") == sorted(
        [(c, survivor), (survivor, c)]
    )


def test_deleted_works_go_and_may_come_back(load, snapshot, select):
    root = snapshot("works", "2026-01-01", work(1, 9000000001), work(2, 9000000001))
    deleted = root / "data" / "works" / "deleted_ids.csv"
    deleted.write_text("work_id,deleted_date\nhttps://openalex.org/W1,2026-01-05\n")
    assert load(root).removed_works == 1
    assert select("SELECT id FROM work") == [2]
    assert select("SELECT work_count FROM researcher") == [1]
    deleted.write_text("work_id,deleted_date\n")
    load(snapshot("works", "2026-02-01", work(1, 9000000001, updated_date="2026-02-01")))
    assert select("SELECT id FROM work ORDER BY id") == [1, 2]
    assert select("SELECT work_count FROM researcher") == [2]


def test_a_second_import_is_told_that_one_is_running(load, engine):
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with engine.connect() as connection, only_import(connection):
            holding.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(30)
    try:
        with pytest.raises(ImportBusy):
            load(DATA / "openalex-seed")
    finally:
        done.set()
        holder.join()
    assert load(DATA / "openalex-seed").ok


def test_nothing_to_read_is_told(load, tmp_path):
    with pytest.raises(SnapshotError):
        load(tmp_path / "none")


def test_a_line_of_200_megabytes_is_refused_in_bounded_memory(database_url, tmp_path):
    bomb = tmp_path / "bomb.jsonl"
    with bomb.open("wb") as file:
        file.write(orjson.dumps(work(1)) + b"\n")
        for _ in range(200):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + orjson.dumps(work(2)) + b"\n")
    measured = IMPORT + PEAK
    arguments = [sys.executable, "-c", measured, database_url, str(bomb), str(tmp_path / "dead.jsonl")]
    ran = subprocess.run(
        arguments, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) < 300
    assert len((tmp_path / "dead.jsonl").read_bytes().splitlines()) == 1


def test_the_derivation_is_one_transaction(load, snapshot, engine, monkeypatch, select):
    load(snapshot("works", "2026-01-01", work(1, 9000000001, 9000000002)))
    monkeypatch.setattr(derive, "TEMPORARY", ("no_such_table",))
    root = snapshot("works", "2026-02-01", work(2, 9000000001, updated_date="2026-02-01"))
    with pytest.raises(Exception, match="no_such_table"):
        load(root)
    assert select("SELECT version FROM data_version") == [1]
    assert select("SELECT work_count FROM researcher WHERE id = 9000000001") == [1]
    monkeypatch.undo()
    load(root)  # what was marked is derived, though nothing is left to read
    assert select("SELECT work_count FROM researcher WHERE id = 9000000001") == [2]
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM stale")) == 0

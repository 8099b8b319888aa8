"""A first import into bare tables: it ends with all that they declare, and is finished however it was stopped."""

import sqlite3
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from importers.openalex.run import half_done, tables
from models import migrate

DAY = "2026-01-01"
ORPHAN = "INSERT INTO affiliation (researcher_id, institution_id) VALUES (1, 2)"


class Stopped(Exception):  # noqa: N818
    pass


def stop(_step: Any) -> None:
    raise Stopped


def work(number: int, *authors: int) -> dict[str, Any]:
    byline = [
        {"author": {"id": f"A{one}", "display_name": f"Author {one}"}, "institutions": [{"id": "I1"}]}
        for one in authors
    ]
    return {"id": f"W{number}", "title": f"Work {number}", "updated_date": DAY, "authorships": byline}


@pytest.fixture
def changes(engine):
    """What changed the schema's constraints and indexes."""
    seen = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, *_):
        if statement.lstrip().startswith(("DROP INDEX", "ALTER TABLE", "CREATE INDEX")) and "mine_" not in statement:
            seen.append(statement)

    return seen


def test_nothing_is_missing_in_the_end(load, snapshot, engine, changes):
    assert load(snapshot("works", DAY, work(1, 9_000_000_001))).ok
    assert changes
    assert not half_done(engine)
    migrate.check(engine)


def test_only_empty_tables_are_stripped(load, snapshot, engine, changes):
    load(snapshot("works", DAY, work(1, 9_000_000_001)))
    changes.clear()
    with pytest.raises(Stopped):
        load(snapshot("works", DAY, work(2, 9_000_000_001), part="part_001.gz"), progress=stop)
    assert not half_done(engine)
    assert [change for change in changes if "byline_" not in change] == []


def test_a_stopped_first_import_is_finished_by_the_next(load, snapshot, engine, select):
    root = snapshot("works", DAY, *[work(n, 9_000_000_000 + n) for n in range(1, 31)])
    with pytest.raises(Stopped):
        load(root, batch_size=10, progress=stop)
    assert half_done(engine)
    # Merges and deletions need the keys, by which what hangs on a row goes with it.
    (root / "data" / "merged_ids" / "authors").mkdir(parents=True)
    merges = f"merge_date,id,merge_into_id\n{DAY},A9000000001,A9000000002\n"
    (root / "data" / "merged_ids" / "authors" / f"{DAY}.csv").write_text(merges)
    (root / "data" / "works" / "deleted_ids.csv").write_text(f"work_id,deleted_date\nW3,{DAY}\n")
    assert load(root, batch_size=10).removed_works == 1
    assert not half_done(engine)
    migrate.check(engine)
    assert select("SELECT count(*) FROM work") == [29]
    assert select("SELECT count(*) FROM authorship") == select("SELECT count(*) FROM authorship_institution") == [29]
    assert select("SELECT work_count FROM researcher WHERE id = 9000000002") == [2]


def test_a_row_without_its_parent_is_not_passed_over(engine):
    with engine.connect() as connection:
        filled = tables(connection)
        if engine.dialect.name == "sqlite":
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            assert filled.strip()
            connection.execute(text(ORPHAN))
        with pytest.raises((IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)), connection.begin():
            filled.complete()
        with connection.begin():
            assert filled.bare()
            connection.execute(text("DELETE FROM affiliation"))
            filled.complete()
            assert not filled.bare()

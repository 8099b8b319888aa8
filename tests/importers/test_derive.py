"""What is derived: the truth of a known page, and the same however the works came to be there."""

import gzip
import hashlib
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from models.derive import derive

DATA = Path(__file__).parents[3] / "shared" / "data"
WORLDS = 4
STEPS = 6
LETTERS = {"authors": "A", "institutions": "I", "topics": "T", "sources": "S"}
IDS = {
    "authors": range(9_000_000_001, 9_000_000_013),
    "institutions": range(1, 5),
    "topics": range(1, 6),
    "sources": range(1, 4),
}
FACTS = (
    "work",
    "authorship",
    "authorship_institution",
    "work_topic",
    "merged_id",
    "year_activity",
    "collaboration",
    "researcher_topic",
)
KINDS = ("researcher", "work", "topic", "institution", "source")


def test_the_page_of_the_seed(load, select):
    assert load(DATA / "openalex-seed").ok
    page = orjson.loads((DATA / "seed-profile.json").read_bytes())
    found = select(
        "SELECT id, work_count, topic_count, close_collaborator_count FROM researcher WHERE slug = 'kurt-keutzer'"
    )
    researcher, *counts = found[0]
    assert counts == [45, 15, 4]
    close = select(
        "SELECT r.display_name FROM collaboration AS c JOIN researcher AS r ON r.id = c.collaborator_id"
        f" WHERE c.researcher_id = {researcher} AND c.is_close"
    )
    assert set(close) == {"Michael W. Mahoney", "Amir Gholami", "Zhen Dong", "Zhewei Yao"}
    abstracts = select(
        f"SELECT w.abstract FROM authorship AS a JOIN work AS w ON w.id = a.work_id WHERE a.researcher_id = {researcher}"
    )
    hashes = sorted(hashlib.sha256(abstract.encode()).hexdigest() for abstract in abstracts)
    assert hashes == sorted(work["abstract_sha256"] for work in page["works"])


class World:
    """A snapshot that grows: works come, change, go and return; ids are merged, now and then in a circle."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.chance, self.day = root, random.Random(seed), 0
        self.gone: set[int] = set()
        self.merged: set[tuple[str, int]] = set()

    def step(self) -> None:
        self.day += 1
        written = self.chance.sample(range(1, 25), 8)
        self._write("works", [self._work(number) for number in written])
        if self.day > 1 and self.chance.random() < 0.7:
            self._merge(self.chance.choice(list(LETTERS)))
        self.gone = self.gone - set(written) | (set(self.chance.sample(range(1, 25), 2)) - set(written))
        rows = "".join(f"https://openalex.org/W{number},2026-01-01\n" for number in sorted(self.gone))
        (self.root / "data" / "works" / "deleted_ids.csv").write_text(f"work_id,deleted_date\n{rows}")

    def _work(self, number: int) -> dict[str, Any]:
        def one(entity: str) -> dict[str, Any]:
            return {
                "id": f"https://openalex.org/{LETTERS[entity]}{self.chance.choice(IDS[entity])}",
                "display_name": entity,
            }

        def subject() -> dict[str, Any]:
            topic = one("topics")
            field = int(topic["id"][-1]) % 2 + 1
            above = {
                name: {"id": field * place, "display_name": name}
                for place, name in enumerate(("domain", "field", "subfield"), 1)
            }
            return {**topic, "score": self.chance.random(), **above}

        return {
            "id": f"https://openalex.org/W{number}",
            "display_name": f"Work {number}",
            "publication_year": self.chance.choice([None, *range(2010, 2020)]),
            "cited_by_count": self.chance.randrange(30),
            "updated_date": self._date(),
            "authorships": [
                {
                    "author": self.chance.choice([one("authors"), one("authors"), {}]),
                    "institutions": [one("institutions")],
                }
                for _ in range(self.chance.choice([0, 1, 2, 3, 5, 60]))
            ],
            "topics": [subject() for _ in range(self.chance.randrange(4))],
            "primary_location": {"source": self.chance.choice([None, one("sources")])},
        }

    def _merge(self, entity: str) -> None:
        """Only what was not merged before is: what followed a merge cannot be told from what was there."""
        alive = [number for number in IDS[entity] if (entity, number) not in self.merged]
        old, into = self.chance.choice(alive), self.chance.choice(IDS[entity])
        if len(alive) < 3 or old == into:
            return
        self.merged.add((entity, old))
        if self.chance.random() < 0.5:
            self.merged.discard((entity, into))
        folder = self.root / "data" / "merged_ids" / entity
        folder.mkdir(parents=True, exist_ok=True)
        letter = LETTERS[entity]
        rows = f"merge_date,id,merge_into_id\n{self._date()},{letter}{old},{letter}{into}\n"
        (folder / f"{self._date()}.csv.gz").write_bytes(gzip.compress(rows.encode()))

    def _date(self) -> str:
        return f"2026-02-{self.day:02}"

    def _write(self, entity: str, records: list[dict[str, Any]]) -> None:
        folder = self.root / "data" / entity / f"updated_date={self._date()}"
        folder.mkdir(parents=True)
        (folder / "part_000.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, records))))


def facts(dump: Any) -> dict[str, Any]:
    """What does not depend on who came first: names and slugs do, and who is left without works."""
    tables = dump()
    return {name: tables[name] for name in FACTS}


@pytest.fixture
def world(tmp_path):
    (tmp_path / "world" / "data" / "works").mkdir(parents=True)
    return tmp_path / "world"


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_world_read_bit_by_bit_is_the_world_read_at_once(load, dump, clear, world, seed):
    growing = World(world, seed)
    for _ in range(STEPS):
        growing.step()
        assert load(world).ok
    bit_by_bit = facts(dump)
    clear()
    assert load(world).ok
    at_once = facts(dump)
    for table, rows in at_once.items():
        assert bit_by_bit[table] == rows, table


@pytest.mark.parametrize("seed", range(WORLDS, 2 * WORLDS))
def test_what_is_marked_is_all_that_changed(load, dump, engine, world, seed):
    growing = World(world, seed)
    for _ in range(STEPS):
        growing.step()
        assert load(world).ok
        marked = dump()
        with engine.begin() as connection:
            for kind in KINDS:
                connection.execute(text(f"INSERT INTO stale (kind, id) SELECT '{kind}', id FROM {kind}"))
            derive(connection)
        everything = dump()
        del marked["data_version"], everything["data_version"]
        assert marked == everything


def test_nothing_stale_changes_nothing(load, engine, dump):
    load(DATA / "openalex-seed")
    before = dump()
    with engine.begin() as connection:
        assert derive(connection) is None
    assert dump() == before


def test_no_row_points_at_nothing(load, engine):
    load(DATA / "openalex-small")
    if engine.dialect.name == "sqlite":  # PostgreSQL has checked each
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []

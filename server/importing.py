"""`python -m server import …`, `reindex`: the terminal side of an import."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Engine

from importers.lock import only_import
from importers.openalex.run import ImportBusy, SnapshotError, Step, Summary, run
from models import indexing, migrate
from models.database import tell_changes
from server.terminal import console, database, stop, tell

ENTITIES = ("works", "authors", "institutions", "topics", "sources")


def openalex(
    path: Annotated[str, typer.Argument(help="A snapshot's folder, one of its files, or - for standard input.")],
    *,
    entities: Annotated[
        str | None, typer.Option(help=f"Only these, with commas between: {', '.join(ENTITIES)}.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only partitions updated on this day or later.")
    ] = None,
    include_xpac: Annotated[
        bool, typer.Option("--include-xpac", help="Take the works that OpenAlex marks as of low quality, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything; write nothing.")] = False,
    dead_letters: Annotated[
        Path, typer.Option(help="The file that bad records go to, with their place and what is wrong.")
    ] = Path("data/openalex.dead-letters.jsonl"),
) -> None:
    """Import an OpenAlex snapshot. Started again after it was stopped, it goes on where it was.

    Exits with 1 when a file was damaged, missing or only partly readable; whatever could be read is imported.
    """
    wanted = _entities(entities)
    _writable(dead_letters)
    with database() as engine, _bar() as progress:
        _up_to_date(engine)
        try:
            summary = run(
                engine,
                path,
                entities=wanted,
                since=since.date() if since else None,
                include_xpac=include_xpac,
                dry_run=dry_run,
                dead_letters=dead_letters,
                progress=progress,
                stdin=sys.stdin.buffer if path == "-" else None,
            )
        except (SnapshotError, ImportBusy) as error:
            stop(f"{error}")
        except OSError as error:
            stop(f"{error.filename or dead_letters}: {error.strerror}. Start the import again to go on.")
        except KeyboardInterrupt:
            stop("Stopped. Start the import again to go on.", 130)
    _show(summary, None if dry_run else dead_letters)
    if not summary.ok:
        raise typer.Exit(1)


def reindex() -> None:
    """Make anew what records are found by. The import keeps it; this is for an index that was lost or damaged.

    Searches go on with what there was until it ends.
    """
    started = time.monotonic()
    with database() as engine:
        _up_to_date(engine)
        try:
            with engine.connect() as connection, only_import(connection), connection.begin():
                indexing.reindex(connection)
                tell_changes(connection)
        except ImportBusy as error:
            stop(f"{error}")
    tell(f"Indexed anew in {time.monotonic() - started:.1f} s.")


def _up_to_date(engine: Engine) -> None:
    if migrate.pending(engine):
        stop("The database is not up to date. Run: python -m server migrate")


def _entities(given: str | None) -> set[str] | None:
    if given is None:
        return None
    wanted = {word.strip() for word in given.split(",") if word.strip()}
    if not wanted or not wanted <= set(ENTITIES):
        stop(f"--entities takes {', '.join(ENTITIES)}, with commas between.", 2)
    return wanted


@contextmanager
def _bar() -> Iterator[Callable[[Step], None]]:
    """A progress bar with rate and time left; on anything but a terminal, nothing."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]:,} records, {task.fields[rate]:,.0f}/s,"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=None, records=0, rate=0.0)

        def watch(step: Step) -> None:
            elapsed = bar.tasks[0].elapsed or 1
            bar.update(
                task,
                description=step.part,
                completed=step.done,
                total=step.total or None,
                records=step.records,
                rate=step.records / elapsed,
            )

        yield watch


def _writable(dead_letters: Path) -> None:
    """Ends the command where no dead letter could be written, before anything is read."""
    there = dead_letters.exists()
    try:
        dead_letters.parent.mkdir(parents=True, exist_ok=True)
        dead_letters.open("ab").close()
        if not there:
            dead_letters.unlink()
    except OSError as error:
        stop(f"--dead-letters {dead_letters}: {error.strerror}.", 2)


def _show(summary: Summary, dead_letters: Path | None) -> None:
    table = Table("", "imported", "updated", "unchanged", "skipped", "rejected")
    for column in table.columns[1:]:
        column.justify = "right"
    for entity, tally in summary.entities.items():
        counts = (tally.imported, tally.updated, tally.unchanged, sum(tally.skipped.values()), tally.rejected)
        table.add_row(entity, *[f"{count:,}" for count in counts])
    if summary.entities:
        console.print(table)
    for entity, tally in summary.entities.items():
        for reason, count in tally.skipped.items():
            tell(f"{entity}: {count:,} skipped, {reason}.")
    if dead_letters and sum(tally.rejected for tally in summary.entities.values()):
        tell(f"The rejected records, and what is wrong with each: {dead_letters}")
    for problem in summary.problems:
        tell(f"Problem: {problem}")
    read, skipped = summary.files_read, summary.files_skipped
    version = "" if summary.data_version is None else f" The data's version is {summary.data_version}."
    tell(f"{read} files read, {skipped} were read before, in {summary.seconds:.1f} s.{version}")

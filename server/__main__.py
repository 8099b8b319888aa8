"""The commands: `python -m server --help`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvicorn

from importers.openalex.run import half_done
from models import migrate as migrations
from models.indexing import index_missing
from server.connection import MOST_MESSAGE_BYTES
from server.doctor import doctor
from server.importing import openalex, reindex
from server.logs import logging_config
from server.moderating import moderating
from server.terminal import database, settings, stop, tell

DRAIN_SECONDS = 30

commands = typer.Typer(help="peergraph: researcher profiles over GraphQL.", no_args_is_help=True)
imports = typer.Typer(help="Fill the database from a source.", no_args_is_help=True)
imports.command()(openalex)
commands.add_typer(imports, name="import")
commands.command()(reindex)
commands.command()(doctor)
commands.add_typer(moderating, name="moderator")


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(help="How many processes answer.", min=1, max=256)] = 1,
) -> None:
    """Serve GraphQL, and GraphiQL to browsers, at /graphql. On SIGTERM what has been asked is answered first."""
    known = settings()
    level = known.log_level
    _check_trusted()
    if workers > 1 and known.secret is None:  # they must agree
        os.environ["PEERGRAPH_SECRET"] = secrets.token_urlsafe()
    with database() as engine:
        if migrations.pending(engine):
            stop("The database is not up to date. Run: python -m server migrate")
        if half_done(engine):
            tell("The first import has not ended. Reads are slow until it has: start it again if it was stopped.")
    with _shared_metrics() if known.metrics and workers > 1 else nullcontext():
        uvicorn.run(
            "server.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            log_config=logging_config(level, known.log_format),
            access_log=False,  # which would show query strings; the service tells of each request by itself
            log_level=level.lower(),
            timeout_graceful_shutdown=DRAIN_SECONDS,
            http="server.connection:PromptConnection",
            ws="server.connection:PromptWebSocket",
            ws_max_size=MOST_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # it would take more memory than all else of a connection
            server_header=False,
        )


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which several processes count together."""
    with TemporaryDirectory(prefix="peergraph-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def _check_trusted() -> None:
    path = settings().trusted_documents
    if path is None:
        return
    from schema.root import build_schema  # noqa: PLC0415  as below
    from server.documents import Documents  # noqa: PLC0415
    from server.persisted import ManifestError, trusted  # noqa: PLC0415

    try:
        trusted(path, Documents.by(settings(), build_schema()._schema))  # noqa: SLF001  it has no public name
    except ManifestError as error:
        stop(f"{error}")


@commands.command()
def migrate() -> None:
    """Bring the database, empty or of an earlier version, to this version's tables."""
    with database() as engine:
        pending = migrations.pending(engine)
        migrations.upgrade(engine)
        with engine.begin() as connection:
            index_missing(connection)
    tell(f"Migrated: {', '.join(pending)}." if pending else "The database is up to date.")


@commands.command()
def sdl() -> None:
    """Print the schema in GraphQL's schema definition language."""
    from schema.root import build_schema  # noqa: PLC0415  building it takes a moment, which other commands need not wait

    typer.echo(build_schema().as_str())


if __name__ == "__main__":
    commands()

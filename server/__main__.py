"""The commands: `python -m server --help`."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
import uvicorn

from importers.openalex.run import half_done
from models import migrate as migrations
from models.indexing import index_missing
from server.importing import openalex, reindex
from server.moderating import moderating
from server.terminal import database, settings, stop, tell

commands = typer.Typer(help="peergraph: researcher profiles over GraphQL.", no_args_is_help=True)
imports = typer.Typer(help="Fill the database from a source.", no_args_is_help=True)
imports.command()(openalex)
commands.add_typer(imports, name="import")
commands.command()(reindex)
commands.add_typer(moderating, name="moderator")


@commands.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=0, max=65535)] = 8000,
) -> None:
    """Serve GraphQL, and GraphiQL to browsers, at /graphql."""
    level = settings().log_level
    with database() as engine:
        if migrations.pending(engine):
            stop("The database is not up to date. Run: python -m server migrate")
        if half_done(engine):
            tell("The first import has not ended. Reads are slow until it has: start it again if it was stopped.")
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    uvicorn.run("server.app:create_app", factory=True, host=host, port=port, log_level=level.lower())


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

"""`python -m server moderator …`: who decides about claims."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Engine

from models import migrate
from resolvers.moderation import appoint, moderators
from server.terminal import console, database, stop, tell

moderating = typer.Typer(help="Say who decides about claims and accounts.", no_args_is_help=True)
Address = Annotated[str, typer.Argument(help="The e-mail address of the account.")]


@moderating.command()
def add(email: Address) -> None:
    """Make an account a moderator."""
    _appoint(email, moderator=True)
    tell("The account is a moderator.")


@moderating.command()
def remove(email: Address) -> None:
    """Let an account be no moderator any more."""
    _appoint(email, moderator=False)
    tell("The account is no moderator.")


@moderating.command("list")
def show() -> None:
    """Show who is a moderator."""
    with database() as engine, engine.connect() as connection:
        _migrated(engine)
        table = Table("name", "address", "since")
        for name, email, since in moderators(connection):
            table.add_row(name, email or "", f"{since:%Y-%m-%d}")
    console.print(table)


def _appoint(email: str, *, moderator: bool) -> None:
    with database() as engine:
        _migrated(engine)
        with engine.begin() as connection:
            found = appoint(connection, email, moderator=moderator)
    if not found:
        stop("No account has this address. Its person signs up first.")


def _migrated(engine: Engine) -> None:
    if migrate.pending(engine):
        stop("The database is not up to date. Run: python -m server migrate")

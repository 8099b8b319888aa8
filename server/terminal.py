"""What every command shares: its settings, its database, and how it tells the person what is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import psycopg
import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from models.database import connect
from server.settings import KnownProvider, Settings

console = Console(stderr=True, highlight=False)


def tell(message: str) -> None:
    console.print(message, markup=False, soft_wrap=True)


def stop(message: str, code: int = 1) -> NoReturn:
    tell(message)
    raise typer.Exit(code)


def settings() -> Settings:
    """The settings; a wrong one ends the command with a line that names it and never shows its value."""
    try:
        return Settings()
    except ValidationError as error:
        for wrong in error.errors():
            variable, *under = wrong["loc"]
            # Of what is inside a value only our own words for it are shown: anything else may be a secret misplaced.
            told = [f"{part}: " for part in under if part in KnownProvider.model_fields]
            tell(f"PEERGRAPH_{str(variable).upper()}: {''.join(told)}{wrong['msg'].removeprefix('Value error, ')}.")
        raise typer.Exit(2) from error


@contextmanager
def database() -> Iterator[Engine]:
    """The database of the settings; its faults end the command with one clear sentence."""
    engine = connect(settings().database_url)
    try:
        yield engine
    except DBAPIError as error:
        stop(f"The database failed: {str(error.orig).strip()}")
    except (sqlite3.Error, psycopg.Error) as error:  # an import's rows go through the driver itself
        stop(f"The database failed: {str(error).strip()}")
    finally:
        engine.dispose()

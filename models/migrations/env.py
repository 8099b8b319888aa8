from typing import Any

from alembic import context
from sqlmodel import SQLModel

import models  # noqa: F401  the tables declare themselves in the metadata
from models.columns import stands_on

FULL_TEXT = "searchable_terms"  # each database has its own kind of it, which no metadata can say


def declared(found: Any, name: str | None, *_rest: Any) -> bool:
    return not (name or "").startswith(FULL_TEXT) and stands_on(dialect, found)


with context.config.attributes["engine"].begin() as connection:
    dialect = connection.dialect.name
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        include_object=declared,
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    context.run_migrations()

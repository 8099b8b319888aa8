from alembic import context
from sqlmodel import SQLModel

import models  # noqa: F401  the tables declare themselves in the metadata

with context.config.attributes["engine"].begin() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    context.run_migrations()

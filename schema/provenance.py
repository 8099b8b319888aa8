from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import strawberry

from resolvers.imports import import_run_by_id
from schema.context import Info
from schema.enums import ProvenanceKind
from schema.field import column, computed

NEEDS = ("id", "version", "import_run_id")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@strawberry.type(description="Where a record's facts come from.")
class Provenance:
    source: str = strawberry.field(description="The source, such as `OpenAlex`.")
    record_id: str = strawberry.field(description="What the source calls the record.")
    record_url: str = strawberry.field(description="Where the source shows it.")
    changed_at: datetime | None = strawberry.field(
        description="When the source last changed it; null for what is known only from other records, as from a byline."
    )
    imported_at: datetime = strawberry.field(
        description="When the import that brought it began; of what an owner says, when their claim was approved."
    )
    kind: ProvenanceKind = strawberry.field(description="Whether a source says it, or the record's owner.")
    fields: list[str] = strawberry.field(description="The fields that are its word; empty where all others are.")


def provenance(record_id: Callable[[Any], str], *needs: str, own: Callable[[Any, Info], Any] | None = None) -> Any:
    """The field of a type, by what OpenAlex calls the record of a row that has these columns.

    `own` awaits what the record's owner says, if anything.
    """

    async def resolve(root: Any, info: Info) -> list[Provenance]:
        return [*await imported(root, info), *(await own(root, info) if own else ())]

    async def imported(root: Any, info: Info) -> list[Provenance]:
        run = await info.context.store.load(import_run_by_id, root.import_run_id) if root.import_run_id else None
        if run is None:
            return []
        changed = _EPOCH + timedelta(microseconds=root.version) if root.version else None
        record = record_id(root)
        return [
            Provenance(
                source="OpenAlex",
                record_id=record,
                record_url=f"https://openalex.org/{record}",
                changed_at=changed,
                imported_at=run.started_at,
                kind=ProvenanceKind("IMPORTED"),
                fields=[],
            )
        ]

    return computed(*NEEDS, *needs, description="Which source this record came from, by which import, and when.")(
        resolve
    )


@strawberry.type(description="What another registry calls a record.")
class ExternalId:
    scheme: str = column("The registry: `mag`, `pmid`, `wikidata`, `grid`, `scopus` …")
    value: str = column("The id there, as the source gives it.")

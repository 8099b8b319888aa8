from __future__ import annotations

import strawberry

from resolvers.works import works_of_source
from schema.enums import WorkOrder
from schema.field import column, computed
from schema.filters import WorkFilter
from schema.link import paged
from schema.node import Node
from schema.provenance import Provenance, provenance
from schema.work_connection import WorkConnection


@strawberry.type(description="Where works appear: a journal, a conference, a repository …")
class Source(Node):
    display_name: str = column("Its name.")
    kind: str | None = column("What it is, in its source's word: `journal`, `conference`, `repository` …")
    issn_l: str | None = column("The ISSN that stands for all its editions.", name="issnL")
    publisher: str | None = column("Who publishes or hosts it.")
    homepage_url: str | None = column("Its own page.")
    is_open_access: bool | None = column("Whether all it holds is open; null where the source does not say.")
    work_count: int = column("How many works held here appeared in it.")
    citation_count: int = column("How often those works have been cited.")

    @computed("id", description="Its OpenAlex id, such as `S4306400194`.")
    def open_alex_id(self) -> str:
        return f"S{self.id}"

    works: WorkConnection = paged(
        works_of_source, "What appeared in it.", order=WorkOrder.NEWEST, filter=WorkFilter, total="work_count"
    )
    provenance: list[Provenance] = provenance(lambda row: f"S{row.id}")

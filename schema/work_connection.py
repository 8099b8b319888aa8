from __future__ import annotations

import strawberry

from schema.citation import export_field
from schema.enums import WorkFacet
from schema.facets import FacetGroup, facets_by
from schema.links import AWork
from schema.paging import Connection


@strawberry.type(description="A page of works.")
class WorkConnection(Connection[AWork]):
    """What can be asked of a list of works besides its pages.

    The root is a Listing: `level.pages` is the list with its filter, `parent` whose it is.
    """

    facets: list[FacetGroup] = facets_by(WorkFacet)
    export: str = export_field()

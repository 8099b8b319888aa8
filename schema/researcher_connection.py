from __future__ import annotations

import strawberry

from schema.enums import ResearcherFacet
from schema.facets import ResearcherFacetGroup, facets_by
from schema.links import AResearcher
from schema.paging import Connection


@strawberry.type(description="A page of researchers.")
class ResearcherConnection(Connection[AResearcher]):
    facets: list[ResearcherFacetGroup] = facets_by(ResearcherFacet)

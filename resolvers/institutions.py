from sqlmodel import col

from models import Institution
from resolvers.matching import like
from resolvers.page_statements import down, up
from resolvers.paging import Paged
from resolvers.reads import Among, One, select
from resolvers.works import external_ids

institutions = Paged(
    select(Institution),
    name="institutions",
    identity=col(Institution.id),
    orders={
        "NAME": (up(Institution.name_key), up(Institution.id)),
        "MOST_WORKS": (down(Institution.work_count), down(Institution.id)),
        "MOST_CITED": (down(Institution.citation_count), down(Institution.id)),
        "MOST_RESEARCHERS": (down(Institution.researcher_count), down(Institution.id)),
    },
    filters={
        "countries": Among(Institution.country_code, "countries"),
        "kinds": Among(Institution.kind, "kinds"),
        "name_contains": like(Institution.name_key, "name_contains"),
    },
)
institution_by_id = One(select(Institution), key=col(Institution.id))
institution_by_slug = One(select(Institution), key=col(Institution.slug))
institution_by_ror = One(select(Institution).order_by(col(Institution.id)), key=col(Institution.ror))
external_ids_by_institution = external_ids("institution")

from typing import Any

from sqlalchemy import Double, Integer, bindparam, case, cast, distinct, func
from sqlmodel import col

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    Institution,
    Researcher,
    ResearcherTopic,
    WorkTopic,
    YearActivity,
)
from resolvers.facets import FACETS, LACKING, TELLING, lacking
from resolvers.matching import like
from resolvers.page_statements import PARENT, down, up
from resolvers.paging import Lean, Paged
from resolvers.reads import Among, Many, One, select
from resolvers.topics import at_or_below, below_parent
from resolvers.works import external_ids

BYLINE_SHOWN = 100

ORDERS = {
    "NAME": (up(Researcher.name_key), up(Researcher.id)),
    "MOST_WORKS": (down(Researcher.work_count), down(Researcher.id)),
    "MOST_CITED": (down(Researcher.citation_count), down(Researcher.id)),
    "MOST_FOLLOWED": (down(Researcher.follower_count), down(Researcher.id)),
    "NEWEST_WORK": (down(Researcher.newest_year), down(Researcher.id)),
}
_AFFILIATED = select(Affiliation.researcher_id)
FILTERS = {
    "institutions": TELLING
    & col(Researcher.id).in_(_AFFILIATED.where(Among(Affiliation.institution_id, "institutions"))),
    "countries": TELLING
    & col(Researcher.id).in_(
        _AFFILIATED.join(Institution, col(Institution.id) == Affiliation.institution_id).where(
            Among(Institution.country_code, "countries")
        )
    ),
    "topics": col(Researcher.id).in_(
        select(ResearcherTopic.researcher_id).where(
            col(ResearcherTopic.topic_id).in_(at_or_below(lambda key: Among(key, "topics")))
        )
    ),
    "claim_statuses": Among(Researcher.claim_status, "claim_statuses"),
    "name_contains": like(Researcher.name_key, "name_contains"),
    "min_works": col(Researcher.work_count) >= bindparam("min_works", type_=Integer()),
    **lacking(Researcher),
}
_TOLD = {"institutions", "countries", *[f"{LACKING}{name}" for name, facet in FACETS[Researcher].items() if facet.told]}
MOVING = frozenset({"MOST_FOLLOWED", "claim_statuses", *_TOLD})

# What the owner says counts more than what a source does.
_INSTITUTION = case(
    (col(Researcher.affiliation_withheld), None),
    else_=func.coalesce(Researcher.own_institution_id, Researcher.institution_id),
)
_ITS_OWN = case((col(Researcher.affiliation_withheld), None), else_=col(Researcher.id))
# A researcher's row, with the keys of what may be withheld: where they work, and the list of all such places.
_PERSON = (Researcher, _INSTITUTION.label("shown_institution_id"), _ITS_OWN.label("shown_affiliations_id"))

_SHOWN = select(*_PERSON).where(col(Researcher.suppressed_at).is_(None))

researchers = Paged(
    _SHOWN,
    name="researchers",
    identity=col(Researcher.id),
    orders=ORDERS,
    filters=FILTERS,
    moving=MOVING,
    long=True,
    indexed=frozenset(ORDERS),
)
researchers_of_institution = Paged(
    _SHOWN.where(TELLING),
    name="researchers of institution",
    members=_AFFILIATED.where(col(Affiliation.institution_id) == PARENT),
    identity=col(Researcher.id),
    orders=ORDERS,
    filters=FILTERS,
    moving=frozenset(ORDERS),
    long=True,
)
researchers_of_topic = Paged(
    select(*_PERSON, col(ResearcherTopic.work_count).label("shown_work_count"), ResearcherTopic.share)
    .join(ResearcherTopic, col(ResearcherTopic.researcher_id) == Researcher.id)
    .where(col(ResearcherTopic.topic_id) == PARENT),
    name="researchers of topic",
    identity=col(Researcher.id),
    orders={
        "MOST_WORKS": (down(ResearcherTopic.work_count), down(Researcher.id)),
        "NAME": ORDERS["NAME"],
    },
    long=True,
)

_ABOUT = (
    select(func.count(distinct(col(Authorship.work_id))))
    .join(WorkTopic, col(WorkTopic.work_id) == Authorship.work_id)
    .where(
        col(Authorship.researcher_id) == Researcher.id,
        col(WorkTopic.topic_id).in_(at_or_below(lambda key: key == PARENT)),
    )
    .correlate(Researcher)
    .scalar_subquery()
)
_researchers_below_topic = Paged(
    select(
        *_PERSON,
        _ABOUT.label("shown_work_count"),
        (cast(_ABOUT, Double()) / func.nullif(Researcher.work_count, 0)).label("share"),
    ),
    name="researchers below topic",
    members=below_parent(ResearcherTopic, ResearcherTopic.researcher_id),
    identity=col(Researcher.id),
    # Counting everyone's works below a whole domain would take seconds: by all their works instead.
    orders={"MOST_WORKS": ORDERS["MOST_WORKS"], "NAME": ORDERS["NAME"]},
    long=True,
)


def researchers_of(topic: Any) -> Paged:
    """The list of a topic's researchers: of one below the others, or of everything below it."""
    return researchers_of_topic if topic.level == "TOPIC" else _researchers_below_topic


collaborators = Paged(
    select(
        *_PERSON,
        col(Collaboration.researcher_id).label("of_id"),
        Collaboration.shared_work_count,
        col(Collaboration.first_year).label("shared_first_year"),
        col(Collaboration.last_year).label("shared_last_year"),
        Collaboration.strength,
        Collaboration.is_close,
    )
    .join(Collaboration, col(Collaboration.collaborator_id) == Researcher.id)
    .where(col(Collaboration.researcher_id) == PARENT),
    name="collaborators of researcher",
    identity=col(Researcher.id),
    orders={
        "STRENGTH": (down(Collaboration.strength), up(Researcher.id)),
        "MOST_SHARED": (down(Collaboration.shared_work_count), down(Collaboration.strength), up(Researcher.id)),
        "MOST_RECENT": (down(Collaboration.recent_year), down(Collaboration.strength), up(Researcher.id)),
        "NAME": ORDERS["NAME"],
    },
    lean=Lean(
        frozenset({"STRENGTH", "MOST_SHARED", "MOST_RECENT"}),
        select(Collaboration).where(col(Collaboration.researcher_id) == PARENT),
        col(Collaboration.collaborator_id),
    ),
    filters={
        "close_only": col(Collaboration.is_close).is_(True),
        "min_shared_works": col(Collaboration.shared_work_count) >= bindparam("min_shared_works", type_=Integer()),
        "since_year": col(Collaboration.recent_year) >= bindparam("since_year", type_=Integer()),
    },
)

_BYLINE = select(
    *_PERSON,
    col(Authorship.work_id).label("of_work_id"),
    Authorship.position,
    Authorship.raw_name,
    Authorship.is_corresponding,
).select_from(Authorship)

authorships_of_work = Paged(
    _BYLINE.outerjoin(Researcher, col(Researcher.id) == Authorship.researcher_id).where(
        col(Authorship.work_id) == PARENT
    ),
    name="authorships of work",
    identity=col(Authorship.position),
    orders={"BYLINE": (up(Authorship.position),)},
)
authors_by_work = Many(
    _BYLINE.join(Researcher, col(Researcher.id) == Authorship.researcher_id)
    .where(col(Authorship.position) < BYLINE_SHOWN)
    .order_by(col(Authorship.position)),
    key=col(Authorship.work_id),
)
institutions_by_authorship = Many(
    select(Institution, AuthorshipInstitution.position)
    .join(AuthorshipInstitution, col(AuthorshipInstitution.institution_id) == Institution.id)
    .order_by(col(AuthorshipInstitution.position), col(AuthorshipInstitution.rank)),
    key=col(AuthorshipInstitution.work_id),
)

researcher_by_id = One(_SHOWN, key=col(Researcher.id))
any_researcher_by_id = One(select(*_PERSON), key=col(Researcher.id))
researcher_by_slug = One(_SHOWN, key=col(Researcher.slug))
# One ORCID iD may stand on several records: the one with most works answers for it.
researcher_by_orcid = One(
    _SHOWN.order_by(col(Researcher.work_count).desc(), col(Researcher.id)), key=col(Researcher.orcid)
)

affiliations_by_researcher = Many(
    select(
        Institution,
        col(Affiliation.first_year).label("first_year"),
        col(Affiliation.last_year).label("last_year"),
    )
    .join(Affiliation, col(Affiliation.institution_id) == Institution.id)
    .order_by(col(Affiliation.last_year).desc().nulls_last(), col(Affiliation.first_year), col(Institution.id)),
    key=col(Affiliation.researcher_id),
)
activity_by_researcher = Many(
    select(YearActivity).order_by(col(YearActivity.year)), key=col(YearActivity.researcher_id)
)
external_ids_by_researcher = external_ids("researcher")

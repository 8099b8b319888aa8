from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, bindparam, case
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import (
    Authorship,
    AuthorshipInstitution,
    ExternalId,
    Keyword,
    Reference,
    Source,
    Topic,
    Work,
    WorkKeyword,
    WorkTopic,
)
from models.collaboration import MAX_BYLINE
from resolvers.facets import lacking
from resolvers.matching import like
from resolvers.page_statements import OTHER_PARENT, PARENT, down, up
from resolvers.paging import Lean, Paged
from resolvers.reads import Among, Many, One, select
from resolvers.topics import at_or_below, below_parent

UNDATED = case((col(Work.newest_key) == 0, 1), else_=0)

ORDERS = {
    "NEWEST": (up(Work.newest_key), up(Work.title_key), up(Work.id)),
    "OLDEST": (up(UNDATED), down(Work.newest_key), up(Work.title_key), up(Work.id)),
    "MOST_CITED": (down(Work.citation_count), down(Work.id)),
    "TITLE": (up(Work.title_key), up(Work.id)),
}


def _works_of(column: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    # A set of ids and not a join: a byline may name one person twice.
    return col(Work.id).in_(select(column).where(condition))


FILTERS = {
    "year_from": col(Work.publication_year) >= bindparam("year_from", type_=Integer()),
    "year_to": col(Work.publication_year) <= bindparam("year_to", type_=Integer()),
    "kinds": Among(Work.kind, "kinds"),
    "sources": Among(Work.source_id, "sources"),
    "topics": _works_of(WorkTopic.work_id, col(WorkTopic.topic_id).in_(at_or_below(lambda key: Among(key, "topics")))),
    "institutions": _works_of(
        AuthorshipInstitution.work_id, Among(AuthorshipInstitution.institution_id, "institutions")
    ),
    "authors": _works_of(Authorship.work_id, Among(Authorship.researcher_id, "authors")),
    "title_contains": like(Work.title_key, "title_contains"),
    "is_retracted": col(Work.is_retracted) == bindparam("is_retracted", type_=Boolean()),
    "is_open_access": col(Work.is_open_access) == bindparam("is_open_access", type_=Boolean()),
    "has_abstract": col(Work.abstract).is_not(None) == bindparam("has_abstract", type_=Boolean()),
    "min_citations": col(Work.citation_count) >= bindparam("min_citations", type_=Integer()),
    **lacking(Work),
}


def _list(name: str, members: Select[Any] | None = None, **known: Any) -> Paged:
    return Paged(
        select(Work),
        name=name,
        identity=col(Work.id),
        orders=ORDERS,
        filters=FILTERS,
        members=members,
        lean=Lean(frozenset({"NEWEST", "MOST_CITED"}), dialect="postgresql"),  # by work_in_order
        **known,
    )


_other = aliased(Authorship)

works = _list("works", long=True, indexed=frozenset({"NEWEST", "MOST_CITED", "TITLE"}))
works_of_researcher = _list(
    "works of researcher", select(Authorship.work_id).where(col(Authorship.researcher_id) == PARENT)
)
works_of_topic = _list(
    "works of topic",
    below_parent(WorkTopic, WorkTopic.work_id),
    long=True,
)
works_of_institution = _list(
    "works of institution",
    select(AuthorshipInstitution.work_id).where(col(AuthorshipInstitution.institution_id) == PARENT),
    long=True,
)
works_of_source = _list("works of source", select(Work.id).where(col(Work.source_id) == PARENT), long=True)
works_cited_by = _list("references of work", select(Reference.cited_id).where(col(Reference.citing_id) == PARENT))
works_citing = _list("citations of work", select(Reference.citing_id).where(col(Reference.cited_id) == PARENT))
works_shared = _list(
    "works of two researchers",
    select(Authorship.work_id)
    .join(_other, col(_other.work_id) == Authorship.work_id)
    .join(Work, col(Work.id) == Authorship.work_id)
    .where(
        col(Authorship.researcher_id) == PARENT,
        col(_other.researcher_id) == OTHER_PARENT,
        col(Work.author_count) <= MAX_BYLINE,
    ),
    paired=True,
)

work_by_id = One(select(Work), key=col(Work.id))
work_by_doi = One(select(Work).order_by(col(Work.id)), key=col(Work.doi))
work_by_arxiv_id = One(select(Work).order_by(col(Work.id)), key=col(Work.arxiv_id))

source_by_id = One(select(Source), key=col(Source.id))

topics_by_work = Many(
    select(Topic, WorkTopic.score)
    .join(WorkTopic, col(WorkTopic.topic_id) == Topic.id)
    .order_by(col(WorkTopic.score).desc(), col(Topic.id)),
    key=col(WorkTopic.work_id),
)
keywords_by_work = Many(
    select(Keyword, WorkKeyword.score)
    .join(WorkKeyword, col(WorkKeyword.keyword_id) == Keyword.id)
    .order_by(col(WorkKeyword.score).desc(), col(Keyword.id)),
    key=col(WorkKeyword.work_id),
)


def external_ids(kind: str) -> Many:
    statement = select(ExternalId).where(col(ExternalId.kind) == kind)
    return Many(statement.order_by(ExternalId.scheme, ExternalId.value), key=col(ExternalId.entity_id))


external_ids_by_work = external_ids("work")

"""What ties the nodes of the research graph: from each node to others, with how much it pulls them in.

Pulls are whole millionths, so that both databases and Python find the same ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam, case, cast, distinct, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import col

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    Detached,
    Reference,
    Researcher,
    ResearcherTopic,
    Topic,
    Work,
    WorkTopic,
)
from models.detached import NO_WORK
from resolvers.facets import TELLING
from resolvers.page_statements import PARENT
from resolvers.reads import select

KINDS = R, W, T, I = "RESEARCHER", "WORK", "TOPIC", "INSTITUTION"  # noqa: E741
SOURCE = "SOURCE"  # where somebody's works have appeared: no node of the graph
MILLION = 1_000_000
SUPPRESSED = select(Detached.researcher_id).where(col(Detached.work_id) == NO_WORK)
TOLD = (col(Researcher.suppressed_at).is_(None), TELLING)
ONE: ColumnElement[int] = literal_column(f"{MILLION}", BigInteger())


class Millionths(ColumnElement[int]):
    """How many whole millionths a share of 0 to 1 has."""

    inherit_cache = False
    type = BigInteger()

    def __init__(self, share: Any) -> None:
        self.scaled = share * MILLION


@compiles(Millionths)
def _millionths(element: Millionths, compiler: SQLCompiler, **kwargs: Any) -> str:
    # A cast cuts on SQLite, which may lack floor(), and rounds on PostgreSQL.
    scaled = element.scaled if compiler.dialect.name == "sqlite" else func.floor(element.scaled)
    return compiler.process(cast(scaled, BigInteger()), **kwargs)


def _much(count: Any) -> ColumnElement[int]:
    """From a half for nothing on, nearing one."""
    large = cast(count, BigInteger())
    return (large + 1) * MILLION // (large + 2)


# The owner's own word counts more than a source's, as everywhere.
_HERE = func.coalesce(Researcher.own_institution_id, Researcher.institution_id) == Affiliation.institution_id
CURRENT = case((_HERE, ONE), else_=ONE / 2)
NAMED = func.count() * MILLION // func.coalesce(func.nullif(Work.author_count, 0), 1)  # of the byline's names
_CITED, _PROLIFIC = _much(Work.citation_count), _much(Researcher.work_count)


class Tie(NamedTuple):
    """A way from nodes of one kind to nodes of another: `id` and `pull` of all that PARENT is tied to."""

    near: str
    far: str
    found: Select[Any]


def _tie(near: str, far: str, id: Any, pull: Any, *of_parent: Any) -> Tie:
    return Tie(near, far, select(col(id).label("id"), pull.label("pull")).where(*of_parent))


def examined(kind: str) -> str:
    """The parameter: how many rows of a node of this kind are looked at, where others tell what they weigh."""
    return f"examined {kind}"


def _examined(kind: str, near: Any, far: Any, *others: Any, first: Any = None, once: bool = True) -> Any:
    """What the rows of PARENT name, in the order of an index; not `once` where several of them may name the same."""
    named = select(col(far).label("id"), *others).where(col(near) == PARENT, col(far).is_not(None))
    order = [col(one).desc() for one in (first, far) if one is not None]
    named = (named if once else named.distinct()).order_by(*order)
    return named.limit(bindparam(examined(kind), type_=Integer())).subquery("examined")


def _to_works(kind: str, near: Any, far: Any, *, once: bool = True) -> Tie:
    found = _examined(kind, near, far, once=once)
    return Tie(kind, W, select(found.c.id, _CITED.label("pull")).join(Work, col(Work.id) == found.c.id))


# How many works of theirs appeared there: no millionths.
_APPEARED = (
    select(col(Work.source_id).label("id"), func.count(distinct(col(Work.id))).label("pull"))
    .join(Authorship, col(Authorship.work_id) == Work.id)
    .where(col(Authorship.researcher_id) == PARENT, col(Work.source_id).is_not(None))
    .group_by(col(Work.source_id))
)
_BYLINE = _examined(W, Authorship.work_id, Authorship.researcher_id, once=False)
_ABOUT = _examined(T, WorkTopic.topic_id, WorkTopic.work_id, WorkTopic.score)
_EXPERTS = _examined(
    *(T, ResearcherTopic.topic_id, ResearcherTopic.researcher_id, ResearcherTopic.work_count),
    first=ResearcherTopic.work_count,
)
_STAFF = _examined(I, Affiliation.institution_id, Affiliation.researcher_id)

TIES = (
    _tie(
        *(R, R, Collaboration.collaborator_id, Millionths(Collaboration.strength)),
        *(col(Collaboration.researcher_id) == PARENT, col(Collaboration.collaborator_id).not_in(SUPPRESSED)),
    ),
    _to_works(R, Authorship.researcher_id, Authorship.work_id, once=False),
    _tie(
        *(R, T, ResearcherTopic.topic_id, Millionths(ResearcherTopic.share)),
        col(ResearcherTopic.researcher_id) == PARENT,
    ),
    _tie(
        *(R, I, Affiliation.institution_id, CURRENT),
        *(col(Affiliation.researcher_id) == PARENT, col(Researcher.id) == Affiliation.researcher_id, *TOLD),
    ),
    Tie(R, SOURCE, _APPEARED),
    _tie(W, R, _BYLINE.c.id, _PROLIFIC, col(Researcher.id) == _BYLINE.c.id),
    _to_works(W, Reference.citing_id, Reference.cited_id),
    _to_works(W, Reference.cited_id, Reference.citing_id),
    _tie(W, T, WorkTopic.topic_id, Millionths(WorkTopic.score), col(WorkTopic.work_id) == PARENT),
    Tie(
        *(W, I),
        select(col(AuthorshipInstitution.institution_id).label("id"), NAMED.label("pull"))
        .where(col(AuthorshipInstitution.work_id) == PARENT, col(Work.id) == AuthorshipInstitution.work_id)
        .group_by(col(AuthorshipInstitution.institution_id), col(Work.author_count)),
    ),
    _tie(T, R, _EXPERTS.c.id, _much(_EXPERTS.c.work_count), _EXPERTS.c.id.not_in(SUPPRESSED)),
    _tie(T, W, _ABOUT.c.id, Millionths(_ABOUT.c.score) * _CITED // MILLION, col(Work.id) == _ABOUT.c.id),
    _tie(T, T, Topic.parent_id, ONE, col(Topic.id) == PARENT, col(Topic.parent_id).is_not(None)),
    _tie(T, T, Topic.id, _much(Topic.work_count), col(Topic.parent_id) == PARENT),
    _tie(I, R, _STAFF.c.id, _PROLIFIC, col(Researcher.id) == _STAFF.c.id, *TOLD),
    _to_works(I, AuthorshipInstitution.institution_id, AuthorshipInstitution.work_id, once=False),
)

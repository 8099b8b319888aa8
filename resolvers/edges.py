"""The edges of the research graph, among nodes whose ids travel as one array for each kind."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, func
from sqlmodel import col

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    Reference,
    Researcher,
    ResearcherTopic,
    Topic,
    Work,
    WorkTopic,
)
from resolvers.reads import Among, AmongMany, select
from resolvers.ties import CURRENT, MILLION, NAMED, ONE, TOLD, I, Millionths, R, T, W

# Also the order in which a graph has them.
EDGE_KINDS = ("CO_AUTHORED", "WROTE", "ABOUT", "AFFILIATED", "CITES", "PART_OF")


class Edges(NamedTuple):
    """The edges of one kind from nodes of one kind to nodes of another: ids of both and weight, in millionths."""

    kind: str
    source: str
    target: str
    found: Select[Any]


def _edges(kind: str, of: tuple[str, Any], to: tuple[str, Any], weight: Any, *where: Any) -> Edges:
    (source_kind, source), (target_kind, target) = of, to
    ends = Among(source, source_kind), AmongMany(target, target_kind)
    found = select(col(source).label("source"), col(target).label("target"), weight.label("weight"))
    return Edges(kind, source_kind, target_kind, found.where(*ends, *where))


_TOGETHER = (R, Collaboration.researcher_id), (R, Collaboration.collaborator_id)
_WROTE = _edges(
    "WROTE",
    (R, Authorship.researcher_id),
    (W, Authorship.work_id),
    MILLION // func.coalesce(func.nullif(Work.author_count, 0), 1),
    col(Work.id) == Authorship.work_id,
)
_NAMED = _edges(
    "AFFILIATED",
    (W, AuthorshipInstitution.work_id),
    (I, AuthorshipInstitution.institution_id),
    NAMED,
    col(Work.id) == AuthorshipInstitution.work_id,
)
EDGES = (
    _edges(
        "CO_AUTHORED",
        *_TOGETHER,
        Millionths(Collaboration.strength),
        col(Collaboration.researcher_id) < Collaboration.collaborator_id,
    ),
    _WROTE._replace(found=_WROTE.found.distinct()),  # a byline may name one person twice
    _edges("ABOUT", (W, WorkTopic.work_id), (T, WorkTopic.topic_id), Millionths(WorkTopic.score)),
    _edges(
        "ABOUT",
        (R, ResearcherTopic.researcher_id),
        (T, ResearcherTopic.topic_id),
        Millionths(ResearcherTopic.share),
    ),
    _edges(
        "AFFILIATED",
        (R, Affiliation.researcher_id),
        (I, Affiliation.institution_id),
        CURRENT,
        col(Researcher.id) == Affiliation.researcher_id,
        *TOLD,
    ),
    _NAMED._replace(
        found=_NAMED.found.group_by(
            col(AuthorshipInstitution.work_id), col(AuthorshipInstitution.institution_id), col(Work.author_count)
        )
    ),
    _edges("CITES", (W, Reference.citing_id), (W, Reference.cited_id), ONE),
    _edges("PART_OF", (T, Topic.id), (T, Topic.parent_id), ONE),
)

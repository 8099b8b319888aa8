from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import ResearcherTopic, Topic
from resolvers.matching import like
from resolvers.page_statements import PARENT, down, up
from resolvers.paging import Paged
from resolvers.reads import Among, One, select


def at_or_below(matches: Callable[[Any], ColumnElement[bool]]) -> CompoundSelect[Any]:
    """The ids of the matching topics and of all below them, by index at each of the four levels."""
    one, two, three = aliased(Topic), aliased(Topic), aliased(Topic)
    return union_all(
        select(Topic.id).where(matches(col(Topic.id))),
        select(one.id).where(matches(col(one.parent_id))),
        select(two.id).join(one, col(two.parent_id) == one.id).where(matches(col(one.parent_id))),
        select(three.id)
        .join(two, col(three.parent_id) == two.id)
        .join(one, col(two.parent_id) == one.id)
        .where(matches(col(one.parent_id))),
    )


def below_parent(table: Any, column: Any) -> Select[Any]:
    """The values of the table's column in rows whose topic is PARENT, or one below it.

    A join and no IN: SQLite would ask a list that depends on the parent anew for every row of the table.
    """
    below = at_or_below(lambda key: key == PARENT).subquery("below")
    return select(column).select_from(below.join(table, col(table.topic_id) == below.c.id))


ORDERS = {
    "NAME": (up(Topic.name_key), up(Topic.id)),
    "MOST_WORKS": (down(Topic.work_count), down(Topic.id)),
    "MOST_CITED": (down(Topic.citation_count), down(Topic.id)),
}
FILTERS = {
    "levels": Among(Topic.level, "levels"),
    "within": col(Topic.id).in_(at_or_below(lambda key: Among(key, "within"))),
    "name_contains": like(Topic.name_key, "name_contains"),
}

topics = Paged(select(Topic), name="topics", identity=col(Topic.id), orders=ORDERS, filters=FILTERS)
topics_below = Paged(
    select(Topic).where(col(Topic.parent_id) == PARENT),
    name="children of topic",
    identity=col(Topic.id),
    orders=ORDERS,
    filters=FILTERS,
)
topics_of_researcher = Paged(
    select(Topic, col(ResearcherTopic.work_count).label("shown_work_count"), ResearcherTopic.share)
    .join(ResearcherTopic, col(ResearcherTopic.topic_id) == Topic.id)
    .where(col(ResearcherTopic.researcher_id) == PARENT, col(Topic.level) == "TOPIC"),
    name="topics of researcher",
    identity=col(Topic.id),
    orders={
        "MOST_WORKS": (down(ResearcherTopic.work_count), up(Topic.name_key), up(Topic.id)),
        "NAME": (up(Topic.name_key), up(Topic.id)),
    },
)
topic_by_id = One(select(Topic), key=col(Topic.id))
topic_by_slug = One(select(Topic), key=col(Topic.slug))

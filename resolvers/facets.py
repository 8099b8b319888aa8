"""What the rows of a list can be counted by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, bindparam, cast, distinct, func, literal_column, null
from sqlalchemy.orm import aliased
from sqlmodel import col

from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Institution,
    Researcher,
    ResearcherTopic,
    Source,
    Topic,
    Work,
    WorkTopic,
)
from models.columns import Bytewise
from resolvers.page_statements import LIMIT
from resolvers.reads import select

LACKING = "lacking_"  # begins the name of the filter for rows without any value


class Bucket(NamedTuple):
    """A value and how many rows have it; of values that are ids, the table that has them and the record's name."""

    table: str | None
    value: Any
    count: int  # type: ignore[assignment]  # hides a tuple's own method, which nobody calls
    name: str | None


@dataclass(frozen=True, eq=False)
class Facet:
    """What rows of a list are counted by: a column of theirs, or of others that name them, once or more often."""

    value: Any
    names: type[Institution | Researcher | Source | Topic] | None = None  # what the values are ids of
    naming: Select[Any] | None = None  # the column that names the row, in the tables that have the value
    often: bool = False  # whether a row may be named more than once with one value
    told: bool = False  # whether people tell it themselves, or withhold it
    apart: bool = False  # counted meanwhile by a statement of its own, since it takes as long as all others do

    def counted(self, listed: Any) -> Select[Any]:
        """The values that most rows of the list have, as buckets; the list is all there is where `listed` is None."""
        top = self._grouped(listed).limit(bindparam(LIMIT, type_=Integer())).subquery()
        value, count = top.c["value"], top.c["count"]
        if self.names is None:
            shown = select(null().label("table"), value, count, null().label("name"))
        else:
            table: Any = literal_column(f"'{self.names.__name__}'").label("table")
            shown = select(table, value, count, self.names.display_name).join(self.names, col(self.names.id) == value)
        return shown.order_by(count.desc(), _in_order(value))

    def lacking(self, identity: Any) -> ColumnElement[bool]:
        """That the row of this identity has no value."""
        if self.naming is None:
            return col(self.value).is_(None)
        (row,) = self.naming.selected_columns
        return ~self.naming.where(row == identity, col(self.value).is_not(None)).exists()

    def _grouped(self, listed: Any) -> Select[Any]:
        value: Any = self.value
        if self.naming is None:
            value, count = value if listed is None else listed.c[value.key], func.count()
            grouped = select(value.label("value"), count.label("count"))
        else:
            (row,) = self.naming.selected_columns
            count = func.count(distinct(row)) if self.often else func.count()
            grouped = self.naming.with_only_columns(value.label("value"), count.label("count"))
            if listed is not None:
                grouped = grouped.where(row.in_(select(listed.c.id)))
        return grouped.where(value.is_not(None)).group_by(value).order_by(count.desc(), _in_order(value))


def _in_order(value: Any) -> Any:
    """Words stand in the same order on both databases."""
    return cast(value, Bytewise) if value.type.python_type is str else value


TELLING = col(Researcher.affiliation_withheld).is_(False)  # of whom it may be known where they are
_affiliated = aliased(Researcher)  # for lists are of researchers, too
_AFFILIATED = (
    select(Affiliation.researcher_id)
    .join(_affiliated, col(_affiliated.id) == Affiliation.researcher_id)
    .where(col(_affiliated.affiliation_withheld).is_(False))
)
FACETS: Mapping[type, Mapping[str, Facet]] = {
    Work: {
        "YEAR": Facet(Work.publication_year),
        "KIND": Facet(Work.kind),
        "TOPIC": Facet(WorkTopic.topic_id, Topic, select(WorkTopic.work_id)),
        "SOURCE": Facet(Work.source_id, Source),
        "INSTITUTION": Facet(
            AuthorshipInstitution.institution_id, Institution, select(AuthorshipInstitution.work_id), often=True
        ),
        "AUTHOR": Facet(Authorship.researcher_id, Researcher, select(Authorship.work_id), often=True, apart=True),
    },
    Researcher: {
        "INSTITUTION": Facet(Affiliation.institution_id, Institution, _AFFILIATED, told=True),
        "TOPIC": Facet(ResearcherTopic.topic_id, Topic, select(ResearcherTopic.researcher_id), apart=True),
        "COUNTRY": Facet(
            Institution.country_code,
            naming=_AFFILIATED.join(Institution, col(Institution.id) == Affiliation.institution_id),
            often=True,
            told=True,
        ),
    },
}


def lacking(table: Any) -> dict[str, ColumnElement[bool]]:
    """Filters of the table's lists, none of which takes a value: for the rows that a facet does not count."""
    return {f"{LACKING}{name}": facet.lacking(col(table.id)) for name, facet in FACETS[table].items()}

from __future__ import annotations

from typing import Any

import strawberry

from resolvers.matching import containing
from resolvers.refused import Refused
from schema.enums import (
    ClaimState,
    ClaimStatus,
    FollowableKind,
    InvitationState,
    NotificationKind,
    ReportState,
    TopicLevel,
    WorkKind,
)
from schema.inputs import IntRange, checked_text, given, storable
from schema.node import read_ids

MOST_LISTED = 100


def _wanted(description: str) -> Any:
    return strawberry.field(default=None, description=description)


def _ids(values: list[strawberry.ID] | None, name: str, type_name: str) -> tuple[int, ...] | None:
    return None if values is None else read_ids(_listed(values, name), ["filter", name], type_name)


def _words(values: list[Any] | None, name: str) -> tuple[str, ...] | None:
    if values is None:
        return None
    words = [getattr(value, "value", value) for value in _listed(values, name)]
    return tuple(storable(word, "filter", name, str(index)) for index, word in enumerate(words))


def _countries(codes: list[str] | None) -> tuple[str, ...] | None:
    return _words(codes and [code.upper() for code in codes], "countries")


def _listed(values: list[Any], name: str) -> list[Any]:
    if len(values) > MOST_LISTED:
        raise Refused("BAD_USER_INPUT", f"At most {MOST_LISTED} values, not {len(values)}.", "filter", name)
    return values


def _containing(text: str | None, name: str) -> str | None:
    found = checked_text(text, "filter", name)
    return None if found is None else containing(found)


@strawberry.input(description="Which works. All that is given must hold; of a list, any one.")
class WorkFilter:
    years: IntRange | None = _wanted("Published in these years.")
    kinds: list[WorkKind] | None = _wanted("Of one of these kinds.")
    topics: list[strawberry.ID] | None = _wanted("About one of these topics, or of one below it.")
    sources: list[strawberry.ID] | None = _wanted("Appeared in one of these sources.")
    institutions: list[strawberry.ID] | None = _wanted("With an author at one of these institutions.")
    authors: list[strawberry.ID] | None = _wanted("By one of these researchers.")
    title_contains: str | None = _wanted("These characters stand in the title's first 500, ignoring case.")
    is_retracted: bool | None = _wanted("Retracted, or not.")
    is_open_access: bool | None = _wanted("Openly accessible, or known not to be.")
    has_abstract: bool | None = _wanted("With an abstract, or without.")
    min_citations: int | None = _wanted("Cited at least this often.")

    def conditions(self) -> dict[str, Any]:
        years = self.years or IntRange()
        return given(
            year_from=years.min,
            year_to=years.max,
            kinds=_words(self.kinds, "kinds"),
            topics=_ids(self.topics, "topics", "Topic"),
            sources=_ids(self.sources, "sources", "Source"),
            institutions=_ids(self.institutions, "institutions", "Institution"),
            authors=_ids(self.authors, "authors", "Researcher"),
            title_contains=_containing(self.title_contains, "titleContains"),
            is_retracted=self.is_retracted,
            is_open_access=self.is_open_access,
            has_abstract=self.has_abstract,
            min_citations=self.min_citations,
        )


@strawberry.input(description="Which researchers. All that is given must hold; of a list, any one.")
class ResearcherFilter:
    institutions: list[strawberry.ID] | None = _wanted("Affiliated, now or once, with one of these institutions.")
    countries: list[str] | None = _wanted(
        "Affiliated, now or once, with an institution in one of these countries (ISO 3166-1 alpha-2, such as `DE`)."
    )
    topics: list[strawberry.ID] | None = _wanted("With one of these among their topics, or one below it.")
    claim_statuses: list[ClaimStatus] | None = _wanted("In one of these states of claim.")
    name_contains: str | None = _wanted("These characters stand in the name, ignoring case.")
    min_works: int | None = _wanted("With at least so many works.")

    def conditions(self) -> dict[str, Any]:
        return given(
            institutions=_ids(self.institutions, "institutions", "Institution"),
            countries=_countries(self.countries),
            topics=_ids(self.topics, "topics", "Topic"),
            claim_statuses=_words(self.claim_statuses, "claimStatuses"),
            name_contains=_containing(self.name_contains, "nameContains"),
            min_works=self.min_works,
        )


@strawberry.input(description="Which collaborators. All that is given must hold.")
class CollaboratorFilter:
    close_only: bool | None = _wanted("Only close ones: works shared in at least 4 different years.")
    min_shared_works: int | None = _wanted("With at least so many shared works.")
    since_year: int | None = _wanted("With a shared work of this year or later.")

    def conditions(self) -> dict[str, Any]:
        return given(
            close_only=self.close_only or None, min_shared_works=self.min_shared_works, since_year=self.since_year
        )


@strawberry.input(description="Which topics. All that is given must hold; of a list, any one.")
class TopicFilter:
    levels: list[TopicLevel] | None = _wanted("On one of these levels of the hierarchy.")
    within: list[strawberry.ID] | None = _wanted("One of these topics, or one below it.")
    name_contains: str | None = _wanted("These characters stand in the name, ignoring case.")

    def conditions(self) -> dict[str, Any]:
        return given(
            levels=_words(self.levels, "levels"),
            within=_ids(self.within, "within", "Topic"),
            name_contains=_containing(self.name_contains, "nameContains"),
        )


@strawberry.input(description="Which institutions. All that is given must hold; of a list, any one.")
class InstitutionFilter:
    countries: list[str] | None = _wanted("In one of these countries (ISO 3166-1 alpha-2, such as `DE`).")
    kinds: list[str] | None = _wanted("Of one of these kinds: `education`, `company`, `facility` …")
    name_contains: str | None = _wanted("These characters stand in the name, ignoring case.")

    def conditions(self) -> dict[str, Any]:
        return given(
            countries=_countries(self.countries),
            kinds=_words(self.kinds, "kinds"),
            name_contains=_containing(self.name_contains, "nameContains"),
        )


@strawberry.input(description="Which of what an account follows.")
class FollowingFilter:
    kinds: list[FollowableKind] | None = _wanted("Of one of these kinds.")

    def conditions(self) -> dict[str, Any]:
        words = _words(self.kinds, "kinds")
        return given(kinds=words and tuple(word.lower() for word in words))


@strawberry.input(description="Which claims.")
class ClaimFilter:
    states: list[ClaimState] | None = _wanted("In one of these states.")

    def conditions(self) -> dict[str, Any]:
        return given(states=_words(self.states, "states"))


@strawberry.input(description="Which invitations. All that is given must hold.")
class InvitationFilter:
    states: list[InvitationState] | None = _wanted("In one of these states.")

    def conditions(self) -> dict[str, Any]:
        return given(states=_words(self.states, "states"))


@strawberry.input(description="Which conversations.")
class ConversationFilter:
    is_archived: bool | None = _wanted("Put away, or not.")

    def conditions(self) -> dict[str, Any]:
        return given(archived=True if self.is_archived else None, current=True if self.is_archived is False else None)


@strawberry.input(description="Which reports.")
class ReportFilter:
    states: list[ReportState] | None = _wanted("In one of these states.")

    def conditions(self) -> dict[str, Any]:
        return given(states=_words(self.states, "states"))


@strawberry.input(description="Which of what is new.")
class FeedFilter:
    kinds: list[FollowableKind] | None = _wanted("By what is followed.")

    def conditions(self) -> dict[str, Any]:
        words = _words(self.kinds, "kinds")
        return given(kinds=words and tuple(word.lower() for word in words))


@strawberry.input(description="Which notifications. All that is given must hold.")
class NotificationFilter:
    kinds: list[NotificationKind] | None = _wanted("Of one of these kinds.")
    is_read: bool | None = _wanted("Read already, or not yet.")

    def conditions(self) -> dict[str, Any]:
        return given(
            kinds=_words(self.kinds, "kinds"),
            read=True if self.is_read else None,
            unread=True if self.is_read is False else None,
        )

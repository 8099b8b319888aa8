"""How far a profile can be trusted: the sum of named components, each explained.

Every component but two grows with the logarithm of a number, from none at 0 to all its points at `full`, so the
first works count more than the thousandth and no count buys more than its share:

    points = floor(max * log(1 + value) / log(1 + full))

The other two, claim and verification, are steps. The points of all components add up to 100 at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from math import floor, log
from typing import Any

from models.columns import now

FORMULA_VERSION = "1"
CLAIMED = ("CLAIMED", "CONTESTED")
BANDS = ((90, "EXEMPLARY"), (70, "TRUSTED"), (40, "ESTABLISHED"), (0, "EMERGING"))
NEEDS = (
    "id",
    "work_count",
    "topic_count",
    "close_collaborator_count",
    "follower_count",
    "orcid",
    "institution_id",
    "own_institution_id",
    "claim_status",
    "verification_level",
    "derived_at",
)


@dataclass(frozen=True)
class Facts:
    """What the score is made of."""

    works: int = 0
    topics: int = 0
    close_collaborators: int = 0
    followers: int = 0
    identifiers: int = 0
    affiliated: bool = False
    claimed: bool = False
    level: int = 0

    @classmethod
    def of(cls, researcher: Any) -> Facts:
        """Of a row that has the columns in NEEDS."""
        return cls(
            works=researcher.work_count,
            topics=researcher.topic_count,
            close_collaborators=researcher.close_collaborator_count,
            followers=researcher.follower_count,
            identifiers=int(researcher.orcid is not None),
            affiliated=researcher.institution_id is not None or researcher.own_institution_id is not None,
            claimed=researcher.claim_status in CLAIMED,
            level=researcher.verification_level,
        )


@dataclass(frozen=True)
class Component:
    key: str
    label: str
    points: int
    max_points: int
    value: float
    explanation: str


@dataclass(frozen=True)
class Step:
    key: str
    label: str
    points: int
    researcher_id: int
    claimed: bool


@dataclass(frozen=True)
class Trust:
    score: int
    band: str
    components: list[Component]
    next_steps: list[Step]
    computed_at: datetime
    formula_version: str = FORMULA_VERSION


# key, label, points at most, value at which they are all given
_GROWING = (
    ("works", "Works on record", 20, 2_000),
    ("topics", "Topics", 10, 200),
    ("close_collaborators", "Close collaborators", 10, 200),
    ("followers", "Followers", 10, 1_000),
)
_LEVEL_POINTS = (0, 3, 7, 12, 15)
_LEVEL_MEANINGS = (
    "no external source knows this record",
    "imported from a public source",
    "claimed with a verified e-mail address",
    "claimed and authenticated at ORCID",
    "confirmed by a moderator or the institution",
)
_STEPS = (
    ("orcid", "Add an ORCID iD to the record", {"identifiers": 1}),
    ("affiliation", "Add the institution you work at", {"affiliated": True}),
    ("claim", "Claim the profile with an e-mail address of your institution", {"claimed": True, "level": 2}),
    ("orcid_sign_in", "Claim the profile signed in at ORCID", {"claimed": True, "level": 3, "identifiers": 1}),
    ("confirmation", "Have a moderator or your institution confirm the claim", {"claimed": True, "level": 4}),
)


def trust(researcher: Any) -> Trust:
    facts = Facts.of(researcher)
    components = list(_components(facts))
    score = total(facts)
    band = next(name for least, name in BANDS if score >= least)
    return Trust(score, band, components, list(_next_steps(facts, researcher.id)), researcher.derived_at or now())


def total(facts: Facts) -> int:
    return sum(component.points for component in _components(facts))


def _components(facts: Facts) -> Iterator[Component]:
    for key, label, most, full in _GROWING:
        value = getattr(facts, key)
        # The small surplus keeps a full value's quotient, which may round below 1, at all its points.
        points = min(most, floor(most * log(1 + value) / log(1 + full) + 1e-9))
        noun = label.split()[0].lower() if key == "works" else label.lower()
        yield Component(key, label, points, most, value, f"{value:,} {noun}; all {most} points at {full:,}.")
    found = "An ORCID iD identifies the person." if facts.identifiers else "No ORCID iD is on the record."
    yield Component("identifiers", "Identifiers", 10 * min(1, facts.identifiers), 10, facts.identifiers, found)
    known = "An institution is known." if facts.affiliated else "No affiliation has been imported."
    yield Component("affiliation", "Affiliation", 10 * facts.affiliated, 10, int(facts.affiliated), known)
    claimed = "The person has claimed this profile." if facts.claimed else "Nobody has claimed this profile."
    yield Component("claim", "Claim", 15 * facts.claimed, 15, int(facts.claimed), claimed)
    meaning = f"L{facts.level}: {_LEVEL_MEANINGS[facts.level]}."
    yield Component("verification", "Verification level", _LEVEL_POINTS[facts.level], 15, facts.level, meaning)


def _next_steps(facts: Facts, researcher_id: int) -> Iterator[Step]:
    """What would bring points, and how many each by itself, most first."""
    now = total(facts)
    steps = []
    for key, label, change in _STEPS:
        better = {name: max(value, getattr(facts, name)) for name, value in change.items()}
        steps.append(Step(key, label, total(replace(facts, **better)) - now, researcher_id, facts.claimed))
    yield from sorted((step for step in steps if step.points > 0), key=lambda step: -step.points)


# What each step takes of the record's owner.
_OWNERS = {
    "orcid": "Add the iD at the source of the record; the next import brings it here.",
    "affiliation": "Have your institution put on the record at its source; then choose it with updateProfile.",
    "orcid_sign_in": "Withdraw the claim and claim the record again by ORCID.",
    "confirmation": "Ask those who run the service to have a moderator confirm your claim.",
}


def advice(step: Step, *, signed_in: bool, owner: bool, has_another: bool) -> str:
    """What the viewer can do about a step, in a sentence."""
    if owner:
        return _OWNERS.get(step.key, "It is yours already.")
    if step.claimed:
        return "Only the record's owner can do this. If the record is yours and not theirs, contest the claim."
    if not signed_in:
        return "If the record is yours, sign in and claim it."
    if has_another:
        return "Only the record's owner can do this; your account has another record."
    return "If the record is yours, claim it first."

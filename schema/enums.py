from enum import Enum
from typing import Any

import strawberry
from strawberry import enum_value

from models.access import SCOPES
from models.account import DIGESTS
from models.researcher import CLAIM_STATUSES, COLLABORATION_STATUSES
from models.work import WORK_KINDS


def _named(name: str, description: str, values: dict[str, str], *, stored: tuple[str, ...] = ()) -> Any:
    """An enum whose values are the words that rows hold."""
    assert not stored or set(stored) == set(values), name
    members = {value: enum_value(value, description=text) for value, text in values.items()}
    made = Enum(name, members)  # type: ignore[misc]
    return strawberry.enum(made, description=description)


@strawberry.enum(description="How researchers are ordered.")
class ResearcherOrder(Enum):
    NAME = enum_value("NAME", description="By name, ignoring case.")
    MOST_WORKS = enum_value("MOST_WORKS", description="By number of works, most first.")
    MOST_CITED = enum_value("MOST_CITED", description="By citations of all their works, most first.")
    MOST_FOLLOWED = enum_value("MOST_FOLLOWED", description="By number of followers, most first.")
    NEWEST_WORK = enum_value("NEWEST_WORK", description="By the year of their newest work, newest first.")


@strawberry.enum(description="How works are ordered.")
class WorkOrder(Enum):
    NEWEST = enum_value("NEWEST", description="By year, newest first and undated last, then by title ignoring case.")
    OLDEST = enum_value("OLDEST", description="By year, oldest first and undated last, then by title ignoring case.")
    MOST_CITED = enum_value("MOST_CITED", description="By citations, most first.")
    TITLE = enum_value("TITLE", description="By title, ignoring case.")


@strawberry.enum(description="How collaborators are ordered.")
class CollaboratorOrder(Enum):
    STRENGTH = enum_value("STRENGTH", description="By strength of the collaboration, strongest first.")
    MOST_SHARED = enum_value("MOST_SHARED", description="By number of shared works, most first.")
    MOST_RECENT = enum_value("MOST_RECENT", description="By the year of the newest shared work, newest first.")
    NAME = enum_value("NAME", description="By name, ignoring case.")


@strawberry.enum(description="How topics are ordered.")
class TopicOrder(Enum):
    NAME = enum_value("NAME", description="By name, ignoring case.")
    MOST_WORKS = enum_value("MOST_WORKS", description="By number of works, most first.")
    MOST_CITED = enum_value("MOST_CITED", description="By citations of its works, most first.")


@strawberry.enum(description="How the topics of a researcher, or the researchers of a topic, are ordered.")
class TopicShareOrder(Enum):
    MOST_WORKS = enum_value(
        "MOST_WORKS",
        description="By the researcher's works about the topic, most first; above the level TOPIC, by all their works.",
    )
    NAME = enum_value("NAME", description="By name, ignoring case.")


@strawberry.enum(description="How institutions are ordered.")
class InstitutionOrder(Enum):
    NAME = enum_value("NAME", description="By name, ignoring case.")
    MOST_WORKS = enum_value("MOST_WORKS", description="By number of works, most first.")
    MOST_CITED = enum_value("MOST_CITED", description="By citations of its works, most first.")
    MOST_RESEARCHERS = enum_value("MOST_RESEARCHERS", description="By number of researchers, most first.")


@strawberry.enum(description="What an abstract is written in.")
class AbstractFormat(Enum):
    PLAIN = enum_value("PLAIN", description="Text to read: entities, tags and LaTeX resolved (`3×`).")
    LATEX = enum_value("LATEX", description="As the source gives it, LaTeX and entities included (`$3\\times$`).")


WorkKind = _named(
    "WorkKind",
    "What sort of work it is. The source's own word is in `rawKind`.",
    {
        "ARTICLE": "An article in a journal or in proceedings.",
        "BOOK": "A book, edited or not.",
        "BOOK_CHAPTER": "A chapter or section of a book.",
        "DATASET": "A data set.",
        "DISSERTATION": "A thesis.",
        "EDITORIAL": "An editorial.",
        "ERRATUM": "A correction of another work.",
        "GRANT": "A grant.",
        "LETTER": "A letter to a journal.",
        "LIBGUIDES": "A library's guide.",
        "OTHER": "Anything that no other kind fits.",
        "PARATEXT": "What surrounds works: covers, contents, indexes.",
        "PEER_REVIEW": "A published review of a submission.",
        "PREPRINT": "A work made public before, or without, peer review.",
        "REFERENCE_ENTRY": "An entry of an encyclopedia or dictionary.",
        "REPORT": "A report.",
        "RETRACTION": "A notice that another work is withdrawn.",
        "REVIEW": "An article that reviews others' work.",
        "SOFTWARE": "Software.",
        "STANDARD": "A standard.",
        "SUPPLEMENTARY_MATERIALS": "What supplements another work.",
    },
    stored=WORK_KINDS,
)
TopicLevel = _named(
    "TopicLevel",
    "A level of the hierarchy of topics, broadest first.",
    {
        "DOMAIN": "The broadest: Physical Sciences.",
        "FIELD": "Within a domain: Computer Science.",
        "SUBFIELD": "Within a field: Artificial Intelligence.",
        "TOPIC": "The narrowest: Continual Learning.",
    },
)
ClaimStatus = _named(
    "ClaimStatus",
    "Whether the person has claimed their public record.",
    {
        "UNCLAIMED": "Nobody has.",
        "PENDING": "Somebody's claim is being looked at.",
        "CLAIMED": "The person has.",
        "CONTESTED": "The person has, and somebody disputes it.",
    },
    stored=CLAIM_STATUSES,
)
CollaborationStatus = _named(
    "CollaborationStatus",
    "Whether a researcher wants to hear of collaborations.",
    {"OPEN": "Open to collaborate.", "LIMITED": "Open to some.", "CLOSED": "Not now."},
    stored=COLLABORATION_STATUSES,
)
AffiliationStatus = _named(
    "AffiliationStatus",
    "What is known of where a researcher works.",
    {
        "NOT_IMPORTED": "No source has said.",
        "KNOWN": "`affiliation` says.",
        "WITHHELD": "Known, and not shown at the researcher's wish.",
    },
)
VerificationLevel = _named(
    "VerificationLevel",
    "How surely the record is that of a real person.",
    {
        "L0": "No external source knows it.",
        "L1": "Imported from a public source.",
        "L2": "Claimed with a verified e-mail address.",
        "L3": "Claimed and authenticated at ORCID.",
        "L4": "Confirmed by a moderator or the institution.",
    },
)
VerificationMethod = _named(
    "VerificationMethod",
    "How a claim was proved.",
    {
        "ORCID": "Authenticated at ORCID.",
        "EMAIL": "A code sent to an address of the institution.",
        "EVIDENCE": "A moderator looked at evidence.",
    },
)
TrustBand = _named(
    "TrustBand",
    "What a trust score means.",
    {
        "EMERGING": "Below 40.",
        "ESTABLISHED": "40 to 69.",
        "TRUSTED": "70 to 89.",
        "EXEMPLARY": "90 and above.",
    },
)
ClaimBlocker = _named(
    "ClaimBlocker",
    "Why the viewer cannot claim a profile now.",
    {
        "LOGIN_REQUIRED": "Sign in first.",
        "ALREADY_CLAIMED": "Somebody has claimed it.",
    },
)
InviteBlocker = _named(
    "InviteBlocker",
    "Why the viewer cannot invite a researcher now.",
    {
        "LOGIN_REQUIRED": "Sign in first.",
        "RESEARCHER_UNCLAIMED": "Nobody has claimed the profile, so nobody would answer.",
        "NOT_COLLABORATING": "The researcher does not want invitations now.",
    },
)
UserErrorCode = _named(
    "UserErrorCode",
    "Why a mutation was refused.",
    {
        "INVALID_INPUT": "A field does not hold what it should.",
        "WEAK_PASSWORD": "The password is too short, too long, or the first to be guessed.",
        "EMAIL_TAKEN": "There is an account with this e-mail address.",
        "INVALID_CREDENTIALS": "The address or the password is wrong.",
        "INVALID_CODE": "The code is wrong, used or too old.",
        "TOO_MANY_ATTEMPTS": "Tried too often; wait.",
        "ACCOUNT_SUSPENDED": "A moderator has suspended the account.",
        "NO_EMAIL": "The account has no e-mail address.",
        "NOT_FOUND": "There is nothing with this id, or nothing that the viewer may see.",
        "LIMIT_EXCEEDED": "There are as many as there may be.",
    },
)
TokenScope = _named(
    "TokenScope",
    "What an API token may do.",
    {
        "READ": "See what is private to the account.",
        "WRITE": "Follow, claim and whatever else changes something, but nothing of the account's safety.",
    },
    stored=SCOPES,
)
FollowableKind = _named(
    "FollowableKind",
    "What can be followed.",
    {"RESEARCHER": "A researcher.", "TOPIC": "A topic.", "INSTITUTION": "An institution."},
)
Digest = _named(
    "Digest",
    "How often what is new comes by mail.",
    {"OFF": "Never.", "DAILY": "Once a day, if there is something.", "WEEKLY": "Once a week, if there is something."},
    stored=DIGESTS,
)

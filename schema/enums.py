from enum import Enum
from typing import Any

import strawberry
from strawberry import enum_value

from models.access import SCOPES
from models.account import DIGESTS
from models.block import REPORT_STATES
from models.claim import CLAIM_METHODS, CLAIM_STATES
from models.invitation import INVITATION_STATES
from models.researcher import CLAIM_STATUSES, COLLABORATION_STATUSES
from models.searchable import KINDS
from models.work import WORK_KINDS
from resolvers.citations.written import FORMATS
from resolvers.claim_blockers import BLOCKERS
from resolvers.claim_states import TRANSITIONS
from resolvers.edges import EDGE_KINDS
from resolvers.invite_blockers import BLOCKERS as INVITE_BLOCKERS
from resolvers.similar import POINTS
from resolvers.ties import KINDS as NODE_KINDS


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


@strawberry.enum(description="What works can be counted by.")
class WorkFacet(Enum):
    YEAR = enum_value("YEAR", description="The year of publication.")
    KIND = enum_value("KIND", description="What sort of work it is.")
    TOPIC = enum_value("TOPIC", description="The topics that it is about, as `Work.topics` lists them.")
    SOURCE = enum_value("SOURCE", description="Where it appeared.")
    INSTITUTION = enum_value("INSTITUTION", description="The institutions that its byline names.")
    AUTHOR = enum_value("AUTHOR", description="The researchers in its byline, each once.")


@strawberry.enum(description="What researchers can be counted by.")
class ResearcherFacet(Enum):
    INSTITUTION = enum_value("INSTITUTION", description="The institutions where they are or were affiliated.")
    TOPIC = enum_value("TOPIC", description="Their topics, as `Researcher.topics` lists them.")
    COUNTRY = enum_value("COUNTRY", description="The countries of those institutions, each once.")


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


CitationFormat = _named(
    "CitationFormat",
    "How works are cited: for programs, or as text in one of the usual styles.",
    {
        "BIBTEX": "BibTeX in UTF-8, for LaTeX. A work has one key in all exports, such as `keutzer2020-W9000123`.",
        "RIS": "RIS, for reference managers.",
        "CSL_JSON": "CSL-JSON, for reference managers and CSL processors: an array of items.",
        "APA": "A line of text a work, in the style of the American Psychological Association (7th edition).",
        "MLA": "A line of text a work, in the style of the Modern Language Association (9th edition).",
        "CHICAGO": "A line of text a work, in the Chicago author-date style (18th edition).",
    },
    stored=tuple(FORMATS),
)
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
    "Why the viewer cannot claim a record now.",
    {blocker: message for blocker, (message, _) in BLOCKERS.items()},
)
ClaimState = _named(
    "ClaimState",
    "How far a claim is.",
    {
        "DRAFT": "Begun.",
        "EVIDENCE_PENDING": "Waiting for the code that was mailed to the institution's address.",
        "UNDER_REVIEW": "Being looked at.",
        "APPROVED": "The record is the account's.",
        "REJECTED": "A moderator did not find it proved.",
        "WITHDRAWN": "The claimant gave it up.",
        "EXPIRED": "The code was not entered in time.",
        "CONTESTED": "The record is the account's, and somebody disputes it.",
        "REVOKED": "A moderator took the record back.",
    },
    stored=CLAIM_STATES,
)
ClaimMethod = _named(
    "ClaimMethod",
    "How a claim is to be proved.",
    {
        "ORCID": "The account has signed in at ORCID, and a source says that the record holds that iD.",
        "EMAIL": "A code is mailed to an address at one of the record's institutions.",
        "EVIDENCE": "A moderator looks at a link or statement.",
    },
    stored=CLAIM_METHODS,
)
ClaimAction = _named(
    "ClaimAction",
    "A step of a claim.",
    {
        "OPEN": "The claimant began it.",
        "SUBMIT": "The claimant said how to prove it.",
        "PROVE": "The claimant gave the proof.",
        "APPROVE": "A moderator, or the service itself, found it proved.",
        "REJECT": "A moderator did not find it proved.",
        "EXPIRE": "The code was not entered in time.",
        "CONFIRM": "A moderator confirmed what was approved.",
        "CONTEST": "Somebody disputed it.",
        "QUESTION": "A moderator, or a merge of records, put it in question.",
        "UPHOLD": "A moderator found the dispute unfounded.",
        "REVOKE": "A moderator found the dispute right.",
        "WITHDRAW": "The claimant gave it up.",
    },
    stored=("OPEN", *TRANSITIONS),
)
ClaimActor = _named(
    "ClaimActor",
    "Who took a step of a claim.",
    {
        "CLAIMANT": "The account that claims.",
        "OTHER": "Another account.",
        "MODERATOR": "A moderator.",
        "SERVICE": "The service itself, by its rules.",
    },
)
ClaimDecision = _named(
    "ClaimDecision",
    "What a moderator decides about a claim.",
    {
        "APPROVE": "It is right: approve it, uphold it against a dispute, or confirm what the service approved.",
        "REJECT": "It is not proved.",
        "REVOKE": "It was approved and should not have been.",
    },
)
ClaimOrder = _named(
    "ClaimOrder",
    "How claims are ordered.",
    {"OLDEST": "By when they were begun, oldest first.", "NEWEST": "By when they were begun, newest first."},
)
InviteBlocker = _named(
    "InviteBlocker",
    "Why the viewer cannot invite a researcher now.",
    {
        "LOGIN_REQUIRED": "Sign in first.",
        "WRITE_SCOPE_REQUIRED": "This API token may not write.",
        "VERIFIED_EMAIL_REQUIRED": "The account's e-mail address is not confirmed.",
        "NOT_FOUND": "The page is gone at its owner's wish.",
        "RESEARCHER_UNCLAIMED": "Nobody has claimed the profile, so nobody would answer.",
        "SELF": "The record is the viewer's.",
        "NOT_OPEN_TO_COLLABORATION": "They want no invitations now, or, where their `collaborationStatus` is LIMITED, "
        "only those of their collaborators' collaborators.",
        "BLOCKED": "One of the two has blocked the other.",
        "ALREADY_INVITED": "An invitation between the two waits for an answer, or they have a conversation.",
        "COOLDOWN": "They declined an invitation of the viewer's less than 90 days ago.",
        "LIMIT_EXCEEDED": "The viewer has sent 20 invitations within a day.",
    },
    stored=tuple(INVITE_BLOCKERS),
)
InvitationState = _named(
    "InvitationState",
    "What has become of an invitation.",
    {
        "PENDING": "It waits for an answer.",
        "ACCEPTED": "The two have a conversation.",
        "DECLINED": "The recipient does not want to.",
        "WITHDRAWN": "The sender took it back.",
        "EXPIRED": "Nobody answered within 60 days.",
    },
    stored=INVITATION_STATES,
)
InvitationResponse = _named(
    "InvitationResponse",
    "An answer to an invitation.",
    {"ACCEPT": "Open a conversation.", "DECLINE": "Do not."},
)
InvitationAction = _named(
    "InvitationAction",
    "A step of an invitation.",
    {
        "SEND": "It was sent.",
        "ACCEPT": "It was accepted.",
        "DECLINE": "It was declined.",
        "WITHDRAW": "Its sender took it back.",
        "EXPIRE": "It was not answered in time.",
    },
)
InvitationBox = _named(
    "InvitationBox",
    "Whose invitations.",
    {"INCOMING": "Those that the account has received.", "OUTGOING": "Those that it has sent."},
)
MessageOrder = _named(
    "MessageOrder",
    "How messages are ordered.",
    {"NEWEST": "As they were written, newest first.", "OLDEST": "As they were written, oldest first."},
)
ReportState = _named(
    "ReportState",
    "What was decided about a report.",
    {"OPEN": "Nothing yet.", "UPHELD": "It is right.", "DISMISSED": "It is not."},
    stored=REPORT_STATES,
)
ReportDecision = _named(
    "ReportDecision",
    "What a moderator decides about a report.",
    {"UPHOLD": "It is right.", "DISMISS": "It is not."},
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
        "VERIFIED_EMAIL_REQUIRED": "The account's e-mail address is not confirmed.",
        "ALREADY_CLAIMED": "Somebody has the record.",
        "ALREADY_YOURS": "The viewer has the record.",
        "HAS_CLAIM": "The account has another record.",
        "UNDER_REVIEW": "The viewer's claim of the record is being looked at.",
        "COOLDOWN": "It is too soon after a decision.",
        "NOT_AT_ORCID": "The account has not signed in at ORCID.",
        "ORCID_MISMATCH": "The record does not hold the account's ORCID iD.",
        "NO_INSTITUTION_DOMAIN": "No institution of the record has a known domain.",
        "EMAIL_DOMAIN_MISMATCH": "The address is not at an institution of the record.",
        "CODE_EXPIRED": "The code is too old, or was tried too often.",
        "WRONG_STATE": "It does not take this in its state.",
        "NOT_CLAIMED": "Nobody has the record.",
        "OWN_ACCOUNT": "Moderators do not decide about their own accounts.",
        "OWN_CLAIM": "Moderators do not decide about their own claims.",
        "IDENTITY_TAKEN": "Another account has the identity.",
        "RESEARCHER_UNCLAIMED": "Nobody has claimed the record.",
        "SELF": "The record is the viewer's.",
        "NOT_OPEN_TO_COLLABORATION": "They want no invitations now, or not the viewer's.",
        "BLOCKED": "One of the two has blocked the other.",
        "ALREADY_INVITED": "An invitation between the two waits for an answer, or they have a conversation.",
        "LAST_WAY_IN": "Nobody could sign in to the account any more.",
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
SearchKind = _named(
    "SearchKind",
    "What can be searched for.",
    {
        "RESEARCHER": "A researcher, by any of their names, and by the headline that they gave themselves.",
        "WORK": "A work, by its title.",
        "TOPIC": "A topic, by its name and keywords.",
        "INSTITUTION": "An institution, by any of its names.",
    },
    stored=KINDS,
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
NotificationKind = _named(
    "NotificationKind",
    "What a notification is about.",
    {
        "NEW_FOLLOWER": "Somebody follows the account's record.",
        "CLAIM": "A step that somebody else took about the account's claim.",
        "ACCOUNT": "A moderator's decision about the account.",
        "INVITATION": "A step that the other took, or that time took, about an invitation of the account's.",
    },
)
ProvenanceKind = _named(
    "ProvenanceKind",
    "Whose word something is.",
    {"IMPORTED": "A source's.", "SELF_ASSERTED": "The record's owner's own."},
)
GraphKind = _named(
    "GraphKind",
    "What a node of the research graph is.",
    {"RESEARCHER": "A researcher.", "WORK": "A work.", "TOPIC": "A topic.", "INSTITUTION": "An institution."},
    stored=NODE_KINDS,
)
GraphEdgeKind = _named(
    "GraphEdgeKind",
    "How two nodes of the research graph belong together, and what the weight of such an edge is.",
    {
        "CO_AUTHORED": "Two researchers have published together, in either direction. The strength of that.",
        "WROTE": "A researcher stands in a work's byline. 1 by the number of its names.",
        "ABOUT": "A work is about a topic, or a researcher works on it. How surely; the share of their works.",
        "AFFILIATED": "A researcher is at an institution, or was; a work's byline names it. 1 now, 0.5 once; the share "
        "of the byline's names.",
        "CITES": "A work cites another. 1.",
        "PART_OF": "A topic is a part of another, right below it. 1.",
    },
    stored=EDGE_KINDS,
)
SimilarityKind = _named(
    "SimilarityKind",
    "What two researchers have in common.",
    {
        "TOPICS": "What they work on.",
        "COLLABORATORS": "Whom they have published with.",
        "VENUES": "Where their works have appeared.",
    },
    stored=tuple(POINTS),
)

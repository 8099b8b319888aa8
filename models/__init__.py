"""What is stored: one table a file, constraints in the database, no ORM relationships."""

from models.access import Access, Attempts, OneTimeCode
from models.account import Account, Identity
from models.activity import YearActivity
from models.affiliation import Affiliation
from models.authorship import Authorship, AuthorshipInstitution
from models.block import Block, Report
from models.change import Change
from models.claim import Claim
from models.collaboration import Collaboration
from models.conversation import Conversation, Message, Participant
from models.detached import Detached
from models.event import Event
from models.external_id import ExternalId, MergedId
from models.follow import Follow
from models.import_run import DataVersion, ImportPart, ImportRun, SlugSequence, Stale
from models.institution import Institution
from models.invitation import Invitation
from models.keyword import Keyword, WorkKeyword
from models.mail import Mail
from models.reference import Reference
from models.researcher import Researcher
from models.searchable import Searchable, Spelling
from models.source import Source
from models.topic import ResearcherTopic, Topic, WorkTopic
from models.work import Work

__all__ = [
    "Access",
    "Account",
    "Affiliation",
    "Attempts",
    "Authorship",
    "AuthorshipInstitution",
    "Block",
    "Change",
    "Claim",
    "Collaboration",
    "Conversation",
    "DataVersion",
    "Detached",
    "Event",
    "ExternalId",
    "Follow",
    "Identity",
    "ImportPart",
    "ImportRun",
    "Institution",
    "Invitation",
    "Keyword",
    "Mail",
    "MergedId",
    "Message",
    "OneTimeCode",
    "Participant",
    "Reference",
    "Report",
    "Researcher",
    "ResearcherTopic",
    "Searchable",
    "SlugSequence",
    "Source",
    "Spelling",
    "Stale",
    "Topic",
    "Work",
    "WorkKeyword",
    "WorkTopic",
    "YearActivity",
]

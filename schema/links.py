"""The types by name, for those that point at each other."""

from typing import TYPE_CHECKING, Annotated

from strawberry import lazy

if TYPE_CHECKING:
    from schema.account import Account
    from schema.claim import Claim
    from schema.conversation import Conversation
    from schema.institution import Institution
    from schema.invitation import Invitation
    from schema.researcher import Researcher
    from schema.source import Source
    from schema.topic import Topic
    from schema.work import Work

AnAccount = Annotated["Account", lazy("schema.account")]
AClaim = Annotated["Claim", lazy("schema.claim")]
AConversation = Annotated["Conversation", lazy("schema.conversation")]
AnInvitation = Annotated["Invitation", lazy("schema.invitation")]
AnInstitution = Annotated["Institution", lazy("schema.institution")]
AResearcher = Annotated["Researcher", lazy("schema.researcher")]
ASource = Annotated["Source", lazy("schema.source")]
ATopic = Annotated["Topic", lazy("schema.topic")]
AWork = Annotated["Work", lazy("schema.work")]

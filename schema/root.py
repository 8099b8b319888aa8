from __future__ import annotations

from typing import Any

import strawberry

from schema.account import Account
from schema.block import Report
from schema.claim import Claim
from schema.conversation import Conversation, Message
from schema.feed import Notification
from schema.institution import Institution
from schema.invitation import Invitation
from schema.mutation import Refusal
from schema.mutations import Mutation
from schema.query import Query
from schema.researcher import Researcher
from schema.source import Source
from schema.subscription import Subscription
from schema.topic import Topic
from schema.work import Work


def build_schema(execution_context_class: Any = None) -> strawberry.Schema:
    """The schema, run by graphql-core's executor or by this class of it."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[
            Account,
            Claim,
            Conversation,
            Institution,
            Invitation,
            Message,
            Notification,
            Report,
            Refusal,
            Researcher,
            Source,
            Topic,
            Work,
        ],
        execution_context_class=execution_context_class,
    )

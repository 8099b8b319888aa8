from __future__ import annotations

from typing import Any

from strawberry.extensions import ParserCache, ValidationCache

from schema.account import Account
from schema.errors import Schema
from schema.institution import Institution
from schema.operation import NamedOperation
from schema.query import Query
from schema.researcher import Researcher
from schema.source import Source
from schema.topic import Topic
from schema.work import Work

CACHED_DOCUMENTS = 512


def build_schema(execution_context_class: Any = None) -> Schema:
    """The schema, run by graphql-core's executor or by this class of it."""
    return Schema(
        query=Query,
        types=[Account, Institution, Researcher, Source, Topic, Work],
        extensions=[lambda: ParserCache(CACHED_DOCUMENTS), lambda: ValidationCache(CACHED_DOCUMENTS), NamedOperation],
        execution_context_class=execution_context_class,
    )

from __future__ import annotations

import strawberry

from schema.field import column
from schema.node import Node


@strawberry.type(description="Somebody who can sign in.")
class Account(Node):
    display_name: str = column("What they call themselves here.")

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from schema.context import Spent
from schema.field import computed


@strawberry.type(
    description="The points that whoever asks may spend within an hour on what operations cost. They are counted by "
    "account, by whichever of its sessions and tokens it asks, and by address (IPv6: /64) of who is not signed in."
)
class RateLimit:
    limit: int = strawberry.field(description="The points an hour; 2147483647 where there is no limit.")
    cost: int = strawberry.field(description="What this operation costs.")
    remaining: int = strawberry.field(description="How many points are left after this operation, until `resetAt`.")
    used: int = strawberry.field(description="How many points have been spent, this operation's among them.")

    @computed("ends", description="When all of them are there again.")
    def reset_at(self: Spent) -> datetime:
        return datetime.fromtimestamp(self.ends, UTC)

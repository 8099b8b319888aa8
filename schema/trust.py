from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from resolvers.claim_blockers import held_by_account
from resolvers.trust import NEEDS, advice, trust
from schema.context import Info
from schema.enums import TrustBand, VerificationLevel, VerificationMethod
from schema.field import column, computed

_HELD = held_by_account.only(frozenset({"researcher_id"}))


@strawberry.type(description="A part of the trust score.")
class TrustComponent:
    key: str = column("Names the component; the same for ever.")
    label: str = column("Its name to show.")
    points: int = column("What it brings to the score.")
    max_points: int = column("The most it can bring.")
    value: float = column("What was counted or found.")
    explanation: str = column("Why it brings so many points, in a sentence.")


@strawberry.type(description="What would raise the score.")
class TrustStep:
    key: str = column("Names the step; the same for ever.")
    label: str = column("What to do.")
    points: int = column("What it would bring by itself.")

    @computed(description="What the viewer can do about it, in a sentence.", private=True)
    async def advice(self, info: Info) -> str:
        step: Any = self
        viewer = info.context.viewer
        held: Any = None if viewer is None else await info.context.store.load(_HELD, viewer.id)
        owner = held is not None and held.researcher_id == step.researcher_id
        return advice(step, signed_in=viewer is not None, owner=owner, has_another=held is not None)


@strawberry.type(description="How far a profile can be trusted, and why: the sum of its components' points.")
class Trust:
    score: int = column("0 to 100.")
    band: TrustBand = column("What the score means.")
    formula_version: str = column("Which formula computed it; scores of different versions do not compare.")
    computed_at: datetime = column("When what it counts was last derived from the works.")
    components: list[TrustComponent] = column("The parts; their points add up to the score.")
    next_steps: list[TrustStep] = column("What would raise it, most first.")


@strawberry.type(description="How surely a record is that of a real person.")
class Verification:
    level: VerificationLevel = column("The level reached.")
    methods: list[VerificationMethod] = column("How it was proved; empty for an unclaimed record.")
    verified_at: datetime | None = column("When; null for an unclaimed record.")


def trust_field() -> Any:
    def resolve(root: Any) -> Any:
        return trust(root)

    del resolve.__annotations__["return"]
    return computed(*NEEDS, description="How far the profile can be trusted, with every part explained.")(resolve)

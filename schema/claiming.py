from __future__ import annotations

import strawberry

from resolvers import claims
from schema.claim import Claim, claim_link
from schema.context import Info
from schema.enums import ClaimDecision, ClaimMethod
from schema.mutation import Answer, Payload, Who, mutation
from schema.node import read_id


@strawberry.type(description="A claim as it is now.")
class ClaimPayload(Payload):
    claim: Claim | None = claim_link("The claim.")


@strawberry.input(description="Which record is the viewer's, and how to prove it.")
class ClaimResearcherInput:
    researcher_id: strawberry.ID = strawberry.field(description="The id of the record.")
    method: ClaimMethod = strawberry.field(description="How to prove it.")
    email: str | None = strawberry.field(
        default=None, description="With EMAIL: an address at one of the record's institutions."
    )
    evidence_url: str | None = strawberry.field(
        default=None, description="With EVIDENCE: a link that shows it, such as a page kept at the institution."
    )
    statement: str | None = strawberry.field(default=None, description="What else a moderator should know.")


@strawberry.input(description="The code of a claim.")
class ConfirmClaimInput:
    claim_id: strawberry.ID = strawberry.field(description="The id of the viewer's claim.")
    code: str = strawberry.field(description="The code that was mailed, however it is typed.")


@strawberry.input(description="Which claim.")
class ClaimRef:
    claim_id: strawberry.ID = strawberry.field(description="The id of the viewer's claim.")


@strawberry.input(description="Whose claim is disputed, and why.")
class ContestClaimInput:
    researcher_id: strawberry.ID = strawberry.field(description="The id of the record.")
    reason: str = strawberry.field(description="Why it is not theirs, for moderators and the claimant to read.")


@strawberry.input(description="A moderator's decision.")
class DecideClaimInput:
    claim_id: strawberry.ID = strawberry.field(description="The id of the claim.")
    decision: ClaimDecision = strawberry.field(description="The decision.")
    note: str | None = strawberry.field(default=None, description="Why, for the claimant to read.")


@mutation(
    ClaimPayload,
    "Claim a public record. By ORCID it is approved at once; by EMAIL a code is mailed, for `confirmClaim`; by "
    "EVIDENCE a moderator decides. A claim of the same record that still waits for its code is withdrawn.",
)
async def claim_researcher(info: Info, input: ClaimResearcherInput) -> Answer:
    claim_id = await claims.claim_researcher(
        info.context.writer,
        info.context.me,
        read_id(input.researcher_id, ["input", "researcherId"], "Researcher")[1],
        input.method.value,
        email=input.email,
        evidence_url=input.evidence_url,
        statement=input.statement,
    )
    return Answer(claim_id=claim_id)


@mutation(ClaimPayload, "Prove a claim with the mailed code: five tries in 30 minutes. Proved already, it is success.")
async def confirm_claim(info: Info, input: ConfirmClaimInput) -> Answer:
    claim_id = _claim_id(input.claim_id)
    return Answer(claim_id=await claims.confirm_claim(info.context.writer, info.context.me, claim_id, input.code))


@mutation(ClaimPayload, "Give up a claim, be it approved or not. Withdrawn already, it is success.")
async def withdraw_claim(info: Info, input: ClaimRef) -> Answer:
    claim_id = _claim_id(input.claim_id)
    return Answer(claim_id=await claims.withdraw_claim(info.context.writer, info.context.me, claim_id))


@mutation(ClaimPayload, "Dispute somebody's claim of a record. A moderator upholds or revokes it.")
async def contest_claim(info: Info, input: ContestClaimInput) -> Answer:
    _, researcher_id = read_id(input.researcher_id, ["input", "researcherId"], "Researcher")
    claim_id = await claims.contest_claim(info.context.writer, info.context.me, researcher_id, input.reason)
    return Answer(claim_id=claim_id)


@mutation(ClaimPayload, "Decide about a claim.", Who.MODERATOR)
async def decide_claim(info: Info, input: DecideClaimInput) -> Answer:
    claim_id = _claim_id(input.claim_id)
    decision = input.decision.value
    await claims.decide_claim(info.context.writer, info.context.me, claim_id, decision, input.note)
    return Answer(claim_id=claim_id)


def _claim_id(text: strawberry.ID) -> int:
    return read_id(text, ["input", "claimId"], "Claim")[1]

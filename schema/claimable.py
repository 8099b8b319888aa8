"""What a record says of its being claimed: by whom it could be, and how it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.columns import now
from resolvers.claim_blockers import blockers, claims_by, held_by_account, held_of_researcher
from resolvers.later import arrived
from resolvers.trust import CLAIMED
from schema.context import Context, Info
from schema.enums import ProvenanceKind, VerificationLevel, VerificationMethod
from schema.field import computed
from schema.provenance import Provenance
from schema.trust import Verification

_HELD = held_by_account.only(frozenset({"researcher_id"}))
_PROOF = held_of_researcher.only(frozenset({"method", "level", "approved_at"}))


async def _blockers(rows: Sequence[Any], context: Context) -> list[list[str]]:
    """Why the viewer cannot claim each of the records."""
    viewer, moment = context.viewer, now()
    if viewer is None:
        return [list(blockers(None, row, (), None, moment)) for row in rows]
    own = await arrived(context.store.load_all(claims_by(viewer.id), [row.id for row in rows]))
    held = await context.store.load(_HELD, viewer.id)
    held_id = None if held is None else held.researcher_id
    read = claims_by(viewer.id)
    made = [read.made(claims) for claims in own]
    return [list(blockers(viewer, row, claims, held_id, moment)) for row, claims in zip(rows, made, strict=True)]


def claim_blockers(show: Callable[[list[str]], Any], description: str) -> Any:
    """A field made of what keeps the viewer from claiming the record."""

    async def batch(rows: Sequence[Any], context: Context) -> list[Any]:
        return [*map(show, await _blockers(rows, context))]

    async def resolve(root: Any, info: Info) -> Any:
        return (await batch([root], info.context))[0]

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    del resolve.__annotations__["return"]
    return computed("id", "claim_status", "suppressed_at", description=description, private=True)(resolve)


def verification_field() -> Any:
    async def batch(rows: Sequence[Any], context: Context) -> list[Verification]:
        claimed = [row.id for row in rows if row.claim_status in CLAIMED]
        proofs = dict(zip(claimed, await arrived(context.store.load_all(_PROOF, claimed)), strict=True))
        return [_verification(row, proofs.get(row.id)) for row in rows]

    async def resolve(root: Any, info: Info) -> Verification:
        return (await batch([root], info.context))[0]

    resolve.plan = lambda _info: batch  # type: ignore[attr-defined]
    return computed(
        "id", "claim_status", "verification_level", description="How surely the record is that of a real person."
    )(resolve)


def _verification(row: Any, proof: Any) -> Verification:
    proof = proof and _PROOF.made(proof)
    methods = [] if proof is None else [VerificationMethod(proof.method)]
    if proof is not None and proof.level == 4 and proof.method != "EVIDENCE":  # noqa: PLR2004
        methods.append(VerificationMethod("EVIDENCE"))  # a moderator has confirmed it since
    level = VerificationLevel(f"L{row.verification_level}")
    return Verification(level=level, methods=methods, verified_at=proof and proof.approved_at)


# What an owner says, and the fields that show it.
OWN_WORDS = {
    "headline": "headline",
    "homepage_url": "homepageUrl",
    "own_institution_id": "affiliation",
    "affiliation_withheld": "affiliationStatus",
    "collaboration_status": "collaborationStatus",
}


async def own_words(row: Any, info: Info) -> list[Provenance]:
    """Which of a claimed record's fields are its owner's word."""
    said = [field for column, field in OWN_WORDS.items() if getattr(row, column) and getattr(row, column) != "OPEN"]
    if not said or row.claim_status not in CLAIMED:
        return []
    held = await info.context.store.load(_PROOF, row.id)
    url = f"{info.context.public_url}/researchers/{row.slug}"
    return [
        Provenance(
            source="The researcher",
            record_id=row.slug,
            record_url=url,
            changed_at=None,
            imported_at=held.approved_at,
            kind=ProvenanceKind("SELF_ASSERTED"),
            fields=said,
        )
    ]

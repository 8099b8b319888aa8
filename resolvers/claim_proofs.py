"""How a claim is proved: by ORCID, by a code to the institution's address, or by evidence.

Each proof takes a claim that has been submitted as far as it can. It raises Declined where the method does not serve.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, or_
from sqlmodel import col

from models import Affiliation, Institution, Researcher
from resolvers.accounts import BY_ID
from resolvers.claim_states import Actor, move
from resolvers.codes import mail_code
from resolvers.identities import ORCID_IDS
from resolvers.reads import select
from resolvers.refused import Declined
from resolvers.viewers import Viewer
from resolvers.writing import Transaction

CODE_HOLDS, TRIES = timedelta(minutes=30), 5
DOMAINS_TOLD = 5
LEVELS = {"EMAIL": 2, "ORCID": 3, "EVIDENCE": 4}

_HOMEPAGES = (
    select(Institution.homepage_url)
    .where(
        col(Institution.homepage_url).is_not(None),
        or_(
            col(Institution.id).in_(
                select(Affiliation.institution_id).where(col(Affiliation.researcher_id) == bindparam("researcher"))
            ),
            col(Institution.id).in_(
                select(Researcher.institution_id).where(col(Researcher.id) == bindparam("researcher"))
            ),
        ),
    )
    .order_by(col(Institution.id))
)


async def _by_orcid(write: Transaction, viewer: Viewer, claim: Any, researcher: Any) -> None:
    ids = {row.subject for row in await write.rows(ORCID_IDS, account=viewer.id)}
    others = ("CLAIM_BY_EMAIL", "CLAIM_BY_EVIDENCE")
    if not ids:
        message = "Sign in at ORCID first, so that it is you who says which iD is yours."
        raise Declined("NOT_AT_ORCID", message, "method", steps=("SIGN_IN_AT_ORCID", *others))
    if researcher.orcid not in ids:
        message = "The record does not hold the ORCID iD that you signed in with."
        raise Declined("ORCID_MISMATCH", message, "method", steps=(*others, "CORRECT_SOURCE"))
    claim = await move(write, claim, "PROVE", Actor.CLAIMANT, viewer.id)
    await move(write, claim, "APPROVE", Actor.SERVICE, None, level=LEVELS["ORCID"])


async def _by_email(write: Transaction, viewer: Viewer, claim: Any, researcher: Any) -> None:
    homepages = [row.homepage_url for row in await write.rows(_HOMEPAGES, researcher=researcher.id)]
    domains = [*dict.fromkeys(filter(None, map(domain_of, homepages)))]
    others = ("CLAIM_BY_ORCID", "CLAIM_BY_EVIDENCE")
    if not domains:
        message = "No institution of this record has a known domain."
        raise Declined("NO_INSTITUTION_DOMAIN", message, "method", steps=others)
    theirs = claim.email.rpartition("@")[2].casefold()
    if not any(theirs == domain or theirs.endswith(f".{domain}") for domain in domains):
        message = f"The address must be at one of the record's institutions: {', '.join(domains[:DOMAINS_TOLD])}."
        raise Declined("EMAIL_DOMAIN_MISMATCH", message, "email", steps=("USE_OTHER_ADDRESS", *others))
    account = await write.row(BY_ID, account=viewer.id)
    await mail_code(
        write,
        account,
        "CLAIM",
        CODE_HOLDS,
        about=claim.id,
        recipient=claim.email,
        tries=TRIES,
        researcher=researcher.display_name,
    )


async def _by_evidence(write: Transaction, viewer: Viewer, claim: Any, _researcher: Any) -> None:
    await move(write, claim, "PROVE", Actor.CLAIMANT, viewer.id)


PROOFS = {"ORCID": _by_orcid, "EMAIL": _by_email, "EVIDENCE": _by_evidence}


def domain_of(url: str) -> str | None:
    """The domain that an institution's page stands on, without www."""
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    host = (host or "").casefold().removeprefix("www.").rstrip(".")
    return host if "." in host else None

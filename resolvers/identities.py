"""Identities: who an account is at a provider of sign-ins, by what the provider has proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import Account, Identity
from models.account import ORCID
from models.columns import Key, now
from resolvers.accesses import Client, Signed, let_in
from resolvers.accounts import BY_EMAIL, BY_ID, LOCK
from resolvers.attempts import Limit, attempt
from resolvers.checked import LONGEST_NAME, checked_email
from resolvers.reads import Many, select
from resolvers.refused import Declined, Unavailable
from resolvers.signing_in import SIGN_UPS_FROM_ADDRESS
from resolvers.viewers import Viewer
from resolvers.writing import Conflict, Transaction, Writer

LONGEST_SUBJECT = 255  # by OpenID Connect
AGAIN = 3  # attempts of a sign-in that others' got in the way of

identities_of_account = Many(
    select(Identity).order_by(col(Identity.created_at), col(Identity.issuer), col(Identity.subject)),
    key=col(Identity.account_id),
)

_ACCOUNT = col(Identity.account_id) == bindparam("account", type_=Key)
_THIS = (col(Identity.issuer) == bindparam("issuer"), col(Identity.subject) == bindparam("subject"))

# The ORCID iDs that an account has proved to be its person's.
ORCID_IDS = select(Identity.subject).where(_ACCOUNT, col(Identity.provider) == ORCID)
_HOLDER = select(Identity.account_id).where(*_THIS)
_KEEP = (
    insert(Identity)
    .values({name: bindparam(name) for name in Identity.model_fields})
    .on_conflict_do_nothing()
    .returning(col(Identity.account_id))
)
_OF_ACCOUNT = select(Identity.issuer, Identity.subject).where(_ACCOUNT)
_UNLINK = sqlalchemy.delete(Identity).where(_ACCOUNT, *_THIS)


@dataclass(frozen=True)
class Proof:
    """Who has just signed in at a provider, its answer having been verified."""

    issuer: str
    subject: str
    provider: str  # what our settings call it
    claims: Mapping[str, Any]  # whatever it says of them; nothing in it need be what it should

    def __post_init__(self) -> None:
        """Raises Declined (INVALID_INPUT) for a subject that names nobody."""
        subject = self.subject
        if self.provider == ORCID:  # has been given as a URL, too, by some of its versions
            import idutils  # noqa: PLC0415  see resolvers/identifiers.py

            subject = idutils.normalize_orcid(subject).upper() if idutils.is_orcid(subject) else ""
        if not 1 <= len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise Declined("INVALID_INPUT", "The provider does not say who you are.", steps=("CONTACT",))
        object.__setattr__(self, "subject", subject)

    @property
    def key(self) -> dict[str, str]:
        return {"issuer": self.issuer, "subject": self.subject}

    @property
    def display_name(self) -> str:
        """What to call them: never empty, never too long."""
        parts = " ".join(filter(None, (_text(self.claims.get(one)) for one in ("given_name", "family_name"))))
        fallback = self.subject if self.provider == ORCID else "Somebody new"
        return (_text(self.claims.get("name")) or parts or fallback)[:LONGEST_NAME].rstrip()

    @property
    def email(self) -> str | None:
        """Their address, if the provider says that it is theirs."""
        address = self.claims.get("email")
        if self.claims.get("email_verified") is not True or not isinstance(address, str):
            return None
        try:
            return checked_email(address)
        except Declined:
            return None


def _text(claim: Any) -> str:
    """A claim as a line that can be seen."""
    if not isinstance(claim, str):
        return ""
    return "".join(filter(str.isprintable, " ".join(claim.split()))).strip()


async def sign_in_elsewhere(writer: Writer, client: Client, proof: Proof) -> Signed:
    """A session of the account that has the identity, or of a new account.

    An account that merely has the same address is neither taken over nor joined: whoever has it signs in to it first
    and links the identity then. To make another account without the address would be no safer, and a trap: its only
    way in could never be moved to the account that they have.

    Raises Declined (ACCOUNT_SUSPENDED, EMAIL_TAKEN, TOO_MANY_ATTEMPTS).
    """

    async def known(write: Transaction) -> Signed | None:
        holder = await write.value(_HOLDER, **proof.key)
        return None if holder is None else await _let_in(write, holder, client)

    async def new(write: Transaction) -> Signed:
        email = proof.email
        taken = email is not None and await write.row(BY_EMAIL, email_key=email.casefold()) is not None
        signed = await known(write)  # after that: whoever has the address may be who comes here twice at once
        if signed is not None:
            return signed
        if taken:
            message = "There is an account with your e-mail address. Sign in to it, then sign in here again to link it."
            raise Declined("EMAIL_TAKEN", message, steps=("SIGN_IN", "RESET_PASSWORD"))
        account = Account(
            display_name=proof.display_name,
            email=email,
            email_key=None if email is None else email.casefold(),
            email_verified_at=None if email is None else now(),
        )
        await write.add(account)
        if not await _keep(write, proof, account.id):
            raise Conflict  # so that the account goes, too
        return await let_in(write, account, client)

    for _ in range(AGAIN):
        signed = await writer.write(known)
        if signed is not None:
            return signed
        await attempt(writer, Limit("sign up from", client.address, SIGN_UPS_FROM_ADDRESS))
        try:
            return await writer.write(new)
        except Conflict:  # somebody else has the identity, or the address, since this moment
            continue
    raise Unavailable("Too many sign in as the same at once.")


async def link_identity(writer: Writer, viewer: Viewer, proof: Proof) -> None:
    """Let the account be signed in to by this identity, too. Linked already, it is success.

    Raises Declined (IDENTITY_TAKEN).
    """

    async def rule(write: Transaction) -> None:
        await _keep(write, proof, viewer.id)
        if await write.value(_HOLDER, **proof.key) != viewer.id:
            message = "Another account has this identity. Sign in with it, and unlink it there first."
            raise Declined("IDENTITY_TAKEN", message, steps=("SIGN_IN", "CONTACT"))

    await writer.write(rule)


async def unlink_identity(writer: Writer, viewer: Viewer, issuer: str, subject: str) -> None:
    """Let the account not be signed in to by this identity any more. Not linked, it is success.

    Raises Declined (LAST_WAY_IN).
    """

    async def rule(write: Transaction) -> None:
        account = await write.row(LOCK, account=viewer.id)  # so that the last two do not go at once
        linked = {(row.issuer, row.subject) for row in await write.rows(_OF_ACCOUNT, account=viewer.id)}
        if (issuer, subject) not in linked:
            return
        if len(linked) == 1 and (account.password_hash is None or account.email is None):
            message = "Without this identity nobody could sign in to the account any more."
            raise Declined("LAST_WAY_IN", message, steps=("RESET_PASSWORD", "LINK_OTHER"))
        await write.rows(_UNLINK, account=viewer.id, issuer=issuer, subject=subject)

    await writer.write(rule)


async def _keep(write: Transaction, proof: Proof, account_id: int) -> bool:
    """Whether the identity is the account's by this; false where it was anybody's before."""
    kept = await write.rows(_KEEP, **proof.key, provider=proof.provider, account_id=account_id, created_at=now())
    return bool(kept)


async def _let_in(write: Transaction, account_id: int, client: Client) -> Signed:
    account = await write.row(BY_ID, account=account_id)
    if account.suspended_at is not None:
        raise Declined("ACCOUNT_SUSPENDED", "This account has been suspended by a moderator.")
    return await let_in(write, account, client)

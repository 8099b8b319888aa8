"""Accounts: signing up and in, e-mail addresses, passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Select, Update, bindparam
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from models import Access, Account, Identity, OneTimeCode
from models.columns import now
from models.database import subject
from resolvers.attempts import Limit, attempt, forget
from resolvers.checked import LONGEST_NAME, checked_email, checked_line
from resolvers.letters import letter
from resolvers.passwords import checked_password, hashed, verified
from resolvers.reads import Many, One, select
from resolvers.refused import Declined
from resolvers.secrets import code_hash, new_code, new_token, token_hash
from resolvers.viewers import Viewer
from resolvers.writing import Conflict, Transaction, Writer

SESSION = timedelta(days=30)
EVERYTHING = "READ WRITE"
VERIFY_FOR, RESET_FOR = timedelta(hours=24), timedelta(hours=1)
MOST_TOKENS, LONGEST_TERM = 50, 366  # API tokens of an account, and days that one holds
# At most, in a quarter of an hour.
GUESSES, GUESSES_FROM_ADDRESS, SIGN_UPS_FROM_ADDRESS, LETTERS, CODES_FROM_ADDRESS = 10, 100, 30, 5, 50

account_by_id = One(select(Account), key=col(Account.id))
access_by_id = One(select(Access), key=col(Access.id))
_HOLDS = col(Access.expires_at) > sqlalchemy.func.now()


def accesses_of_account(kind: str) -> Many:
    """An account's sessions or API tokens."""
    accesses = select(Access).where(col(Access.kind) == kind, _HOLDS)
    return Many(accesses.order_by(col(Access.used_at).desc(), col(Access.id)), key=col(Access.account_id))


@dataclass(frozen=True)
class Client:
    """Where a request comes from."""

    address: str
    name: str  # what it calls itself


@dataclass(frozen=True)
class Signed:
    """An account that has just been let in, and the token that lets it in again."""

    viewer: Viewer
    token: str


def _one(condition: Any) -> Select[Any]:
    return select(Account).where(condition)


BY_EMAIL = _one(col(Account.email_key) == bindparam("email_key"))
BY_ID = _one(col(Account.id) == bindparam("account"))


def change_account(**values: Any) -> Update:
    return sqlalchemy.update(Account).where(col(Account.id) == bindparam("account")).values(**values)


LOCK = BY_ID.with_for_update(key_share=True)  # one rule at a time about an account
_COUNT_TOKENS = select(sqlalchemy.func.count()).where(
    col(Access.account_id) == bindparam("account"), col(Access.kind) == "API"
)
_END_OVER = sqlalchemy.delete(Access).where(col(Access.account_id) == bindparam("account"), ~_HOLDS)
_SET_PASSWORD = change_account(password_hash=bindparam("hash"))
_SET_VERIFIED = change_account(email_verified_at=bindparam("moment")).where(col(Account.email_verified_at).is_(None))
_SET_EMAIL = change_account(
    email=bindparam("address"), email_key=bindparam("key"), email_verified_at=bindparam("moment")
)
_NEWLY_VERIFIED = _SET_VERIFIED.returning(col(Account.id))
_UNLINK_ALL = sqlalchemy.delete(Identity).where(col(Identity.account_id) == bindparam("account"))
_KEEP_CODE = insert(OneTimeCode).values({name: bindparam(name) for name in OneTimeCode.model_fields})
KEEP_CODE = _KEEP_CODE.on_conflict_do_update(
    index_elements=["account_id", "purpose", "about_id"],
    set_={name: _KEEP_CODE.excluded[name] for name in ("code_hash", "address", "tries_left", "expires_at")},
)
_SPEND_CODE = (
    sqlalchemy.delete(OneTimeCode)
    .where(col(OneTimeCode.purpose) == bindparam("purpose"), col(OneTimeCode.code_hash) == bindparam("hash"))
    .returning(col(OneTimeCode.account_id), col(OneTimeCode.expires_at), col(OneTimeCode.address))
)
_FORGET_CODES = sqlalchemy.delete(OneTimeCode).where(
    col(OneTimeCode.account_id) == bindparam("account"), col(OneTimeCode.purpose) != "CLAIM"
)
_END_OTHERS = sqlalchemy.delete(Access).where(
    col(Access.account_id) == bindparam("account"), col(Access.id) != bindparam("access")
)
_END = sqlalchemy.delete(Access).where(
    col(Access.account_id) == bindparam("account"), col(Access.id) == bindparam("access")
)


async def sign_up(writer: Writer, client: Client, display_name: str, email: str, password: str) -> Signed:
    """Raises Declined (INVALID_INPUT, WEAK_PASSWORD, EMAIL_TAKEN, TOO_MANY_ATTEMPTS)."""
    name, address = checked_line(display_name, "displayName", longest=LONGEST_NAME), checked_email(email, "email")
    checked_password(password, address, "password")
    await attempt(writer, Limit("sign up from", client.address, SIGN_UPS_FROM_ADDRESS))
    account = Account(
        display_name=name, email=address, email_key=address.casefold(), password_hash=await hashed(password)
    )

    async def rule(write: Transaction) -> Signed:
        await write.add(account)
        await mail_code(write, account, "VERIFY_EMAIL", VERIFY_FOR)
        return await let_in(write, account, client)

    try:
        return await writer.write(rule)
    except Conflict:
        raise _taken("email") from None


async def sign_in(writer: Writer, client: Client, email: str, password: str) -> Signed:
    """Raises Declined (INVALID_CREDENTIALS, ACCOUNT_SUSPENDED, TOO_MANY_ATTEMPTS).

    An address that nobody has costs and answers the same as a wrong password.
    """
    key = _key(email)
    await attempt(
        writer,
        Limit("sign in as", key, GUESSES),
        Limit("sign in from", client.address, GUESSES_FROM_ADDRESS),
    )

    async def look_up(write: Transaction) -> Any:
        return await write.row(BY_EMAIL, email_key=key)

    account = await writer.write(look_up)
    if not await verified(password, account and account.password_hash):
        steps = ("RESET_PASSWORD", "SIGN_UP")
        raise Declined("INVALID_CREDENTIALS", "The address or the password is wrong.", steps=steps)
    if account.suspended_at is not None:
        raise Declined("ACCOUNT_SUSPENDED", "This account has been suspended by a moderator.")

    async def rule(write: Transaction) -> Signed:
        await forget(write, "sign in as", key)
        return await let_in(write, account, client)

    return await writer.write(rule)


def _key(email: str) -> str:
    """What an address is looked up by, be it one or not."""
    try:
        return checked_email(email).casefold()
    except Declined:
        return email.strip().casefold().replace("\0", "")  # which PostgreSQL cannot even look for


async def let_in(write: Transaction, account: Any, client: Client) -> Signed:
    """A new session of the account."""
    access, token = new_access(account.id, "SESSION", client.name, EVERYTHING, SESSION)
    await write.rows(_END_OVER, account=account.id)
    await write.add(access)
    return Signed(Viewer.of(access, account), token)


def new_access(account_id: int, kind: str, name: str, scopes: str, term: timedelta) -> tuple[Access, str]:
    """An access and its token, which nobody will see again."""
    token = new_token(kind)
    access = Access(
        account_id=account_id,
        kind=kind,
        name=name[:LONGEST_NAME],
        token_hash=token_hash(token),
        scopes=scopes,
        expires_at=now() + term,
    )
    return access, token


async def end_access(writer: Writer, account_id: int, access_id: int) -> None:
    """End a session or an API token of the account, if there is one."""

    async def rule(write: Transaction) -> None:
        await write.rows(_END, account=account_id, access=access_id)

    await writer.write(rule)


async def mail_code(
    write: Transaction,
    account: Any,
    purpose: str,
    term: timedelta,
    *,
    about: int = 0,
    recipient: str | None = None,
    address: str | None = None,
    tries: int = 1,
    **values: Any,
) -> None:
    """Send a code, in place of any sent before for the same; `address` becomes the account's with it."""
    code = new_code()
    await write.rows(
        KEEP_CODE,
        account_id=account.id,
        purpose=purpose,
        about_id=about,
        code_hash=code_hash(purpose, code),
        address=address,
        tries_left=tries,
        expires_at=now() + term,
    )
    values |= {"name": account.display_name, "code": code}
    await write.add(letter(purpose.lower(), recipient or account.email, **values))


async def request_verification(writer: Writer, viewer: Viewer) -> None:
    """Mail another code, unless the address is confirmed already. Raises Declined (TOO_MANY_ATTEMPTS, NO_EMAIL)."""
    await attempt(writer, Limit("verification for", str(viewer.id), LETTERS))

    async def rule(write: Transaction) -> None:
        account = await write.row(BY_ID, account=viewer.id)
        if account.email is None:
            raise Declined("NO_EMAIL", "The account has no e-mail address.", steps=("ADD_EMAIL",))
        if account.email_verified_at is None:
            await mail_code(write, account, "VERIFY_EMAIL", VERIFY_FOR)

    await writer.write(rule)


async def verify_email(writer: Writer, client: Client, viewer: Viewer | None, code: str) -> int:
    """The account whose address is confirmed now, be it its first or a new one.

    Whoever has the code has read the mail, signed in or not. Raises Declined (INVALID_CODE, EMAIL_TAKEN,
    TOO_MANY_ATTEMPTS).
    """
    await attempt(writer, Limit("code from", client.address, CODES_FROM_ADDRESS))

    async def rule(write: Transaction) -> int:
        found = await _spend(write, "VERIFY_EMAIL", code) or await _spend(write, "CHANGE_EMAIL", code)
        if found is None and viewer is not None and viewer.email_verified:
            return viewer.id
        if found is None or (viewer is not None and viewer.id != found.account_id):
            raise _wrong_code(("REQUEST_CODE",))
        if found.address is None:
            await write.rows(_SET_VERIFIED, account=found.account_id, moment=now())
        else:
            await _set_email(write, found.account_id, found.address)
        account_id: int = found.account_id
        return account_id

    try:
        return await writer.write(rule)
    except Conflict:
        raise _taken("code") from None


async def change_email(writer: Writer, viewer: Viewer, email: str, password: str | None) -> None:
    """Mail a code to the new address, which becomes the account's with it.

    Raises Declined (INVALID_INPUT, EMAIL_TAKEN, INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS).
    """
    address = checked_email(email, "email")
    await attempt(writer, Limit("verification for", str(viewer.id), LETTERS))
    await confirmed(writer, viewer, password, "password")

    async def rule(write: Transaction) -> None:
        account = await write.row(LOCK, account=viewer.id)
        known = await write.row(BY_EMAIL, email_key=address.casefold())
        if known is not None and known.id != viewer.id:
            raise _taken("email")
        await mail_code(write, account, "CHANGE_EMAIL", VERIFY_FOR, recipient=address, address=address)

    await writer.write(rule)


async def _set_email(write: Transaction, account_id: int, address: str) -> None:
    before = await write.row(LOCK, account=account_id)
    await write.rows(_SET_EMAIL, account=account_id, address=address, key=address.casefold(), moment=now())
    await write.rows(_FORGET_CODES, account=account_id)  # those that the old mailbox still holds
    if before.email is not None and before.email != address:
        await write.add(letter("email_changed", before.email, name=before.display_name))


def _taken(field: str) -> Declined:
    steps = ("SIGN_IN", "RESET_PASSWORD")
    return Declined("EMAIL_TAKEN", "There is an account with this address.", field, steps=steps)


async def request_password_reset(writer: Writer, client: Client, email: str) -> None:
    """Mail a code to whoever has this address; the answer does not tell whether anyone has.

    Raises Declined (INVALID_INPUT, TOO_MANY_ATTEMPTS).
    """
    key = checked_email(email, "email").casefold()
    await attempt(writer, Limit("reset for", key, LETTERS), Limit("reset from", client.address, SIGN_UPS_FROM_ADDRESS))

    async def rule(write: Transaction) -> None:
        account = await write.row(BY_EMAIL, email_key=key)
        if account is not None and account.suspended_at is None:
            await mail_code(write, account, "RESET_PASSWORD", RESET_FOR)

    await writer.write(rule)


async def reset_password(writer: Writer, client: Client, code: str, password: str) -> int:
    """The account that has the new password, and no session any more.

    Raises Declined (INVALID_CODE, WEAK_PASSWORD, TOO_MANY_ATTEMPTS).
    """
    checked_password(password, "", "newPassword")
    await attempt(writer, Limit("code from", client.address, CODES_FROM_ADDRESS))
    new = await hashed(password)

    async def rule(write: Transaction) -> int:
        found = await _spend(write, "RESET_PASSWORD", code)
        if found is None:
            raise _wrong_code(("RESET_PASSWORD",))
        account_id: int = found.account_id
        if await write.rows(_NEWLY_VERIFIED, account=account_id, moment=now()):  # the code came by mail
            # Whoever signed up with another's address may have linked identities, and would keep a way in.
            await write.rows(_UNLINK_ALL, account=account_id)
        await _set_password(write, account_id, new, keep=0)
        return account_id

    return await writer.write(rule)


async def change_password(writer: Writer, viewer: Viewer, current: str, password: str) -> None:
    """Sign out everything else. Raises Declined (INVALID_CREDENTIALS, WEAK_PASSWORD, TOO_MANY_ATTEMPTS)."""
    account = await confirmed(writer, viewer, current, "currentPassword")
    new = await hashed(checked_password(password, account.email or "", "newPassword"))
    await writer.write(lambda write: _set_password(write, viewer.id, new, keep=viewer.access_id))


async def confirmed(writer: Writer, viewer: Viewer, password: str | None, field: str) -> Any:
    """The viewer's account, the password being theirs; those who sign in elsewhere have none to give.

    Raises Declined (INVALID_CREDENTIALS, TOO_MANY_ATTEMPTS).
    """

    async def look_up(write: Transaction) -> Any:
        return await write.row(BY_ID, account=viewer.id)

    await attempt(writer, Limit("password of", str(viewer.id), GUESSES))
    account = await writer.write(look_up)
    if account.password_hash is None and not password:
        return account
    if not await verified(password or "", account.password_hash):
        raise Declined("INVALID_CREDENTIALS", "This is not the password.", field, steps=("RESET_PASSWORD",))
    return account


async def _set_password(write: Transaction, account_id: int, new: str, keep: int) -> None:
    await write.rows(_SET_PASSWORD, account=account_id, hash=new)
    await write.rows(_END_OTHERS, account=account_id, access=keep)
    account = await write.row(BY_ID, account=account_id)
    await forget(write, "sign in as", account.email_key or "")
    await forget(write, "password of", str(account_id))
    if account.email is not None:
        await write.add(letter("password_changed", account.email, name=account.display_name))


async def _spend(write: Transaction, purpose: str, code: str) -> Any:
    """Whose code this is, and for which address; it holds no longer. None for one that never held, or too long ago."""
    row = await write.row(_SPEND_CODE, purpose=purpose, hash=code_hash(purpose, code))
    return row if row is not None and row.expires_at > now() else None


def _wrong_code(steps: tuple[str, ...]) -> Declined:
    return Declined("INVALID_CODE", "This code is wrong, used or too old.", "code", steps=steps)


async def make_api_token(writer: Writer, viewer: Viewer, name: str, scopes: list[str], days: int) -> tuple[int, str]:
    """Its id and the token. Raises Declined (INVALID_INPUT, LIMIT_EXCEEDED)."""
    if not 1 <= days <= LONGEST_TERM:
        raise Declined("INVALID_INPUT", f"A token holds for 1 to {LONGEST_TERM} days.", "expiresInDays")
    if not scopes:
        raise Declined("INVALID_INPUT", "A token without scopes can do nothing.", "scopes")
    words = " ".join(sorted(set(scopes)))
    access, token = new_access(
        viewer.id, "API", checked_line(name, "name", longest=LONGEST_NAME), words, timedelta(days=days)
    )

    async def rule(write: Transaction) -> None:
        await write.rows(LOCK, account=viewer.id)  # so that two at once do not pass the limit together
        await write.rows(_END_OVER, account=viewer.id)
        if await write.value(_COUNT_TOKENS, account=viewer.id) >= MOST_TOKENS:
            raise Declined(
                "LIMIT_EXCEEDED", f"An account has {MOST_TOKENS} API tokens at most.", steps=("REVOKE_TOKEN",)
            )
        await write.add(access)

    await writer.write(rule)
    return access.id, token


async def change_settings(writer: Writer, viewer: Viewer, **values: Any) -> None:
    """Set columns of the account. Raises Declined (INVALID_INPUT)."""
    if "display_name" in values:
        values["display_name"] = checked_line(values["display_name"], "displayName", longest=LONGEST_NAME)

    async def rule(write: Transaction) -> None:
        if values:
            names = tuple(sorted(values))
            await write.rows(_setting(names), account=viewer.id, **{f"new_{name}": values[name] for name in names})
            await write.tell(subject("Account", viewer.id))

    await writer.write(rule)


@cache
def _setting(names: tuple[str, ...]) -> Update:
    return change_account(**{name: bindparam(f"new_{name}") for name in names})

"""Passwords: Argon2id, in threads, since one hash takes a tenth of a second and 64 MiB."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from resolvers.refused import Declined

SHORTEST, LONGEST = 8, 1_000
_HASHER = PasswordHash((Argon2Hasher(),))
_THREADS = ThreadPoolExecutor(2, "passwords")


def checked_password(password: str, email: str, *path: str) -> str:
    """Raises Declined (WEAK_PASSWORD)."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Declined("WEAK_PASSWORD", f"A password has {SHORTEST} to {LONGEST:,} characters.", *path)
    if password.casefold() in {email.casefold(), email.casefold().partition("@")[0]} or len(set(password)) == 1:
        raise Declined("WEAK_PASSWORD", "This password would be guessed first.", *path)
    return password


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def verified(password: str, known: str | None) -> bool:
    """Whether it is the password. Where none is known it takes as long to say no."""

    def verify() -> bool:
        return _HASHER.verify(password, known or _nobodys()) and known is not None

    if len(password) > LONGEST:
        return False
    return await asyncio.get_running_loop().run_in_executor(_THREADS, verify)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's")

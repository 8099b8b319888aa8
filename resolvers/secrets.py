"""Tokens and codes: what is handed out, and what is stored to recognise it."""

from __future__ import annotations

import secrets
from hashlib import blake2s, sha256

# Crockford's alphabet: no letter that is mistaken for a digit.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12  # 60 bits: a stolen hash cannot be tried through while the code holds
_GROUP = 4
_MISREAD = str.maketrans("OIL", "011", " -\t\r\n")


def new_token(kind: str) -> str:
    """A token of 256 random bits, which says what it is to whoever finds it."""
    return f"peergraph_{kind.lower()}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def new_code() -> str:
    """Such as 7XK2-M9QD-4TFA."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(code[start : start + _GROUP] for start in range(0, CODE_LENGTH, _GROUP))


def code_hash(purpose: str, code: str) -> str:
    """Of the code however it was typed."""
    return sha256(f"{purpose} {code.upper().translate(_MISREAD)}".encode()).hexdigest()


def pseudonym(text: str) -> str:
    """Tells texts apart without saying what they are."""
    return blake2s(text.encode(), digest_size=16).hexdigest()

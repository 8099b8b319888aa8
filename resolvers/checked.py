"""What people enter, as it is stored. Each function raises Declined (INVALID_INPUT) with the field's path."""

from __future__ import annotations

from urllib.parse import urlsplit

import email_validator

from resolvers.refused import Declined

LONGEST_NAME, LONGEST_LINE, LONGEST_TEXT, LONGEST_LINK = 100, 200, 5_000, 2_000

email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()  # what a house calls its own mail server is its business


def checked_email(text: str, *path: str) -> str:
    try:
        return email_validator.validate_email(text.strip(), check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        raise Declined("INVALID_INPUT", "This is not an e-mail address.", *path) from None


def checked_line(text: str, *path: str, longest: int = LONGEST_LINE) -> str:
    """One line of text, its spaces put in order."""
    line = " ".join(text.split())
    if not 1 <= len(line) <= longest or not line.isprintable():
        raise Declined("INVALID_INPUT", f"Give 1 to {longest} characters that can be seen.", *path)
    return line


def checked_text(text: str | None, *path: str) -> str | None:
    """Text of any lines, or None where there is none."""
    text = (text or "").strip()
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise Declined("INVALID_INPUT", f"Give at most {LONGEST_TEXT:,} characters, and no NUL.", *path)
    return text or None


def checked_link(url: str | None, *path: str) -> str | None:
    """A link to a web page, or None where there is none."""
    if not url:
        return None
    try:
        parts = urlsplit(url) if len(url) <= LONGEST_LINK and url.isprintable() and " " not in url else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Declined("INVALID_INPUT", "This is no link that begins with http:// or https://.", *path)
    return url

"""The outbox: what rules have written is sent, by whichever process comes first, and tried again until it is taken."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

import aiosmtplib
import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Mail
from models.columns import Instant, now
from resolvers.reads import select
from resolvers.refused import Unavailable
from resolvers.writing import Transaction, Writer
from server.settings import Settings

_log = logging.getLogger("peergraph.mail")
EVERY = 1.0  # seconds between looks at the outbox
LEASE = timedelta(minutes=5)  # nobody else sends it meanwhile; a process that dies leaves it to others after that
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 30
TIMEOUT = 30
_PERMANENT = 500  # SMTP's replies from here on are final

_DUE = (
    select(Mail.id)
    .where(col(Mail.due_at) <= bindparam("now", type_=Instant))
    .order_by(col(Mail.due_at))
    .limit(1)
    .with_for_update(skip_locked=True)
)
_TAKE = (
    sqlalchemy.update(Mail)
    .where(col(Mail.id) == _DUE.scalar_subquery())
    .values(due_at=bindparam("later", type_=Instant), attempts=col(Mail.attempts) + 1)
    .returning(*[getattr(Mail, name) for name in Mail.model_fields])
)
_DELAY = (
    sqlalchemy.update(Mail).where(col(Mail.id) == bindparam("mail")).values(due_at=bindparam("later", type_=Instant))
)
_DONE = sqlalchemy.delete(Mail).where(col(Mail.id) == bindparam("mail"))


class Mailer:
    """Sends by SMTP, or, where no server is set, writes to the log what it would send.

    A message is deleted when the server has taken it. Should the process die between the two, it is sent again under
    the same Message-ID, by which mail systems know it.
    """

    def __init__(self, writer: Writer, settings: Settings) -> None:
        self._writer, self._url, self._sender = writer, settings.smtp_url, settings.mail_from

    async def run(self) -> None:
        """Send whatever is due, until cancelled."""
        while True:
            try:
                while await self.send_one():
                    pass
            except Unavailable:
                _log.warning("The outbox cannot be read now.")
            except Exception:  # noqa: BLE001  whatever it was, the others wait
                _log.exception("A message could not be sent.")
            await asyncio.sleep(EVERY)

    async def send_one(self) -> bool:
        """Whether there was a message to send."""

        async def take(write: Transaction) -> Any:
            moment = now()
            return await write.row(_TAKE, now=moment, later=moment + LEASE)

        mail = await self._writer.write(take)
        if mail is None:
            return False
        try:
            await self._send(mail)
        except Exception as error:  # noqa: BLE001  also what cannot even be written must be given up in the end
            await self._failed(mail, error)
        else:
            await self._finish(_DONE, mail=mail.id)
        return True

    async def _send(self, mail: Any) -> None:
        if self._url is None:
            _log.info(
                "Not sent, since PEERGRAPH_SMTP_URL is not set:\nTo: %s\nSubject: %s\n\n%s",
                mail.recipient,
                mail.subject,
                mail.body,
            )
            return
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, mail.recipient, mail.subject
        message["Date"] = mail.created_at
        message["Message-ID"] = f"<{mail.id:x}@{self._sender.rpartition('@')[2].rstrip('>')}>"
        message.set_content(mail.body)
        await aiosmtplib.send(message, timeout=TIMEOUT, **_server(self._url))

    async def _failed(self, mail: Any, error: Exception) -> None:
        # Replies may repeat the address, so the log has only what kind of failure it was.
        replies = _replies(error)
        if (replies and min(replies) >= _PERMANENT) or mail.attempts >= MOST_ATTEMPTS:
            _log.error("Message %x was given up: %s %s.", mail.id, type(error).__name__, replies)
            await self._finish(_DONE, mail=mail.id)
            return
        _log.warning("Message %x waits: %s.", mail.id, type(error).__name__)
        wait = min(timedelta(seconds=5 * 2**mail.attempts), LONGEST_WAIT)
        await self._finish(_DELAY, mail=mail.id, later=now() + wait)

    async def _finish(self, statement: Any, **values: Any) -> None:
        async def rule(write: Transaction) -> None:
            await write.rows(statement, **values)

        await self._writer.write(rule)


def _replies(error: Exception) -> list[int]:
    """What the server answered to this message. That it lets nobody in, or is shutting down, is said of all."""
    match error:
        case aiosmtplib.SMTPRecipientsRefused():
            return [one.code for one in error.recipients]
        case aiosmtplib.SMTPDataError():
            return [error.code]
    return []


def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "hostname": parts.hostname,
        "port": parts.port,
        "use_tls": parts.scheme == "smtps",
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
    }

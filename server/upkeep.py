"""What is to be done from time to time, by every process alike: each step looks first whether it is still due."""

from __future__ import annotations

import asyncio
import logging

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import col

from models import Access, OneTimeCode
from models.columns import Instant, now
from resolvers.claims import expire_claims
from resolvers.digests import write_digests
from resolvers.invitations import expire_invitations
from resolvers.own_works import restore_unowned
from resolvers.refused import Unavailable
from resolvers.writing import Transaction, Writer

_log = logging.getLogger("peergraph.upkeep")
EVERY = 60.0  # seconds

_ENDED = [
    sqlalchemy.delete(table).where(col(table.expires_at) <= bindparam("moment", type_=Instant))
    for table in (Access, OneTimeCode)
]


async def keep_up(writer: Writer, public_url: str) -> None:
    """Look after everything, until cancelled."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            await look_after(writer, public_url)
        except Unavailable:
            _log.warning("The database cannot be looked after now.")
        except Exception:  # noqa: BLE001  whatever it was, it is tried again
            _log.exception("Something could not be looked after.")


async def look_after(writer: Writer, public_url: str) -> None:
    """Whatever is due now: claims and invitations that waited too long, disowned works, digests, what has ended."""
    await expire_claims(writer)
    await expire_invitations(writer)
    await restore_unowned(writer)
    await write_digests(writer, public_url)
    await writer.write(_sweep)


async def _sweep(write: Transaction) -> None:
    for statement in _ENDED:
        await write.rows(statement, moment=now())

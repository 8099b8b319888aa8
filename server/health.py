"""Whether the process runs, and whether it can answer: for whoever starts it and for whoever sends it requests."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from models import migrate
from resolvers.drivers import Reader
from resolvers.later import arrived
from resolvers.refused import Unavailable

PATIENCE = 2.0  # seconds that the database has to answer
VERSION = "SELECT version_num FROM alembic_version"


class Health:
    def __init__(self, reader: Reader) -> None:
        self._reader, self._revisions = reader, migrate.revisions()

    def routes(self) -> list[BaseRoute]:
        return [Route("/healthz", self._alive), Route("/readyz", self._ready)]

    async def _alive(self, _request: Request) -> Response:
        return _told(None)

    async def _ready(self, _request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                rows = await arrived(self._reader.fetch(VERSION, []))
        except Unavailable as error:
            return _told(f"{error}")
        except TimeoutError:
            return _told("The database does not answer.")
        # A revision that is not known here is a later version's, whose tables this one can use.
        behind = not rows or rows[0][0] in self._revisions[:-1]
        return _told("The database is not up to date." if behind else None)


def _told(wrong: str | None) -> Response:
    body = {"status": "ok"} if wrong is None else {"status": "unavailable", "reason": wrong}
    return JSONResponse(body, 200 if wrong is None else 503, {"cache-control": "no-store"})

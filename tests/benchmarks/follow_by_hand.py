"""Following written by hand: Starlette, asyncpg, the same INSERT … ON CONFLICT and its triggers.

DATABASE_URL=... uvicorn --factory tests.benchmarks.follow_by_hand:create
"""

import os
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ACCOUNT = "SELECT account_id FROM access WHERE token_hash = $1 AND expires_at > now()"
_FOLLOW = """INSERT INTO follow (account_id, kind, subject_id, created_at)
    SELECT $1::bigint, 'researcher', id, now() FROM researcher WHERE id = $2 AND suppressed_at IS NULL
    ON CONFLICT DO NOTHING RETURNING id"""
_SHOWN = "SELECT follower_count FROM researcher WHERE id = $1"


def create() -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10)
        yield
        await app.state.pool.close()

    async def follow(request: Request) -> Response:
        pool: asyncpg.Pool = request.app.state.pool
        token = request.headers["authorization"].removeprefix("Bearer ")
        asked = orjson.loads(await request.body())["variables"]["id"]
        id = int(b64decode(asked).decode().partition(":")[2])
        account = await pool.fetchval(_ACCOUNT, sha256(token.encode()).hexdigest())
        await pool.fetchval(_FOLLOW, account, id)
        shown = {"id": asked, "followerCount": await pool.fetchval(_SHOWN, id)}
        body = {"data": {"follow": {"subject": shown, "userErrors": []}}}
        return Response(orjson.dumps(body), media_type="application/json")

    return Starlette(routes=[Route("/graphql", follow, methods=["POST"])], lifespan=lifespan)

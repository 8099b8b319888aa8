"""The profile's answer as bytes in memory, by Starlette alone: uvicorn --factory tests.benchmarks.same_bytes:create."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.handwritten import opened, profile


def create() -> Starlette:
    kept: list[bytes] = []

    async def answer(request: Request) -> Response:
        asked = await request.body()
        if not kept:
            kept.append(orjson.dumps({"data": {"researcher": await profile(**orjson.loads(asked)["variables"])}}))
        return Response(kept[0], media_type="application/json")

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=opened)

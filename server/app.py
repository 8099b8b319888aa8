from __future__ import annotations

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from execution import PlanExecutor
from resolvers.drivers import Database, open_reader
from resolvers.hub import Hub
from resolvers.passwords import verified
from resolvers.replica import Replica
from resolvers.writing import Writer, open_writer
from schema.context import OfferedProvider
from schema.root import build_schema
from server.access import Accesses
from server.connection import ANSWERED, GRAPHQL, REFUSED, STREAM
from server.endpoint import Endpoint
from server.health import Health
from server.live import Connections, Live
from server.mailer import Mailer
from server.malformed import Header
from server.metrics import Metrics, Observed
from server.origins import Origins
from server.pages import GRAPHIQL, PROFILE_PAGE
from server.rates import Rates
from server.running import Running
from server.security import secure_headers, secured
from server.seen import Seen, requests
from server.settings import Settings
from server.sign_in import SignIn
from server.sse import ServerSentEvents
from server.upkeep import keep_up
from server.websocket import WebSockets

if TYPE_CHECKING:
    from server.providers import Provider
    from server.tracing import Tracing

GARBAGE = 20_000  # objects more than there were, after which Python looks for circles of them


class Service(Starlette):
    """A Starlette application around which /graphql goes: its way to a route costs as much as a kept answer."""

    def __init__(self, endpoint: Endpoint, secure: tuple[Header, ...], **known: Any) -> None:
        super().__init__(**known)
        self._endpoint, self._secure = endpoint, secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == scope.get("root_path", "") + GRAPHQL:
            await self._endpoint(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] == scope.get("root_path", "") + STREAM:  # these tell by themselves
            await super().__call__(scope, receive, secured(send, self._secure))
            return
        seen = Seen()
        try:
            await super().__call__(scope, receive, secured(seen.noted(send), self._secure))
        finally:
            seen.tell(scope["method"], scope["path"])


def create_app(
    settings: Settings | None = None,
    reader: Database | None = None,
    writer: Writer | None = None,
    executor: type[PlanExecutor] = PlanExecutor,
) -> Starlette:
    """The service: /graphql, signing in elsewhere, and what GraphiQL loads."""
    settings = settings or Settings()
    reader = reader or open_reader(settings.database_url, connections=settings.database_connections)
    writer = writer or open_writer(settings.database_url, reader)
    replica = _replica(reader, settings)
    public_url = settings.public_url.rstrip("/")
    public, origins = urlsplit(public_url), Origins(settings.allowed_origins)
    https = public.scheme == "https"
    ours = {f"{public.scheme}://{public.netloc}".encode(), *origins.listed}
    accesses, secure = Accesses(reader, writer, secure=https, origins=ours), secure_headers(https=https)
    providers = _providers(settings, public_url)
    offered = [OfferedProvider(each.name, each.label, each.url) for each in providers.values()]
    rates, hub = Rates(settings), Hub(reader, writer)
    running = Running(build_schema(executor), reader, writer, settings, rates=rates, hub=hub, providers=offered)
    metrics = Metrics() if settings.metrics else None
    tracing = _tracing() if settings.traces else None
    endpoint = Endpoint(
        running,
        reader,
        settings,
        accesses=accesses,
        origins=origins,
        secure=secure,
        replica=replica,
        metrics=metrics,
        tracing=tracing,
    )
    connections, over = Connections(settings), metrics.over if metrics else lambda _seen: None
    live = Live(running, endpoint.admission, accesses, connections, settings=settings, over=over)
    observed = Observed(running.documents, endpoint.answers, endpoint.admission, reader, writer, connections, replica)
    secret = settings.secret.get_secret_value() if settings.secret else secrets.token_urlsafe()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
        # The schema stays: it need not be searched for cycles again and again, which took a third of a request's time.
        gc.collect()
        gc.freeze()
        # An answer's objects hold no circles; a thousand of them are no reason to look for some.
        gc.set_threshold(GARBAGE, 10, 10)
        await verified("", None)  # so that the first guess at nobody's password takes no longer than others
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(asyncio.to_thread(import_module, "idutils")),  # see resolvers/identifiers.py
            asyncio.create_task(Mailer(writer, settings).run()),
            asyncio.create_task(keep_up(writer, settings.public_url)),
            asyncio.create_task(hub.run()),
        ]
        if replica:
            tasks.append(asyncio.create_task(replica.run()))
        if metrics:
            tasks.append(asyncio.create_task(metrics.run(observed)))
        yield {REFUSED: endpoint.refused, ANSWERED: endpoint.answer}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await rates.close()
        await writer.close()
        await reader.close()
        if replica:
            await replica.close()
        if tracing:
            await asyncio.to_thread(tracing.close)
        requests.write()

    shows_page = settings.profile_page

    async def profile_page(_request: Request) -> Response:
        return PROFILE_PAGE.response() if shows_page and PROFILE_PAGE.is_built else RedirectResponse("/graphql")

    # The route to it is for whoever writes a slash behind it, and is sent there.
    sign_in = SignIn(providers, accesses, writer).mount(public_url, secret)
    known = [
        Route(GRAPHQL, endpoint),
        WebSocketRoute(GRAPHQL, WebSockets(live, settings)),
        Route(STREAM, ServerSentEvents(live, origins, settings, secure)),
        *(Route(path, profile_page) for path in ("/", "/search", "/researchers/{slug}")),
        sign_in,
        *Health(replica or reader).routes(),
        *GRAPHIQL.routes(),
        *PROFILE_PAGE.routes(),
    ]
    if metrics:
        known.append(metrics.route(observed))
    return Service(endpoint, secure, routes=known, lifespan=lifespan)


def _providers(settings: Settings, public_url: str) -> dict[str, Provider]:
    if not settings.providers:
        return {}
    from server.providers import Provider  # noqa: PLC0415  Authlib's import takes long

    return {name: Provider(name, known, public_url) for name, known in settings.providers.items()}


def _replica(reader: Database, settings: Settings) -> Replica | None:
    if settings.replica_url is None:
        return None
    return Replica(
        reader,
        settings.replica_url,
        connections=settings.database_connections,
        most_lag=settings.replica_lag_seconds,
    )


def _tracing() -> Tracing:
    from server.tracing import Tracing  # noqa: PLC0415  see there

    return Tracing()

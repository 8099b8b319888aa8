"""Signing in at a provider: /auth/{provider} sends a browser there, and it comes back to /auth/{provider}/callback."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from resolvers.identities import link_identity, sign_in_elsewhere
from resolvers.refused import Declined, Unavailable
from resolvers.steps import NEXT_STEPS
from resolvers.viewers import Viewer
from resolvers.writing import Writer
from server.access import Accesses, Asking
from server.incoming import address
from server.malformed import Malformed

if TYPE_CHECKING:
    from server.providers import Provider

PATH = "/auth"
COOKIE = "peergraph_signing_in"
UNDER_WAY = 600  # seconds that a person has at the provider
LONGEST_PATH = 1_000  # the cookie that keeps it holds 4 KB
# Addresses here hold codes, which nobody else is to learn, nor a cache to keep.
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
HOME = "/"


class SignInFailed(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """A sign-in has come to nothing; the message is for the person, and holds nothing of what was sent."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(code)
        self.code, self.message, self.status = code, message, status


class SignIn:
    def __init__(self, providers: dict[str, Provider], accesses: Accesses, writer: Writer) -> None:
        self._providers, self._accesses, self._writer = providers, accesses, writer

    def mount(self, public_url: str, secret: str) -> BaseRoute:
        """The routes, and their cookie: signed, so that who comes back is who began."""
        cookie = Middleware(
            SessionMiddleware,
            secret_key=secret,
            session_cookie=COOKIE,
            max_age=UNDER_WAY,
            path=urlsplit(public_url).path + PATH,
            https_only=public_url.startswith("https:"),
        )
        routes = [Route("/{provider}", self._begin), Route("/{provider}/callback", self._end)]
        return Mount(PATH, routes=routes, middleware=[cookie])

    async def _begin(self, request: Request) -> Response:
        provider = self._providers.get(request.path_params["provider"])
        if provider is None:
            return _page("There is no such provider.", 404)
        back = local_path(request.query_params.get("return_to"))
        try:
            viewer = (await self._asking(request)).viewer
            _check_own(request, viewer)
            url = await provider.begin(request, back=back, viewer=viewer and viewer.id)
        except (SignInFailed, Malformed) as failed:
            return _refusal(failed, back)
        return RedirectResponse(url, 303, HEADERS)

    async def _end(self, request: Request) -> Response:
        provider = self._providers.get(request.path_params["provider"])
        if provider is None:
            return _page("There is no such provider.", 404)
        back = None
        try:
            kept = await provider.kept(request)
            back = kept["back"]
            token = await self._signed_in(request, provider, kept["viewer"])
        except (SignInFailed, Malformed, Declined, Unavailable) as failed:
            response = _refusal(failed, back)
        else:
            response = RedirectResponse(back or HOME, 303, HEADERS)
            response.raw_headers.extend(self._accesses.cookies(token))
        request.session.clear()
        return response

    async def _signed_in(self, request: Request, provider: Provider, began: int | None) -> str | None:
        """The token of a new session; None where the identity was linked to the viewer's account."""
        asking = await self._asking(request)
        viewer = asking.viewer
        if (viewer and viewer.id) != began:
            message = "You signed in or out here meanwhile. Start again."
            raise SignInFailed("SESSION_CHANGED", message, 409)
        proof = await provider.finish(request)
        if viewer is None:
            return (await sign_in_elsewhere(self._writer, asking.client, proof)).token
        await link_identity(self._writer, viewer, proof)
        return None

    async def _asking(self, request: Request) -> Asking:
        """Who is signed in by a cookie, as a browser is. Raises Malformed."""
        headers = {name: value for name, value in request.scope["headers"] if name in {b"cookie", b"user-agent"}}
        asking = await self._accesses.asking(address(request.scope), headers)
        return asking if asking.viewer is None or asking.viewer.session else asking._replace(viewer=None)


def _check_own(request: Request, viewer: Viewer | None) -> None:
    """Nobody links an identity because another site sent them here. Raises SignInFailed.

    It could have signed their browser in at the provider as somebody else, who would have a way in here then.
    """
    if viewer is not None and request.headers.get("sec-fetch-site") == "cross-site":
        raise SignInFailed("CROSS_SITE", "Begin from this service's own pages while you are signed in.", 403)


def local_path(given: str | None) -> str | None:
    """A path of this service to come back to, if it is one: else it could lead anywhere."""
    if given is None or not given.startswith("/") or given.startswith("//") or "\\" in given:
        return None
    return given if given.isprintable() and len(given.encode()) <= LONGEST_PATH else None


def _refusal(failed: SignInFailed | Malformed | Declined | Unavailable, back: str | None) -> Response:
    """To the path it was to end at, with a code; without one, a page."""
    code = "UNAVAILABLE" if isinstance(failed, Unavailable) else failed.code
    if back is not None:
        parts = urlsplit(back)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("sign_in_error", code)])
        return RedirectResponse(parts._replace(query=query).geturl(), 303, HEADERS)
    if isinstance(failed, Unavailable):
        return _page(f"{failed}", 503)
    if isinstance(failed, Declined):
        steps = [f"- {NEXT_STEPS[step]}" for step in failed.steps]
        return _page("\n".join([failed.message, *steps]), 403)
    return _page(failed.message, failed.status)


def _page(text: str, status: int) -> Response:
    return PlainTextResponse(f"{text}\n", status, HEADERS | {"X-Content-Type-Options": "nosniff"})

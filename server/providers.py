"""OpenID Connect providers, as a client of theirs: authorization code flow with PKCE, by Authlib."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from time import monotonic
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import StarletteIntegration, StarletteOAuth2App
from authlib.oidc.core import CodeIDToken
from starlette.requests import Request

from models.account import ORCID
from resolvers.identities import Proof
from server.settings import KnownProvider
from server.sign_in import SignInFailed

_log = logging.getLogger("peergraph.sign_in")
logging.getLogger("authlib").setLevel(logging.INFO)  # below that it writes code verifiers
PATIENCE = 15  # seconds that a provider has for everything it is asked at a time
KNOWN_FOR = 24 * 3600  # seconds until what a provider says of itself, its keys among it, is asked for again
LEEWAY = 120  # seconds that its clock may be wrong
SERVER_ERRORS = 500
# Nothing else that a provider says of itself gets to Authlib, which would take `verify`, `proxy` or `scope` from it.
DISCOVERED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "authorization_response_iss_parameter_supported",
)
# Signatures by a key that only the provider has; not `none`, and not by the secret that we know, too.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
# What of a provider's refusals may be logged: RFC 6749's own words.
ERRORS = frozenset(
    {
        "access_denied",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
    }
)


UNAVAILABLE = ("PROVIDER_UNAVAILABLE", "The provider cannot be reached now. Try again later.", 503)
REFUSED = ("PROVIDER_REFUSED", "The provider did not say who you are, or not as it should. Start again.", 502)
CANCELLED = ("CANCELLED", "At the provider, you chose not to sign in here.", 403)


class _IDToken(CodeIDToken):  # type: ignore[misc]
    def validate_amr(self) -> None:
        """Nothing here depends on it, and ORCID sends its members a bare word where there should be a list."""


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the authorities' certificates holds up the loop for 40 ms."""
    return httpx2.create_ssl_context()


class Provider:
    def __init__(
        self, name: str, known: KnownProvider, public_url: str, transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self.name, self.issuer = name, known.issuer
        self.label = known.label or name.replace("-", " ").title()
        self.url = f"{public_url}/auth/{name}"
        self._redirect_uri = f"{self.url}/callback"
        self._client_id = known.client_id
        self._http: dict[str, Any] = {"timeout": PATIENCE}
        if transport is not None:
            self._http["transport"] = transport
        elif self.issuer.startswith("https:"):
            self._http["verify"] = _trust()
        self._app: Any = StarletteOAuth2App(
            StarletteIntegration(name),
            name,
            client_id=known.client_id,
            client_secret=known.client_secret.get_secret_value(),
            client_kwargs={
                "scope": "openid" if name == ORCID else "openid email profile",
                "code_challenge_method": "S256",
                **self._http,
            },
        )
        self._known_until = 0.0

    async def begin(self, request: Request, **kept: Any) -> str:
        """Where to send the browser; what is `kept` comes back with it. Raises SignInFailed."""
        async with self._asked():
            await self._discover()
            begun = await self._app.create_authorization_url(self._redirect_uri)
        url: str = begun.pop("url")
        await self._app.save_authorize_data(request, redirect_uri=self._redirect_uri, **begun, **kept)
        return url

    async def kept(self, request: Request) -> dict[str, Any]:
        """What was kept when this browser began. Raises SignInFailed."""
        state = request.query_params.get("state", "")
        kept: dict[str, Any] | None = await self._app.framework.get_state_data(request.session, state)
        if kept is None:
            message = "This sign-in was begun in another browser, too long ago, or is over already. Start again."
            raise SignInFailed("STATE_MISMATCH", message, 400)
        return kept

    async def finish(self, request: Request) -> Proof:
        """Who has come back from the provider. Raises SignInFailed, Declined."""
        if request.query_params.get("error") == "access_denied":
            raise SignInFailed(*CANCELLED)
        async with self._asked():
            await self._discover()
            self._from_it(request.query_params.get("iss"))
            token = await self._app.authorize_access_token(
                request,
                claims_options={
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                claims_cls=_IDToken,
                leeway=LEEWAY,
            )
            if "id_token" not in token:  # what it then says of the user is nobody's word
                raise OAuthError("invalid_request")
            claims: dict[str, Any] = token["userinfo"]
            if "userinfo_endpoint" in self._app.server_metadata:
                more = await self._app.userinfo(token=token)
                if more.get("sub") != claims["sub"]:
                    raise OAuthError("invalid_request")
                claims = {**more, **claims}
        return Proof(self.issuer, claims["sub"], self.name, claims)

    def _from_it(self, issuer: str | None) -> None:
        """The answer is this provider's, not another's (RFC 9207). Raises OAuthError."""
        always_said = self._app.server_metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.issuer and (issuer is not None or always_said):
            raise OAuthError("invalid_request")

    async def _discover(self) -> None:
        """Know what the provider says of itself."""
        if monotonic() < self._known_until:
            return
        async with httpx2.AsyncClient(**self._http) as client:
            answer = await client.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        answer.raise_for_status()
        said = answer.json()
        if said["issuer"] != self.issuer:
            _log.error("The issuer that is set for %s calls itself otherwise: set what it says.", self.name)
            raise SignInFailed(*REFUSED)
        algorithms = [one for one in said.get("id_token_signing_alg_values_supported", ()) if one in ALGORITHMS]
        # Where both will do: secrets with signs that Basic has two ways to write are sent one way only in the body.
        posted = "client_secret_post" in said.get("token_endpoint_auth_methods_supported", ())
        self._app.client_kwargs["token_endpoint_auth_method"] = f"client_secret_{'post' if posted else 'basic'}"
        self._app.server_metadata = {name: said[name] for name in DISCOVERED if name in said} | {
            "id_token_signing_alg_values_supported": algorithms
        }
        self._known_until = monotonic() + KNOWN_FOR

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[None]:
        """Whatever comes of asking the provider, the person is told in a sentence and the log what kind it was."""
        try:
            async with asyncio.timeout(PATIENCE):
                yield
        except SignInFailed:
            raise
        except Exception as error:  # noqa: BLE001  a provider may answer anything
            status = error.response.status_code if isinstance(error, httpx2.HTTPStatusError) else 0
            gone = isinstance(error, (httpx2.TransportError, TimeoutError)) or status >= SERVER_ERRORS
            said = error.error if isinstance(error, OAuthError) and error.error in ERRORS else status or ""
            _log.warning("Signing in at %s failed: %s %s", self.name, type(error).__name__, said)
            raise SignInFailed(*(UNAVAILABLE if gone else REFUSED)) from None

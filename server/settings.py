import json
import os
import re
from math import ceil
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from models.account import ORCID
from models.database import database_url
from schema.context import UNLIMITED
from server.limits import Limits
from server.logs import Format

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
TRACED_TO = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")  # OpenTelemetry's own settings
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def _usable(url: str) -> str:
    database_url(url)
    return url


def _smtp(url: str | None) -> str | None:
    if url is not None and (urlsplit(url).scheme not in {"smtp", "smtps"} or not urlsplit(url).hostname):
        raise ValueError("it must begin with smtp:// or smtps:// and name a host")
    return url


def _redis(url: str | None) -> str | None:
    if url is None:
        return None
    from server.shared_counts import usable  # noqa: PLC0415  its import takes long

    if urlsplit(url).scheme not in {"redis", "rediss"} or not urlsplit(url).hostname or not usable(url):
        raise ValueError(
            "it must be redis:// or rediss:// and a host, maybe with a port, a number and redis-py's options"
        )
    return url


def _issuer(url: str) -> str:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in HERE)
    if not safe or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an issuer is https:// and a host, maybe with a path")
    return url


def _decoded(text: Any) -> Any:
    # Not left to pydantic-settings, whose error is none of validation's and holds the text.
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("it must be JSON") from None


def _origins(text: Any) -> Any:
    return [one.strip() for one in text.split(",") if one.strip()] if isinstance(text, str) else text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    whole = text == f"{parts.scheme}://{parts.netloc}".lower()
    if not whole or parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("an origin is https:// and a host, in small letters, maybe with a port, and nothing behind it")
    return text


Issuer = Annotated[str, AfterValidator(_issuer)]
Given = Annotated[str, Field(min_length=1)]
GivenSecret = Annotated[SecretStr, Field(min_length=1)]


class KnownProvider(BaseModel):
    """What is known of an OpenID Connect provider at which people may sign in."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    issuer: Issuer
    client_id: Given
    client_secret: GivenSecret
    label: Given | None = None  # what a button says; the name, unless given


class Settings(BaseSettings):
    """What can be set, each by the environment variable PEERGRAPH_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="PEERGRAPH_", hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(_usable)] = "sqlite:///data/peergraph.sqlite3"
    database_connections: int = Field(default=10, ge=1, le=1000)  # for reads, on PostgreSQL
    replica_url: str | None = None  # of a hot standby of it, on PostgreSQL, for reads that may be a moment old
    replica_lag_seconds: float = Field(default=10, gt=0)  # behind by more than that, it is not read
    public_url: str = "http://127.0.0.1:8000"
    allowed_origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], NoDecode, BeforeValidator(_origins)] = []
    max_body_bytes: int = Field(default=1_000_000, ge=0)  # 0 is no limit
    introspection: bool = True  # whether the schema may be asked for
    suggestions: bool = True  # whether a wrong name is told which right ones are like it
    # Of a document, and of the values in its variables; 0 is no limit.
    max_document_bytes: int = Field(default=Limits().bytes, ge=0)
    max_tokens: int = Field(default=Limits().tokens, ge=0)
    max_operations: int = Field(default=Limits().operations, ge=0)
    max_fragments: int = Field(default=Limits().fragments, ge=0)
    max_depth: int = Field(default=Limits().depth, ge=0)
    max_fields: int = Field(default=Limits().fields, ge=0)
    max_aliases: int = Field(default=Limits().aliases, ge=0)
    max_directives: int = Field(default=Limits().directives, ge=0)
    max_values: int = Field(default=Limits().values, ge=0)
    max_cost: int = Field(default=20_000, ge=0)  # of an operation; 0 is no limit
    # Points, by what operations cost, that an account may spend an hour; 0 is no limit.
    rate_limit: int = Field(default=1_000_000, ge=0, le=UNLIMITED)
    rate_limit_signed_out: int | None = Field(default=None, ge=0, le=UNLIMITED)  # an address; None: a fifth of that
    rate_limit_storage: Annotated[str | None, AfterValidator(_redis)] = None  # None: each process counts by itself
    # 0 is no limit.
    deadline_seconds: float = Field(default=10, ge=0)  # for a request, from when all of it has come
    sender_seconds: float = Field(default=15, ge=0)  # for a request's headers, and for its body, to come
    max_requests: int = Field(default=16, ge=0)  # answered at once, by each process
    max_waiting: int = Field(default=64, ge=0)  # more than that, which wait for their turn
    max_wait_seconds: float = Field(default=0.01, ge=0)  # until it comes, as far as can be told
    max_sockets: int = Field(default=10_000, ge=0)  # WebSockets and event streams that are open, by each process
    max_sockets_per_address: int = Field(default=1_000, ge=0)
    max_subscriptions: int = Field(default=100, ge=0)  # operations under way on one WebSocket
    persisted_bytes: int = Field(default=8 * 2**20, ge=0)  # of documents that clients sent to be found by their hash
    trusted_documents: FilePath | None = None  # a manifest
    trusted_only: bool = Field(default=False, validate_default=True)
    documents_bytes: int = Field(default=32 * 2**20, ge=0)  # of parsed documents; 0 keeps none
    answers_bytes: int = Field(default=64 * 2**20, ge=0)  # of whole answers; 0 keeps none
    smtp_url: Annotated[str | None, AfterValidator(_smtp)] = None
    mail_from: str = "peergraph <peergraph@localhost>"
    secret: SecretStr | None = Field(default=None, min_length=32)  # None: another at each start
    orcid_issuer: Issuer = "https://orcid.org"
    orcid_client_id: Given | None = None
    orcid_client_secret: GivenSecret | None = Field(default=None, validate_default=True)
    oidc_providers: Annotated[dict[str, KnownProvider], NoDecode, BeforeValidator(_decoded)] = {}
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    profile_page: bool = True  # whether the example page is at /, /search and /researchers/…
    metrics: bool = True  # whether /metrics tells them
    # Whether OpenTelemetry is sent them.
    traces: bool = Field(default_factory=lambda: any(map(os.environ.get, TRACED_TO)))
    log_format: Format = "auto"  # text in a terminal, else JSON

    @field_validator("replica_url")
    @classmethod
    def _goes_with_primary(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        primary = info.data.get("database_url", url)  # missing where it is wrong by itself, which is said
        if {database_url(one).get_backend_name() for one in (primary, url)} != {"postgresql"}:
            raise ValueError("it goes with a PEERGRAPH_DATABASE_URL of PostgreSQL, and must be one too")
        return url

    @field_validator("orcid_client_secret")
    @classmethod
    def _goes_with_id(cls, secret: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (secret is None) != (info.data.get("orcid_client_id") is None):
            raise ValueError("it goes with PEERGRAPH_ORCID_CLIENT_ID: set both or none")
        return secret

    @field_validator("trusted_only")
    @classmethod
    def _goes_with_documents(cls, only: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  pydantic's signature
        if only and info.data.get("trusted_documents") is None:
            raise ValueError("it goes with PEERGRAPH_TRUSTED_DOCUMENTS: set both")
        return only

    @field_validator("oidc_providers")
    @classmethod
    def _told_apart(cls, providers: dict[str, KnownProvider], info: ValidationInfo) -> dict[str, KnownProvider]:
        if not all(map(_NAME.fullmatch, providers)):
            raise ValueError("a provider's name is a letter, then letters, digits and -, all small, at most 40")
        if ORCID in providers:
            raise ValueError("orcid is set by PEERGRAPH_ORCID_CLIENT_ID and its like")
        issuers = [each.issuer for each in providers.values()]
        if info.data.get("orcid_client_id") is not None:
            issuers.append(info.data.get("orcid_issuer", ""))
        if len({*issuers}) < len(issuers):  # one person would be two accounts, or an ORCID iD none
            raise ValueError("two providers have the same issuer")
        return providers

    @property
    def limits(self) -> Limits:
        return Limits(
            self.max_document_bytes,
            self.max_tokens,
            self.max_operations,
            self.max_fragments,
            self.max_depth,
            self.max_fields,
            self.max_aliases,
            self.max_directives,
            self.max_values,
        )

    @property
    def signed_out_rate_limit(self) -> int:
        given = self.rate_limit_signed_out
        return ceil(self.rate_limit / 5) if given is None else given

    @property
    def providers(self) -> dict[str, KnownProvider]:
        """All at which people may sign in, by name."""
        if self.orcid_client_id is None or self.orcid_client_secret is None:
            return self.oidc_providers
        orcid = KnownProvider(
            issuer=self.orcid_issuer,
            client_id=self.orcid_client_id,
            client_secret=self.orcid_client_secret,
            label="ORCID",
        )
        return {ORCID: orcid, **self.oidc_providers}

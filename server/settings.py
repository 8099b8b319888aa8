from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.database import database_url


def _usable(url: str) -> str:
    database_url(url)
    return url


def _smtp(url: str | None) -> str | None:
    if url is not None and (urlsplit(url).scheme not in {"smtp", "smtps"} or not urlsplit(url).hostname):
        raise ValueError("it must begin with smtp:// or smtps:// and name a host")
    return url


class Settings(BaseSettings):
    """What can be set, each by the environment variable PEERGRAPH_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="PEERGRAPH_", hide_input_in_errors=True)

    database_url: Annotated[str, AfterValidator(_usable)] = "sqlite:///data/peergraph.sqlite3"
    database_connections: int = Field(default=10, ge=1, le=1000)  # for reads, on PostgreSQL
    public_url: str = "http://127.0.0.1:8000"
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    documents_bytes: int = Field(default=32 * 2**20, ge=0)  # of parsed documents; 0 keeps none
    answers_bytes: int = Field(default=64 * 2**20, ge=0)  # of whole answers; 0 keeps none
    smtp_url: Annotated[str | None, AfterValidator(_smtp)] = None
    mail_from: str = "peergraph <peergraph@localhost>"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

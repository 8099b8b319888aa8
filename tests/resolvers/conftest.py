import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from models import Account, Institution, Researcher, Topic
from models.columns import now
from resolvers.drivers import Reader, open_reader
from resolvers.store import Store
from resolvers.viewers import Viewer


@pytest.fixture
def viewer(save: Any) -> Any:
    """A new account's viewer: with a confirmed address unless said otherwise."""
    made = 0

    def make(**known: Any) -> Viewer:
        nonlocal made
        made += 1
        email = known.pop("email", f"person{made}@example.org")
        verified = known.pop("email_verified", True)
        moderator = known.pop("moderator", False)
        account = Account(
            id=made,
            display_name=f"Person {made}",
            email=email,
            email_key=email,
            email_verified_at=now() if verified else None,
            moderator_since=now() if moderator else None,
            **known,
        )
        save(account)
        return Viewer(account.id, 0, True, frozenset({"READ", "WRITE"}), verified, moderator, now())

    return make


@pytest.fixture
def record(save: Any) -> Any:
    """A record of each kind under the id 1, or of one under another."""

    def make(kind: str, id: int = 1, **known: Any) -> None:
        table = {"researcher": Researcher, "topic": Topic, "institution": Institution}[kind]
        level = {"level": "TOPIC"} if kind == "topic" else {}
        save(table(id=id, slug=f"{kind}-{id}", display_name=f"{kind} {id}", name_key=f"{kind} {id}", **level, **known))

    return make


@pytest.fixture
def on_store(database_url: str) -> Iterator[Any]:
    """What an async function answers of a new store of the database, for tests that are not async themselves."""
    with asyncio.Runner() as runner:

        async def opened() -> Reader:
            return open_reader(database_url)

        reader = runner.run(opened())

        async def found(function: Any, *given: Any) -> Any:
            return await function(Store(reader), *given)

        yield lambda function, *given: runner.run(found(function, *given))
        runner.run(reader.close())

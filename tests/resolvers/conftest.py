import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from resolvers.drivers import Reader, open_reader
from resolvers.store import Store


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

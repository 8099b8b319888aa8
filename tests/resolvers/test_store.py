"""What a store answers of several reads at once."""

from dataclasses import dataclass

import pytest

from resolvers.refused import Unavailable
from resolvers.store import Store


@dataclass(frozen=True)
class Times:
    """A read of multiples; by 0 there is no database."""

    factor: int

    def fetch(self, reader, keys):
        reader.append(keys)
        if not self.factor:
            raise Unavailable("not now")
        return [key * self.factor for key in keys]

    def made(self, value):
        return value


async def test_each_read_answers_for_its_keys_by_one_statement():
    ran = []
    wanted = [(Times(2), 1), None, (Times(3), 2), (Times(2), 4), (Times(2), 1)]
    assert await Store(ran).load_each(wanted) == [2, None, 6, 8, 2]
    assert sorted(ran) == [[1, 4], [2]]
    assert await Store(ran).load_each([]) == []


@pytest.mark.usefixtures("collected")  # warnings of what is never awaited are errors
async def test_one_read_that_fails_leaves_nothing_behind():
    with pytest.raises(Unavailable):
        await Store([]).load_each([(Times(2), 1), (Times(0), 1), (Times(3), 1)])


async def test_what_failed_is_read_again_by_whoever_asks_again():
    ran = []
    store = Store(ran)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await store.load(Times(0), 1)
    assert ran == [[1], [1]]

"""Everybody spends points on operations by what these cost, and is refused what they have no points for."""

import socket
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx2
import pytest
from pydantic import ValidationError
from redis import from_url

from resolvers.accesses import Client
from server import counts, rates, shared_counts
from server.access import Asking
from server.counts import Memory
from server.malformed import Malformed
from server.rates import Rates
from server.settings import Settings

ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # none is asked
LEFT = {"query": "{ rateLimit { limit cost remaining used resetAt } }"}  # costs 1
LIST = {"query": "{ topics(first: 7) { nodes { id } } }"}  # costs 9
LONGEST = 3600


def asked(response):
    return response.json()["data"]["rateLimit"]


def told(response):
    """By the headers: the limit and what is left."""
    policy, state = response.headers["ratelimit-policy"], response.headers["ratelimit"]
    assert (policy.startswith('"points";q='), policy.endswith(";w=3600")) == (True, True)
    left, seconds = state.removeprefix('"points";r=').split(";t=")
    assert 0 < int(seconds) <= LONGEST
    return int(policy.split(";")[1][2:]), int(left)


@pytest.fixture
def at(monkeypatch):
    """Set the clock."""

    def set_to(seconds):
        monkeypatch.setattr(rates, "time", lambda: seconds)

    return set_to


@pytest.fixture
async def spend():
    """Spend points from an address under these settings; answers how many were spent."""
    opened = {}

    async def spend(cost, address="192.0.2.1", **settings):
        key = tuple(settings.items())
        if key not in opened:
            opened[key] = Rates(Settings(**settings))
        return (await opened[key].spend(Asking(Client(address, "test"), None), cost)).used

    yield spend
    for one in opened.values():
        await one.close()


@ON_ONE
async def test_an_operation_is_told_what_is_left(served, at):
    at(1_000_000_000.5)
    async with served(rate_limit_signed_out=100) as client:
        first = asked(await client.post("/graphql", json=LEFT))
        reset_at = datetime.fromisoformat(first.pop("resetAt"))
        assert first == {"limit": 100, "cost": 1, "remaining": 99, "used": 1}
        response = await client.post("/graphql", json=LIST)
        assert told(response) == (100, 90)
        await client.post("/graphql", json={"query": "mutation { signOut { userErrors { code } } }"})  # costs 21
        response = await client.post("/graphql", json=LEFT)
        assert asked(response)["used"] == 1 + 9 + 21 + 1
        assert told(response) == (100, 68)
        assert response.headers["cache-control"] == "private, no-store"
        seconds = (reset_at - datetime.fromtimestamp(1_000_000_000, UTC)).total_seconds()
        assert 0 < seconds <= LONGEST
        at(1_000_000_000.5 + seconds)
        assert asked(await client.post("/graphql", json=LEFT))["used"] == 1


async def test_beyond_the_limit_nothing_is_run_and_nothing_spent(served, statements):
    async with served(rate_limit_signed_out=20) as client:
        for _ in range(2):
            assert (await client.post("/graphql", json=LIST)).status_code == 200
        before = len(statements)
        refused = await client.post("/graphql", json=LIST)
        assert refused.status_code == 429
        (error,) = refused.json()["errors"]
        assert (error["extensions"]["code"], "data" in refused.json()) == ("RATE_LIMITED", False)
        assert "costs 9 points, and 2 are left" in error["message"]
        assert told(refused) == (20, 2)
        assert refused.headers["ratelimit"].endswith(f";t={refused.headers['retry-after']}")
        assert len(statements) == before > 0
        assert asked(await client.post("/graphql", json=LEFT))["remaining"] == 1
        too_much = await client.get("/graphql", params={"query": "{ topics(first: 50) { nodes { id } } }"})
        assert (too_much.status_code, "retry-after" in too_much.headers) == (429, False)


@ON_ONE
async def test_limits_can_be_switched_off(served):
    async with served(rate_limit=0) as client:
        response = await client.post("/graphql", json=LEFT)
        assert "ratelimit" not in response.headers
        assert asked(response) | {"resetAt": None} == {
            "limit": 2**31 - 1, "cost": 1, "remaining": 2**31 - 1, "used": 0, "resetAt": None,
        }  # fmt: skip


def test_who_is_not_signed_in_has_less():
    assert Settings(rate_limit=11).signed_out_rate_limit == 3
    assert Settings(rate_limit=11, rate_limit_signed_out=0).signed_out_rate_limit == 0
    assert 0 < Settings().signed_out_rate_limit < Settings().rate_limit


async def test_what_is_not_run_costs_nothing(served):
    async with served(max_cost=50) as client:
        for asking in (
            LIST | {"extensions": {"dryRun": True}},
            {"query": "{ topics(first: 50) { nodes { id } } }"},  # COST_LIMIT
            {"query": "{ nothing }"},
            {"query": "{"},
            LIST | {"operationName": "Nobody"},
            {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        ):
            response = await client.post("/graphql", json=asking)
            assert "ratelimit" not in response.headers
        assert asked(await client.post("/graphql", json=LEFT))["used"] == 1


async def test_kept_answers_cost_nothing_and_tell_nothing_of_a_caller(served, reader):
    reader.changes = reader.reader.changes  # so that answers are kept
    async with served(rate_limit_signed_out=10) as client:
        first = await client.post("/graphql", json=LIST)
        assert told(first) == (10, 1)
        for _ in range(3):
            again = await client.post("/graphql", json=LIST)
            assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
            assert "ratelimit" not in again.headers
        got = await client.get("/graphql", params={"query": "{ __typename }"})  # the last point, by what caches keep
        assert got.headers["cache-control"].startswith("public")
        assert "ratelimit" not in got.headers
        assert (await client.post("/graphql", json=LEFT)).status_code == 429


async def test_an_account_has_one_count_however_it_is_signed_in(served, signed_up):
    ada, bob = await signed_up("Ada"), await signed_up("Bob")
    async with served(rate_limit=1000, rate_limit_signed_out=100) as client:

        async def used(token, query=LEFT):
            client.cookies.clear()
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return (await client.post("/graphql", json=query, headers=headers)).json()["data"]

        make = 'mutation { createApiToken(input: {name: "a", scopes: [READ]}) { token } }'
        secret = (await used(ada.token, {"query": make}))["createApiToken"]["token"]
        before = (await used(secret))["rateLimit"]["used"]
        await used(ada.token, {"query": "mutation { signOut { signedOut } }"})
        assert (await used(secret))["rateLimit"]["used"] == before + 11 + 1
        assert (await used(bob.token))["rateLimit"] | {"resetAt": None} == {
            "limit": 1000, "cost": 1, "remaining": 999, "used": 1, "resetAt": None,
        }  # fmt: skip
        assert (await used(None))["rateLimit"]["limit"] == 100


async def test_an_address_of_ipv6_counts_by_its_network(spend):
    assert await spend(1, "2001:db8::1") == 1
    assert await spend(1, "2001:db8:0:0:ffff::2") == 2
    assert await spend(1, "2001:db8:0:1::1") == 1
    assert await spend(1, "192.0.2.1") == 1
    assert await spend(1, "::ffff:192.0.2.1") == 2
    assert await spend(1, "192.0.2.2") == 1
    assert await spend(1, "") == 1  # of a socket that is a file


async def test_memory_forgets_who_has_not_asked_for_longest(monkeypatch):
    monkeypatch.setattr(counts, "MOST", 2)
    memory = Memory()
    for name in ("a", "b", "a", "c"):
        await memory.incr(name, 3600, 5)
    assert [await memory.incr(name, 3600) for name in ("a", "b")] == [11, 1]


async def test_processes_share_what_is_counted_in_redis(spend, redis):
    shared = {"rate_limit_storage": redis.url}
    assert await spend(30, **shared, rate_limit=500) == 30
    assert await spend(40, **shared, rate_limit=1000) == 70  # nor does another limit begin anew
    with pytest.raises(Malformed, match="and 30 are left") as refused:
        await spend(31, **shared, rate_limit=500)
    assert refused.value.status == 429
    assert await spend(30, **shared, rate_limit=500) == 100
    assert await spend(1, "192.0.2.2", **shared, rate_limit=500) == 1


async def test_counts_in_redis_end_with_the_hour_and_hold_no_address(spend, redis):
    await spend(5, rate_limit_storage=redis.url)
    with from_url(redis.url, decode_responses=True) as client:
        (key,) = client.keys()
        assert key.startswith("peergraph:address ")
        assert "192.0.2.1" not in key
        assert 0 < client.ttl(key) <= LONGEST


async def test_without_its_redis_each_process_counts_by_itself_until_it_is_back(spend, redis, caplog, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(shared_counts, "monotonic", lambda: clock.now)
    shared = {"rate_limit_storage": redis.url, "rate_limit_signed_out": 100}
    assert await spend(50, **shared) == 50
    redis.stop()
    assert [await spend(40, **shared) for _ in range(2)] == [40, 80]
    with pytest.raises(Malformed, match="20 are left"):
        await spend(40, **shared)
    for clock.now in (1.0, 6.0, 59.0):
        await spend(1, **shared)
    (line,) = caplog.messages
    assert "each process counts points by itself" in line
    assert redis.PASSWORD not in caplog.text
    clock.now = 65.0
    await spend(1, **shared)
    assert len(caplog.messages) == 2
    redis.start()
    assert await spend(1, **shared) == 85  # it is let alone for a while
    clock.now = 71.0
    assert await spend(7, **shared) == 7


async def test_a_silent_redis_is_not_waited_for(spend, monkeypatch, caplog):
    monkeypatch.setattr(shared_counts, "PATIENCE", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        assert [await spend(3, rate_limit_storage=url) for _ in range(2)] == [3, 6]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("url", ["http://h", "redis:///0", "redis://h:x", "redis://h?no=1", "redis://[h"])
def test_an_address_that_is_no_redis_is_refused(url):
    with pytest.raises(ValidationError):
        Settings(rate_limit_storage=url)


def test_a_wrong_address_is_told_without_showing_it(command):
    ran = command("serve", PEERGRAPH_RATE_LIMIT_STORAGE="redis://:open-sesame@h:x")
    assert ran.returncode == 2
    assert ran.stderr.startswith("PEERGRAPH_RATE_LIMIT_STORAGE: it must be redis://")
    assert "open-sesame" not in ran.stderr


@ON_ONE
def test_workers_share_one_count(serve, redis):
    _, address = serve("--workers", "2", PEERGRAPH_RATE_LIMIT_STORAGE=redis.url)
    used = [asked(httpx2.post(f"{address}/graphql", json=LEFT))["used"] for _ in range(12)]
    assert used == list(range(used[0], used[0] + 12))

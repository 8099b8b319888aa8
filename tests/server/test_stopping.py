"""SIGTERM and SIGKILL: what has been asked is answered; what was killed serves again."""

import asyncio
import signal

import httpx2
import pytest

SIGN_IN = """mutation($email: String!) { signIn(input: {email: $email, password: "not the right one"}) {
  userErrors { code } } }"""
ASKED = 8


async def ask_slowly(address, stop):
    """Requests that take their time, since each hashes a password; they are under way when `stop` is called."""
    async with httpx2.AsyncClient(base_url=address, timeout=30) as client:
        bodies = [{"query": SIGN_IN, "variables": {"email": f"p{place}@example.org"}} for place in range(ASKED)]
        await asyncio.gather(*[client.get("/graphql", params={"query": "{ __typename }"}) for _ in range(ASKED)])
        asked = [asyncio.create_task(client.post("/graphql", json=body)) for body in bodies]
        await asyncio.sleep(0.05)
        under_way = [one for one in asked if not one.done()]
        stop()
        return under_way, await asyncio.gather(*asked)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_has_been_asked_is_answered(serve, workers):
    process, address = serve("--workers", str(workers))
    under_way, answers = asyncio.run(ask_slowly(address, process.terminate))
    assert under_way
    for answer in answers:
        assert answer.json()["data"]["signIn"]["userErrors"] == [{"code": "INVALID_CREDENTIALS"}]
    assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    with pytest.raises(httpx2.TransportError):
        httpx2.get(address)


def test_what_was_killed_serves_again(serve):
    process, _ = serve()
    process.kill()
    process.wait()
    serve()  # which waits for its first answer

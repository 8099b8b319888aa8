"""The subprotocol graphql-transport-ws to the letter, and what may be done to a server by it."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest
import websockets
from sqlalchemy import delete, insert, text

from models import Access, Conversation, Event, Invitation, Participant, Researcher
from models.columns import now
from resolvers.conversations import edit_message, leave, send_message
from resolvers.drivers import open_reader
from resolvers.follows import follow, unfollow
from resolvers.writing import open_writer
from schema.node import global_id
from server.app import create_app
from server.settings import Settings
from server.websocket import PER_SECOND

INIT = {"type": "connection_init"}
TYPENAME = {"query": "{ __typename }"}
NOTIFIED = {"query": "subscription ($after: String) { notificationAdded(after: $after) { kind } }"}
WS = "graphql-transport-ws"
sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def followed(id=1, **variables):
    query = "subscription ($id: ID!, $after: String) { followersChanged(researcherId: $id, after: $after) { followerCount } }"
    return {"query": query, "variables": {"id": global_id("Researcher", id), **variables}}


def subscribe(id, payload):
    return {"id": id, "type": "subscribe", "payload": payload}


class Client:
    def __init__(self, socket):
        self.socket = socket

    async def say(self, message):
        await self.socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def hear(self):
        return json.loads(await asyncio.wait_for(self.socket.recv(), 20))

    async def closed(self):
        """The code that it was closed with, and what came before."""
        heard = []
        try:
            while True:
                heard.append(await self.hear())
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None, heard


@pytest.fixture
async def service(database_url, listening):
    """Start the service under these settings; connects clients to it."""
    reader = open_reader(database_url)
    writer = open_writer(database_url, reader)
    async with AsyncExitStack() as started:

        async def start(**settings):
            app = create_app(Settings(database_url=database_url, **settings), reader, writer)
            host, port = await started.enter_async_context(listening(app))

            @asynccontextmanager
            async def connect(*, init=INIT, subprotocols=(WS,), **known):
                uri = f"ws://{host}:{port}/graphql"
                async with websockets.connect(uri, subprotocols=subprotocols or None, **known) as socket:
                    client = Client(socket)
                    if init:
                        await client.say(init)
                        assert await client.hear() == {"type": "connection_ack"}
                    yield client

            connect.address = f"http://{host}:{port}"
            return connect

        yield start  # the service closes them


@pytest.fixture
def happen(engine):
    """Write events, not in the loop's thread: the service may be writing just then, and needs its turns to end."""

    async def write(*events, before=()):
        def run():
            with engine.begin() as connection:
                for statement in before:
                    connection.execute(statement)
                connection.execute(insert(Event), [*events])

        await asyncio.to_thread(run)

    return write


FOLLOWERS = {"kind": "FOLLOWERS", "subject_kind": "researcher", "subject_id": 1}


def told(signed):
    return {"kind": "ACCOUNT", "account_id": signed.viewer.id}


def as_bearer(token):
    return INIT | {"payload": {"Authorization": f"Bearer {token}"}}


@sqlite
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (["nonsense"], 4400),
        (["[]"], 4400),
        (["1"], 4400),
        (['"text"'], 4400),
        (["null"], 4400),
        ([b"{}"], 4400),
        ([{}], 4400),
        ([{"type": "nonsense"}], 4400),
        ([{"type": 1}], 4400),
        ([INIT | {"payload": []}], 4400),
        ([INIT | {"payload": 1}], 4400),
        ([INIT | {"payload": {"Authorization": 5}}], 4400),
        ([INIT | {"payload": {"Authorization": "Bearer nobody"}}], 4403),
        ([INIT | {"payload": {"authorization": "Basic x"}}], 4403),
        ([{"type": "ping", "payload": "x"}], 4400),
        ([{"type": "pong", "payload": 5}], 4400),
        ([subscribe("1", TYPENAME)], 4401),
        ([INIT, INIT], 4429),
        ([INIT, subscribe("", TYPENAME)], 4400),
        ([INIT, subscribe(1, TYPENAME)], 4400),
        ([INIT, {"type": "subscribe", "payload": TYPENAME}], 4400),
        ([INIT, subscribe("1", [])], 4400),
        ([INIT, subscribe("1", {"query": 5})], 4400),
        ([INIT, subscribe("1", TYPENAME | {"variables": []})], 4400),
        ([INIT, subscribe("1", TYPENAME | {"operationName": 5})], 4400),
        ([INIT, subscribe("1", TYPENAME | {"extensions": "x"})], 4400),
        ([INIT, {"type": "complete"}], 4400),
        ([INIT, {"type": "complete", "id": 5}], 4400),
        ([INIT, subscribe("1", followed()), subscribe("1", TYPENAME)], 4409),
        ([INIT, *[subscribe(f"{number}", followed()) for number in range(4)]], 4429),
        ([INIT, *[{"type": "ping"}] * (PER_SECOND + 50)], 4429),
        ([INIT, "x" * 300_000], 1009),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_ends_a_connection(service, record, caplog, sent, code):
    record("researcher")
    caplog.set_level(logging.INFO, "peergraph.server")
    connect = await service(max_subscriptions=3)
    async with connect(init=None) as client:
        for message in sent:
            await client.say(message)
        assert (await client.closed())[0] == code
    assert not [record for record in caplog.records if record.exc_info]
    assert sum("Malformed" in record.message for record in caplog.records) == (code == 4400)
    async with connect() as client:  # the others are served as before
        await client.say(subscribe("1", TYPENAME))
        assert (await client.hear())["payload"] == {"data": {"__typename": "Query"}}


@sqlite
@pytest.mark.parametrize("offered", [(), ("graphql-ws",)])
async def test_only_this_subprotocol_is_spoken(service, offered):
    connect = await service()
    async with connect(init=None, subprotocols=offered) as client:
        assert (await client.closed())[0] == 4406


@sqlite
async def test_who_says_nothing_is_not_waited_for(service, monkeypatch):
    monkeypatch.setattr("server.websocket.INIT_SECONDS", 0.1)
    connect = await service()
    async with connect(init=None) as client:
        assert (await client.closed())[0] == 4408
    async with connect() as client:
        await asyncio.sleep(0.2)
        await client.say({"type": "ping", "payload": {"a": 1}})
        assert await client.hear() == {"type": "pong", "payload": {"a": 1}}
        await client.say({"type": "pong"})
        await client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}


@sqlite
async def test_pages_of_other_origins_cannot_connect(service):
    connect = await service(allowed_origins=["https://friend.example"])
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with connect(origin="https://foe.example"):
            pass
    assert refused.value.response.status_code == 403
    async with connect(origin="https://friend.example"):
        pass


@sqlite
async def test_an_address_has_so_many_connections(service):
    connect = await service(max_sockets_per_address=2, max_sockets=3)
    async with connect(), connect():
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with connect():
                pass
        assert refused.value.response.status_code == 429
    async with connect():
        pass


@sqlite
async def test_a_mistake_is_its_operations_own(service, record):
    record("researcher")
    connect = await service(max_cost=50)
    async with connect() as client:
        for payload, code in (
            ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
            ({"query": ""}, "BAD_USER_INPUT"),
            ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
            (NOTIFIED, "UNAUTHENTICATED"),
            (followed(99), "BAD_USER_INPUT"),
            (followed(after="x"), "BAD_CURSOR"),
            (followed() | {"variables": {"id": None}}, "BAD_USER_INPUT"),
            (followed() | {"variables": {"id": "x"}}, "BAD_USER_INPUT"),
            ({"query": "{ researchers(first: 100) { nodes { displayName } } }"}, "COST_LIMIT"),
        ):
            await client.say(subscribe("1", payload))
            heard = await client.hear()
            assert (heard["id"], heard["type"]) == ("1", "error")
            assert [error["extensions"]["code"] for error in heard["payload"]] == [code], payload
        await client.say(subscribe("1", TYPENAME))
        assert [await client.hear() for _ in range(2)] == [
            {"id": "1", "type": "next", "payload": {"data": {"__typename": "Query"}}},
            {"id": "1", "type": "complete"},
        ]


async def test_events_come_with_cursors_to_go_on_from(service, record, writer, viewer):
    record("researcher")
    me, connect, cursors = viewer(), await service(), []
    async with connect() as client:
        await client.say(subscribe("1", followed()))
        await client.say(subscribe("2", TYPENAME))
        await client.hear(), await client.hear()
        for verb, count in ((follow, 1), (unfollow, 0), (follow, 1)):
            await verb(writer, me, "researcher", 1)
            heard = await client.hear()
            assert heard["payload"]["data"] == {"followersChanged": {"followerCount": count}}
            cursors.append(heard["payload"]["extensions"]["cursor"])
        await client.say({"type": "complete", "id": "1"})
        await unfollow(writer, me, "researcher", 1)
        await client.say(subscribe("1", followed(after=cursors[0])))  # the id is free again
        heard = [await client.hear() for _ in range(3)]
        assert [one["payload"]["extensions"]["cursor"] for one in heard][:2] == cursors[1:]
        assert len({*cursors, heard[-1]["payload"]["extensions"]["cursor"]}) == 4


async def test_what_is_private_is_told_to_its_owner_while_the_session_lasts(
    service, happen, signed_up, post_as, monkeypatch
):
    monkeypatch.setattr("resolvers.hub.SILENCE", 0.2)
    ada, bob, connect = await signed_up("Ada"), await signed_up("Bob"), await service()
    async with connect(init=as_bearer(ada.token)) as mine, connect(init=as_bearer(bob.token)) as other:
        for client in (mine, other):
            await client.say(subscribe("1", NOTIFIED))
            await client.say(subscribe("2", TYPENAME))
            await client.hear(), await client.hear()
        await happen(told(ada))
        assert (await mine.hear())["payload"]["data"] == {"notificationAdded": {"kind": "ACCOUNT"}}
        await post_as(ada.token, "mutation { signOut { userErrors { message } } }")
        heard = await mine.hear()
        assert (heard["type"], heard["payload"][0]["extensions"]["code"]) == ("error", "UNAUTHENTICATED")
        await mine.say(subscribe("3", TYPENAME))  # the connection stays
        assert (await mine.hear())["payload"]["data"] == {"__typename": "Query"}
        # And nothing is told to whom it does not concern, nor after the end.
        await happen(told(ada), told(bob), before=[delete(Access).where(Access.account_id == bob.viewer.id)])
        assert (await other.hear())["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@sqlite
async def test_who_does_not_read_is_told_to_come_back(service, record, happen):
    """Nothing is kept for them: what they missed is in the log."""
    record("researcher")
    connect = await service(sender_seconds=0.5, max_aliases=0)
    await happen(*[FOLLOWERS] * 3000)
    large = followed(after="ZXZlbnQ6MA")
    aliases = "".join(f"a{number}: displayName " for number in range(500))
    large["query"] = large["query"].replace("followerCount", aliases)
    async with connect(max_queue=1, ping_interval=None) as client:
        client.socket.transport.pause_reading()
        await client.say(subscribe("1", large))
        async with httpx2.AsyncClient(base_url=connect.address) as looking:
            while "slow_connections_closed_total 1.0" not in (await looking.get("/metrics")).text:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        client.socket.transport.resume_reading()
        code, heard = await client.closed()
    assert code == 1013
    assert 0 < len(heard) < 3000
    cursor = heard[-1]["payload"]["extensions"]["cursor"]
    async with connect() as client:
        await client.say(subscribe("1", followed(after=cursor)))
        assert len([await client.hear() for _ in range(3000 - len(heard))]) == 3000 - len(heard)


END_ALL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_lost_database_ends_no_subscription(serve, database_url, happen, record):
    record("researcher")
    _, address = serve()
    uri = f"{address.replace('http', 'ws')}/graphql"
    async with websockets.connect(uri, subprotocols=[WS]) as socket:
        client = Client(socket)
        await client.say(INIT)
        await client.say(subscribe("1", followed(after="ZXZlbnQ6MA")))
        await client.hear()
        for lost in (False, True, True):
            await happen(FOLLOWERS, before=[text(END_ALL)] * lost)
            assert (await client.hear())["payload"]["data"] == {"followersChanged": {"followerCount": 0}}


@sqlite
async def test_a_server_that_stops_says_so(serve, database_url):
    process, address = serve()
    async with websockets.connect(f"{address.replace('http', 'ws')}/graphql", subprotocols=[WS]) as socket:
        process.terminate()
        assert (await Client(socket).closed())[0] == 1012
    process.wait(timeout=20)


TALK = global_id("Conversation", 7)
MESSAGES = {
    "query": """subscription ($id: ID!, $after: String) {
      messageAdded(conversationId: $id, after: $after) { body editedAt sender { displayName } } }"""
}


def talk(sender, recipient):
    """The rows of a conversation between these two."""
    return (
        Researcher(id=1, slug="r", display_name="R", name_key="r"),
        Invitation(
            id=5,
            sender_id=sender.id,
            recipient_id=recipient.id,
            researcher_id=1,
            state="ACCEPTED",
            subject="s",
            message="m",
            expires_at=now(),
        ),
        Conversation(id=7, invitation_id=5),
        *[Participant(conversation_id=7, account_id=one.id) for one in (sender, recipient)],
    )


async def test_messages_are_told_to_those_who_are_in_the_conversation(service, signed_up, save, writer):
    people = [await signed_up(name) for name in ("Ada", "Bob", "Cyd")]
    ada, bob, _ = [one.viewer for one in people]
    save(*talk(ada, bob))
    connect = await service()
    listening = subscribe("1", MESSAGES | {"variables": {"id": TALK}})
    async with AsyncExitStack() as stack:
        first, second, third = [await stack.enter_async_context(connect(init=as_bearer(one.token))) for one in people]
        for client in (first, second, third):
            await client.say(listening)
            await client.say(subscribe("2", TYPENAME))
        assert {(await third.hear())["type"] for _ in range(3)} == {"error", "next", "complete"}
        for client in (first, second):
            await client.hear(), await client.hear()
        id = await send_message(writer, ada, 7, "Hello")
        await edit_message(writer, ada, id, "Hello, Bob")
        for client in (first, second):
            heard = [(await client.hear())["payload"]["data"]["messageAdded"] for _ in range(2)]
            assert heard[-1]["body"] == "Hello, Bob"
            assert heard[-1]["editedAt"] is not None
            assert heard[0]["sender"] == {"displayName": "Ada"}
        await leave(writer, bob, 7)
        await second.say(subscribe("3", listening["payload"]))
        assert (await second.hear())["payload"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_message_sent_through_one_server_is_told_by_another(serve, signed_up, save, writer):
    ada, bob = await signed_up("Ada"), await signed_up("Bob")
    save(*talk(ada.viewer, bob.viewer))
    (_, one), (_, other) = serve(), serve()
    text_given = "Hello"
    sending = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { body } } }"
    async with websockets.connect(f"{other.replace('http', 'ws')}/graphql", subprotocols=[WS]) as socket:
        client = Client(socket)
        await client.say(as_bearer(bob.token))
        await client.say(subscribe("1", MESSAGES | {"variables": {"id": TALK, "after": "ZXZlbnQ6MA"}}))
        assert await client.hear() == {"type": "connection_ack"}
        async with httpx2.AsyncClient(base_url=one, headers={"authorization": f"Bearer {ada.token}"}) as sender:
            given = {"conversationId": TALK, "body": text_given}
            await sender.post("/graphql", json={"query": sending, "variables": {"input": given}})
        assert (await client.hear())["payload"]["data"]["messageAdded"]["body"] == text_given

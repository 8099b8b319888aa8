"""The outbox against a real SMTP server."""

import asyncio
import email
import logging
from datetime import timedelta
from email.policy import default
from types import SimpleNamespace
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from sqlalchemy import select, update

from models import Mail
from models.columns import now
from resolvers.drivers import open_reader
from resolvers.letters import letter
from resolvers.writing import open_writer
from server import mailer
from server.mailer import Mailer
from server.settings import Settings

CODE = "7XK2-M9QD-4TFA"


class Mailbox:
    """What handles the server's commands: what came, and what is answered instead of taking it."""

    def __init__(self) -> None:
        self.came: list[Any] = []
        self.rcpt = self.data = ""
        self.password: bytes | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if not self.data:
            self.came.append(email.message_from_bytes(envelope.content, policy=default))
        return self.data or "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given.password == self.password, handled=False)


@pytest.fixture
async def smtp():
    """A mail server that can be stopped and started again."""
    box, servers = Mailbox(), []

    async def start(port: int = 0, **options: Any) -> int:
        options = {"hostname": "test", "enable_SMTPUTF8": True} | options
        loop = asyncio.get_running_loop()
        servers.append(await loop.create_server(lambda: SMTP(box, loop=loop, **options), "127.0.0.1", port))
        return servers[-1].sockets[0].getsockname()[1]

    async def stop() -> None:
        while servers:
            servers.pop().close()

    yield SimpleNamespace(box=box, start=start, stop=stop)
    await stop()


@pytest.fixture
async def processes(database_url):
    """Mailers that know nothing of one another."""
    opened = []

    def another(port: int | None, login: str = "") -> Mailer:
        reader = open_reader(database_url)
        writer = open_writer(database_url, reader)
        opened.extend([writer, reader])
        url = None if port is None else f"smtp://{login}127.0.0.1:{port}"
        return Mailer(writer, Settings(database_url=database_url, smtp_url=url, mail_from="peergraph <p@x.org>"))

    yield another
    for one in opened:
        await one.close()


@pytest.fixture
def outbox(engine):
    def left() -> list[Any]:
        with engine.connect() as connection:
            return [*connection.execute(select(Mail.recipient, Mail.attempts))]

    return left


@pytest.fixture
def make_due(engine):
    def change() -> None:
        with engine.begin() as connection:
            connection.execute(update(Mail).values(due_at=now()))

    return change


def verification(recipient: str = "ada@example.org", name: str = "Ada") -> Mail:
    return letter("verify_email", recipient, name=name, code=CODE)


async def test_a_message_comes_as_it_was_written(save, smtp, processes, outbox):
    name = "Дарья Ågren 陈 " + "x" * 80
    mail = verification(name=name)
    save(mail)
    sender = processes(await smtp.start())
    assert [await sender.send_one(), await sender.send_one()] == [True, False]
    (came,) = smtp.box.came
    assert (came["From"], came["To"], came["Subject"]) == ("peergraph <p@x.org>", "ada@example.org", mail.subject)
    assert came["Message-ID"] == f"<{mail.id:x}@x.org>"
    assert abs(came["Date"].datetime - mail.created_at) < timedelta(seconds=1)
    assert came.get_content().splitlines() == mail.body.splitlines()
    assert {f"Hello {name},", CODE} <= {*came.get_content().splitlines()}
    assert outbox() == []


async def test_a_server_that_is_down_is_waited_for(save, smtp, processes, outbox, make_due):
    port = await smtp.start()
    await smtp.stop()
    save(verification())
    sender = processes(port)
    assert await sender.send_one()
    assert not await sender.send_one()  # not at once again
    assert outbox() == [("ada@example.org", 1)]
    await smtp.start(port)
    make_due()
    assert await sender.send_one()
    assert (len(smtp.box.came), outbox()) == (1, [])


@pytest.mark.parametrize(
    ("where", "reply", "final"),
    [
        ("rcpt", "550 No such person as ada@example.org", True),
        ("rcpt", "450 Greylisted, ada@example.org comes later", False),
        ("data", "554 Not what ada@example.org wants", True),
        ("data", "451 Try again", False),
    ],
)
async def test_only_what_is_refused_for_good_is_given_up(
    *, save, smtp, processes, outbox, make_due, caplog, where, reply, final
):
    caplog.set_level(logging.DEBUG)
    setattr(smtp.box, where, reply)
    save(verification())
    sender = processes(await smtp.start())
    assert await sender.send_one()
    assert [attempts for _, attempts in outbox()] == [] if final else [1]
    assert ("given up" in caplog.text) is final
    assert "ada@" not in "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("peergraph"))
    setattr(smtp.box, where, "")
    make_due()
    assert await sender.send_one() is not final
    assert len(smtp.box.came) == (0 if final else 1)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_wrong_login_is_no_reason_to_give_a_message_up(save, smtp, processes, outbox, make_due):
    smtp.box.password = b"s:e@c"
    port = await smtp.start(authenticator=smtp.box.authenticate, auth_require_tls=False, auth_required=True)
    save(verification())
    for login in ("p%40x:wrong@", ""):
        assert await processes(port, login).send_one()
        make_due()
    assert len(outbox()) == 1
    assert await processes(port, "p%40x:s%3Ae%40c@").send_one()
    assert (len(smtp.box.came), outbox()) == (1, [])


async def test_what_cannot_be_sent_is_given_up_in_the_end_and_others_go_on(
    *, save, smtp, processes, outbox, make_due, caplog, monkeypatch
):
    monkeypatch.setattr(mailer, "MOST_ATTEMPTS", 3)
    monkeypatch.setattr(mailer, "EVERY", 0.01)
    port = await smtp.start(enable_SMTPUTF8=False)
    save(verification("jörg@example.org"), verification("a\n@example.org"), verification())
    running = asyncio.create_task(processes(port).run())
    for _ in range(500):
        await asyncio.to_thread(make_due)  # SQLite makes it wait for the mailer
        if not await asyncio.to_thread(outbox):
            break
        await asyncio.sleep(0.02)
    running.cancel()
    assert outbox() == []
    assert [came["To"] for came in smtp.box.came] == ["ada@example.org"]
    assert "j\\xf6rg" not in caplog.text
    assert "jörg" not in caplog.text


async def test_an_address_in_any_script(save, smtp, processes):
    save(verification("jörg@bücher.example"))
    assert await processes(await smtp.start()).send_one()
    assert smtp.box.came[0]["To"] == "jörg@bücher.example"


@pytest.mark.parametrize("taken", [False, True])
async def test_what_a_dying_process_had_taken_is_sent_by_another(*, save, smtp, processes, outbox, monkeypatch, taken):
    save(verification())
    port = await smtp.start()
    sending, sent = asyncio.Event(), mailer.aiosmtplib.send

    async def die(*given: Any, **options: Any) -> None:
        if taken:
            await sent(*given, **options)
        sending.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(mailer.aiosmtplib, "send", die)
        dying = asyncio.create_task(processes(port).send_one())
        await sending.wait()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
    other = processes(port)
    assert not await other.send_one()
    monkeypatch.setattr(mailer, "now", lambda: now() + mailer.LEASE)
    assert await other.send_one()
    assert outbox() == []
    assert len(smtp.box.came) == 1 + taken
    assert len({came["Message-ID"] for came in smtp.box.came}) == 1  # so that the second is known for the first


async def test_two_processes_send_each_message_once(save, smtp, processes, outbox):
    save(*[verification(f"{number}@example.org") for number in range(30)])
    port = await smtp.start()

    async def send_all(sender: Mailer) -> int:
        count = 0
        while await sender.send_one():
            count += 1
        return count

    counts = await asyncio.gather(*[send_all(processes(port)) for _ in range(2)])
    assert min(counts) > 0
    assert sorted(came["To"] for came in smtp.box.came) == sorted(f"{number}@example.org" for number in range(30))
    assert outbox() == []


async def test_without_a_server_the_log_has_the_code_on_a_line_of_its_own(save, processes, outbox, caplog):
    caplog.set_level(logging.INFO)
    save(verification())
    assert await processes(None).send_one()
    assert CODE in caplog.text.splitlines()
    assert "To: ada@example.org" in caplog.text.splitlines()
    assert outbox() == []


async def test_the_oldest_is_sent_first(save, smtp, processes):
    mails = [verification(f"{number}@example.org") for number in range(3)]
    for number, mail in enumerate(mails):
        mail.due_at = now() - timedelta(minutes=number)
    save(*mails)
    sender = processes(await smtp.start())
    while await sender.send_one():
        pass
    assert [came["To"] for came in smtp.box.came] == ["2@example.org", "1@example.org", "0@example.org"]

"""Whose identity it is: found, linked, never taken over, whatever the race."""

import asyncio

import pytest
from sqlalchemy import func, select

from models import Access, Account, Identity, Mail
from models.columns import now
from resolvers.accesses import Client
from resolvers.identities import ORCID_IDS, Proof, link_identity, sign_in_elsewhere, unlink_identity
from resolvers.new_passwords import request_password_reset, reset_password
from resolvers.refused import Declined
from resolvers.signing_in import SIGN_UPS_FROM_ADDRESS

CLIENT = Client("192.0.2.1", "a browser")
ISSUER = "https://provider.example"


def proof(subject: str = "1", provider: str = "house", **claims) -> Proof:
    return Proof(f"{ISSUER}/{provider}", subject, provider, claims)


@pytest.fixture
def stored(engine):
    def read(*columns):
        with engine.connect() as connection:
            return connection.execute(select(*columns)).all()

    return read


async def test_the_first_time_makes_an_account_and_the_second_finds_it(writer, stored):
    first = await sign_in_elsewhere(writer, CLIENT, proof(name=" Ada \n Lovelace\u200b "))
    second = await sign_in_elsewhere(writer, CLIENT, proof(name="Somebody else"))
    assert first.viewer.id == second.viewer.id
    assert first.token != second.token
    assert stored(Account.id, Account.display_name, Account.email) == [(first.viewer.id, "Ada Lovelace", None)]
    assert stored(Identity.issuer, Identity.subject, Identity.provider) == [(f"{ISSUER}/house", "1", "house")]


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace"),
        ({"name": "\u200b", "family_name": "Lovelace"}, "Lovelace"),
        ({"name": ["Ada"], "given_name": 1}, "Somebody new"),
        ({"name": "x" * 1000}, "x" * 100),
    ],
)
async def test_what_they_are_called(writer, stored, claims, name):
    await sign_in_elsewhere(writer, CLIENT, proof(**claims))
    assert stored(Account.display_name) == [(name,)]


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email": "Ada@Example.org", "email_verified": True}, "Ada@example.org"),
        ({"email": "ada@example.org", "email_verified": False}, None),
        ({"email": "ada@example.org", "email_verified": "true"}, None),
        ({"email": "ada@example.org"}, None),
        ({"email": "nonsense", "email_verified": True}, None),
        ({"email": 1, "email_verified": True}, None),
    ],
)
async def test_an_address_counts_where_the_provider_has_verified_it(writer, stored, claims, email):
    signed = await sign_in_elsewhere(writer, CLIENT, proof(**claims))
    assert stored(Account.email, Account.email_key) == [(email, email and email.casefold())]
    assert signed.viewer.email_verified is (email is not None)


@pytest.mark.parametrize("verified", [True, False])
async def test_an_account_with_the_same_address_is_neither_taken_nor_joined(writer, viewer, stored, verified):
    viewer(email="ada@example.org", email_verified=verified)
    with pytest.raises(Declined) as declined:
        await sign_in_elsewhere(writer, CLIENT, proof(email="Ada@Example.org", email_verified=True))
    assert (declined.value.code, declined.value.steps) == ("EMAIL_TAKEN", ("SIGN_IN", "RESET_PASSWORD"))
    assert (stored(Identity.subject), stored(Access.id), len(stored(Account.id))) == ([], [], 1)


async def test_linking_twice_is_once_and_another_account_is_refused(writer, viewer, stored):
    me, other = viewer(), viewer()
    for _ in range(2):
        await link_identity(writer, me, proof())
    assert (await sign_in_elsewhere(writer, CLIENT, proof())).viewer.id == me.id
    with pytest.raises(Declined) as declined:
        await link_identity(writer, other, proof())
    assert declined.value.code == "IDENTITY_TAKEN"
    assert stored(Identity.account_id) == [(me.id,)]


async def test_the_same_subject_elsewhere_is_somebody_else(writer, stored):
    people = {(await sign_in_elsewhere(writer, CLIENT, proof("1", name))).viewer.id for name in ("house", "other")}
    assert len(people) == 2


async def test_the_suspended_are_refused(writer, viewer, stored):
    suspended = viewer(suspended_at=now())
    await link_identity(writer, suspended, proof())
    with pytest.raises(Declined) as declined:
        await sign_in_elsewhere(writer, CLIENT, proof())
    assert declined.value.code == "ACCOUNT_SUSPENDED"
    assert stored(Access.id) == []


async def test_twenty_at_once_are_one_account(writer, stored):
    claims = {"email": "ada@example.org", "email_verified": True}
    signed = await asyncio.gather(*[sign_in_elsewhere(writer, CLIENT, proof(**claims)) for _ in range(20)])
    assert len({each.viewer.id for each in signed}) == 1
    assert stored(func.count(Account.id)) == stored(func.count(Identity.subject)) == [(1,)]
    assert stored(func.count(Access.id)) == [(20,)]


async def test_two_identities_with_one_address_at_once(writer, stored):
    claims = {"email": "ada@example.org", "email_verified": True}
    found = await asyncio.gather(
        *[sign_in_elsewhere(writer, CLIENT, proof(f"{n}", **claims)) for n in range(5)], return_exceptions=True
    )
    assert [each.code for each in found if isinstance(each, Declined)] == ["EMAIL_TAKEN"] * 4
    assert (len(stored(Account.id)), len(stored(Identity.subject))) == (1, 1)


async def test_accounts_are_not_made_without_end(writer):
    for n in range(SIGN_UPS_FROM_ADDRESS):
        await sign_in_elsewhere(writer, CLIENT, proof(f"{n}"))
    with pytest.raises(Declined) as declined:
        await sign_in_elsewhere(writer, CLIENT, proof("another"))
    assert declined.value.code == "TOO_MANY_ATTEMPTS"
    await sign_in_elsewhere(writer, CLIENT, proof("1"))  # has one


async def test_unlinking_leaves_a_way_in(writer, viewer, stored):
    me = viewer()  # without a password
    await link_identity(writer, me, proof("1"))
    await link_identity(writer, me, proof("2"))
    for _ in range(2):
        await unlink_identity(writer, me, f"{ISSUER}/house", "1")
    with pytest.raises(Declined) as declined:
        await unlink_identity(writer, me, f"{ISSUER}/house", "2")
    assert declined.value.code == "LAST_WAY_IN"
    await unlink_identity(writer, viewer(), f"{ISSUER}/house", "2")  # not theirs: nothing to do
    assert stored(Identity.subject) == [("2",)]


async def test_with_a_password_the_last_can_go(writer, viewer, stored):
    me = viewer(password_hash="$argon2id$")
    await link_identity(writer, me, proof())
    await unlink_identity(writer, me, f"{ISSUER}/house", "1")
    assert stored(Identity.subject) == []


async def test_the_last_two_do_not_go_at_once(writer, viewer, stored):
    me = viewer()
    for subject in ("1", "2"):
        await link_identity(writer, me, proof(subject))
    going = [unlink_identity(writer, me, f"{ISSUER}/house", subject) for subject in ("1", "2")]
    refused = [each for each in await asyncio.gather(*going, return_exceptions=True) if each]
    assert [each.code for each in refused] == ["LAST_WAY_IN"]
    assert len(stored(Identity.subject)) == 1


async def test_which_orcid_ids_an_account_has_proved(writer, viewer):
    me = viewer()
    await link_identity(writer, me, proof("https://orcid.org/0000-0002-1694-233x", "orcid"))
    await link_identity(writer, me, proof("0000-0002-1825-0097", "house"))
    rows = await writer.write(lambda write: write.rows(ORCID_IDS, account=me.id))
    assert [row.subject for row in rows] == ["0000-0002-1694-233X"]


@pytest.mark.parametrize(
    ("subject", "provider"), [("", "house"), ("x" * 256, "house"), ("a\nb", "house"), ("1", "orcid")]
)
def test_a_subject_names_somebody(subject, provider):
    with pytest.raises(Declined):
        proof(subject, provider)


@pytest.mark.parametrize("verified", [True, False])
async def test_whoever_had_not_the_address_loses_what_they_linked(writer, viewer, stored, engine, verified):
    me = viewer(email="ada@example.org", email_verified=verified)
    await link_identity(writer, me, proof())
    await request_password_reset(writer, CLIENT, "ada@example.org")
    code = next(line for line in stored(Mail.body)[0][0].splitlines() if line.count("-") == 2 and line.isupper())
    await reset_password(writer, CLIENT, code, "correct horse battery staple")
    assert len(stored(Identity.subject)) == int(verified)

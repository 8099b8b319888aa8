"""Who starts the service learns that it runs, and who sends it requests whether it can answer them."""

import asyncio

import httpx2
from sqlalchemy import text

from models.migrate import revisions
from server import health
from server.app import create_app
from server.settings import Settings

OK = {"status": "ok"}


async def test_it_runs_and_is_ready(client):
    for path in ("/healthz", "/readyz"):
        response = await client.get(path)
        assert (response.status_code, response.json()) == (200, OK)
        assert response.headers["cache-control"] == "no-store"
        assert (await client.head(path)).status_code == 200
        assert (await client.post(path)).status_code == 405


async def test_a_database_that_lacks_a_migration_is_not_ready(client, engine):
    for version, status in ((revisions()[-2], 503), ("a later one", 200), (revisions()[-1], 200)):
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
        response = await client.get("/readyz")
        assert response.status_code == status
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert (await client.get("/readyz")).json()["status"] == "unavailable"
    assert (await client.get("/healthz")).json() == OK


async def test_a_database_that_is_not_there_or_silent_is_not_ready(tmp_path, client, reader, monkeypatch):
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path}/none.sqlite3"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as alone:
        assert (await alone.get("/healthz")).json() == OK
        response = await alone.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert str(tmp_path) not in response.text
    monkeypatch.setattr(reader.reader, "fetch", lambda *_, **__: asyncio.sleep(60))
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    assert (await client.get("/readyz")).json()["reason"] == "The database does not answer."

"""What is wrong is found, each by its check, with what helps; and nothing is where nothing is."""

from types import SimpleNamespace

import pytest
from sqlalchemy import text

from models import ImportRun, Topic
from models.indexing import reindex
from server import doctor
from server.settings import Settings


@pytest.fixture
def wrong(database_url):
    def found(**settings):
        known = Settings(**{"database_url": database_url} | settings)
        return {check.name: check.wrong for check in doctor.checks(known) if check.wrong}

    return found


@pytest.fixture
def execute(engine):
    def run(statement):
        with engine.begin() as connection:
            connection.execute(text(statement))

    return run


@pytest.fixture
def filled(save, engine):
    save(Topic(id=10**9, slug="graphs", level="DOMAIN", display_name="Graphs", name_key="graphs"))
    with engine.begin() as connection:
        reindex(connection)


def test_nothing_is_wrong(wrong, filled):
    assert wrong() == {}


def test_a_migration_is_lacking(wrong, execute):
    execute("UPDATE alembic_version SET version_num = '0004'")
    assert wrong().keys() == {"migrations"}
    assert "0005" in wrong()["migrations"]
    execute("UPDATE alembic_version SET version_num = 'of a later version'")
    assert "later" in wrong()["migrations"]


def test_an_import_is_half_done(wrong, filled, execute):
    execute("DROP INDEX topic_by_works")
    assert wrong().keys() == {"import and indexes"}


def test_an_import_has_not_ended(wrong, save):
    save(*[ImportRun(source="openalex", root="/there", status=status) for status in ("FAILED", "COMPLETED", "RUNNING")])
    assert "/there" in wrong()["import and indexes"]
    save(ImportRun(source="openalex", root="/there", status="COMPLETED"))
    assert wrong() == {}


def test_the_search_index_is_empty(wrong, filled, execute):
    execute("DELETE FROM searchable")
    assert "reindex" in wrong()["search index"]


def test_the_search_index_lacks_its_terms(wrong, filled, execute, engine):
    sqlite = engine.dialect.name == "sqlite"
    damage = "INSERT INTO searchable_terms (searchable_terms) VALUES ('delete-all')"
    execute(damage if sqlite else "DROP INDEX searchable_terms")
    assert "reindex" in wrong()["search index"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_clocks_differ(wrong, monkeypatch):
    now = doctor.time.time()
    monkeypatch.setattr(doctor, "time", SimpleNamespace(time=lambda: now - 60))
    assert "s from this machine's" in wrong()["clock"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_database_takes_no_writes(wrong, execute, database_url):
    execute(
        f"ALTER DATABASE {database_url.rpartition('/')[2].partition('?')[0]} SET default_transaction_read_only = on"
    )
    assert "no writes" in wrong()["database"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_database_is_not_there(wrong, tmp_path):
    assert "migrate" in wrong(database_url=f"sqlite:///{tmp_path}/none.sqlite3")["database"]
    assert not (tmp_path / "none.sqlite3").exists()
    assert "failed" in wrong(database_url="postgresql://u:secret@127.0.0.1:1/d")["database"]
    (tmp_path / "text.sqlite3").write_text("no database" * 1000)
    assert "failed" in wrong(database_url=f"sqlite:///{tmp_path}/text.sqlite3")["database"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_settings_that_only_do_at_home(wrong, filled):
    assert wrong(public_url="http://a.example").keys() == {"public address", "secret", "mail"}
    safe = {"public_url": "https://a.example", "secret": "s" * 32, "smtp_url": "smtp://mail.example"}
    assert wrong(**safe) == {}
    assert "PEERGRAPH_MAX_COST" in wrong(**safe, max_cost=0)["limits"]
    assert "PEERGRAPH_RATE_LIMIT" in wrong(**safe, rate_limit=0)["limits"]


def test_it_is_told_line_by_line(command):
    command("migrate")
    well = command("doctor")
    assert well.returncode == 0, well.stderr
    assert all(line.startswith("ok ") for line in well.stdout.splitlines())
    ill = command("doctor", PEERGRAPH_PUBLIC_URL="http://a.example")
    assert ill.returncode == 1
    assert "wrong  public address: " in ill.stdout

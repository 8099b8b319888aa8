import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from models import migrate
from models.database import connect, database_url, subject, tell_changes


def test_every_table_is_there_after_migrating_from_empty(engine):
    assert migrate.pending(engine) == []
    assert {table.name for table in SQLModel.metadata.sorted_tables} <= set(inspect(engine).get_table_names())


def test_migrations_and_tables_agree(engine):
    migrate.check(engine)


def test_migrating_twice_changes_nothing(engine, capsys):
    migrate.upgrade(engine)
    assert migrate.pending(engine) == []


def test_an_empty_database_lacks_every_revision(tmp_path):
    engine = connect(f"sqlite:///{tmp_path}/new/empty.sqlite3")
    assert migrate.pending(engine)[0] == "0001"
    engine.dispose()


def test_the_indexes_are_the_same_on_both(engine):
    declared = {(table.name, index.name) for table in SQLModel.metadata.sorted_tables for index in table.indexes}
    found = {
        (table, index["name"])
        for table in inspect(engine).get_table_names()
        for index in inspect(engine).get_indexes(table)
    }
    assert declared <= found


def test_text_sorts_by_its_code_points_on_both(engine):
    with engine.begin() as connection:
        for number, key in enumerate(["é", "z", "B", "a", "-", "_"]):
            connection.execute(
                text("INSERT INTO slug_sequence (kind, base, last) VALUES ('researcher', :key, :number)"),
                {"key": key, "number": number},
            )
        assert list(connection.scalars(text("SELECT base FROM slug_sequence ORDER BY base"))) == sorted("ézBa-_")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql"]
)
def test_an_unusable_url_is_refused_without_repeating_it(url):
    with pytest.raises(ValueError, match=r"database|SQLite") as refused:
        database_url(url)
    assert "secret" not in str(refused.value)


def test_what_an_earlier_version_holds_stays(engine):
    command.downgrade(migrate._config(engine), "0001")
    assert migrate.pending(engine) == ["0002", "0003", "0004"]
    assert "change" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO keyword (id, display_name) VALUES ('k', 'K')"))
    migrate.upgrade(engine)
    assert migrate.pending(engine) == []
    with engine.begin() as connection:
        assert connection.execute(text("SELECT id, display_name FROM keyword")).all() == [("k", "K")]
        tell_changes(connection, subject("Researcher", 1))

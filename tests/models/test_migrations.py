import pytest
from alembic import command
from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from models import migrate
from models.columns import stands_on
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
    indexes = [index for table in SQLModel.metadata.sorted_tables for index in table.indexes]
    declared = {(index.table.name, index.name) for index in indexes if stands_on(engine.dialect.name, index)}
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
    assert migrate.pending(engine) == ["0002", "0003", "0004", "0005", "0006", "0007", "0008"]
    assert "change" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO keyword (id, display_name) VALUES ('k', 'K')"))
    migrate.upgrade(engine)
    assert migrate.pending(engine) == []
    with engine.begin() as connection:
        assert connection.execute(text("SELECT id, display_name FROM keyword")).all() == [("k", "K")]
        tell_changes(connection, subject("Researcher", 1))


def test_people_come_to_a_database_that_holds_records(engine):
    command.downgrade(migrate._config(engine), "0002")
    zeros = "work_count, citation_count, h_index, i10_index, newest_year, topic_count, collaborator_count"
    with engine.begin() as connection:
        for statement in (
            (
                "INSERT INTO institution (id, slug, display_name, name_key, alternative_names, follower_count, work_count,"
                " researcher_count, citation_count, version) VALUES (1, 'i', 'I', 'i', '[]', 0, 0, 0, 0, 1)"
            ),
            (
                f"INSERT INTO researcher (id, slug, display_name, name_key, alternative_names, claim_status,"
                f" collaboration_status, verification_level, follower_count, close_collaborator_count, version, {zeros})"
                f" VALUES (1, 'r', 'R', 'r', '[]', 'UNCLAIMED', 'OPEN', 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0)"
            ),
            "INSERT INTO affiliation (researcher_id, institution_id) VALUES (1, 1)",
            (
                "INSERT INTO work (id, title, title_key, kind, newest_key, is_retracted, citation_count, author_count, version)"
                " VALUES (1, 'W', 'w', 'ARTICLE', 0, false, 0, 1, 1)"
            ),
            "INSERT INTO authorship (work_id, position, researcher_id, is_corresponding) VALUES (1, 0, 1, false)",
        ):
            connection.execute(text(statement))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        shown = "SELECT display_name, affiliation_withheld, suppressed_at, own_institution_id FROM researcher"
        assert connection.execute(text(shown)).all() == [("R", False, None, None)]
        for table in ("affiliation", "work", "authorship", "institution"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 1
        assert connection.execute(text("SELECT researcher_id, detached_id FROM authorship")).all() == [(1, None)]


def test_what_has_happened_keeps_its_order_and_the_rules_stay(engine):
    command.downgrade(migrate._config(engine), "0005")
    told = "INSERT INTO event (kind, at, account_id) VALUES ('ACCOUNT', '2026-01-01 00:00:00', {})"
    with engine.begin() as connection:
        for account in (5, 6):
            connection.execute(text(told.format(account)))
    migrate.upgrade(engine)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT account_id, position FROM event ORDER BY position")).all() == [
            (5, 1),
            (6, 2),
        ]
        connection.execute(text("INSERT INTO event (kind, at) VALUES ('FOLLOWERS', '2026-01-01 00:00:00')"))
    for refused in (
        "DELETE FROM event",
        "UPDATE event SET kind = 'CLAIM'",
        told.format(1).replace("ACCOUNT", "NOTHING"),
    ):
        with pytest.raises(DatabaseError), engine.begin() as connection:
            connection.execute(text(refused))
    command.downgrade(migrate._config(engine), "0005")
    with engine.begin() as connection:
        assert connection.scalars(text("SELECT account_id FROM event ORDER BY id")).all() == [5, 6]
    migrate.upgrade(engine)
    migrate.check(engine)

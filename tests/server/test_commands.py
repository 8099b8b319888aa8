"""The commands as a person runs them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = ROOT.parent / "shared" / "data" / "openalex-seed"
PROVIDER = '{"issuer": "https://a.example", "client_id": "a", "client_secret": "secret"}'
NO_ISSUER = '{"client_id": "secret", "client_secret": "secret"}'


def test_from_empty_to_filled(command, tmp_path):
    letters = str(tmp_path / "dead.jsonl")
    assert "0001" in command("migrate").stderr
    assert "up to date" in command("migrate").stderr
    first = command("import", "openalex", str(SEED), "--dead-letters", letters)
    assert (first.returncode, "5 files read" in first.stderr) == (0, True)
    again = command("import", "openalex", str(SEED), "--dead-letters", letters)
    assert "0 files read, 5 were read before" in again.stderr
    with closing(sqlite3.connect(tmp_path / "a.sqlite3")) as database, database:
        found = database.execute("SELECT * FROM searchable ORDER BY key").fetchall()
        database.execute("DELETE FROM searchable")
    assert "Indexed anew" in command("reindex").stderr
    with closing(sqlite3.connect(tmp_path / "a.sqlite3")) as database:
        assert found == database.execute("SELECT * FROM searchable ORDER BY key").fetchall() != []


def test_standard_input_with_a_bad_line(command, tmp_path):
    command("migrate")
    letters = tmp_path / "dead.jsonl"
    lines = b'{"id": "https://openalex.org/S1", "display_name": "J"}\nnonsense\n'
    ran = command("import", "openalex", "-", "--dead-letters", str(letters), stdin=lines)
    assert ran.returncode == 0
    assert str(letters) in ran.stderr
    assert letters.read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "settings", "code", "said"),
    [
        (["serve"], {}, 1, "python -m server migrate"),
        (["import", "openalex", str(SEED)], {}, 1, "python -m server migrate"),
        (["reindex"], {}, 1, "python -m server migrate"),
        (["migrate"], {"PEERGRAPH_DATABASE_URL": "mysql://u:secret@h/d"}, 2, "PEERGRAPH_DATABASE_URL"),
        (["serve"], {"PEERGRAPH_LOG_LEVEL": "LOUD"}, 2, "PEERGRAPH_LOG_LEVEL"),
        (["migrate"], {"PEERGRAPH_SECRET": "secret"}, 2, "PEERGRAPH_SECRET"),
        (["migrate"], {"PEERGRAPH_ORCID_CLIENT_SECRET": "secret"}, 2, "PEERGRAPH_ORCID_CLIENT_ID"),
        (["migrate"], {"PEERGRAPH_ORCID_ISSUER": "http://secret"}, 2, "PEERGRAPH_ORCID_ISSUER: an issuer is https://"),
        (["migrate"], {"PEERGRAPH_OIDC_PROVIDERS": "{secret"}, 2, "PEERGRAPH_OIDC_PROVIDERS: it must be JSON"),
        (["migrate"], {"PEERGRAPH_OIDC_PROVIDERS": f'{{"a": {NO_ISSUER}}}'}, 2, "PEERGRAPH_OIDC_PROVIDERS: issuer: "),
        (["migrate"], {"PEERGRAPH_OIDC_PROVIDERS": f'{{"SECRET": {PROVIDER}}}'}, 2, "a provider's name is"),
        (["migrate"], {"PEERGRAPH_OIDC_PROVIDERS": f'{{"orcid": {PROVIDER}}}'}, 2, "orcid is set by"),
        (["migrate"], {"PEERGRAPH_OIDC_PROVIDERS": f'{{"a": {PROVIDER}, "b": {PROVIDER}}}'}, 2, "the same issuer"),
        (["migrate"], {"PEERGRAPH_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/d"}, 1, "database"),
        (["import", "openalex", str(SEED), "--entities", "books"], {}, 2, "--entities takes"),
        (["import", "openalex", str(SEED), "--dead-letters", "/"], {}, 2, "--dead-letters /"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(command, arguments, settings, code, said):
    ran = command(*arguments, **settings)
    assert (ran.returncode, said in ran.stderr) == (code, True), ran.stderr
    assert "Traceback" not in ran.stderr
    assert "secret" not in ran.stderr


def test_a_path_with_nothing_to_read(command, tmp_path):
    command("migrate")
    ran = command("import", "openalex", str(tmp_path / "nowhere"))
    assert (ran.returncode, "nowhere" in ran.stderr) == (1, True)


def test_the_sdl_is_printed(command):
    assert command("sdl").stdout == (ROOT / "schema" / "schema.graphql").read_text("utf-8")


def test_help_names_every_command(command):
    shown = command("--help").stdout
    assert all(name in shown for name in ("serve", "migrate", "import", "reindex", "doctor", "sdl"))


def test_a_full_disk_is_told_in_a_sentence_and_loses_nothing(command, tmp_path):
    command("migrate")
    arguments = ("import", "openalex", str(SEED), "--dead-letters", str(tmp_path / "dead.jsonl"))
    ran = command(*arguments, largest_file=700_000)
    assert (ran.returncode, "The database failed" in ran.stderr) == (1, True), ran.stderr
    assert "Traceback" not in ran.stderr
    again = command(*arguments)
    assert again.returncode == 0, again.stderr
    with closing(sqlite3.connect(tmp_path / "a.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM work").fetchone()[0] > 0
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)

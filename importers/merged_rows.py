"""What follows a merged id, as SQL over the temp tables `moved` and `heir` (old_id, into_id).

Statements in their order: a text changes rows, a pair marks what its SELECT finds as stale.
"""

from sqlmodel import SQLModel

Statement = str | tuple[str, str]


def table_columns(kind: str) -> list[str]:
    """All but the id and the version: what an heir takes over."""
    return [column.name for column in SQLModel.metadata.tables[kind].columns if column.name not in {"id", "version"}]


def _external_ids(kind: str) -> list[Statement]:
    return [
        f"INSERT INTO external_id (kind, entity_id, scheme, value)"
        f" SELECT '{kind}', m.into_id, e.scheme, e.value FROM external_id AS e"
        f" JOIN moved AS m ON m.old_id = e.entity_id WHERE e.kind = '{kind}' ON CONFLICT DO NOTHING",
        f"DELETE FROM external_id WHERE kind = '{kind}' AND entity_id IN (SELECT old_id FROM moved)",
    ]


def _repointed(table: str, column: str) -> Statement:
    return (
        f"UPDATE {table} SET {column} = (SELECT m.into_id FROM moved AS m WHERE m.old_id = {table}.{column})"
        f" WHERE {column} IN (SELECT old_id FROM moved)"
    )


def _copied(table: str, key: str, columns: str) -> Statement:
    """The heirs' own rows: only the id differs."""
    return (
        f"INSERT INTO {table} ({key}, {columns}) SELECT h.into_id, {columns} FROM {table} AS t"
        f" JOIN heir AS h ON h.old_id = t.{key}"
    )


_WORKS_OF_MOVED = "SELECT work_id FROM authorship JOIN moved ON moved.old_id = authorship.researcher_id"
_WORKS_ON_MOVED = "SELECT work_id FROM work_topic JOIN moved ON moved.old_id = work_topic.topic_id"
# Of merges whose loser stands: taken in again, they mark nothing.
_STANDING = "FROM moved JOIN work ON work.id = moved.old_id"
_BY_MOVED_WORKS = f"SELECT moved.old_id {_STANDING} UNION SELECT moved.into_id {_STANDING}"

_RESEARCHER: list[Statement] = [
    (
        "researcher",
        f"SELECT researcher_id FROM authorship WHERE researcher_id IS NOT NULL AND work_id IN ({_WORKS_OF_MOVED})",
    ),
    ("researcher", "SELECT m.into_id FROM moved AS m JOIN researcher AS r ON r.id = m.old_id"),
    ("topic", f"SELECT topic_id FROM work_topic WHERE work_id IN ({_WORKS_OF_MOVED})"),
    ("institution", "SELECT institution_id FROM affiliation JOIN moved ON moved.old_id = affiliation.researcher_id"),
    _repointed("authorship", "researcher_id"),
    "INSERT INTO affiliation (researcher_id, institution_id, first_year, last_year)"
    " SELECT m.into_id, a.institution_id, min(a.first_year), max(a.last_year) FROM affiliation AS a"
    " JOIN moved AS m ON m.old_id = a.researcher_id GROUP BY m.into_id, a.institution_id ON CONFLICT DO NOTHING",
    "DELETE FROM affiliation WHERE researcher_id IN (SELECT old_id FROM moved)",
    *_external_ids("researcher"),
]

_INSTITUTION: list[Statement] = [
    ("institution", "SELECT m.into_id FROM moved AS m JOIN institution AS i ON i.id = m.old_id"),
    "INSERT INTO authorship_institution (work_id, position, institution_id, rank)"
    " SELECT a.work_id, a.position, m.into_id, min(a.rank) FROM authorship_institution AS a"
    " JOIN moved AS m ON m.old_id = a.institution_id GROUP BY a.work_id, a.position, m.into_id ON CONFLICT DO NOTHING",
    "DELETE FROM authorship_institution WHERE institution_id IN (SELECT old_id FROM moved)",
    "INSERT INTO affiliation (researcher_id, institution_id, first_year, last_year)"
    " SELECT a.researcher_id, m.into_id, min(a.first_year), max(a.last_year) FROM affiliation AS a"
    " JOIN moved AS m ON m.old_id = a.institution_id GROUP BY a.researcher_id, m.into_id ON CONFLICT DO NOTHING",
    "DELETE FROM affiliation WHERE institution_id IN (SELECT old_id FROM moved)",
    _repointed("researcher", "institution_id"),
    *_external_ids("institution"),
]

_SOURCE: list[Statement] = [
    ("source", "SELECT m.into_id FROM moved AS m JOIN source AS s ON s.id = m.old_id"),
    _repointed("work", "source_id"),
    *_external_ids("source"),
]

_TOPIC: list[Statement] = [
    (
        "researcher",
        f"SELECT researcher_id FROM authorship WHERE researcher_id IS NOT NULL AND work_id IN ({_WORKS_ON_MOVED})",
    ),
    ("topic", "SELECT m.into_id FROM moved AS m JOIN topic AS t ON t.id = m.old_id"),
    ("topic", "SELECT t.parent_id FROM moved AS m JOIN topic AS t ON t.id = m.old_id WHERE t.parent_id IS NOT NULL"),
    "INSERT INTO work_topic (work_id, topic_id, score) SELECT w.work_id, m.into_id, max(w.score) FROM work_topic AS w"
    " JOIN moved AS m ON m.old_id = w.topic_id GROUP BY w.work_id, m.into_id ON CONFLICT (work_id, topic_id)"
    " DO UPDATE SET score = excluded.score WHERE excluded.score > work_topic.score",
    "DELETE FROM work_topic WHERE topic_id IN (SELECT old_id FROM moved)",
    "DELETE FROM researcher_topic WHERE topic_id IN (SELECT old_id FROM moved)",  # derived anew: all are stale
    *_external_ids("topic"),
]

_WORK: list[Statement] = [
    (
        "researcher",
        f"SELECT researcher_id FROM authorship WHERE researcher_id IS NOT NULL AND work_id IN ({_BY_MOVED_WORKS})",
    ),
    ("topic", f"SELECT topic_id FROM work_topic WHERE work_id IN ({_BY_MOVED_WORKS})"),
    ("institution", f"SELECT institution_id FROM authorship_institution WHERE work_id IN ({_BY_MOVED_WORKS})"),
    ("source", f"SELECT source_id FROM work WHERE source_id IS NOT NULL AND id IN ({_BY_MOVED_WORKS})"),
    _copied("authorship", "work_id", "position, researcher_id, raw_name, is_corresponding"),
    _copied("authorship_institution", "work_id", "position, institution_id, rank"),
    _copied("work_topic", "work_id", "topic_id, score"),
    _copied("work_keyword", "work_id", "keyword_id, score"),
    "INSERT INTO reference (citing_id, cited_id) SELECT m.into_id, r.cited_id FROM reference AS r"
    " JOIN moved AS m ON m.old_id = r.citing_id WHERE r.cited_id <> m.into_id ON CONFLICT DO NOTHING",
    "INSERT INTO reference (citing_id, cited_id) SELECT r.citing_id, m.into_id FROM reference AS r"
    " JOIN moved AS m ON m.old_id = r.cited_id WHERE r.citing_id <> m.into_id ON CONFLICT DO NOTHING",
    "DELETE FROM reference WHERE cited_id IN (SELECT old_id FROM moved)",
    *_external_ids("work"),
]

MOVES: dict[str, list[Statement]] = {
    "researcher": _RESEARCHER,
    "institution": _INSTITUTION,
    "source": _SOURCE,
    "topic": _TOPIC,
    "work": _WORK,
}

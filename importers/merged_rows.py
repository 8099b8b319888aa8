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


def _follows(kind: str) -> list[Statement]:
    """Who followed it, and what they were to hear of. Triggers count, so an heir begins with none."""
    doubles = (
        "SELECT 1 FROM event AS o WHERE o.kind = e.kind AND o.subject_kind = e.subject_kind AND o.subject_id = m.into_id"
        " AND (o.work_id = e.work_id OR o.actor_id = e.actor_id)"
    )
    return [
        f"UPDATE {kind} SET follower_count = 0 WHERE id IN (SELECT into_id FROM heir)",
        f"INSERT INTO follow (account_id, kind, subject_id, created_at)"
        f" SELECT f.account_id, f.kind, m.into_id, min(f.created_at) FROM follow AS f JOIN moved AS m"
        f" ON m.old_id = f.subject_id WHERE f.kind = '{kind}' GROUP BY f.account_id, f.kind, m.into_id"
        f" ON CONFLICT DO NOTHING",
        f"DELETE FROM follow WHERE kind = '{kind}' AND subject_id IN (SELECT old_id FROM moved)",
        # What the survivor has already stays with the old id, where nobody looks.
        f"UPDATE event SET subject_id = (SELECT into_id FROM moved WHERE old_id = event.subject_id) WHERE id IN"
        f" (SELECT min(e.id) FROM event AS e JOIN moved AS m ON m.old_id = e.subject_id"
        f" WHERE e.subject_kind = '{kind}' AND e.kind IN ('NEW_WORK', 'NEW_FOLLOWER') AND NOT EXISTS ({doubles})"
        f" GROUP BY e.kind, m.into_id, e.work_id, e.actor_id)",
    ]


_HELD = "c.state IN ('APPROVED', 'CONTESTED')"
_PENDING = "c.state IN ('DRAFT', 'EVIDENCE_PENDING', 'UNDER_REVIEW')"
# Claims by the record that theirs becomes; `place` counts those of one survivor, the first to be approved first.
_MERGING = "SELECT c.id, c.account_id, c.state, coalesce(m.into_id, c.researcher_id) AS record, {place} AS place FROM claim AS c LEFT JOIN moved AS m ON m.old_id = c.researcher_id WHERE (m.old_id IS NOT NULL OR c.researcher_id IN (SELECT into_id FROM moved)) AND {those}"
_HOLDERS = _MERGING.format(
    place="row_number() OVER (PARTITION BY coalesce(m.into_id, c.researcher_id) ORDER BY c.approved_at, c.id)",
    those=_HELD,
)
_OPENED = _MERGING.format(
    place="row_number() OVER (PARTITION BY coalesce(m.into_id, c.researcher_id), c.account_id ORDER BY c.created_at DESC, c.id)",
    those=_PENDING,
)


def _step(action: str, to: str, found: str, states: str) -> list[Statement]:
    """A step by the service of all claims but the first of each."""
    those = f"FROM ({found}) AS c WHERE c.place > 1 AND {states}"
    return [
        f"INSERT INTO event (kind, at, account_id, subject_kind, subject_id, claim_id, action, from_state, to_state, note)"
        f" SELECT 'CLAIM', {{now}}, c.account_id, 'researcher', c.record, c.id, '{action}', c.state, '{to}',"
        f" 'Its record was merged into another.' {those}",
        f"UPDATE claim SET state = '{to}', updated_at = {{now}}, level = CASE WHEN '{to}' = 'CONTESTED' THEN level END,"
        f" approved_at = CASE WHEN '{to}' = 'CONTESTED' THEN approved_at END WHERE id IN (SELECT c.id {those})",
    ]


# What an owner has said goes along with the claim, where the survivor has no owner.
_OWN = ("headline", "homepage_url", "own_institution_id", "affiliation_withheld", "collaboration_status")
_CLAIMS: list[Statement] = [
    *_step("QUESTION", "CONTESTED", _HOLDERS, "c.state = 'APPROVED'"),
    *_step("REVOKE", "REVOKED", _HOLDERS, "c.state = 'CONTESTED'"),
    *_step("WITHDRAW", "WITHDRAWN", _OPENED, "true"),
    f"UPDATE researcher SET ({', '.join(_OWN)}) = (SELECT {', '.join(f'r.{column}' for column in _OWN)} FROM researcher AS r"
    f" JOIN claim AS c ON c.researcher_id = r.id JOIN moved AS m ON m.old_id = r.id WHERE m.into_id = researcher.id AND {_HELD})"
    f" WHERE id IN (SELECT m.into_id FROM moved AS m JOIN claim AS c ON c.researcher_id = m.old_id AND {_HELD})",
    "UPDATE researcher SET suppressed_at = (SELECT min(r.suppressed_at) FROM researcher AS r JOIN moved AS m"
    " ON m.old_id = r.id WHERE m.into_id = researcher.id) WHERE suppressed_at IS NULL"
    " AND id IN (SELECT m.into_id FROM moved AS m JOIN researcher AS r ON r.id = m.old_id WHERE r.suppressed_at IS NOT NULL)",
    _repointed("claim", "researcher_id"),
    _repointed("invitation", "researcher_id"),
    "UPDATE event SET subject_id = (SELECT into_id FROM moved WHERE old_id = event.subject_id)"
    " WHERE kind = 'CLAIM' AND subject_kind = 'researcher' AND subject_id IN (SELECT old_id FROM moved)",
    "UPDATE researcher SET claim_status = CASE"
    " WHEN EXISTS (SELECT 1 FROM claim AS c WHERE c.researcher_id = researcher.id AND c.state = 'CONTESTED') THEN 'CONTESTED'"
    " WHEN EXISTS (SELECT 1 FROM claim AS c WHERE c.researcher_id = researcher.id AND c.state = 'APPROVED') THEN 'CLAIMED'"
    " WHEN EXISTS (SELECT 1 FROM claim AS c WHERE c.researcher_id = researcher.id"
    " AND c.state IN ('EVIDENCE_PENDING', 'UNDER_REVIEW')) THEN 'PENDING' ELSE 'UNCLAIMED' END,"
    f" verification_level = coalesce((SELECT c.level FROM claim AS c WHERE c.researcher_id = researcher.id AND {_HELD}), 1)"
    " WHERE id IN (SELECT into_id FROM moved)",
    "UPDATE authorship SET detached_id = (SELECT m.into_id FROM moved AS m WHERE m.old_id = authorship.detached_id)"
    " WHERE work_id IN (SELECT d.work_id FROM detached AS d JOIN moved AS m ON m.old_id = d.researcher_id)"
    " AND detached_id IN (SELECT old_id FROM moved)",
    "INSERT INTO detached (researcher_id, work_id, reason) SELECT m.into_id, d.work_id, min(d.reason) FROM detached AS d"
    " JOIN moved AS m ON m.old_id = d.researcher_id GROUP BY m.into_id, d.work_id ON CONFLICT DO NOTHING",
]

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
    *_follows("researcher"),
    *_CLAIMS,
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
    _repointed("researcher", "own_institution_id"),
    *_follows("institution"),
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
    *_follows("topic"),
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
    _copied("authorship", "work_id", "position, researcher_id, detached_id, raw_name, is_corresponding"),
    _copied("authorship_institution", "work_id", "position, institution_id, rank"),
    _copied("work_topic", "work_id", "topic_id, score"),
    _copied("work_keyword", "work_id", "keyword_id, score"),
    "INSERT INTO reference (citing_id, cited_id) SELECT m.into_id, r.cited_id FROM reference AS r"
    " JOIN moved AS m ON m.old_id = r.citing_id WHERE r.cited_id <> m.into_id ON CONFLICT DO NOTHING",
    "INSERT INTO reference (citing_id, cited_id) SELECT r.citing_id, m.into_id FROM reference AS r"
    " JOIN moved AS m ON m.old_id = r.cited_id WHERE r.citing_id <> m.into_id ON CONFLICT DO NOTHING",
    "DELETE FROM reference WHERE cited_id IN (SELECT old_id FROM moved)",
    "INSERT INTO detached (researcher_id, work_id, reason) SELECT d.researcher_id, m.into_id, min(d.reason) FROM detached AS d"
    " JOIN moved AS m ON m.old_id = d.work_id GROUP BY d.researcher_id, m.into_id ON CONFLICT DO NOTHING",
    "UPDATE event SET work_id = (SELECT into_id FROM moved WHERE old_id = event.work_id) WHERE id IN"
    " (SELECT min(e.id) FROM event AS e JOIN moved AS m ON m.old_id = e.work_id WHERE NOT EXISTS (SELECT 1 FROM event AS o"
    " WHERE o.kind = e.kind AND o.subject_kind = e.subject_kind AND o.subject_id = e.subject_id AND o.work_id = m.into_id)"
    " GROUP BY e.subject_kind, e.subject_id, m.into_id)",
    *_external_ids("work"),
]

MOVES: dict[str, list[Statement]] = {
    "researcher": _RESEARCHER,
    "institution": _INSTITUTION,
    "source": _SOURCE,
    "topic": _TOPIC,
    "work": _WORK,
}

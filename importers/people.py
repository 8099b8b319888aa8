"""What people have said, put in force again over what a source says; and what they want to hear of."""

from collections.abc import Sequence

from importers.store import Store
from models.columns import now

# A place in a byline, but not as this researcher's.
_SUPPRESSED = """INSERT INTO detached (researcher_id, work_id, reason)
    SELECT DISTINCT a.researcher_id, a.work_id, 'SUPPRESSED' FROM authorship AS a JOIN detached AS page
    ON page.researcher_id = a.researcher_id AND page.work_id = 0 WHERE a.work_id IN (SELECT value FROM {each})
    ON CONFLICT DO NOTHING"""
_DETACH = """UPDATE authorship SET detached_id = researcher_id, researcher_id = NULL WHERE work_id IN (SELECT value FROM {each}) AND EXISTS
    (SELECT 1 FROM detached AS d WHERE d.work_id = authorship.work_id AND d.researcher_id = authorship.researcher_id)"""

# By what can be followed: the works that it has a part in. A topic has those of the topics below it, too.
_PARTS = {
    "researcher": "SELECT researcher_id AS subject_id, work_id FROM authorship",
    "institution": "SELECT institution_id AS subject_id, work_id FROM authorship_institution",
    **{
        f"topic {level}": f"""SELECT {level}.id AS subject_id, w.work_id FROM work_topic AS w
        JOIN topic AS t ON t.id = w.topic_id LEFT JOIN topic AS s ON s.id = t.parent_id
        LEFT JOIN topic AS f ON f.id = s.parent_id LEFT JOIN topic AS d ON d.id = f.parent_id"""
        for level in ("t", "s", "f", "d")
    },
}


def detach(store: Store, works: Sequence[int]) -> None:
    """Take out of these works' bylines whoever is not to be shown there."""
    if works and store.fetch("SELECT 1 FROM detached LIMIT 1"):
        store.execute(_SUPPRESSED, works)
        store.execute(_DETACH, works)


def announce(store: Store, works: Sequence[int]) -> None:
    """An event for each of these new works and each that is followed and has a part in it, once and for ever."""
    if not works or not store.fetch("SELECT 1 FROM follow LIMIT 1"):
        return
    moment = store.instant(now())
    for part, select in _PARTS.items():
        kind = part.split()[0]
        store.execute(
            f"INSERT INTO event (kind, at, subject_kind, subject_id, work_id)"
            f" SELECT DISTINCT 'NEW_WORK', {moment}, '{kind}', p.subject_id, p.work_id"
            f" FROM ({select} WHERE work_id IN (SELECT value FROM {{each}})) AS p"
            f" WHERE EXISTS (SELECT 1 FROM follow AS o WHERE o.kind = '{kind}' AND o.subject_id = p.subject_id)"
            f" ON CONFLICT DO NOTHING",
            works,
        )

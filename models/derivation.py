"""The derivation's SQL, in the order in which it runs.

Integer sums meet doubles only in a last division, so both databases find the same bits. Sums of citations are
clamped to what their columns hold.
"""

from models.collaboration import MAX_BYLINE

LARGEST = 2**31 - 1
CLOSE_YEARS = 4
MIN_WORKS, MIN_SCORE, FALLBACK = 2, 0.5, 3

TEMPORARY = (
    "stale_researcher", "mine", "person", "circle", "interest", "byline", "calendar", "topic_under", "topic_work", "topic_total", "topic_people",
    "institution_total", "institution_people", "source_total",
)  # fmt: skip


def _clamped(total: str) -> str:
    return f"CASE WHEN {total} > {LARGEST} THEN {LARGEST} ELSE coalesce({total}, 0) END"


# Totals go through temporary tables with keys: SQLite would scan a subquery once for each row it is joined to.
RESEARCHERS = (
    "CREATE TEMP TABLE stale_researcher (id BIGINT PRIMARY KEY)",
    "INSERT INTO stale_researcher SELECT r.id FROM researcher AS r JOIN stale AS s ON s.kind = 'researcher' AND s.id = r.id",
    "ANALYZE stale_researcher",
    # Someone who stands twice in a byline counts once.
    """CREATE TEMP TABLE mine AS
    SELECT DISTINCT a.researcher_id, a.work_id, w.publication_year AS year, w.citation_count AS citations, w.author_count
    FROM stale_researcher AS s JOIN authorship AS a ON a.researcher_id = s.id JOIN work AS w ON w.id = a.work_id""",
    "CREATE INDEX mine_work_id ON mine (work_id)",
    "ANALYZE mine",
    f"""CREATE TEMP TABLE byline AS SELECT DISTINCT a.work_id, a.researcher_id FROM authorship AS a
    WHERE a.work_id IN (SELECT work_id FROM mine WHERE author_count BETWEEN 2 AND {MAX_BYLINE})
    AND a.researcher_id IS NOT NULL""",
    "CREATE INDEX byline_work_id ON byline (work_id, researcher_id)",
    "ANALYZE byline",
    """CREATE TEMP TABLE person (id BIGINT PRIMARY KEY, works INTEGER, citations INTEGER, h INTEGER, i10 INTEGER,
    first INTEGER, last INTEGER)""",
    f"""INSERT INTO person SELECT researcher_id, count(*), {_clamped("sum(citations)")},
    sum(CASE WHEN citations >= place THEN 1 ELSE 0 END), sum(CASE WHEN citations >= 10 THEN 1 ELSE 0 END), min(year), max(year)
    FROM (SELECT mine.*, row_number() OVER (PARTITION BY researcher_id ORDER BY citations DESC) AS place FROM mine) AS ranked
    GROUP BY researcher_id""",
    "ANALYZE person",
    "DELETE FROM year_activity WHERE researcher_id IN (SELECT id FROM stale_researcher)",
    "DELETE FROM collaboration WHERE researcher_id IN (SELECT id FROM stale_researcher)",
    "DELETE FROM researcher_topic WHERE researcher_id IN (SELECT id FROM stale_researcher)",
    "CREATE TEMP TABLE calendar (year INTEGER PRIMARY KEY)",
    """INSERT INTO calendar WITH RECURSIVE years (year) AS (SELECT min(year) FROM mine
    UNION ALL SELECT year + 1 FROM years WHERE year < (SELECT max(year) FROM mine))
    SELECT year FROM years WHERE year IS NOT NULL""",
    "ANALYZE calendar",
    # A row of nothing for each year between the first and the last, then the works.
    f"""INSERT INTO year_activity (researcher_id, year, works, citations)
    SELECT researcher_id, year, sum(works), {_clamped("sum(citations)")} FROM
    (SELECT p.id AS researcher_id, c.year, 0 AS works, 0 AS citations
    FROM person AS p JOIN calendar AS c ON c.year BETWEEN p.first AND p.last
    UNION ALL SELECT researcher_id, year, 1, citations FROM mine WHERE year IS NOT NULL) AS counted
    GROUP BY researcher_id, year""",
    f"""INSERT INTO collaboration (researcher_id, collaborator_id, shared_work_count, first_year, last_year, recent_year,
    strength, is_close)
    SELECT researcher_id, collaborator_id, works, first, last, coalesce(last, 0),
    CAST(weight AS DOUBLE PRECISION) / CAST(weight + 1000000 AS DOUBLE PRECISION), years >= {CLOSE_YEARS} FROM
    (SELECT m.researcher_id, b.researcher_id AS collaborator_id, count(*) AS works, min(m.year) AS first,
    max(m.year) AS last, sum(1000000 / (m.author_count - 1)) AS weight, count(DISTINCT m.year) AS years
    FROM mine AS m JOIN byline AS b ON b.work_id = m.work_id AND b.researcher_id <> m.researcher_id
    WHERE m.author_count BETWEEN 2 AND {MAX_BYLINE} GROUP BY m.researcher_id, b.researcher_id) AS shared""",
    f"""INSERT INTO researcher_topic (researcher_id, topic_id, work_count, best_score, share)
    SELECT researcher_id, topic_id, ranked.works, best,
    CAST(ranked.works AS DOUBLE PRECISION) / CAST(p.works AS DOUBLE PRECISION)
    FROM (SELECT counted.*, sum(CASE WHEN fits THEN 1 ELSE 0 END) OVER (PARTITION BY researcher_id) AS fitting,
    row_number() OVER (PARTITION BY researcher_id ORDER BY best DESC, works DESC, topic_id) AS place
    FROM (SELECT m.researcher_id, wt.topic_id, count(*) AS works, max(wt.score) AS best,
    count(*) >= {MIN_WORKS} AND max(wt.score) >= {MIN_SCORE} AS fits FROM mine AS m
    JOIN work_topic AS wt ON wt.work_id = m.work_id JOIN topic AS t ON t.id = wt.topic_id AND t.level = 'TOPIC'
    GROUP BY m.researcher_id, wt.topic_id) AS counted) AS ranked
    JOIN person AS p ON p.id = ranked.researcher_id WHERE fits OR (fitting = 0 AND place <= {FALLBACK})""",
    "ANALYZE collaboration",
    "CREATE TEMP TABLE circle (id BIGINT PRIMARY KEY, collaborators INTEGER, close INTEGER)",
    """INSERT INTO circle SELECT c.researcher_id, count(*), sum(CASE WHEN c.is_close THEN 1 ELSE 0 END)
    FROM stale_researcher AS s JOIN collaboration AS c ON c.researcher_id = s.id GROUP BY c.researcher_id""",
    "CREATE TEMP TABLE interest (id BIGINT PRIMARY KEY, topics INTEGER)",
    """INSERT INTO interest SELECT t.researcher_id, count(*)
    FROM stale_researcher AS s JOIN researcher_topic AS t ON t.researcher_id = s.id GROUP BY t.researcher_id""",
    """UPDATE researcher SET work_count = d.works, citation_count = d.citations, h_index = d.h, i10_index = d.i10,
    first_year = d.first, last_year = d.last, newest_year = coalesce(d.last, 0), topic_count = d.topics,
    collaborator_count = d.collaborators, close_collaborator_count = d.close, derived_at = :now FROM
    (SELECT s.id, coalesce(p.works, 0) AS works, coalesce(p.citations, 0) AS citations, coalesce(p.h, 0) AS h,
    coalesce(p.i10, 0) AS i10, p.first, p.last, coalesce(t.topics, 0) AS topics,
    coalesce(c.collaborators, 0) AS collaborators, coalesce(c.close, 0) AS close
    FROM stale_researcher AS s LEFT JOIN person AS p ON p.id = s.id LEFT JOIN circle AS c ON c.id = s.id
    LEFT JOIN interest AS t ON t.id = s.id) AS d WHERE researcher.id = d.id""",
)

TOPICS = (
    # What changes a topic changes all above it.
    """INSERT INTO stale (kind, id) WITH RECURSIVE above (id) AS (SELECT id FROM stale WHERE kind = 'topic'
    UNION SELECT t.parent_id FROM topic AS t JOIN above AS a ON a.id = t.id WHERE t.parent_id IS NOT NULL)
    SELECT 'topic', id FROM above WHERE true ON CONFLICT DO NOTHING""",
    """CREATE TEMP TABLE topic_under AS WITH RECURSIVE
    under (above, below) AS (SELECT t.id, t.id FROM topic AS t JOIN stale AS s ON s.id = t.id AND s.kind = 'topic'
    UNION SELECT u.above, t.id FROM under AS u JOIN topic AS t ON t.parent_id = u.below)
    SELECT above, below FROM under""",
    "CREATE TEMP TABLE topic_work AS SELECT DISTINCT u.above AS topic_id, wt.work_id FROM topic_under AS u"
    " JOIN work_topic AS wt ON wt.topic_id = u.below",
    "ANALYZE topic_work",
    "CREATE TEMP TABLE topic_total (id BIGINT PRIMARY KEY, works INTEGER, citations INTEGER)",
    f"""INSERT INTO topic_total SELECT tw.topic_id, count(*), {_clamped("sum(w.citation_count)")}
    FROM topic_work AS tw JOIN work AS w ON w.id = tw.work_id GROUP BY tw.topic_id""",
    "CREATE TEMP TABLE topic_people (id BIGINT PRIMARY KEY, people INTEGER)",
    """INSERT INTO topic_people SELECT topic_id, count(*) FROM (SELECT DISTINCT tw.topic_id, a.researcher_id
    FROM topic_work AS tw JOIN authorship AS a ON a.work_id = tw.work_id WHERE a.researcher_id IS NOT NULL) AS named
    GROUP BY topic_id""",
    """UPDATE topic SET work_count = d.works, citation_count = d.citations, researcher_count = d.people FROM
    (SELECT u.above AS id, coalesce(w.works, 0) AS works, coalesce(w.citations, 0) AS citations,
    coalesce(p.people, 0) AS people FROM topic_under AS u LEFT JOIN topic_total AS w ON w.id = u.above
    LEFT JOIN topic_people AS p ON p.id = u.above WHERE u.above = u.below) AS d WHERE topic.id = d.id""",
)

SOURCES_AND_INSTITUTIONS = (
    "CREATE TEMP TABLE institution_total (id BIGINT PRIMARY KEY, works INTEGER, citations INTEGER)",
    f"""INSERT INTO institution_total SELECT named.institution_id, count(*), {_clamped("sum(w.citation_count)")}
    FROM (SELECT DISTINCT a.institution_id, a.work_id FROM stale AS s
    JOIN authorship_institution AS a ON a.institution_id = s.id WHERE s.kind = 'institution') AS named
    JOIN work AS w ON w.id = named.work_id GROUP BY named.institution_id""",
    "CREATE TEMP TABLE institution_people (id BIGINT PRIMARY KEY, people INTEGER)",
    """INSERT INTO institution_people SELECT a.institution_id, count(*) FROM stale AS s
    JOIN affiliation AS a ON a.institution_id = s.id WHERE s.kind = 'institution' GROUP BY a.institution_id""",
    """UPDATE institution SET work_count = d.works, citation_count = d.citations, researcher_count = d.people FROM
    (SELECT s.id, coalesce(w.works, 0) AS works, coalesce(w.citations, 0) AS citations, coalesce(p.people, 0) AS people
    FROM stale AS s LEFT JOIN institution_total AS w ON w.id = s.id LEFT JOIN institution_people AS p ON p.id = s.id
    WHERE s.kind = 'institution') AS d WHERE institution.id = d.id""",
    "CREATE TEMP TABLE source_total (id BIGINT PRIMARY KEY, works INTEGER, citations INTEGER)",
    f"""INSERT INTO source_total SELECT w.source_id, count(*), {_clamped("sum(w.citation_count)")} FROM stale AS s
    JOIN work AS w ON w.source_id = s.id WHERE s.kind = 'source' GROUP BY w.source_id""",
    """UPDATE source SET work_count = d.works, citation_count = d.citations FROM
    (SELECT s.id, coalesce(w.works, 0) AS works, coalesce(w.citations, 0) AS citations
    FROM stale AS s LEFT JOIN source_total AS w ON w.id = s.id WHERE s.kind = 'source') AS d WHERE source.id = d.id""",
)

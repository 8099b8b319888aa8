-- The schema that the PostGraphile benchmark serves: views and functions over the tables in "public", no data of its own.
--
--     psql "$DATABASE_URL" -q -f bench.sql
--
-- Every view is one table and every function one plain STABLE query, so that PostgreSQL inlines both and uses the
-- tables' indexes.

BEGIN;

SET LOCAL client_min_messages = warning;
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;

CREATE VIEW bench.institution AS SELECT id, display_name, country_code FROM public.institution;
COMMENT ON VIEW bench.institution IS '@primaryKey id';

CREATE VIEW bench.researcher AS
    SELECT id, slug, display_name, headline AS own_headline, work_count, citation_count, h_index, i10_index,
        topic_count, collaborator_count, close_collaborator_count, follower_count, institution_id
    FROM public.researcher;
COMMENT ON VIEW bench.researcher IS $$
@primaryKey id
@unique slug
@foreignKey (institution_id) references bench.institution (id)|@fieldName affiliation|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.source AS SELECT id, display_name FROM public.source;
COMMENT ON VIEW bench.source IS '@primaryKey id';

CREATE VIEW bench.topic AS SELECT id, display_name, name_key FROM public.topic;
COMMENT ON VIEW bench.topic IS '@primaryKey id';

CREATE VIEW bench.work AS
    SELECT id, title, publication_year, citation_count, doi, is_open_access, source_id, newest_key, title_key
    FROM public.work;
COMMENT ON VIEW bench.work IS $$
@primaryKey id
@foreignKey (source_id) references bench.source (id)|@fieldName source|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.work_topic AS SELECT work_id, topic_id, score FROM public.work_topic;
COMMENT ON VIEW bench.work_topic IS $$
@primaryKey work_id,topic_id
@foreignKey (work_id) references bench.work (id)|@fieldName work|@foreignSimpleFieldName topics|@behavior -connection +list
@foreignKey (topic_id) references bench.topic (id)|@fieldName topic|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.authorship AS SELECT work_id, position, researcher_id, raw_name FROM public.authorship;
COMMENT ON VIEW bench.authorship IS $$
@primaryKey work_id,position
@foreignKey (work_id) references bench.work (id)|@fieldName work|@foreignFieldName authorships
@foreignKey (researcher_id) references bench.researcher (id)|@fieldName researcher|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.researcher_topic AS
    SELECT researcher_id, topic_id, work_count, share FROM public.researcher_topic;
COMMENT ON VIEW bench.researcher_topic IS $$
@primaryKey researcher_id,topic_id
@foreignKey (researcher_id) references bench.researcher (id)|@fieldName researcher|@behavior -manyRelation:resource:*
@foreignKey (topic_id) references bench.topic (id)|@fieldName topic|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.collaboration AS
    SELECT researcher_id, collaborator_id, shared_work_count, strength, is_close FROM public.collaboration;
COMMENT ON VIEW bench.collaboration IS $$
@primaryKey researcher_id,collaborator_id
@foreignKey (researcher_id) references bench.researcher (id)|@fieldName of|@foreignFieldName collaborators
@foreignKey (collaborator_id) references bench.researcher (id)|@fieldName researcher|@behavior -manyRelation:resource:*
$$;

CREATE VIEW bench.year_activity AS SELECT researcher_id, year, works, citations FROM public.year_activity;
COMMENT ON VIEW bench.year_activity IS $$
@primaryKey researcher_id,year
@foreignKey (researcher_id) references bench.researcher (id)|@fieldName researcher|@foreignSimpleFieldName activity|@behavior -connection +list
$$;

-- Not columns of the views: there they would be made of every row that is sorted, not of the few that are asked for.
CREATE FUNCTION bench.institution_global_id(institution bench.institution) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT encode(convert_to('Institution:' || institution.id, 'UTF8'), 'base64') $$;
CREATE FUNCTION bench.researcher_global_id(researcher bench.researcher) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT encode(convert_to('Researcher:' || researcher.id, 'UTF8'), 'base64') $$;
CREATE FUNCTION bench.topic_global_id(topic bench.topic) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT encode(convert_to('Topic:' || topic.id, 'UTF8'), 'base64') $$;
CREATE FUNCTION bench.work_global_id(work bench.work) RETURNS text
LANGUAGE sql STABLE AS $$ SELECT encode(convert_to('Work:' || work.id, 'UTF8'), 'base64') $$;

CREATE FUNCTION bench.researcher_headline(researcher bench.researcher) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(researcher.own_headline, ''),
        researcher.display_name || ' contributes to research discovery and scholarly infrastructure.'
    )
$$;

CREATE FUNCTION bench.researcher_newest_works(researcher bench.researcher) RETURNS SETOF bench.work
LANGUAGE sql STABLE AS $$
    SELECT w.* FROM public.authorship AS a JOIN bench.work AS w ON w.id = a.work_id
    WHERE a.researcher_id = researcher.id ORDER BY w.newest_key, w.title_key, w.id
$$;

CREATE FUNCTION bench.researcher_most_cited_works(researcher bench.researcher) RETURNS SETOF bench.work
LANGUAGE sql STABLE AS $$
    SELECT w.* FROM public.authorship AS a JOIN bench.work AS w ON w.id = a.work_id
    WHERE a.researcher_id = researcher.id ORDER BY w.citation_count DESC, w.id DESC
$$;

CREATE FUNCTION bench.researcher_topics(researcher bench.researcher) RETURNS SETOF bench.topic
LANGUAGE sql STABLE AS $$
    SELECT t.* FROM public.researcher_topic AS rt JOIN bench.topic AS t ON t.id = rt.topic_id
    WHERE rt.researcher_id = researcher.id ORDER BY rt.work_count DESC, t.name_key, t.id
$$;

CREATE FUNCTION bench.researcher_interests(researcher bench.researcher) RETURNS SETOF bench.researcher_topic
LANGUAGE sql STABLE AS $$
    SELECT rt.* FROM bench.researcher_topic AS rt JOIN public.topic AS t ON t.id = rt.topic_id
    WHERE rt.researcher_id = researcher.id ORDER BY rt.work_count DESC, t.name_key, t.id
$$;

COMMIT;

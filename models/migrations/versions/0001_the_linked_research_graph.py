"""the linked research graph"""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('data_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stamped_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('data_version_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('data_version_pkey'))
    )
    op.create_table('external_id',
    sa.Column('kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('entity_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('scheme', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('value', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.CheckConstraint("kind IN ('researcher', 'work', 'institution', 'topic', 'source')", name=op.f('external_id_kind_known')),
    sa.PrimaryKeyConstraint('kind', 'entity_id', 'scheme', 'value', name=op.f('external_id_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('external_id', schema=None) as batch_op:
        batch_op.create_index('external_id_by_value', ['scheme', 'value'], unique=False)

    op.create_table('import_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('root', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.CheckConstraint("status IN ('RUNNING', 'COMPLETED', 'FAILED')", name=op.f('import_run_status_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('import_run_pkey'))
    )
    op.create_table('keyword',
    sa.Column('id', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('keyword_pkey'))
    )
    op.create_table('merged_id',
    sa.Column('kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('old_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('into_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("kind IN ('researcher', 'work', 'institution', 'topic', 'source')", name=op.f('merged_id_kind_known')),
    sa.PrimaryKeyConstraint('kind', 'old_id', name=op.f('merged_id_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('merged_id', schema=None) as batch_op:
        batch_op.create_index('merged_id_by_survivor', ['kind', 'into_id'], unique=False)

    op.create_table('slug_sequence',
    sa.Column('kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('base', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'base', name=op.f('slug_sequence_pkey')),
    sqlite_with_rowid=False
    )
    op.create_table('stale',
    sa.Column('kind', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'id', name=op.f('stale_pkey')),
    sqlite_with_rowid=False
    )
    op.create_table('import_part',
    sa.Column('root', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('entity', sa.String(), nullable=True),
    sa.Column('updated_date', sa.Date(), nullable=True),
    sa.Column('lines', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('finished', sa.Boolean(), nullable=False),
    sa.Column('run_id', sa.Integer(), nullable=True),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.Column('dead_letter_bytes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['import_run.id'], name=op.f('import_part_run_id_fkey')),
    sa.PrimaryKeyConstraint('root', 'name', name=op.f('import_part_pkey'))
    )
    op.create_table('institution',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('slug', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('alternative_names', sa.Text(), nullable=False),
    sa.Column('ror', sa.String(), nullable=True),
    sa.Column('country_code', sa.String(), nullable=True),
    sa.Column('kind', sa.String(), nullable=True),
    sa.Column('homepage_url', sa.String(), nullable=True),
    sa.Column('city', sa.String(), nullable=True),
    sa.Column('latitude', sa.Float(), nullable=True),
    sa.Column('longitude', sa.Float(), nullable=True),
    sa.Column('follower_count', sa.Integer(), nullable=False),
    sa.Column('work_count', sa.Integer(), nullable=False),
    sa.Column('researcher_count', sa.Integer(), nullable=False),
    sa.Column('citation_count', sa.Integer(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_run_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('citation_count >= 0', name=op.f('institution_citation_count_not_negative')),
    sa.CheckConstraint('follower_count >= 0', name=op.f('institution_follower_count_not_negative')),
    sa.CheckConstraint('researcher_count >= 0', name=op.f('institution_researcher_count_not_negative')),
    sa.CheckConstraint('work_count >= 0', name=op.f('institution_work_count_not_negative')),
    sa.ForeignKeyConstraint(['import_run_id'], ['import_run.id'], name=op.f('institution_import_run_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('institution_pkey')),
    sa.UniqueConstraint('slug', name=op.f('institution_slug_key'))
    )
    with op.batch_alter_table('institution', schema=None) as batch_op:
        batch_op.create_index('institution_by_citations', ['citation_count', 'id'], unique=False)
        batch_op.create_index('institution_by_name', ['name_key', 'id'], unique=False)
        batch_op.create_index('institution_by_researchers', ['researcher_count', 'id'], unique=False)
        batch_op.create_index('institution_by_ror', ['ror'], unique=False)
        batch_op.create_index('institution_by_works', ['work_count', 'id'], unique=False)

    op.create_table('source',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=True),
    sa.Column('issn_l', sa.String(), nullable=True),
    sa.Column('publisher', sa.String(), nullable=True),
    sa.Column('homepage_url', sa.String(), nullable=True),
    sa.Column('is_open_access', sa.Boolean(), nullable=True),
    sa.Column('work_count', sa.Integer(), nullable=False),
    sa.Column('citation_count', sa.Integer(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_run_id', sa.Integer(), nullable=True),
    sa.CheckConstraint('citation_count >= 0', name=op.f('source_citation_count_not_negative')),
    sa.CheckConstraint('work_count >= 0', name=op.f('source_work_count_not_negative')),
    sa.ForeignKeyConstraint(['import_run_id'], ['import_run.id'], name=op.f('source_import_run_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('source_pkey'))
    )
    op.create_table('topic',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('slug', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('level', sa.String(), nullable=False),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('keywords', sa.Text(), nullable=False),
    sa.Column('follower_count', sa.Integer(), nullable=False),
    sa.Column('work_count', sa.Integer(), nullable=False),
    sa.Column('researcher_count', sa.Integer(), nullable=False),
    sa.Column('citation_count', sa.Integer(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_run_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("(level = 'DOMAIN') = (parent_id IS NULL) OR level = 'TOPIC'", name=op.f('topic_parent_above')),
    sa.CheckConstraint("level IN ('DOMAIN', 'FIELD', 'SUBFIELD', 'TOPIC')", name=op.f('topic_level_known')),
    sa.CheckConstraint('citation_count >= 0', name=op.f('topic_citation_count_not_negative')),
    sa.CheckConstraint('follower_count >= 0', name=op.f('topic_follower_count_not_negative')),
    sa.CheckConstraint('researcher_count >= 0', name=op.f('topic_researcher_count_not_negative')),
    sa.CheckConstraint('work_count >= 0', name=op.f('topic_work_count_not_negative')),
    sa.ForeignKeyConstraint(['import_run_id'], ['import_run.id'], name=op.f('topic_import_run_id_fkey')),
    sa.ForeignKeyConstraint(['parent_id'], ['topic.id'], name=op.f('topic_parent_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('topic_pkey')),
    sa.UniqueConstraint('slug', name=op.f('topic_slug_key'))
    )
    with op.batch_alter_table('topic', schema=None) as batch_op:
        batch_op.create_index('topic_by_citations', ['citation_count', 'id'], unique=False)
        batch_op.create_index('topic_by_name', ['name_key', 'id'], unique=False)
        batch_op.create_index('topic_by_parent', ['parent_id'], unique=False)
        batch_op.create_index('topic_by_works', ['work_count', 'id'], unique=False)

    op.create_table('researcher',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('slug', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('display_name', sa.String(), nullable=False),
    sa.Column('name_key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('alternative_names', sa.Text(), nullable=False),
    sa.Column('orcid', sa.String(), nullable=True),
    sa.Column('headline', sa.String(), nullable=True),
    sa.Column('homepage_url', sa.String(), nullable=True),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('claim_status', sa.String(), nullable=False),
    sa.Column('collaboration_status', sa.String(), nullable=False),
    sa.Column('verification_level', sa.Integer(), nullable=False),
    sa.Column('follower_count', sa.Integer(), nullable=False),
    sa.Column('work_count', sa.Integer(), nullable=False),
    sa.Column('citation_count', sa.Integer(), nullable=False),
    sa.Column('h_index', sa.Integer(), nullable=False),
    sa.Column('i10_index', sa.Integer(), nullable=False),
    sa.Column('first_year', sa.Integer(), nullable=True),
    sa.Column('last_year', sa.Integer(), nullable=True),
    sa.Column('newest_year', sa.Integer(), nullable=False),
    sa.Column('topic_count', sa.Integer(), nullable=False),
    sa.Column('collaborator_count', sa.Integer(), nullable=False),
    sa.Column('close_collaborator_count', sa.Integer(), nullable=False),
    sa.Column('derived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_run_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("claim_status IN ('UNCLAIMED', 'PENDING', 'CLAIMED', 'CONTESTED')", name=op.f('researcher_claim_status_known')),
    sa.CheckConstraint("collaboration_status IN ('OPEN', 'LIMITED', 'CLOSED')", name=op.f('researcher_collaboration_status_known')),
    sa.CheckConstraint('citation_count >= 0', name=op.f('researcher_citation_count_not_negative')),
    sa.CheckConstraint('follower_count >= 0', name=op.f('researcher_follower_count_not_negative')),
    sa.CheckConstraint('h_index >= 0', name=op.f('researcher_h_index_not_negative')),
    sa.CheckConstraint('i10_index >= 0', name=op.f('researcher_i10_index_not_negative')),
    sa.CheckConstraint('verification_level BETWEEN 0 AND 4', name=op.f('researcher_verification_level_known')),
    sa.CheckConstraint('work_count >= 0', name=op.f('researcher_work_count_not_negative')),
    sa.ForeignKeyConstraint(['import_run_id'], ['import_run.id'], name=op.f('researcher_import_run_id_fkey')),
    sa.ForeignKeyConstraint(['institution_id'], ['institution.id'], name=op.f('researcher_institution_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('researcher_pkey')),
    sa.UniqueConstraint('slug', name=op.f('researcher_slug_key'))
    )
    with op.batch_alter_table('researcher', schema=None) as batch_op:
        batch_op.create_index('researcher_by_citations', ['citation_count', 'id'], unique=False)
        batch_op.create_index('researcher_by_followers', ['follower_count', 'id'], unique=False)
        batch_op.create_index('researcher_by_institution', ['institution_id'], unique=False)
        batch_op.create_index('researcher_by_name', ['name_key', 'id'], unique=False)
        batch_op.create_index('researcher_by_newest_work', ['newest_year', 'id'], unique=False)
        batch_op.create_index('researcher_by_orcid', ['orcid'], unique=False)
        batch_op.create_index('researcher_by_works', ['work_count', 'id'], unique=False)

    op.create_table('work',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('title_key', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('raw_kind', sa.String(), nullable=True),
    sa.Column('publication_year', sa.Integer(), nullable=True),
    sa.Column('publication_date', sa.Date(), nullable=True),
    sa.Column('newest_key', sa.Integer(), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('doi', sa.String(), nullable=True),
    sa.Column('arxiv_id', sa.String(), nullable=True),
    sa.Column('landing_page_url', sa.Text(), nullable=True),
    sa.Column('pdf_url', sa.Text(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('is_retracted', sa.Boolean(), nullable=False),
    sa.Column('is_open_access', sa.Boolean(), nullable=True),
    sa.Column('citation_count', sa.Integer(), nullable=False),
    sa.Column('author_count', sa.Integer(), nullable=False),
    sa.Column('volume', sa.String(), nullable=True),
    sa.Column('issue', sa.String(), nullable=True),
    sa.Column('first_page', sa.String(), nullable=True),
    sa.Column('last_page', sa.String(), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_run_id', sa.Integer(), nullable=True),
    sa.Column('abstract', sa.Text(), nullable=True),
    sa.Column('abstract_plain', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('ARTICLE', 'BOOK', 'BOOK_CHAPTER', 'DATASET', 'DISSERTATION', 'EDITORIAL', 'ERRATUM', 'GRANT', 'LETTER', 'LIBGUIDES', 'OTHER', 'PARATEXT', 'PEER_REVIEW', 'PREPRINT', 'REFERENCE_ENTRY', 'REPORT', 'RETRACTION', 'REVIEW', 'SOFTWARE', 'STANDARD', 'SUPPLEMENTARY_MATERIALS')", name=op.f('work_kind_known')),
    sa.CheckConstraint('author_count >= 0', name=op.f('work_author_count_not_negative')),
    sa.CheckConstraint('citation_count >= 0', name=op.f('work_citation_count_not_negative')),
    sa.CheckConstraint('publication_year BETWEEN 1000 AND 2200', name=op.f('work_publication_year_in_range')),
    sa.ForeignKeyConstraint(['import_run_id'], ['import_run.id'], name=op.f('work_import_run_id_fkey')),
    sa.ForeignKeyConstraint(['source_id'], ['source.id'], name=op.f('work_source_id_fkey')),
    sa.PrimaryKeyConstraint('id', name=op.f('work_pkey'))
    )
    with op.batch_alter_table('work', schema=None) as batch_op:
        batch_op.create_index('work_by_arxiv_id', ['arxiv_id'], unique=False)
        batch_op.create_index('work_by_doi', ['doi'], unique=False)
        batch_op.create_index('work_by_source', ['source_id'], unique=False)
        batch_op.create_index('work_by_title', ['title_key', 'id'], unique=False)
        batch_op.create_index('work_most_cited', ['citation_count', 'id'], unique=False)
        batch_op.create_index('work_newest', ['newest_key', 'title_key', 'id'], unique=False)

    op.create_table('affiliation',
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('first_year', sa.Integer(), nullable=True),
    sa.Column('last_year', sa.Integer(), nullable=True),
    sa.CheckConstraint('first_year <= last_year', name=op.f('affiliation_years_in_order')),
    sa.ForeignKeyConstraint(['institution_id'], ['institution.id'], name=op.f('affiliation_institution_id_fkey')),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('affiliation_researcher_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('researcher_id', 'institution_id', name=op.f('affiliation_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('affiliation', schema=None) as batch_op:
        batch_op.create_index('affiliation_by_institution', ['institution_id', 'researcher_id'], unique=False)

    op.create_table('authorship',
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('raw_name', sa.String(), nullable=True),
    sa.Column('is_corresponding', sa.Boolean(), nullable=False),
    sa.CheckConstraint('position >= 0', name=op.f('authorship_position_not_negative')),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('authorship_researcher_id_fkey')),
    sa.ForeignKeyConstraint(['work_id'], ['work.id'], name=op.f('authorship_work_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('work_id', 'position', name=op.f('authorship_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('authorship', schema=None) as batch_op:
        batch_op.create_index('authorship_by_researcher', ['researcher_id', 'work_id'], unique=False)

    op.create_table('collaboration',
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('collaborator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('shared_work_count', sa.Integer(), nullable=False),
    sa.Column('first_year', sa.Integer(), nullable=True),
    sa.Column('last_year', sa.Integer(), nullable=True),
    sa.Column('recent_year', sa.Integer(), nullable=False),
    sa.Column('strength', sa.Float(), nullable=False),
    sa.Column('is_close', sa.Boolean(), nullable=False),
    sa.CheckConstraint('researcher_id <> collaborator_id', name=op.f('collaboration_two_people')),
    sa.CheckConstraint('strength BETWEEN 0 AND 1', name=op.f('collaboration_strength_in_range')),
    sa.ForeignKeyConstraint(['collaborator_id'], ['researcher.id'], name=op.f('collaboration_collaborator_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('collaboration_researcher_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('researcher_id', 'collaborator_id', name=op.f('collaboration_pkey')),
    sqlite_with_rowid=False
    )
    op.create_table('reference',
    sa.Column('citing_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cited_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['citing_id'], ['work.id'], name=op.f('reference_citing_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('citing_id', 'cited_id', name=op.f('reference_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('reference', schema=None) as batch_op:
        batch_op.create_index('reference_by_cited', ['cited_id', 'citing_id'], unique=False)

    op.create_table('researcher_topic',
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('topic_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('work_count', sa.Integer(), nullable=False),
    sa.Column('best_score', sa.Float(), nullable=False),
    sa.Column('share', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('researcher_topic_researcher_id_fkey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic_id'], ['topic.id'], name=op.f('researcher_topic_topic_id_fkey')),
    sa.PrimaryKeyConstraint('researcher_id', 'topic_id', name=op.f('researcher_topic_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('researcher_topic', schema=None) as batch_op:
        batch_op.create_index('researcher_topic_by_topic', ['topic_id', 'work_count', 'researcher_id'], unique=False)

    op.create_table('work_keyword',
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('keyword_id', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.ForeignKeyConstraint(['keyword_id'], ['keyword.id'], name=op.f('work_keyword_keyword_id_fkey')),
    sa.ForeignKeyConstraint(['work_id'], ['work.id'], name=op.f('work_keyword_work_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('work_id', 'keyword_id', name=op.f('work_keyword_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('work_keyword', schema=None) as batch_op:
        batch_op.create_index('work_keyword_by_keyword', ['keyword_id', 'work_id'], unique=False)

    op.create_table('work_topic',
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('topic_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('score', sa.Float(), nullable=False),
    sa.CheckConstraint('score BETWEEN 0 AND 1', name=op.f('work_topic_score_in_range')),
    sa.ForeignKeyConstraint(['topic_id'], ['topic.id'], name=op.f('work_topic_topic_id_fkey')),
    sa.ForeignKeyConstraint(['work_id'], ['work.id'], name=op.f('work_topic_work_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('work_id', 'topic_id', name=op.f('work_topic_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('work_topic', schema=None) as batch_op:
        batch_op.create_index('work_topic_by_topic', ['topic_id', 'work_id'], unique=False)

    op.create_table('year_activity',
    sa.Column('researcher_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('works', sa.Integer(), nullable=False),
    sa.Column('citations', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['researcher_id'], ['researcher.id'], name=op.f('year_activity_researcher_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('researcher_id', 'year', name=op.f('year_activity_pkey')),
    sqlite_with_rowid=False
    )
    op.create_table('authorship_institution',
    sa.Column('work_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['institution_id'], ['institution.id'], name=op.f('authorship_institution_institution_id_fkey')),
    sa.ForeignKeyConstraint(['work_id', 'position'], ['authorship.work_id', 'authorship.position'], name=op.f('authorship_institution_work_id_fkey'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('work_id', 'position', 'institution_id', name=op.f('authorship_institution_pkey')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('authorship_institution', schema=None) as batch_op:
        batch_op.create_index('authorship_institution_by_institution', ['institution_id', 'work_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('authorship_institution', schema=None) as batch_op:
        batch_op.drop_index('authorship_institution_by_institution')

    op.drop_table('authorship_institution')
    op.drop_table('year_activity')
    with op.batch_alter_table('work_topic', schema=None) as batch_op:
        batch_op.drop_index('work_topic_by_topic')

    op.drop_table('work_topic')
    with op.batch_alter_table('work_keyword', schema=None) as batch_op:
        batch_op.drop_index('work_keyword_by_keyword')

    op.drop_table('work_keyword')
    with op.batch_alter_table('researcher_topic', schema=None) as batch_op:
        batch_op.drop_index('researcher_topic_by_topic')

    op.drop_table('researcher_topic')
    with op.batch_alter_table('reference', schema=None) as batch_op:
        batch_op.drop_index('reference_by_cited')

    op.drop_table('reference')
    op.drop_table('collaboration')
    with op.batch_alter_table('authorship', schema=None) as batch_op:
        batch_op.drop_index('authorship_by_researcher')

    op.drop_table('authorship')
    with op.batch_alter_table('affiliation', schema=None) as batch_op:
        batch_op.drop_index('affiliation_by_institution')

    op.drop_table('affiliation')
    with op.batch_alter_table('work', schema=None) as batch_op:
        batch_op.drop_index('work_newest')
        batch_op.drop_index('work_most_cited')
        batch_op.drop_index('work_by_title')
        batch_op.drop_index('work_by_source')
        batch_op.drop_index('work_by_doi')
        batch_op.drop_index('work_by_arxiv_id')

    op.drop_table('work')
    with op.batch_alter_table('researcher', schema=None) as batch_op:
        batch_op.drop_index('researcher_by_works')
        batch_op.drop_index('researcher_by_orcid')
        batch_op.drop_index('researcher_by_newest_work')
        batch_op.drop_index('researcher_by_name')
        batch_op.drop_index('researcher_by_institution')
        batch_op.drop_index('researcher_by_followers')
        batch_op.drop_index('researcher_by_citations')

    op.drop_table('researcher')
    with op.batch_alter_table('topic', schema=None) as batch_op:
        batch_op.drop_index('topic_by_works')
        batch_op.drop_index('topic_by_parent')
        batch_op.drop_index('topic_by_name')
        batch_op.drop_index('topic_by_citations')

    op.drop_table('topic')
    op.drop_table('source')
    with op.batch_alter_table('institution', schema=None) as batch_op:
        batch_op.drop_index('institution_by_works')
        batch_op.drop_index('institution_by_ror')
        batch_op.drop_index('institution_by_researchers')
        batch_op.drop_index('institution_by_name')
        batch_op.drop_index('institution_by_citations')

    op.drop_table('institution')
    op.drop_table('import_part')
    op.drop_table('stale')
    op.drop_table('slug_sequence')
    with op.batch_alter_table('merged_id', schema=None) as batch_op:
        batch_op.drop_index('merged_id_by_survivor')

    op.drop_table('merged_id')
    op.drop_table('keyword')
    op.drop_table('import_run')
    with op.batch_alter_table('external_id', schema=None) as batch_op:
        batch_op.drop_index('external_id_by_value')

    op.drop_table('external_id')
    op.drop_table('data_version')

"""what records are found by"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# An index of its own words: the tokenizer only divides, at whatever is ASCII and neither letter nor digit nor `_` or `.`.
FTS5 = (
    """CREATE VIRTUAL TABLE searchable_terms USING fts5 (words, marks, content = 'searchable', content_rowid = 'key',
    detail = 'none', columnsize = 0, prefix = '3 4', tokenize = "ascii tokenchars '_.'")""",
    """CREATE TRIGGER searchable_added AFTER INSERT ON searchable BEGIN
    INSERT INTO searchable_terms (rowid, words, marks) VALUES (NEW.key, NEW.words, NEW.marks); END""",
    """CREATE TRIGGER searchable_removed AFTER DELETE ON searchable BEGIN
    INSERT INTO searchable_terms (searchable_terms, rowid, words, marks)
    VALUES ('delete', OLD.key, OLD.words, OLD.marks); END""",
    """CREATE TRIGGER searchable_changed AFTER UPDATE OF words, marks ON searchable BEGIN
    INSERT INTO searchable_terms (searchable_terms, rowid, words, marks)
    VALUES ('delete', OLD.key, OLD.words, OLD.marks);
    INSERT INTO searchable_terms (rowid, words, marks) VALUES (NEW.key, NEW.words, NEW.marks); END""",
)


def upgrade() -> None:
    op.create_table('searchable',
    sa.Column('key', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('record_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('weight', sa.Integer(), nullable=False),
    sa.Column('length', sa.Integer(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('name', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('marks', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('RESEARCHER', 'WORK', 'TOPIC', 'INSTITUTION')", name=op.f('searchable_kind_known')),
    sa.PrimaryKeyConstraint('key', name=op.f('searchable_pkey'))
    )
    with op.batch_alter_table('searchable', schema=None) as batch_op:
        batch_op.create_index('searchable_by_name', ['name'], unique=False)

    op.create_table('spelling',
    sa.Column('piece', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.Column('word', sa.String().with_variant(sa.String(collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('piece', 'word', name=op.f('spelling_pkey')),
    sqlite_with_rowid=False
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX searchable_terms ON searchable USING gin ((array_to_tsvector(string_to_array(words, ' '))"
            " || array_to_tsvector(string_to_array(marks, ' '))))"
        )
    else:
        for statement in FTS5:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table('searchable_terms')
    op.drop_table('spelling')
    op.drop_table('searchable')

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from models.columns import Bytewise, Key, LongText, not_negative, one_of

LEVELS = ("DOMAIN", "FIELD", "SUBFIELD", "TOPIC")
# What is added to OpenAlex's number of a domain, field or subfield, since it numbers each level by itself.
OFFSETS = {"DOMAIN": 10**9, "FIELD": 2 * 10**9, "SUBFIELD": 3 * 10**9, "TOPIC": 0}


class Topic(SQLModel, table=True):
    """One subject of the hierarchy domain > field > subfield > topic.

    The id is OpenAlex's number plus its level's offset (T10055 → 10055, subfields/1702 → 3000001702).
    """

    __table_args__ = (
        one_of("level", LEVELS),
        CheckConstraint("(level = 'DOMAIN') = (parent_id IS NULL) OR level = 'TOPIC'", name="parent_above"),
        *not_negative("work_count", "researcher_count", "citation_count", "follower_count"),
        Index("topic_by_name", "name_key", "id"),
        Index("topic_by_works", "work_count", "id"),
        Index("topic_by_citations", "citation_count", "id"),
        Index("topic_by_parent", "parent_id"),
    )

    id: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    slug: str = Field(unique=True, sa_type=Bytewise)
    level: str
    parent_id: int | None = Field(default=None, foreign_key="topic.id", sa_type=Key)
    display_name: str
    name_key: str = Field(sa_type=Bytewise)
    description: str | None = Field(default=None, sa_type=LongText)
    keywords: str = Field(default="[]", sa_type=LongText)  # a JSON array of strings
    follower_count: int = 0
    work_count: int = 0
    researcher_count: int = 0
    citation_count: int = 0
    version: int = Field(default=0, sa_type=Key)
    import_run_id: int | None = Field(default=None, foreign_key="import_run.id")


class WorkTopic(SQLModel, table=True):
    """A topic a work is about, and how surely (0..1)."""

    __tablename__ = "work_topic"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 1", name="score_in_range"),
        Index("work_topic_by_topic", "topic_id", "work_id"),
        {"sqlite_with_rowid": False},
    )

    work_id: int = Field(primary_key=True, foreign_key="work.id", ondelete="CASCADE", sa_type=Key)
    topic_id: int = Field(primary_key=True, foreign_key="topic.id", sa_type=Key)
    score: float


class ResearcherTopic(SQLModel, table=True):
    """Derived: a topic that stands on a researcher's works."""

    __tablename__ = "researcher_topic"
    __table_args__ = (
        Index("researcher_topic_by_topic", "topic_id", "work_count", "researcher_id"),
        {"sqlite_with_rowid": False},
    )

    researcher_id: int = Field(primary_key=True, foreign_key="researcher.id", ondelete="CASCADE", sa_type=Key)
    topic_id: int = Field(primary_key=True, foreign_key="topic.id", sa_type=Key)
    work_count: int
    best_score: float
    share: float  # of the researcher's works, 0..1

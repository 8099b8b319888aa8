"""A record as rows: what the reader of records makes and the writer takes."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

Row = tuple[Any, ...]
Survivors = Mapping[tuple[str, int], int]  # (kind, merged id) → the id that lives on
Named = defaultdict[str, dict[int, Any]]  # by kind and id what is said of it; stubs.row makes its row

# The columns of each kind that a record fills; `id` first, `version` last.
COLUMNS = {
    "institution": (
        "id", "display_name", "name_key", "alternative_names", "ror", "country_code", "kind", "homepage_url",
        "city", "latitude", "longitude", "version",
    ),
    "source": ("id", "display_name", "kind", "issn_l", "publisher", "homepage_url", "is_open_access", "version"),
    "topic": ("id", "level", "parent_id", "display_name", "name_key", "description", "keywords", "version"),
    "researcher": ("id", "display_name", "name_key", "alternative_names", "orcid", "institution_id", "version"),
    "work": (
        "id", "title", "title_key", "kind", "raw_kind", "publication_year", "publication_date", "newest_key",
        "source_id", "doi", "arxiv_id", "landing_page_url", "pdf_url", "language", "is_retracted", "is_open_access",
        "citation_count", "author_count", "volume", "issue", "first_page", "last_page", "abstract", "abstract_plain",
        "version",
    ),
}  # fmt: skip

CHILDREN = {
    "affiliation": ("researcher_id", "institution_id", "first_year", "last_year"),
    "authorship": ("work_id", "position", "researcher_id", "raw_name", "is_corresponding"),
    "authorship_institution": ("work_id", "position", "institution_id", "rank"),
    "work_topic": ("work_id", "topic_id", "score"),
    "work_keyword": ("work_id", "keyword_id", "score"),
    "reference": ("citing_id", "cited_id"),
    "external_id": ("kind", "entity_id", "scheme", "value"),
}


class Entry(NamedTuple):
    kind: str
    id: int
    version: int
    row: Row  # in the order of COLUMNS[kind]
    named: Named  # who and what else the record names
    children: dict[str, list[Row]]  # by table, in the order of CHILDREN[table]
    keywords: list[Row] = []  # (id, display_name)


class Skipped(Exception):
    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.kind = reason, kind  # one of a few reasons


class Rejected(ValueError):
    """Its text says what is wrong with the record."""

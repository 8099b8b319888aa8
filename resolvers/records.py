"""How one record is read: by its number, a merged record's too, or by what others call it."""

from __future__ import annotations

from typing import Any

from resolvers.accounts import account_by_id
from resolvers.blocks import report_by_id
from resolvers.claims import claim_by_id
from resolvers.feed import notification_by_id
from resolvers.imports import SURVIVORS
from resolvers.institutions import institution_by_id, institution_by_ror, institution_by_slug
from resolvers.reads import One
from resolvers.researchers import researcher_by_id, researcher_by_orcid, researcher_by_slug
from resolvers.store import Store
from resolvers.topics import topic_by_id, topic_by_slug
from resolvers.works import source_by_id, work_by_arxiv_id, work_by_doi, work_by_id

BY_ID = {
    "Account": account_by_id,
    "Claim": claim_by_id,
    "Notification": notification_by_id,
    "Institution": institution_by_id,
    "Report": report_by_id,
    "Researcher": researcher_by_id,
    "Source": source_by_id,
    "Topic": topic_by_id,
    "Work": work_by_id,
}
# The other ways to a record: what an identifier is called, by type.
BY_KEY = {
    "Institution": {"slug": institution_by_slug, "ror": institution_by_ror},
    "Researcher": {"slug": researcher_by_slug, "orcid": researcher_by_orcid},
    "Topic": {"slug": topic_by_slug},
    "Work": {"doi": work_by_doi, "arxiv_id": work_by_arxiv_id},
}


async def living(store: Store, type_name: str, read: One, key: Any) -> Any:
    """The row with this key; where it is an id that was merged away, the row of what it was merged into."""
    row = await store.load(read, key)
    survivors = SURVIVORS.get(type_name.lower())
    if row is None and survivors and read.key is BY_ID[type_name].key:
        merged = await store.load(survivors, key)
        row = merged and await store.load(read, merged.into_id)
    return row

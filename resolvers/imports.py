from sqlmodel import col

from models import DataVersion, ImportRun, MergedId
from models.external_id import ENTITY_KINDS
from resolvers.reads import One, select

import_run_by_id = One(select(ImportRun), key=col(ImportRun.id))
last_import = One(
    select(ImportRun).where(col(ImportRun.status) == "COMPLETED").order_by(col(ImportRun.id).desc()).limit(1),
    key=col(ImportRun.source),
)
data_version = One(select(DataVersion), key=col(DataVersion.id))

# What an id was merged into, by the kind of its record.
SURVIVORS = {
    kind: One(select(MergedId).where(col(MergedId.kind) == kind), key=col(MergedId.old_id)) for kind in ENTITY_KINDS
}

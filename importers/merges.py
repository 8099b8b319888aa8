"""Ids merged into others: kept without chains, and followed by the rows that stand.

A file of merges is one transaction of the caller's. Its rows stay in the database while they are sorted: a full
snapshot merges tens of millions of ids.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from importers import stale
from importers.merged_rows import MOVES, table_columns
from importers.store import Row, Store, chunks
from models.columns import now

PAGE = 5_000


def merge(store: Store, kind: str, merges: Iterable[tuple[date | None, int, int]]) -> None:
    """Take in (day, old id, id it became), and let rows of old ids follow. Taking them in again changes nothing.

    A later merge counts more than an earlier one. In a cycle the target of its newest merge lives on, of equally new
    ones the smallest.
    """
    _load(store, merges)
    for page in _sorted(store):
        _chain(store, kind, page)
    _move(store, kind)
    for table in ("merging", "merging_sorted", "moved", "heir"):
        store.execute(f"DROP TABLE {table}")


def survivors(store: Store, kind: str, ids: Iterable[int]) -> dict[int, int]:
    """Those of the ids that were merged away, and what they became."""
    sql = f"SELECT old_id, into_id FROM merged_id WHERE kind = '{kind}' AND old_id IN (SELECT value FROM {{each}})"
    return dict(store.fetch(sql, ids))


def _load(store: Store, merges: Iterable[tuple[date | None, int, int]]) -> None:
    store.execute("CREATE TEMP TABLE merging (day TEXT, old_id BIGINT, into_id BIGINT)")
    for rows in chunks(((str(day or ""), old, into) for day, old, into in merges), PAGE):
        store.insert("merging", ("day", "old_id", "into_id"), rows)


def _sorted(store: Store) -> Iterator[list[Row]]:
    """Pages of (old id, into id) in an order that lets the row that should win a cycle come last."""
    store.execute(
        "CREATE TEMP TABLE merging_sorted AS SELECT row_number() OVER (ORDER BY day, into_id DESC, old_id DESC) AS number,"
        " old_id, into_id FROM merging WHERE old_id <> into_id"
    )
    store.execute("CREATE INDEX merging_sorted_number ON merging_sorted (number)")
    start = 0
    page_sql = f"SELECT old_id, into_id FROM merging_sorted WHERE number > {{start}} ORDER BY number LIMIT {PAGE}"
    while page := store.fetch(page_sql.format(start=start)):
        yield page
        start += len(page)


def _chain(store: Store, kind: str, page: Sequence[Row]) -> None:
    into = survivors(store, kind, {number for row in page for number in row})
    merged_into: dict[int, set[int]] = {}
    for number, survivor in into.items():
        merged_into.setdefault(survivor, set()).add(number)
    touched: set[int] = set()
    for old, target in page:
        survivor = into.get(target) or target
        if survivor == old:  # the row closes a cycle: its target comes back
            survivor = target
            merged_into[old].discard(target)
            del into[target]
            touched.add(target)
        followers = {old, *merged_into.pop(old, ())}
        if old in into:
            merged_into[into[old]].discard(old)
        into.update(dict.fromkeys(followers, survivor))
        merged_into.setdefault(survivor, set()).update(followers)
        touched |= followers
    _keep(store, kind, into, touched)


def _keep(store: Store, kind: str, into: dict[int, int], touched: set[int]) -> None:
    store.execute(f"DELETE FROM merged_id WHERE kind = '{kind}' AND old_id IN (SELECT value FROM {{each}})", touched)
    rows = [(kind, number, into[number]) for number in sorted(touched) if number in into]
    store.insert("merged_id", ("kind", "old_id", "into_id"), rows)
    # What merged into one of these before goes on to where it went.
    store.execute(
        f"UPDATE merged_id SET into_id = (SELECT next.into_id FROM merged_id AS next"
        f" WHERE next.kind = '{kind}' AND next.old_id = merged_id.into_id)"
        f" WHERE kind = '{kind}' AND into_id IN (SELECT value FROM {{each}})",
        [row[1] for row in rows],
    )


def _move(store: Store, kind: str) -> None:
    """Let the rows of merged ids follow. An heir takes the place of the first row merged into an id that has none."""
    store.execute(
        f"CREATE TEMP TABLE moved AS SELECT DISTINCT m.old_id, m.into_id FROM merging AS g"
        f" JOIN merged_id AS m ON m.kind = '{kind}' AND m.old_id = g.old_id"
    )
    store.execute(
        f"CREATE TEMP TABLE heir AS SELECT m.into_id, min(m.old_id) AS old_id FROM moved AS m"
        f" JOIN {kind} AS loser ON loser.id = m.old_id"
        f" WHERE NOT EXISTS (SELECT 1 FROM {kind} AS k WHERE k.id = m.into_id) GROUP BY m.into_id"
    )
    for table in ("moved", "heir"):
        store.execute(f"CREATE INDEX {table}_old_id ON {table} (old_id)")
    _inherit(store, kind)
    for ends in ("old_id", "into_id"):
        gone = f"SELECT moved.{ends} FROM moved JOIN {kind} AS loser ON loser.id = moved.old_id"
        stale.mark_selected(store, kind, gone)
    for statement in MOVES[kind]:
        if isinstance(statement, str):
            store.execute(statement.replace("{now}", store.instant(now())))
        else:
            stale.mark_selected(store, *statement)
    _bury(store, kind)


def _inherit(store: Store, kind: str) -> None:
    columns = table_columns(kind)
    copied = ", ".join(f"loser.{column}" for column in columns)
    slugged = "slug" in columns
    if slugged:  # unique: the heir's waits until the loser has gone
        copied = copied.replace("loser.slug", "'~' || heir.into_id")
    store.execute(
        f"INSERT INTO {kind} (id, version, {', '.join(columns)}) SELECT heir.into_id, 0, {copied}"
        f" FROM heir JOIN {kind} AS loser ON loser.id = heir.old_id"
    )


def _bury(store: Store, kind: str) -> None:
    slugged = "slug" in table_columns(kind)
    if slugged:
        store.execute(
            f"CREATE TEMP TABLE freed AS SELECT heir.into_id, loser.slug FROM heir JOIN {kind} AS loser ON loser.id = heir.old_id"
        )
    store.execute(f"DELETE FROM {kind} WHERE id IN (SELECT old_id FROM moved)")
    if slugged:
        store.execute(f"UPDATE {kind} SET slug = freed.slug FROM freed WHERE {kind}.id = freed.into_id")
        store.execute("DROP TABLE freed")

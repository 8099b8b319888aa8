"""Pages of every list, walked both ways, at any size, while rows come and go."""

from base64 import urlsafe_b64encode

import orjson
import pytest

from models import Authorship, Collaboration, Researcher, Work
from resolvers.paging import NOBODY, Slice
from resolvers.refused import Refused
from resolvers.researchers import authorships_of_work, collaborators, researchers
from resolvers.store import Store
from resolvers.works import works, works_of_researcher, works_shared

# Equal titles and years, so that only the id tells some works apart; one without a year.
TITLES = ["b", "a", "B", "a", "ä", "z", "a", "_", "%", "Ω", "a"]


def researcher(id: int, **known: object) -> Researcher:
    return Researcher(id=id, slug=f"r-{id}", display_name=f"R {id}", name_key=f"r {id}", **known)


def work(id: int, year: int | None, title: str, **known: object) -> Work:
    return Work(
        id=id,
        title=title,
        title_key=title.casefold(),
        kind="ARTICLE",
        publication_year=year,
        newest_key=-(year or 0),
        **known,
    )


@pytest.fixture
def world(save) -> list[Work]:
    made = [
        work(id + 1, None if id == 5 else 2000 + id % 3, title, citation_count=id % 4, author_count=3)
        for id, title in enumerate(TITLES)
    ]
    save(*[researcher(id, work_count=id % 2, newest_year=2000 + id % 2) for id in range(1, 8)], *made)
    save(*[Authorship(work_id=w.id, position=p, researcher_id=p + 1) for w in made for p in range(3)])
    save(*[Authorship(work_id=w.id, position=3, researcher_id=1) for w in made])  # named twice in each byline
    save(
        *[
            Collaboration(
                researcher_id=1, collaborator_id=id, shared_work_count=id % 3 + 1, strength=0.1, is_close=True
            )
            for id in range(2, 8)
        ]
    )
    return made


ORDERS = {
    "NEWEST": lambda w: (w.publication_year is None, -(w.publication_year or 0), w.title.casefold(), w.id),
    "OLDEST": lambda w: (w.publication_year is None, w.publication_year or 0, w.title.casefold(), w.id),
    "MOST_CITED": lambda w: (-w.citation_count, -w.id),
    "TITLE": lambda w: (w.title.casefold(), w.id),
}


async def all_of(found):
    """What SQLite has at once and PostgreSQL later."""
    return found if isinstance(found, list) else await found


async def walk(reader, read, parent, order, size, *, backwards=False, beside=()):
    """The list's identities, page by page; `beside` are other parents whose pages are read by the same statement."""
    store, found, cursor, pages = Store(reader), [], None, 0
    while True:
        if backwards:
            asked = read.pages(order, [parent], last=size, before=cursor)
        else:
            asked = read.pages(order, [parent], first=size, after=cursor)
        page = asked.made((await all_of(store.load_all(asked, [parent, *beside])))[0])
        rows = list(page.rows)
        found = [*rows, *found] if backwards else [*found, *rows]
        pages += 1
        assert pages < 100
        if not (page.has_previous if backwards else page.has_next):
            return [getattr(row, read.identity.name) for row in found]
        cursor = page.cursor(rows[0] if backwards else rows[-1])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("backwards", [False, True])
async def test_each_work_stands_once_in_order(world, reader, order, backwards):
    expected = [w.id for w in sorted(world, key=ORDERS[order])]
    for size in (1, 2, 3, 10, 11, 100):
        assert await walk(reader, works, NOBODY, order, size, backwards=backwards) == expected
        assert await walk(reader, works_of_researcher, 1, order, size, backwards=backwards) == expected


@pytest.mark.parametrize(
    ("read", "parent", "beside"),
    [
        (researchers, NOBODY, [1]),
        (collaborators, 1, [2, 3]),
        (works_of_researcher, 1, [2, 9]),
        (works_shared, (1, 2), [(1, 3), (2, 3)]),
        (authorships_of_work, 1, [2, 3]),
    ],
)
async def test_every_list_walks_the_same_both_ways(world, reader, read, parent, beside):
    for order in read.orders:
        whole = await walk(reader, read, parent, order, 100)
        assert len(set(whole)) == len(whole) > 1
        for size in (1, 2, 5):
            for others in ([], beside):
                assert await walk(reader, read, parent, order, size, beside=others) == whole
                assert await walk(reader, read, parent, order, size, backwards=True, beside=others) == whole


async def test_a_walk_misses_nothing_while_rows_are_inserted(world, reader, save):
    expected = [w.id for w in sorted(world, key=ORDERS["NEWEST"])]
    found, cursor, added = [], None, 100
    while len(found) < len(expected):
        page = await Store(reader).load(works.pages("NEWEST", [NOBODY], first=2, after=cursor), NOBODY)
        found += [row.id for row in page.rows]
        cursor = page.cursor(page.rows[-1])
        save(work(added, 2100, "before all"), work(added + 1, None, "zz after all"))
        added += 2
    assert found[: len(expected)] == expected


async def test_many_parents_share_one_statement(world, reader, statements):
    statements.clear()
    read = works_of_researcher.only(frozenset(["id", "title"]))
    store = Store(reader)
    people = range(1, 8)
    pages = await all_of(store.load_all(read.pages("NEWEST", people, first=2), people))
    assert [len(page.rows) for page in pages] == [2, 2, 2, 0, 0, 0, 0]
    assert len(statements) == 1


async def test_counts_follow_the_filter(world, reader):
    store = Store(reader)
    assert await store.load(works.pages("NEWEST", [NOBODY]).counts, NOBODY) == len(TITLES)
    since = works.pages("NEWEST", [NOBODY], given={"year_from": 2001})
    assert await store.load(since.counts, NOBODY) == sum((w.publication_year or 0) >= 2001 for w in world)
    pairs = [(1, 2), (1, 7)]
    assert await all_of(store.load_all(works_shared.pages("NEWEST", pairs).counts, pairs)) == [len(TITLES), 0]


async def test_a_filter_applies_to_every_page(world, reader):
    found = await Store(reader).load(
        works.pages("TITLE", [NOBODY], first=100, given={"title_contains": "%\\%%", "min_citations": 0}), NOBODY
    )
    assert [row.title for row in found.rows] == ["%"]


def cursor_of(*values: object) -> str:
    return urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


FORGED = [("a", 2**63), ("a", True), ("a", 1.0), ("a\0", 1), (1, 1), ("a",)]
YEARS = [2**31, -(2**31) - 1, None]


def forged(order: str, *values: object) -> str:
    """What anyone could make up."""
    return works.cursor(NOBODY, Slice(order), values)


async def test_cursors_serve_only_where_they_came_from(world, reader):
    page = await Store(reader).load(works.pages("TITLE", [NOBODY], first=2), NOBODY)
    good = page.cursor(page.rows[0])
    works.pages("TITLE", [NOBODY], after=good)
    elsewhere = [
        lambda: works.pages("NEWEST", [NOBODY], after=good),
        lambda: works.pages("TITLE", [NOBODY], after=good, given={"min_citations": 1}),
        lambda: works_of_researcher.pages("TITLE", [1], after=good),
        lambda: works.pages("TITLE", [NOBODY], after=good[:-2]),
        lambda: works.pages("TITLE", [NOBODY], after="A" + good),
        lambda: works.pages("TITLE", [NOBODY], before=cursor_of("0" * 12, "b", 1)),
        lambda: works.pages("TITLE", [NOBODY], after=cursor_of()),
        lambda: works.pages("TITLE", [NOBODY], after=cursor_of("x", None, [])),
        lambda: works.pages("TITLE", [NOBODY], after="é"),
        lambda: works.pages("TITLE", [NOBODY], after=""),
        lambda: works.pages("TITLE", [NOBODY], after="W10"),
        lambda: works.pages("TITLE", [NOBODY], after=good + "!!!"),
        lambda: works.pages("TITLE", [NOBODY], after=f" {good}"),
        *[lambda values=values: works.pages("TITLE", [NOBODY], after=forged("TITLE", *values)) for values in FORGED],
        *[lambda year=year: works.pages("NEWEST", [NOBODY], after=forged("NEWEST", year, "a", 1)) for year in YEARS],
    ]
    assert works.pages("TITLE", [NOBODY], after=forged("TITLE", "a", 1))
    for attempt in elsewhere:
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "BAD_CURSOR"


@pytest.mark.parametrize(
    ("sizes", "argument"),
    [({"first": 0}, "first"), ({"first": 101}, "first"), ({"last": -1}, "last"), ({"first": 1, "last": 1}, "last")],
)
def test_sizes_out_of_range_are_refused(sizes, argument):
    with pytest.raises(Refused) as refused:
        works.pages("NEWEST", [NOBODY], **sizes)
    assert (refused.value.code, refused.value.path) == ("BAD_USER_INPUT", (argument,))


@pytest.mark.parametrize(
    ("read", "parents"),
    [(collaborators, [1, 2]), (works_of_researcher, [1, 2]), (works_shared, [(1, 2), (1, 3)])],
)
async def test_sqlite_finds_pages_before_their_rows(world, reader, read, parents):
    """Else it finds the page again for each row that may stand on it."""
    if reader.dialect.name != "sqlite":
        return
    Store(reader).load_all(read.pages(next(iter(read.orders)), parents), parents)
    sql = reader.statements[-1]
    plan = reader.fetch(f"EXPLAIN QUERY PLAN {sql}", [parents, *[21] * (sql.count("?") - 1)])
    steps = [step[3] for step in plan if step[1] == 0]  # of the statement itself, not of its subqueries
    page = next(place for place, step in enumerate(steps) if step.startswith("SCAN p "))
    assert [step for step in steps[:page] if "VIRTUAL TABLE" not in step] == []

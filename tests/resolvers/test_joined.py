"""What comes along with a row is what would have been read by itself."""

from __future__ import annotations

from functools import partial

import pytest

from models import Authorship, Collaboration, Researcher, Source, Topic, Work, WorkTopic
from resolvers.joined import Join, can_be_joined
from resolvers.later import arrived
from resolvers.paging import NOBODY, Page, Pages
from resolvers.researchers import authorships_of_work, collaborators, researcher_by_slug, researchers
from resolvers.store import Store
from resolvers.works import source_by_id, topics_by_work, works, works_of_researcher

NAMED = frozenset({"id", "display_name"})


@pytest.fixture
def world(save):
    people = [Researcher(id=id, slug=f"r-{id}", display_name=f"R {id}", name_key=f"r {id}") for id in range(1, 6)]
    held = [
        Work(
            id=id,
            title=f'W "{id}" \\ é\t',
            title_key=f"w {id}",
            kind="ARTICLE",
            newest_key=-id,
            source_id=id % 2 or None,
        )
        for id in range(1, 8)
    ]
    save(*people, Source(id=1, display_name="S", name_key="s", kind="journal"), *held)
    save(*[Topic(id=id, slug=f"t-{id}", display_name=f"T {id}", name_key=f"t {id}", level="TOPIC") for id in (1, 2, 3)])
    save(*[Authorship(work_id=work.id, position=p, researcher_id=p + 1) for work in held for p in range(3)])
    save(*[WorkTopic(work_id=work.id, topic_id=t, score=0.1 * t) for work in held[:5] for t in (1, 3)])
    close = partial(Collaboration, shared_work_count=7, is_close=True)
    save(*[close(researcher_id=1, collaborator_id=id, strength=(1.0, 0.5, 1e-7, 0.0)[id - 2]) for id in range(2, 6)])


def of_works(pages: Pages) -> Join:
    return Join(
        pages,
        "id",
        (
            Join(source_by_id.only(frozenset({"display_name"})), "source_id"),
            Join(topics_by_work.only(NAMED | {"score"}), "id"),
            Join(authorships_of_work.only(NAMED | {"position", "page_"}).pages("BYLINE", [], first=2), "id"),
        ),
    )


WORKS = works_of_researcher.only(frozenset({"id", "title", "source_id", "page_", "more_"}))
KNOWN = collaborators.only(NAMED | {"strength", "is_close", "more_", "page_"})
ONE = researcher_by_slug.only(frozenset({"id", "slug"}))
LISTED = researchers.only(NAMED)
TREES = {
    "forwards": (
        ONE,
        "r-1",
        (of_works(WORKS.pages("NEWEST", [], first=3)), Join(KNOWN.pages("NAME", [], first=4), "id")),
    ),
    "floats": (ONE, "r-1", (Join(KNOWN.pages("STRENGTH", [], first=4), "id"),)),
    "backwards": (
        ONE,
        "r-2",
        (of_works(WORKS.pages("TITLE", [], last=3)), Join(KNOWN.pages("STRENGTH", [], last=1), "id")),
    ),
    "without lists": (ONE, "r-5", (of_works(WORKS.pages("NEWEST", [])),)),
    "nobody": (ONE, "r-9", (of_works(WORKS.pages("NEWEST", [])),)),
    "a list": (LISTED.pages("NAME", [NOBODY], first=4), NOBODY, (Join(WORKS.pages("MOST_CITED", [], first=2), "id"),)),
}


def shown(read, value):
    """A value with all that its rows show."""
    made = read.made(value)
    if isinstance(made, Page):
        cursors = [made.cursor(row) for row in made.rows] if made.pages.read.with_cursors else []
        return made.parent, [*map(columns, made.rows)], made.has_next, made.has_previous, cursors
    return [*map(columns, made)] if isinstance(made, list) else made and columns(made)


def columns(row):
    return {name: value for name, value in row._asdict().items() if name not in ("key_", "page_")}


def rows_of(read, value):
    return [columns(row) for row in read.rows(read.made(value))]


async def compared(joined: Store, apart: Store, join: Join, parents: list[dict]) -> None:
    keys = [key for parent in parents if (key := parent[join.key]) is not None]
    ours, theirs = [await arrived(store.load_all(join.of, keys)) for store in (joined, apart)] if keys else ([], [])
    assert [shown(join.of, one) for one in ours] == [shown(join.of, one) for one in theirs]
    for nested in join.joins:
        await compared(joined, apart, nested, [row for value in theirs for row in rows_of(join.of, value)])


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", TREES)
async def test_what_is_joined_is_what_is_read_apart(reader, statements, database_url, name):
    read, key, joins = TREES[name]
    joined, apart = Store(reader), Store(reader)
    (ours,) = await arrived(joined.load_all(read, [key], joins))
    (theirs,) = await arrived(apart.load_all(read, [key]))
    assert shown(read, ours) == shown(read, theirs)
    statements.clear()
    for join in joins:
        await compared(joined, apart, join, rows_of(read, theirs))
    once = len(statements)
    statements.clear()
    for join in joins:
        await compared(Store(reader), Store(reader), join, rows_of(read, theirs))
    # What was joined needed no statement any more.
    assert once * 2 == len(statements) if database_url.startswith("postgresql") else once == len(statements)


@pytest.mark.usefixtures("world")
async def test_what_it_shows_is_known_for_kept_answers(reader):
    read, key, joins = TREES["forwards"]
    joined, apart = Store(reader), Store(reader)
    (value,) = await arrived(joined.load_all(read, [key], joins))
    await arrived(apart.load_all(read, [key]))
    for join in joins:
        await compared(joined, apart, join, rows_of(read, value))
    assert joined.subjects() == apart.subjects() >= {f"Researcher {id}" for id in range(1, 6)}


@pytest.mark.usefixtures("world")
async def test_what_is_known_already_is_not_read_again(reader, statements):
    store = Store(reader)
    read, key, joins = TREES["forwards"]
    (before,) = await arrived(store.load_all(joins[1].of, [1]))
    await arrived(store.load_all(read, [key], joins))
    statements.clear()
    (after,) = await arrived(store.load_all(joins[1].of, [1]))
    assert after is before
    await arrived(store.load_all(read, [key], joins))
    assert statements == []


def test_what_is_long_filtered_or_beyond_a_cursor_is_read_apart():
    assert can_be_joined(WORKS.pages("NEWEST", [], last=3))
    assert not can_be_joined(WORKS.pages("NEWEST", [], given={"year_from": 2000}))
    assert not can_be_joined(works.only(frozenset({"id"})).pages("OLDEST", []))
    assert not can_be_joined(works_of_researcher.pages("NEWEST", []))  # with dates, for which JSON has no values

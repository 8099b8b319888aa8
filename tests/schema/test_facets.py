"""Facets count what a recount counts, of every list and under every filter, and their values find what they count."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlmodel import SQLModel

from execution import PlanExecutor
from models import (
    Affiliation,
    Authorship,
    AuthorshipInstitution,
    Collaboration,
    Institution,
    Reference,
    Researcher,
    ResearcherTopic,
    Source,
    Topic,
    Work,
    WorkTopic,
)
from models.columns import now
from resolvers.accesses import Client
from resolvers.drivers import open_reader
from resolvers.store import Store
from schema.context import Context
from schema.node import global_id
from schema.root import build_schema

SCHEMA = build_schema(PlanExecutor)
PEOPLE, PLACES, SOURCES = (1, 2, 3, 4), {1: "DE", 2: "FR", 3: "DE", 4: None}, (1, 2)
DOMAIN, OTHER = 10**9 + 1, 10**9 + 2
TOPICS = {1: DOMAIN, 2: DOMAIN, 3: OTHER}
KINDS = ("ARTICLE", "BOOK", "BOOK_CHAPTER")
FIRST = 100  # the id of the first work


def some(values: Iterable[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from([*values]), max_size=3, unique=True)


BYLINE = st.lists(st.tuples(st.sampled_from([None, *PEOPLE]), some(PLACES)), max_size=4)
WORKS = st.lists(
    st.fixed_dictionaries(
        {
            "year": st.sampled_from([None, 2000, 2001, 2002]),
            "kind": st.sampled_from(KINDS),
            "source": st.sampled_from([None, *SOURCES]),
            "topics": some(TOPICS),
            "byline": BYLINE,
            "citations": st.integers(0, 2),
            "cites": some(range(FIRST, FIRST + 7)),
        }
    ),
    max_size=7,
)
RESEARCHERS = st.fixed_dictionaries(
    {
        id: st.fixed_dictionaries(
            {"places": some(PLACES), "topics": some(TOPICS), "works": st.integers(0, 2), "gone": st.booleans()}
        )
        for id in PEOPLE
    }
)
WORK_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "years": st.sampled_from([{"min": 2001}, {"max": 2001}, {"min": 2000, "max": 2000}]),
        "kinds": some(KINDS),
        "sources": some(SOURCES),
        "topics": some([*TOPICS, DOMAIN]),
        "institutions": some(PLACES),
        "authors": some(PEOPLE),
        "minCitations": st.integers(0, 2),
    },
)
RESEARCHER_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "institutions": some(PLACES),
        "countries": some(["DE", "fr", "IT"]),
        "topics": some([*TOPICS, DOMAIN]),
        "minWorks": st.integers(0, 2),
    },
)
NAMES = {"TOPIC": "Topic", "SOURCE": "Source", "INSTITUTION": "Institution", "AUTHOR": "Researcher"}
ARGUMENTS = {
    "KIND": "kinds",
    "TOPIC": "topics",
    "SOURCE": "sources",
    "INSTITUTION": "institutions",
    "AUTHOR": "authors",
    "COUNTRY": "countries",
}
TABLES = [Topic, Institution, Source, Researcher, Work, Affiliation, ResearcherTopic, Collaboration, Authorship,
          AuthorshipInstitution, WorkTopic, Reference]  # fmt: skip
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)

GROUPS = "{ by hasMore withoutCount buckets { value label count node { id } } }"
QUERY = """query ($filter: WorkFilter, $by: [WorkFacet!]!, $first: Int, $ids: [ID!]!) {
  works(filter: $filter, first: 1) { ...F }
  nodes(ids: $ids) { id
    ... on Researcher { works(filter: $filter, last: 2) { ...F }
      collaborators { nodes { researcher { id } sharedWorks(filter: $filter) { ...F } } } }
    ... on Topic { works(filter: $filter) { ...F } } ... on Institution { works(filter: $filter) { ...F } }
    ... on Source { works(filter: $filter) { ...F } }
    ... on Work { references(filter: $filter) { ...F } citedBy(filter: $filter) { ...F } } } }
fragment F on WorkConnection { facets(by: $by, first: $first) GROUPS }""".replace("GROUPS", GROUPS)


@pytest.fixture
def ask(database_url):
    """Ask the schema, from tests that cannot wait."""

    async def answer(reader: Any, query: str, variables: dict[str, Any]) -> Any:
        unused: Any = None
        client = Client("", "")
        context = Context(Store(reader), "http://test", "0", "request", unused, client, spent=unused, hub=unused)
        result = await SCHEMA.execute(query, variable_values=variables, context_value=context)
        assert not result.errors, result.errors
        return result.data

    async def opened() -> Any:
        return open_reader(database_url)

    with asyncio.Runner() as runner:
        reader = runner.run(opened())
        yield lambda query, **variables: runner.run(answer(reader, query, variables))
        runner.run(reader.close())


@pytest.fixture
def fill(engine) -> Callable[..., None]:
    """Hold these works and researchers, and nothing else."""

    def named(id: int, **known: Any) -> dict[str, Any]:
        return {"id": id, "slug": f"s-{id}", "display_name": f"N{id}", "name_key": f"n{id}", **known}

    def write(works: list[dict[str, Any]], people: dict[int, dict[str, Any]]) -> None:
        rows: dict[type[SQLModel], list[dict[str, Any]]] = defaultdict(list)
        rows[Topic] = [named(id, level="DOMAIN", parent_id=None) for id in (DOMAIN, OTHER)]
        rows[Topic] += [named(id, level="TOPIC", parent_id=above) for id, above in TOPICS.items()]
        rows[Institution] = [named(id, country_code=code) for id, code in PLACES.items()]
        rows[Source] = [{"id": id, "display_name": f"N{id}"} for id in SOURCES]
        for id, known in people.items():
            rows[Researcher].append(
                named(id, work_count=known["works"], suppressed_at=now() if known["gone"] else None)
            )
            rows[Affiliation] += [{"researcher_id": id, "institution_id": place} for place in known["places"]]
            rows[ResearcherTopic] += [
                {"researcher_id": id, "topic_id": topic, "work_count": 1, "best_score": 1, "share": 1}
                for topic in known["topics"]
            ]
        rows[Collaboration] = [
            {"researcher_id": one, "collaborator_id": other, "shared_work_count": 1, "strength": 0.5, "is_close": False}
            for one, other in permutations(PEOPLE, 2)
        ]
        for id, work in enumerate(works, FIRST):
            title = f"w{id}"
            rows[Work].append(
                {"id": id, "title": title, "title_key": title, "kind": work["kind"], "publication_year": work["year"],
                 "newest_key": -(work["year"] or 0), "source_id": work["source"], "citation_count": work["citations"],
                 "author_count": len(work["byline"])}
            )  # fmt: skip
            rows[WorkTopic] += [{"work_id": id, "topic_id": topic, "score": 0.5} for topic in work["topics"]]
            for position, (person, places) in enumerate(work["byline"]):
                at = {"work_id": id, "position": position}
                rows[Authorship].append({**at, "researcher_id": person})
                rows[AuthorshipInstitution] += [{**at, "institution_id": place, "rank": 0} for place in places]
            rows[Reference] += [{"citing_id": id, "cited_id": one} for one in work["cites"] if one < FIRST + len(works)]
        with engine.begin() as connection:
            for table in reversed(TABLES):
                connection.execute(delete(table))
            for table in TABLES:
                if rows[table]:
                    connection.execute(insert(table), rows[table])

    return write


def facets_of_work(work: dict[str, Any]) -> dict[str, set[Any]]:
    found = {
        "YEAR": {work["year"]},
        "KIND": {work["kind"]},
        "TOPIC": {*work["topics"]},
        "SOURCE": {work["source"]},
        "INSTITUTION": {place for _, places in work["byline"] for place in places},
        "AUTHOR": {person for person, _ in work["byline"]},
    }
    return {name: values - {None} for name, values in found.items()}


def facets_of_researcher(person: dict[str, Any]) -> dict[str, set[Any]]:
    places = {*person["places"]}
    return {
        "INSTITUTION": places,
        "TOPIC": {*person["topics"]},
        "COUNTRY": {PLACES[place] for place in places} - {None},
    }


def matches(facets: dict[str, set[Any]], asked: dict[str, Any]) -> bool:
    for name, argument in ARGUMENTS.items():
        if argument in asked and name in facets:
            values = facets[name] | ({TOPICS[one] for one in facets[name]} if name == "TOPIC" else set())
            wanted = [one.upper() for one in asked[argument]] if name == "COUNTRY" else asked[argument]
            if values.isdisjoint(wanted):
                return False
    return True


def work_matches(work: dict[str, Any], asked: dict[str, Any]) -> bool:
    years, year = asked.get("years"), work["year"]
    if years and (year is None or not years.get("min", year) <= year <= years.get("max", year)):
        return False
    return work["citations"] >= asked.get("minCitations", 0) and matches(facets_of_work(work), asked)


def as_input(asked: dict[str, Any]) -> dict[str, Any]:
    types = {ARGUMENTS[name]: type_name for name, type_name in NAMES.items()}
    return {
        name: [global_id(types[name], id) for id in value] if name in types else value for name, value in asked.items()
    }


def recount(rows: list[dict[str, set[Any]]], by: list[str], first: int) -> list[dict[str, Any]]:
    """What the facets of a list of these rows are."""
    groups = []
    for name in by:
        counted = Counter(value for row in rows for value in row[name])
        ordered = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        buckets = []
        for value, count in ordered[:first]:
            id = global_id(NAMES[name], value) if name in NAMES else None
            label = f"N{value}" if id else str(value)
            buckets.append({"value": id or str(value), "label": label, "count": count, "node": id and {"id": id}})
        without = sum(not row[name] for row in rows)
        groups.append({"by": name, "hasMore": len(ordered) > first, "withoutCount": without, "buckets": buckets})
    return groups


@SETTINGS
@given(works=WORKS, asked=WORK_FILTERS, by=st.permutations([*NAMES, "YEAR", "KIND"]), first=st.integers(1, 5))
def test_facets_of_works_equal_a_recount(ask, fill, works, asked, by, first):
    fill(works, {id: {"places": [], "topics": [], "works": 0, "gone": False} for id in PEOPLE})
    by = by[: first + 1]
    held = dict(enumerate(works, FIRST))
    facets = {id: facets_of_work(work) for id, work in held.items()}

    def expected(member: Callable[[int], bool]) -> list[dict[str, Any]]:
        listed = [facets[id] for id, work in held.items() if member(id) and work_matches(work, asked)]
        return recount(listed, by, first)

    parents = {
        "Researcher": PEOPLE, "Topic": (*TOPICS, DOMAIN), "Institution": PLACES, "Source": SOURCES, "Work": held
    }  # fmt: skip
    ids = [(kind, id) for kind, among in parents.items() for id in among]
    found = ask(QUERY, filter=as_input(asked), by=by, first=first, ids=[global_id(*one) for one in ids])
    assert found["works"]["facets"] == expected(lambda _: True)
    for (kind, id), node in zip(ids, found["nodes"], strict=True):
        name = {"Researcher": "AUTHOR", "Topic": "TOPIC", "Institution": "INSTITUTION", "Source": "SOURCE"}.get(kind)
        if name is not None:
            belongs = {work for work in held if matches({name: facets[work][name]}, {ARGUMENTS[name]: [id]})}
            assert node["works"]["facets"] == expected(belongs.__contains__)
        if kind == "Work":
            cited = {one for one in held[id]["cites"] if one in held}
            assert node["references"]["facets"] == expected(cited.__contains__)
            assert node["citedBy"]["facets"] == expected(lambda work, id=id: id in held[work]["cites"])
        for other in node.get("collaborators", {"nodes": ()})["nodes"]:
            both = {id, *[one for one in PEOPLE if global_id("Researcher", one) == other["researcher"]["id"]]}
            assert other["sharedWorks"]["facets"] == expected(lambda work, both=both: both <= facets[work]["AUTHOR"])


@SETTINGS
@given(people=RESEARCHERS, asked=RESEARCHER_FILTERS, first=st.integers(1, 3))
def test_facets_of_researchers_equal_a_recount(ask, fill, people, asked, first):
    fill([], people)
    query = """query ($filter: ResearcherFilter, $by: [ResearcherFacet!]!, $first: Int) {
      researchers(filter: $filter) { facets(by: $by, first: $first) GROUPS }
      institutions(orderBy: NAME) { nodes { researchers(filter: $filter) { facets(by: $by, first: $first) GROUPS } } } }"""
    by = ["COUNTRY", "INSTITUTION", "TOPIC"]
    found = ask(query.replace("GROUPS", GROUPS), filter=as_input(asked), by=by, first=first)
    shown = [
        facets
        for person in people.values()
        if not person["gone"] and person["works"] >= asked.get("minWorks", 0)
        for facets in [facets_of_researcher(person)]
        if matches(facets, asked)
    ]
    assert found["researchers"]["facets"] == recount(shown, by, first)
    for place, node in zip(PLACES, found["institutions"]["nodes"], strict=True):
        there = [facets for facets in shown if place in facets["INSTITUTION"]]
        assert node["researchers"]["facets"] == recount(there, by, first)


def narrowed(asked: dict[str, Any], by: str, value: str) -> dict[str, Any]:
    """The filter with the value of a bucket in it as well."""
    if by == "YEAR":
        return asked | {"years": {"min": int(value), "max": int(value)}}
    return asked | {ARGUMENTS[by]: [value]}


@SETTINGS
@given(works=WORKS, people=RESEARCHERS, data=st.data())
def test_a_value_put_into_the_filter_finds_what_its_bucket_counts(ask, fill, works, people, data):
    fill(works, people)
    for root, kind, filters, by in (
        ("works", "Work", WORK_FILTERS, ["YEAR", "KIND", *NAMES]),
        ("researchers", "Researcher", RESEARCHER_FILTERS, ["INSTITUTION", "TOPIC", "COUNTRY"]),
    ):
        asked = data.draw(filters)
        for name in by:
            rest = {key: value for key, value in asked.items() if key not in (ARGUMENTS.get(name), "years")}
            query = f"query ($filter: {kind}Filter) {{ {root}(filter: $filter) {{ totalCount"
            query += f" facets(by: [{name}]) {{ withoutCount buckets {{ value count }} }} }} }}"
            (group,) = ask(query, filter=as_input(rest))[root]["facets"]
            for bucket in group["buckets"]:
                found = ask(query, filter=narrowed(as_input(rest), name, bucket["value"]))[root]
                assert found["totalCount"] == bucket["count"]
                assert found["facets"][0]["withoutCount"] == 0

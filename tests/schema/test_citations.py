"""Citations through GraphQL: of every work of the small set, and at what cost."""

import asyncio
from pathlib import Path

import orjson
import pytest

from execution import PlanExecutor
from importers.openalex.run import run
from models import Authorship, Researcher, Source, Work
from models.columns import fold
from resolvers.citations import written
from resolvers.citations.cited import one_line
from schema.node import global_id
from tests.resolvers.cited_by_others import READERS, typeset, words

SMALL = Path(__file__).parents[3] / "shared" / "data" / "openalex-small"
ALL = "bibtex: citation(format: BIBTEX) ris: citation(format: RIS) csl: citation(format: CSL_JSON)"
STYLES = "apa: citation(format: APA) mla: citation(format: MLA) chicago: citation(format: CHICAGO)"
READ_BY = {"bibtex": READERS["BIBTEX"], "ris": READERS["RIS"], "csl": READERS["CSL_JSON"]}


@pytest.mark.usefixtures("without_limits")
async def test_every_work_of_the_small_set_is_read_again(ask, engine, tmp_path):
    assert run(engine, str(SMALL), dead_letters=tmp_path / "dead.jsonl").ok
    query = f"""query ($after: String) {{ works(first: 100, orderBy: TITLE, after: $after) {{
        pageInfo {{ hasNextPage endCursor }}
        nodes {{ openAlexId title publicationYear authorships(first: 100) {{ nodes {{ rawName }} }} {ALL} }} }} }}"""
    after, seen = None, 0
    while True:
        page = (await ask(query, after=after))["works"]
        for name, read in READ_BY.items():
            joined = (
                "[" + ",".join(node[name][1:-1] for node in page["nodes"]) + "]"
                if name == "csl"
                else "\n".join(node[name] for node in page["nodes"])
            )
            for node, found in zip(page["nodes"], read(joined), strict=True):
                assert found.key.endswith(node["openAlexId"])
                assert typeset(found.title) == typeset(one_line(node["title"]))
                assert found.year == str(node["publicationYear"])
                assert found.names == [words(one["rawName"]) for one in node["authorships"]["nodes"]]
        seen += len(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == 2000
    page = (await ask(f"{{ works(first: 100) {{ nodes {{ title publicationYear {STYLES} }} }} }}"))["works"]["nodes"]
    for node in page:
        for style in ("apa", "mla", "chicago"):
            assert fold(node["title"].rstrip(".")) in fold(node[style])
            assert str(node["publicationYear"]) in node[style]


async def test_citations_cost_one_statement_whatever_the_number(world, ask, statements):
    world(researchers=1, works=50)
    counts = []
    for size in (1, 50):
        statements.clear()
        ids = [global_id("Work", 1000 + w) for w in range(size)]
        query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Work {{ {ALL} {STYLES} }} }} }}"
        data = await ask(query, ids=ids)
        assert len({node["bibtex"] for node in data["nodes"]}) == size
        counts.append(len(statements))
    assert counts == [2, 2], statements


@pytest.fixture
def byline(save):
    """A work of a source with these names printed in its byline."""

    def make(*names: str | None, **given) -> str:
        save(
            Source(id=1, display_name="Journal", kind="journal"),
            Researcher(id=1, slug="ada", display_name="Ada Lovelace", name_key="ada lovelace", orcid=None),
            Work(
                **{"id": 1, "title": "A title", "title_key": "a title", "kind": "ARTICLE", "source_id": 1, **given},
                author_count=len(names),
            ),
            *[
                Authorship(work_id=1, position=place, raw_name=name, researcher_id=1 if name is None else None)
                for place, name in enumerate(names)
            ],
        )
        return global_id("Work", 1)

    return make


async def test_the_byline_is_whole_and_in_order(ask, byline):
    names = [f"Given{place} Family{place}" for place in range(150)]
    id = byline(*names)
    data = await ask("query ($id: ID!) { node(id: $id) { ... on Work { citation(format: RIS) } } }", id=id)
    assert READERS["RIS"](data["node"]["citation"])[0].names == [words(name) for name in names]


async def test_a_name_that_is_not_printed_is_the_researchers(ask, byline):
    id = byline("Charles Babbage", None, "")
    data = await ask("query ($id: ID!) { node(id: $id) { ... on Work { citation(format: CSL_JSON) } } }", id=id)
    assert orjson.loads(data["node"]["citation"]) == [
        {
            "id": "W1",
            "type": "article-journal",
            "title": "A title",
            "author": [{"family": "Babbage", "given": "Charles"}, {"family": "Lovelace", "given": "Ada"}],
            "container-title": "Journal",
        }
    ]


async def test_signs_between_names_do_not_divide_one(ask, byline):
    id = byline("Charles\x1fBabbage", "Ada\x1eLovelace")
    data = await ask("query ($id: ID!) { node(id: $id) { ... on Work { citation(format: BIBTEX) } } }", id=id)
    assert "author = {Babbage, Charles and Lovelace, Ada}" in data["node"]["citation"]


async def test_whoever_is_cancelled_leaves_after_a_stretch():
    done, begun, loop = [], asyncio.Event(), asyncio.get_running_loop()

    def write(value):
        done.append(value)
        loop.call_soon_threadsafe(begun.set)

    writing = asyncio.ensure_future(written.in_stretches(write, range(10_000)))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await written.in_stretches(str, [1]) == ["1"]  # after whatever was left of the stretch
    assert len(done) < 10_000
    assert len(done) % written.STRETCH == 0


async def test_an_export_is_the_page_in_its_order_and_pages_join(ask, world):
    world(researchers=1, works=45)
    query = """query ($after: String, $format: CitationFormat!) { researcher(by: {slug: "r-1"}) {
        works(first: 20, orderBy: TITLE, after: $after) {
            pageInfo { hasNextPage endCursor } nodes { openAlexId title } export(format: $format) } } }"""
    for format, read in READERS.items():
        texts, nodes, after, more = [], [], None, True
        while more:
            page = (await ask(query, after=after, format=format))["researcher"]["works"]
            texts.append(page["export"])
            nodes += page["nodes"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        joined = (
            orjson.dumps([one for text in texts for one in orjson.loads(text)]).decode()
            if format == "CSL_JSON"
            else "\n".join(texts)
        )
        found = read(joined)
        assert [one.title for one in found] == [node["title"] for node in nodes]
        assert len({one.key for one in found}) == len(nodes) == 45
    (page,) = (await ask('{ researcher(by: {slug: "r-1"}) { works(last: 2) { export(format: APA) } } }')).values()
    assert len(page["works"]["export"].splitlines()) == 2


async def test_exports_cost_two_statements_whatever_the_number(ask, world, statements):
    world(researchers=6, works=6)
    PlanExecutor.runs.clear()
    counts = []
    for size in (1, 6):
        statements.clear()
        ids = [global_id("Researcher", place) for place in range(1, size + 1)]
        query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Researcher {
            works { export(format: BIBTEX) } } } }"""
        data = await ask(query, ids=ids)
        assert len({node["works"]["export"] for node in data["nodes"]}) == size
        counts.append(len(statements))
    assert counts == [3, 3], statements
    assert PlanExecutor.runs == {"planned": 2}


async def test_an_empty_page(ask):
    query = "{ works { bibtex: export(format: BIBTEX) csl: export(format: CSL_JSON) apa: export(format: APA) } }"
    assert (await ask(query))["works"] == {"bibtex": "", "csl": "[]", "apa": ""}

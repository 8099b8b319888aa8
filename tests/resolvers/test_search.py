"""What people type, and what they find by it: the same on both databases."""

import asyncio
import re
import string
from itertools import count

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import Institution, MergedId, Researcher, Topic, Work
from models.indexing import reindex
from resolvers.paging import MORE, NOBODY
from resolvers.refused import Refused
from resolvers.search import search
from resolvers.search_query import parsed
from resolvers.searchables import totals_of
from resolvers.store import Store
from resolvers.suggestions import suggest

PEOPLE = [
    ("Michael I. Jordan", 90_000, ["M. I. Jordan", "Michael Jordan"]),
    ("Michael Jordan", 3, []),
    ("Zhewei Yao", 900, []),
    ("Łukasz Kaiser", 50_000, []),
    ("Jürgen Schmidhuber", 60_000, []),
    ("李明", 40, ["Ming Li"]),
    ("明李", 4, []),
    ("Иван Жуков", 10, []),
    ("Conan O'Brien", 1, []),
    ("Jean-Luc Godard", 20, []),
    ("Ludwig van der Berg", 30, []),
    ("Deep Singh", 5_000, []),
    ("Ngô Bảo Châu", 700, []),
    ("王小明", 6, []),
    ("欧阳修", 8, []),
]
WORKS = [
    ("Deep Learning", 40_000),
    ("Deep Learning in Neural Networks: An Overview", 15_000),
    ("A Survey of Deep Learning on Graphs", 300),
    ("Learning to Learn Deeply", 2),
    ('C++ & <b>Rust</b>: 100% "safe"?', 1),
    ("The $\\alpha$-β transition", 9),
    ("深度学习的方法", 7),
]


@pytest.fixture
def records(save, engine):
    number = count(1)
    save(
        *[
            Researcher(
                id=next(number),
                slug=f"r-{name}",
                display_name=name,
                name_key=name,
                citation_count=cited,
                alternative_names=orjson.dumps(others).decode(),
            )
            for name, cited, others in PEOPLE
        ],
        *[
            Work(id=next(number), title=title, title_key=title, kind="ARTICLE", citation_count=cited)
            for title, cited in WORKS
        ],
        Topic(id=1, slug="dl", level="TOPIC", display_name="Deep Learning", name_key="d", keywords='["Neural Networks"]'),
        Institution(id=1, slug="mit", display_name="Massachusetts Institute of Technology", name_key="m",
                    alternative_names='["MIT"]', ror="042nb2s44", work_count=9),
    )  # fmt: skip
    with engine.begin() as connection:
        reindex(connection)


@pytest.fixture
def find(reader, records):
    async def found(text, kinds=None, first=10, after=None):
        store = Store(reader)
        pages = await search(store, text, kinds, frozenset({"label", MORE}), first=first, after=after)
        return await store.load(pages, NOBODY)

    return found


@pytest.fixture
def labels(find):
    async def found(text, kinds=None):
        return [row.label for row in (await find(text, kinds)).rows]

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("michael jordan", ["Michael I. Jordan", "Michael Jordan"]),
        ("M. I. Jordan", ["Michael I. Jordan"]),
        ("Jordan, M", ["Michael I. Jordan", "Michael Jordan"]),
        ("m jordan", ["Michael I. Jordan", "Michael Jordan"]),
        ("jordan michael", ["Michael I. Jordan", "Michael Jordan"]),
        ("Zhewei-Yao", ["Zhewei Yao"]),
        ("zhewei‐yao", ["Zhewei Yao"]),
        ("Łukasz", ["Łukasz Kaiser"]),
        ("lukasz KAISER", ["Łukasz Kaiser"]),
        ("Juergen Schmidhuber", ["Jürgen Schmidhuber"]),
        ("jurgen schmidhuber", ["Jürgen Schmidhuber"]),
        ("李明", ["李明"]),
        ("ming li", ["李明", "明李"]),
        ("жуков", ["Иван Жуков"]),
        ("ivan zhukov", ["Иван Жуков"]),
        ("obrien", ["Conan O'Brien"]),
        ("o’brien", ["Conan O'Brien"]),
        ("jean luc godard", ["Jean-Luc Godard"]),
        ("van der Berg", ["Ludwig van der Berg"]),
        ("ngo bao chau", ["Ngô Bảo Châu"]),
        ("NGÔ BẢO CHÂU", ["Ngô Bảo Châu"]),
        ("Wang Xiaoming", ["王小明"]),
        ("xiaoming wang", ["王小明"]),
        ("wang xiao ming", ["王小明"]),
        ("ouyang xiu", ["欧阳修"]),
        ("王小", ["王小明"]),
        ("micheal jordan", ["Michael Jordan", "Michael I. Jordan"]),
        ("zhewie yao", ["Zhewei Yao"]),
        ("schmidhubr", ["Jürgen Schmidhuber"]),
        ("schmidhubber jurgen", ["Jürgen Schmidhuber"]),
        ("深度", ["深度学习的方法"]),
        ("度深", []),
        ("c++ rust", ['C++ & <b>Rust</b>: 100% "safe"?']),
        ("Alpha-β", ["The $\\alpha$-β transition"]),
        ('"jordan michael"', []),
        ("nobody of this name", []),
    ],
)
async def test_who_and_what_is_found(labels, text, expected):
    assert await labels(text) == expected


async def test_whole_names_before_beginnings_before_words(labels):
    assert await labels("deep learning") == [
        "Deep Learning",  # the work is better known than the topic
        "Deep Learning",
        "Deep Learning in Neural Networks: An Overview",
        "Learning to Learn Deeply",
        "A Survey of Deep Learning on Graphs",
    ]
    assert await labels("neural networks", ["TOPIC"]) == ["Deep Learning"]
    assert await labels("deep", []) == []


async def test_phrases_and_what_must_not_be_there(labels):
    whole = ["A Survey of Deep Learning on Graphs", "Deep Learning in Neural Networks: An Overview"]
    assert sorted(await labels('"deep learning"', ["WORK"])) == [whole[0], "Deep Learning", whole[1]]
    assert await labels('"deep learning" -graphs -"an overview"', ["WORK"]) == ["Deep Learning"]
    assert await labels("deep -learning") == ["Deep Singh"]
    assert await labels('deep -"deep learning"') == ["Deep Singh", "Learning to Learn Deeply"]
    assert await labels("-deep") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0000-0002-1825-0097", "Ada"),
        ("https://orcid.org/0000-0002-1825-0097", "Ada"),
        ("A5000000100", "Ada"),
        ("https://openalex.org/A5000000099", "Ada"),  # merged
        ("10.1000/x(1)2", "On"),
        ("https://doi.org/10.1000/X(1)2", "On"),
        ("arXiv:2103.13630v2", "On"),
        ("https://arxiv.org/abs/2103.13630", "On"),
        ("https://ror.org/042nb2s44", "Massachusetts Institute of Technology"),
        ("W9100", "On"),
    ],
)
async def test_identifiers_find_what_has_them(labels, save, engine, text, expected):
    save(
        Researcher(id=5_000_000_100, slug="ada", display_name="Ada", name_key="ada", orcid="0000-0002-1825-0097"),
        Work(id=9_100, title="On", title_key="on", kind="ARTICLE", doi="10.1000/x(1)2", arxiv_id="2103.13630"),
        MergedId(kind="researcher", old_id=5_000_000_099, into_id=5_000_000_100),
    )
    with engine.begin() as connection:
        reindex(connection)
    assert await labels(text) == [expected]
    assert await labels(text, ["TOPIC"]) == []


async def test_pages_are_the_whole_list_cut(find):
    for text in ("deep learning", "micheal jordan", "schmidhubr", "l"):
        whole = (await find(text)).rows
        seen, after = [], None
        while True:
            page = await find(text, first=1, after=after)
            seen += [row.label for row in page.rows]
            if not page.has_next:
                break
            after = page.cursor(page.rows[0])
        assert seen == [row.label for row in whole] != []
        with pytest.raises(Refused) as refused:
            await find(f"{text} x", after=page.cursor(page.rows[0]))
        assert refused.value.code == "BAD_CURSOR"


async def test_totals_by_kind(reader, records):
    store = Store(reader)
    pages = await search(store, "deep", None, frozenset(), first=1, after=None)
    assert await store.load(totals_of(pages), NOBODY) == [("WORK", 4), ("RESEARCHER", 1), ("TOPIC", 1)]
    assert await store.load(pages.counts, NOBODY) == 6


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("m", ["Michael I. Jordan"]),
        ("mic", ["Michael I. Jordan", "Michael Jordan"]),
        ("michael jordan", ["Michael Jordan", "Michael I. Jordan"]),
        ("michael j", ["Michael I. Jordan", "Michael Jordan"]),
        ("m. i. jor", ["Michael I. Jordan"]),
        ("zhewei-y", ["Zhewei Yao"]),
        ("schmidhbuer", ["Jürgen Schmidhuber"]),
        ("李", ["李明", "明李"]),
        ("https://ror.org/042nb2s44", ["Massachusetts Institute of Technology"]),
        ("deep ", ["Deep Learning", "Deep Learning in Neural Networks: An Overview", "Deep Singh"]),
        ("", []),
        (" ", []),
        ("!", []),
    ],
)
async def test_suggestions(reader, records, typed, expected):
    assert [one.label for one in await suggest(Store(reader), typed, None, 3)][: len(expected)] == expected


HOSTILE = [
    "*", '"', '""', '"""', "'", "''", "AND", "OR NOT", "NEAR(a b)", "a NEAR/2 b", "deep NEAR learning", "words:deep",
    "{words marks}:deep", "^deep", "deep*", "deep^2", "deep AND", "NOT", "(", ")", "((((", "deep)", "- -", "-", "--deep",
    '-"', '-"deep', "deep:*", "!deep", "deep & learning", "deep | learning", "deep <-> learning", "'deep':*A", "\\", "\\'",
    "\0", "deep\0learning", "%", "_", "%%%", "m_", "m.", "_mi", "|", "| deep |", "; DROP TABLE researcher; --",
    "' OR 1=1 --", "1; SELECT pg_sleep(10)", "\u202edeep\u202c", "\u200f\u05d0\u05d1", "\ufdfa", "\ufeff", "\ud7ff",
    "\U0001f9ec", "\u00e9" * 500, "a" * 1000, "a " * 32, "-a " * 300, '"a b" ' * 30, "\u0300" * 900, "\u0130", "\u00df",
    "\u01c5", "\U0001d521\U0001d522", "\uff11\uff12", "\t\n\r\v\f", "()[]{}<>@#$",
]  # fmt: skip


async def test_hostile_queries_are_queries(find, reader, records):
    for text in HOSTILE:
        await find(text)
        await suggest(Store(reader), text, None, 5)
    for text in ("x" * 10_000, " ".join(["a"] * 65)):
        for look in (find(text), suggest(Store(reader), text, None, 5)):
            with pytest.raises(Refused) as refused:
                await look
            assert refused.value.code == "BAD_USER_INPUT"


@given(st.text(max_size=200))
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_parsed_into_words_that_no_database_takes_for_more(text):
    conditions = parsed(text, "query").conditions()
    words = re.findall(r'"([^"]*)"', conditions.get("fts5", ""))
    assert words == re.findall(r"'([^']*)'", conditions.get("tsquery", ""))
    assert not set("".join(words)) & (set(string.punctuation + string.whitespace + "\0") - set("._"))
    assert set(re.sub(r'"[^"]*"', "", conditions.get("fts5", ""))) <= set(" ()*ANDORNOT")
    assert set(re.sub(r"'[^']*'", "", conditions.get("tsquery", ""))) <= set(" ()&|!:*")


async def test_suggestions_do_not_wait_for_each_other(reader, records):
    texts = ["m", "mi", "mic", "mich"]
    together = await asyncio.gather(*[suggest(Store(reader), text, None, 3) for text in texts])
    assert together == [await suggest(Store(reader), text, None, 3) for text in texts]

"""Names, and works as citations in every format, whatever their titles and bylines are made of."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.work import WORK_KINDS
from resolvers.citations.cited import BETWEEN, Cited, one_line
from resolvers.citations.names import Name, read_name
from resolvers.citations.written import FORMATS
from tests.resolvers.cited_by_others import READERS, words


def cited(*names: str, **given: Any) -> Cited:
    row = {
        "id": 1,
        "title": "A title",
        "kind": "ARTICLE",
        "publication_year": 2020,
        "doi": None,
        "arxiv_id": None,
        "landing_page_url": None,
        "language": None,
        "volume": None,
        "issue": None,
        "first_page": None,
        "last_page": None,
        "source_name": None,
        "source_kind": None,
        "issn": None,
        "publisher": None,
        "names": BETWEEN.join(names),
    }
    return Cited(SimpleNamespace(**{**row, **given}))


def one(name: str, work: Cited) -> str:
    form = FORMATS[name]
    return form.join([form.write(work)])


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("Kurt Keutzer", Name("Keutzer", "Kurt")),
        ("Keutzer, Kurt", Name("Keutzer", "Kurt")),
        ("Jan P. van der Berg", Name("Berg", "Jan P.", "van der")),
        ("van der Berg J.P.", Name("Berg", "J.P.", "van der")),
        ("Berg, Jan van der", Name("Berg", "Jan", "van der")),
        ("van der Berg, Jan", Name("Berg", "Jan", "van der")),
        ("Ana de Souza Silva", Name("Souza Silva", "Ana", "de")),
        ("Luc Van Gool", Name("Van Gool", "Luc")),
        ("Quoc V. Le", Name("Le", "Quoc V.")),
        ("José Ortega y Gasset", Name("Ortega y Gasset", "José")),
        ("j e smith", Name("smith", "j e")),
        ("von Neumann", Name("Neumann", "", "von")),
        ("Jan van der", Name("der", "Jan", "van")),
        ("Martin Luther King Jr.", Name("King", "Martin Luther", "", "Jr.")),
        ("Martin Luther King, Jr.", Name("King", "Martin Luther", "", "Jr.")),
        ("King, Martin Luther, Jr.", Name("King", "Martin Luther", "", "Jr.")),
        ("King, Jr., Martin Luther", Name("King", "Martin Luther", "", "Jr.")),
        ("Michael I. Jordan II", Name("Jordan", "Michael I.", "", "II")),
        ("Łukasz Kaiser", Name("Kaiser", "Łukasz")),
        ("Иван Петров", Name("Петров", "Иван")),
        ("qiang liu", Name("liu", "qiang")),
        ("Yi Ma", Name("Ma", "Yi")),
        ("Smith JA", Name("Smith", "JA")),
        ("Le Q. V.", Name("Le", "Q. V.")),
        ("DONG YU", Name("YU", "DONG")),
        ("WANG Xiaoming", Name("WANG", "Xiaoming")),
        ("SVN Vishwanathan", Name("Vishwanathan", "SVN")),
        ("T.C. Hsia", Name("Hsia", "T.C.")),
        ("J.R.R. Tolkien", Name("Tolkien", "J.R.R.")),
        ("J.-P. Serre", Name("Serre", "J.-P.")),
        ("C.-C. Jay Kuo", Name("Kuo", "C.-C. Jay")),
        ("A.R. del Pobil", Name("Pobil", "A.R.", "del")),
        ("M.D. Naish", Name("Naish", "M.D.")),
        ("O'BRIEN Mary", Name("O'BRIEN", "Mary")),
        ("Ivor W.Tsang", Name("Tsang", "Ivor W.")),
        ("Sun Bin Yim", Name("Yim", "Sun Bin")),
        ("Ali bin Hassan", Name("Hassan", "Ali", "bin")),
        ("Ali ibn Hamid", Name("Hamid", "Ali", "ibn")),
        ("Fernando De la Torre", Name("De la Torre", "Fernando")),
        ("H. F. M. Van der Loos", Name("Van der Loos", "H. F. M.")),
        ("Ben van der Berg", Name("Berg", "Ben", "van der")),
        ("Kiet Van Nguyen", Name("Nguyen", "Kiet Van")),
        ("Jerome Le Ny", Name("Le Ny", "Jerome")),
        ("Luigi Lo Iacono", Name("Lo Iacono", "Luigi")),
        ("Oliver St. John", Name("St. John", "Oliver")),
        ("Oliver St John", Name("St John", "Oliver")),
        ("Dr. Paul Lukowicz", Name("Lukowicz", "Paul")),
        ("Dr.Saman Amarasinghe", Name("Amarasinghe", "Saman")),
        ("Prof. Dr.-Ing. Max Born", Name("Born", "Max")),
        ("Drew Barrymore", Name("Barrymore", "Drew")),
        ("Md Mofijul Islam", Name("Islam", "Md Mofijul")),
        ("Jane Smith PhD", Name("Smith", "Jane")),
        ("Jane Smith, M.D., Ph.D.", Name("Smith", "Jane")),
        ("Smith, Jane, MD", Name("Smith", "Jane")),
        ("Martin King, Jr., PhD", Name("King", "Martin", "", "Jr.")),
        ("Smith M.D.", Name("Smith", "M.D.")),
        ("van der Berg, M.D.", Name("Berg", "M.D.", "van der")),
        ("Madonna", Name("Madonna")),
        ("李明", Name("李明")),
        ("李 明", Name("李 明")),
        ("ATLAS Collaboration", Name("ATLAS Collaboration")),
        ("Bill and Melinda Gates", Name("Bill and Melinda Gates")),
        (",", Name(",")),
    ],
)
def test_the_parts_of_a_name(printed, name):
    assert read_name(printed) == name


ARTICLE = {
    "source_name": "Journal of Things",
    "source_kind": "journal",
    "volume": "3",
    "issue": "2",
    "first_page": "112",
    "last_page": "134",
    "doi": "10.1/abc_d",
    "landing_page_url": "https://doi.org/10.1/abc_d",
}
BYLINE = ("Jan P. van der Berg", "Jun-ichi (Jim) Tsujii", "李明", "Ana de Souza Silva", "Martin King Jr.")
EXPECTED = {
    "BIBTEX": """@article{berg2020-W1,
  author = {van der Berg, Jan P. and Tsujii, Jun-ichi (Jim) and {李明} and de Souza Silva, Ana and King, Jr., Martin},
  title = {{Is {\\$}x{\\$} {\\&} {\\textbraceleft}it 100{\\%} good?}},
  journal = {Journal of Things},
  year = {2020},
  volume = {3},
  number = {2},
  pages = {112--134},
  doi = {10.1/abc_d},
}
""",
    "RIS": """TY  - JOUR
ID  - W1
AU  - van der Berg, Jan P.
AU  - Tsujii, Jun-ichi (Jim)
AU  - 李明
AU  - de Souza Silva, Ana
AU  - King, Martin, Jr.
TI  - Is $x$ & {it 100% good?
PY  - 2020
T2  - Journal of Things
VL  - 3
IS  - 2
SP  - 112
EP  - 134
DO  - 10.1/abc_d
ER  -\x20
""",
    "APA": "van der Berg, J. P., Tsujii, J.-I., 李明, de Souza Silva, A., & King, M., Jr. (2020). "
    "Is $x$ & {it 100% good? Journal of Things, 3(2), 112–134. https://doi.org/10.1/abc_d",
    "MLA": "van der Berg, Jan P., et al. “Is $x$ & {it 100% Good?” Journal of Things, vol. 3, no. 2, 2020, pp. 112–34, "
    "https://doi.org/10.1/abc_d.",
    "CHICAGO": "Berg, Jan P. van der, Jun-ichi (Jim) Tsujii, 李明, Ana de Souza Silva, and Martin King Jr. 2020. "
    "“Is $x$ & {it 100% Good?” Journal of Things 3 (2): 112–34. https://doi.org/10.1/abc_d.",
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_article_as_its_readers_expect_it(name):
    assert one(name, cited(*BYLINE, title="Is $x$ & {it 100% good?", **ARTICLE)) == EXPECTED[name]


def test_a_preprint_without_a_year():
    work = cited(
        "Ashish Vaswani",
        title="Attention",
        kind="PREPRINT",
        publication_year=None,
        arxiv_id="1706.03762",
        source_name="arXiv (Cornell University)",
        source_kind="repository",
    )
    assert one("APA", work) == "Vaswani, A. (n.d.). Attention (arXiv:1706.03762). arXiv."
    assert one("MLA", work) == "Vaswani, Ashish. “Attention.” arXiv:1706.03762, arXiv."
    assert one("CHICAGO", work) == "Vaswani, Ashish. n.d. “Attention.” arXiv:1706.03762. Preprint, arXiv."
    assert "eprint = {1706.03762},\n  archiveprefix = {arXiv}" in one("BIBTEX", work)


def test_a_work_of_nobody_shows_its_title_once():
    assert one("APA", cited(title="Nobody's", publication_year=None)) == "Nobody's. (n.d.)."
    assert one("MLA", cited(title="Nobody's", source_name="J", source_kind="journal")) == "“Nobody's.” J, 2020."


@pytest.mark.parametrize("style", ["APA", "MLA", "CHICAGO"])
@pytest.mark.parametrize("kind", WORK_KINDS)
def test_every_kind_of_work_shows_its_title_once_and_its_year(style, kind):
    for names in ((), ("Ada Lovelace",)):
        for source in ({}, {"source_name": "Journal", "source_kind": "journal"}):
            text = one(style, cited(*names, kind=kind, publication_year=1987, **source))
            assert text.lower().count("a title") == 1
            assert "1987" in text


KNOWN = re.compile(r"https://doi\.org/10\.1/x|\b(?:Lovelace|Ada|A\.|1987|n\.d\.|Xyz|Journal)|\W")
LABELS = {"", "Dataset", "Computersoftware", "Preprint", "In"}


@pytest.mark.parametrize("style", ["APA", "MLA", "CHICAGO"])
@pytest.mark.parametrize("kind", WORK_KINDS)
@pytest.mark.parametrize("source", [{}, {"source_name": "Journal", "source_kind": "journal"}])
def test_no_style_labels_what_is_not_known(style, kind, source):
    facts = {"title": "Xyz", "kind": kind, "publication_year": 1987, **source}
    for known in ({}, {"doi": "10.1/x"}, {"publication_year": None}, {"publication_year": None, "doi": "10.1/x"}):
        text = one(style, cited("Ada Lovelace", **{**facts, **known}))
        assert KNOWN.sub("", text) in LABELS, text


@pytest.mark.parametrize("style", ["APA", "MLA", "CHICAGO"])
def test_links_of_a_style_are_urls(style):
    doi = "10.1002/(sici)1<1::aid-x>2%2-2"
    assert "https://doi.org/10.1002/(sici)1%3C1::aid-x%3E2%252-2" in one(style, cited("A B", doi=doi))
    assert "https://x.example/a%20b%3C" in one(style, cited("A B", landing_page_url="https://x.example/a b<"))
    assert f"DO  - {doi}\n" in one("RIS", cited("A B", doi=doi))


@pytest.mark.parametrize("name", FORMATS)
def test_three_thousand_authors(name):
    work = cited(*[f"Given{i} Family{i}" for i in range(3000)])
    text = one(name, work)
    if name in READERS:
        assert READERS[name](text)[0].names == [words(f"Given{i} Family{i}") for i in range(3000)]
    else:
        assert "Family0, G" in text
        assert len(text) < 1000
    if name == "APA":  # the first nineteen and the last
        assert "Family18, G., … Family2999, G. (2020)." in text


# Whatever a database holds: no NUL, no lone surrogates.
anything = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
pieces = [*"${}%&\\#_^~<>@,=\"'\n\x1f é李a", "\\alpha", "$x$", "@article{a,", '<span class="nocase">', "</span>"]
latex = st.lists(st.sampled_from(pieces), max_size=12).map("".join)
titles = anything | latex
words_of_names = "van der de la Jr. II and Łukasz 李明 J.-P. Q. McKay 't , { } & % - . ( ) X ab"
names = anything | st.lists(st.sampled_from(words_of_names.split()), max_size=6).map(" ".join)
some = st.none() | anything
sources = st.sampled_from([None, "journal", "conference", "repository", "ebook platform"])
works = st.builds(
    lambda names, **given: cited(*names, **given),
    st.lists(names.filter(lambda name: BETWEEN not in name), max_size=5),
    title=titles,
    kind=st.sampled_from(WORK_KINDS),
    publication_year=st.none() | st.integers(1000, 2200),
    volume=some,
    issue=some,
    first_page=some | st.just("1-2"),
    last_page=some,
    doi=some,
    arxiv_id=st.none() | st.just("math/0211159"),
    landing_page_url=some,
    language=some | st.just("en"),
    publisher=some,
    issn=some,
    source_name=some,
    source_kind=sources,
)


@pytest.mark.parametrize("name", ["RIS", "CSL_JSON"])
@settings(deadline=None)
@given(works)
def test_whatever_a_work_holds_is_read_again(name, work):
    (read,) = READERS[name](one(name, work))
    assert read.key == "W1"
    assert read.title == one_line(work.row.title)
    assert read.year == str(work.row.publication_year or "")
    printed = [name for text in work.row.names.split(BETWEEN) if (name := one_line(text))]
    assert [n.replace(",", "").replace(" ", "") for n in read.names] == [
        words(n.replace(",", " ")).replace(",", "").replace(" ", "") for n in printed
    ]


@settings(deadline=None)
@example(cited("% 0", "0"))
@given(works)
def test_no_title_or_name_breaks_bibtex(work):
    (read,) = READERS["BIBTEX"](one("BIBTEX", work))
    assert read.key.endswith("W1")
    assert read.year == str(work.row.publication_year or "")
    assert len(read.names) == len(work.names())


@settings(deadline=None, max_examples=60)
@given(st.text(st.sampled_from("${}%&\\#_<>@,=|;:/()[]!?*+ aZ0éŁ李я"), max_size=30))
def test_bibtex_shows_the_same_title(title):
    (read,) = READERS["BIBTEX"](one("BIBTEX", cited("A B", title=title)))
    assert " ".join(read.title.split()) == one_line(title)


@pytest.mark.parametrize("name", ["APA", "MLA", "CHICAGO"])
@settings(deadline=None, max_examples=60)
@given(works)
def test_no_work_breaks_a_style(name, work):
    text = one(name, work)
    assert "\n" not in text
    assert not work.title or str(work.row.publication_year or "") in text  # of a year alone nothing is shown


def test_a_key_is_the_works_own():
    text = "".join(FORMATS["BIBTEX"].write(cited("Kurt Keutzer", id=id)) for id in (1, 2))
    assert [read.key for read in READERS["BIBTEX"](text)] == ["keutzer2020-W1", "keutzer2020-W2"]

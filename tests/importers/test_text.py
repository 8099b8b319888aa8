import gzip
import hashlib
import json
import logging
import time
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.formula import MAX_FORMULA, formula
from importers.text import MAX_CHARACTERS, MAX_WORDS, abstract, clean, plain, slug

DATA = Path(__file__).parents[3] / "shared" / "data"
MARKUP = st.lists(
    st.sampled_from(
        [
            *"${}\\<>&;^_`'\"~[]()%# ab1é",
            "\\emph{",
            "\\alpha",
            "\\frac",
            "\\url{",
            "\\cite{",
            "&amp;",
            "<i>",
            "</p>",
            "$x_1$",
            "\\begin{",
            "C:\\",
        ]
    ),
    max_size=60,
).map("".join)


def seed_works():
    file = DATA / "openalex-seed/data/jsonl/works/updated_date=2026-11-01/part_0000.gz"
    with gzip.open(file) as lines:
        return {work["id"]: work for work in map(json.loads, lines)}


def test_clean_removes_only_what_cannot_be_stored():
    assert clean("a\0b\ud800c") == "ab\ufffdc"
    assert clean("e\u0301\u200d\U0001f600\u202e\t\x07") == "é\u200d\U0001f600\u202e\t\x07"
    assert clean("plain\0") == "plain"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_clean_is_idempotent_and_encodable(text):
    once = clean(text)
    assert clean(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\0" not in once
    once.encode()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("layer&#39;s &#34;x&#34; AT&amp;T", 'layer\'s "x" AT&T'),
        ("it&amp;#39;s &amp;rsquo;", "it's ’"),
        ("a&#13;\\n b&nbsp;c", "a b c"),
        ("R&D, ?a=1&copy=2&notit;", "R&D, ?a=1&copy=2&notit;"),
        ("x&#0;y&#xD800;", "x\ufffdy\ufffd"),
        ("&lt;p&gt;This&lt;/p&gt;", "This"),
        ("<jats:title>Abstract</jats:title><jats:p>One.</jats:p><jats:p>Two", "Abstract One. Two"),
        (
            '<i>t</i>-test, CO<sub>2</sub>, 10<sup>-3</sup>, 4<sup>th</sup> <a href="x">y</a>',
            "t-test, CO₂, 10⁻³, 4th y",
        ),
        ('<mml:math display="inline"><mml:mi>x</mml:mi></mml:math><!-- gone -->', "x"),
        (
            "a < b and c > d; x<y; if a<b and c>d; <1%; <s> </s> <mask>",
            "a < b and c > d; x<y; if a<b and c>d; <1%; <s> </s> <mask>",
        ),
        ("a\u00a0 b\n\t c ", "a b c"),
    ],
)
def test_entities_tags_and_space(text, read):
    assert plain(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"$3\times$, 1.3$\times$, $32\times 32$", "3×, 1.3×, 32×32"),
        (r"10\%, $4.5\%$, $86%$, Q\&A", "10%, 4.5%, 86%, Q&A"),
        (
            r"$L_0$ and $L_p$, $x_{i+1}$, $x^{2}$, $d^{1/2}$, CO$_2$, $2^{nd}$",
            "L₀ and L_p, x_(i+1), x², d^(1/2), CO₂, 2nd",
        ),
        (r"Net$^{\dagger}$. $w^*$", "Net†. w*"),
        (r"$\tilde{O}(\sqrt{d^3T})$, $\mathbb R^n$, $\mathcal{O}(n\log{K})$", "Õ(√(d³T)), ℝ^n, 𝒪(n log K)"),
        (r"$\frac{a+b}{c}$, $\sqrt[3]{x}$, $\|x\|_p \leq 1$", "(a+b)/c, ³√x, ‖x‖_p ≤ 1"),
        (r"$f: \{-1,1\}^n \rightarrow \mathbb{R}$", "f: {-1,1}^n → ℝ"),
        (r"$\foo{x}$ $\foo$ $\bf x$ $\bm{108}\times$", "x foo x 108×"),
        (r"$$\alpha$$ \(x^2\) \[y\] $ \beta $", "α x² y β"),
        (r"$\textbf{3.5 chrF++ on it}$ and $\text{RL}^2$", "3.5 chrF++ on it and RL²"),
        (r"\ell_1, \mathbbR^m, O(nr\log n), \delta > 0", "ℓ₁, ℝ^m, O(nr log n), δ > 0"),
        (r"$\alpha", "$α"),
    ],
)
def test_formulas(text, read):
    assert plain(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (r"\textit{node \emph{value}} \texttt{a_b} {\em only} the \it training", "node value a_b only the training"),
        (r"DNAS~\cite{wu2018}, and HAQ \citep[p. 2]{a,b}.", "DNAS, and HAQ."),
        (r"as shown by \cite{wu2018} and \citet{li}", "as shown by [wu2018] and [li]"),
        (r"ZeroQ\footnote{https://x.org/a_b}.", "ZeroQ (https://x.org/a_b)."),
        (
            r"$\href{https://x.org/a_1}{here}.$ \href{u}{u} \url{https://x.org/~a\_b%20c}",
            "here (https://x.org/a_1). u https://x.org/~a_b%20c",
        ),
        (
            r"Schr\"odinger {\'E}cole Erd\H{o}s na{\"\i}ve \c{c}a J\o rgensen",
            "Schrödinger École Erdős naïve ça Jørgensen",
        ),
        (r"\"quoted\" don\'t https:\/\/x.org", '"quoted" don\'t https://x.org'),
        (
            r"\emphfast extit{critic} ~ootnote{https://x.y} \xgboost \method{} \RV{with}",
            "fast critic (https://x.y) xgboost method with",
        ),
        (r"{PF}$^2$ES {B}ayesian Poincar{é} 370 {+-} 1 km{sup 2} {1, 2}", "PF²ES Bayesian Poincaré 370 ± 1 km² {1, 2}"),
        (r"\begin{itemize} \item a \item b \end{itemize} \textcolor{red}{hot}", "a b hot"),
        (r"``Human'' `swiss knife' isn't vs.~real ~2% /~kai", "“Human” ‘swiss knife’ isn't vs. real ~2% /~kai"),
        (r"\\textbf{twice} \textbf{cut off", "twice cut off"),
    ],
)
def test_commands(text, read):
    assert plain(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 and $10",
        "from $5-$10, US$5, or A$10.",
        "Micro$oft and Ca$h, $PATH:$HOME/x",
        r"C:\new\table and C:\Program Files\foo.txt, \\srv\share\x",
        r"src\models\train.py",
        r"a \ b",
        '{"a": [1]}',
        "{$} $ { } \\",
        "50% of #1, x_1^2 & y ~ z",
    ],
)
def test_what_is_no_markup_survives(text):
    assert plain(text) == text


@settings(max_examples=500)
@given(st.text(st.characters(codec=None, exclude_categories=())) | MARKUP)
def test_plain_never_raises_and_settles(text):
    once = plain(text)
    once.encode()
    assert once == " ".join(once.split())
    if not set(once) & set("&\\$<{}`~"):
        assert plain(once) == once


@pytest.mark.parametrize(
    "unit",
    [
        "$",
        "{",
        "}",
        "\\",
        "<",
        "&amp;",
        "$a_1",
        "\\emph{",
        "{\\em ",
        "<b a=",
        "<!--",
        "``",
        "\\(",
        "$x$ ",
        "\\frac{",
        "[",
        "C:\\a ",
        "{}",
        "&#1",
    ],
)
def test_hostile_repetition_is_fast(unit):
    started = time.perf_counter()
    plain(unit * (200_000 // len(unit)))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("opening", ["{", "{\\em ", "\\emph{", "$" + "{" * 400 + "}" * 400 + "$"])
def test_deep_nesting_keeps_the_text(opening):
    assert "kept" in plain(opening * 1_000 + "kept" + "}" * 1_000)


def test_unreadable_formula_stays():
    assert plain(r"$\frac{a$ b") == r"$\frac{a$ b"
    assert plain("$x^$") == "$x^$"
    with pytest.raises(ValueError, match="too large"):
        formula("\\alpha" * MAX_FORMULA)


def test_pylatexenc_is_silent(caplog, capsys):
    with caplog.at_level(logging.DEBUG):
        plain(r"$\left( \input{/etc/passwd} \begin{foo}$ $\verb|x$ \input{x}")
    assert not caplog.records
    assert capsys.readouterr() == ("", "")


def test_seed_abstracts_are_exactly_the_pages():
    profile = json.loads((DATA / "seed-profile.json").read_text())["works"]
    works = seed_works()
    for fact in profile:
        text = abstract(works[fact["set1_work_id"]]["abstract_inverted_index"])
        assert hashlib.sha256(text.encode()).hexdigest() == fact["abstract_sha256"]
        if fact["has_latex"] or fact["has_html_entities"]:
            assert not set(plain(text)) & set("\\${}&")
    assert len(profile) == 45


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1), max_size=200))
def test_abstract_rebuilds_an_inverted_text(words):
    inverted = {}
    for at, word in enumerate(words):
        inverted.setdefault(word, []).append(at * 7)
    expected = " ".join(words) or None
    assert abstract(inverted) == expected
    old = {"IndexLength": len(words), "InvertedIndex": inverted}
    assert abstract(old) == abstract(json.dumps(old)) == expected


def test_abstract_is_deterministic_and_closes_gaps():
    assert abstract({"b": [1], "a": [1], "c": [0]}) == abstract({"a": [1], "c": [0], "b": [1]}) == "c a b"
    tracemalloc.start()
    assert abstract({"far": [10**9], "InvertedIndex": [3]}) == "InvertedIndex far"
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "empty", [None, {}, {"a": []}, '{"IndexLength": 0, "InvertedIndex": {}}', {"InvertedIndex": None}]
)
def test_abstract_without_words(empty):
    assert abstract(empty) is None


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([], "list"),
        (7, "int"),
        ("[1]", "list"),
        ("no json", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ({"InvertedIndex": 3}, "int"),
        ({"a": 1}, "positions for 'a'"),
        ({"a": [-1]}, "positions"),
        ({"a": [True]}, "positions"),
        ({"a": [1.0]}, "positions"),
        ({"a": ["1"]}, "positions"),
        ({"a": list(range(MAX_WORDS + 1))}, "200,001 words"),
        ({"a" * 10_000: list(range(200))}, f"characters, more than {MAX_CHARACTERS:,}"),
    ],
)
def test_abstract_refuses(index, message):
    with pytest.raises(ValueError, match=message):
        abstract(index)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Kurt Keutzer", "kurt-keutzer"),
        ("Łukasz Kaiser", "lukasz-kaiser"),
        ("O'Brien", "obrien"),
        ("O’Brien", "obrien"),
        ("Area 51", "area51"),
        ("a-1-2", "a12"),
        ("Jean-Luc  Ørsted, Jr.", "jean-luc-orsted-jr"),
        ("...", "x"),
        ("", "x"),
        ("word " * 40, "-".join(["word"] * 16)),
        ("w" * 100, "w" * 80),
    ],
)
def test_slug(name, expected):
    assert slug(name, "x") == expected


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_slug_shape(name):
    made = slug(name, "fallback")
    assert made.isascii()
    assert 0 < len(made) <= 80
    assert not made.rpartition("-")[2].isdigit() or "-" not in made
    assert all(word.isalnum() and word == word.lower() for word in made.split("-"))

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.identifiers import recognise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://openalex.org/W2741809807", ("Work", 2741809807)),
        ("w2741809807", ("Work", 2741809807)),
        ("https://openalex.org/authors/A5023888391", ("Researcher", 5023888391)),
        ("I95457486", ("Institution", 95457486)),
        ("T10055", ("Topic", 10055)),
        ("https://openalex.org/subfields/1702", ("Topic", 3_000_001_702)),
        ("S4306400194", ("Source", 4306400194)),
        ("https://orcid.org/0000-0002-1825-0097", ("orcid", "0000-0002-1825-0097")),
        ("0000-0002-1694-233x", ("orcid", "0000-0002-1694-233X")),
        ("https://ror.org/03yrm5c26", ("ror", "03yrm5c26")),
        ("https://doi.org/10.48550/ARXIV.2003.00832", ("doi", "10.48550/arxiv.2003.00832")),
        ("https://doi.org/10.1002/a%3C1%3A%3AAID%3E2", ("doi", "10.1002/a<1::aid>2")),
        ("10.1002/a%3C1", ("doi", "10.1002/a%3c1")),
        ("doi:10.1000/xyz123", ("doi", "10.1000/xyz123")),
        ("https://doi.org/10.48550/arXiv.2003.00832", ("arxiv_id", "2003.00832")),
        ("https://www.doi.org/10.1000/xyz123", ("doi", "10.1000/xyz123")),
        ("(10.1000/xyz123).", ("doi", "10.1000/xyz123")),
        ("10.1000/x(1)", ("doi", "10.1000/x(1)")),
        ("orcid: 0000-0002-1825-0097", ("orcid", "0000-0002-1825-0097")),
        ("openalex:A5023888391", ("Researcher", 5023888391)),
        ("arXiv:2003.00832v3", ("arxiv_id", "2003.00832")),
        ("arxiv 2003.00832", ("arxiv_id", "2003.00832")),
        ("https://arxiv.org/html/2003.00832v2", ("arxiv_id", "2003.00832")),
        ("https://arxiv.org/abs/math/0211159", ("arxiv_id", "math/0211159")),
        ("  kurt-keutzer ", ("slug", "kurt-keutzer")),
    ],
)
def test_what_people_paste(text: str, expected: tuple[str, object]):
    assert expected in list(recognise(text))


@pytest.mark.parametrize("text", ["", " ", "\0", "W" * 3000, "W" + "9" * 30, "10.", "Ünï"])
def test_what_names_nothing(text: str):
    assert list(recognise(text)) == []


def test_a_wrong_check_digit_is_no_orcid():
    assert [scheme for scheme, _ in recognise("0000-0002-1825-0098")] == ["slug"]


@given(st.text())
def test_any_text_is_answered(text: str):
    list(recognise(text))

"""BibTeX, written here: libraries refuse a brace that has no partner, and pybtex takes 0.15 s for 3,000 names."""

from __future__ import annotations

import re

from anyascii import anyascii

from resolvers.citations.cited import Cited, one_line
from resolvers.citations.names import Name

# BibTeX counts braces even where TeX would not, so none may stand for itself.
_TEX = str.maketrans(
    {sign: f"{{\\{sign}}}" for sign in "&%#_$"}
    | {
        "\\": r"{\textbackslash}",
        "{": r"{\textbraceleft}",
        "}": r"{\textbraceright}",
        "~": r"{\textasciitilde}",
        "^": r"{\textasciicircum}",
        "<": r"{\textless}",
        ">": r"{\textgreater}",
    }
)
_VERBATIM = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C"})
_NO_LETTER = re.compile("[^a-z]")
# What each kind of entry calls where the work appeared, or who published it.
_PLACES = {
    "article": ("journal", "publisher"),
    "inproceedings": ("booktitle", "publisher"),
    "incollection": ("booktitle", "publisher"),
    "book": ("series", "publisher"),
    "phdthesis": ("series", "school"),
    "techreport": ("series", "institution"),
    "misc": ("series", "howpublished"),
}


def entry(cited: Cited) -> str:
    row, kind, names = cited.row, cited.form.bibtex, cited.names()
    container, publisher = _PLACES[kind]
    pages = "--".join(page for one in (row.first_page, row.last_page) if (page := one_line(one)))
    fields = {
        "author": " and ".join(map(_author, names)),
        "title": f"{{{_text(cited.title)}}}" if cited.title else "",  # twice in braces: styles leave its case alone
        container: _text(cited.container),
        publisher: _text(cited.publisher),
        "year": str(row.publication_year or ""),
        "volume": _text(one_line(row.volume)),
        "number": _text(one_line(row.issue)),
        "pages": _text(pages),
        "doi": _verbatim(row.doi),
        "url": _verbatim(cited.url),
        "eprint": _verbatim(row.arxiv_id),
        "archiveprefix": "arXiv" if row.arxiv_id else "",
        "issn": _text(one_line(row.issn)) if cited.container else "",
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@{kind}{{{_key(cited, names)},\n{lines}}}\n"


def _key(cited: Cited, names: list[Name]) -> str:
    """The work's own, in every export: whoever joins pages never has the same key twice."""
    family = _NO_LETTER.sub("", anyascii(names[0].family).lower())[:40] if names else ""
    start = f"{family}{cited.row.publication_year or ''}"
    return f"{start}-{cited.id}" if start else cited.id


def _author(name: Name) -> str:
    family = _text(name.family)
    if not name.given:
        alone = name.particle and not name.suffix
        return f"{_text(name.particle)} {family}" if alone else f"{{{_text(name.printed)}}}"
    if any(word[0].islower() for word in name.family.split()[:-1]):  # which BibTeX would take for a particle
        family = f"{{{family}}}"
    parts = (f"{_text(name.particle)} {family}".lstrip(), _text(name.suffix), _text(name.given))
    return ", ".join(filter(None, parts))


def _text(value: str) -> str:
    return value.translate(_TEX)


def _verbatim(value: str | None) -> str:
    """What is a link or an address, which packages take as it stands."""
    return one_line(value).translate(_VERBATIM)

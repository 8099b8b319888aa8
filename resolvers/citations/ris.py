"""RIS: lines of a tag and a value. There is nothing to escape, only line breaks to keep out."""

from __future__ import annotations

from collections.abc import Iterator

from resolvers.citations.cited import Cited, one_line
from resolvers.citations.names import Name


def record(cited: Cited) -> str:
    return "".join(f"{tag}  - {value}\n" for tag, value in _lines(cited) if value) + "ER  - \n"


def _lines(cited: Cited) -> Iterator[tuple[str, str]]:
    row = cited.row
    yield "TY", cited.form.ris
    yield "ID", cited.id
    for name in cited.names():
        yield "AU", _author(name)
    yield "TI", cited.title
    yield "PY", str(row.publication_year or "")
    yield "T2", cited.container
    yield "PB", cited.publisher
    yield "VL", one_line(row.volume)
    yield "IS", one_line(row.issue)
    yield "SP", one_line(row.first_page)
    yield "EP", one_line(row.last_page)
    yield "SN", one_line(row.issn) if cited.container else ""
    yield "DO", one_line(row.doi)
    yield "UR", cited.url
    yield "LA", one_line(row.language)


def _author(name: Name) -> str:
    family = f"{name.particle} {name.family}".lstrip()
    return ", ".join(part for part in (family, name.given, name.suffix) if part)

"""CSL-JSON: the form of a work that reference managers exchange and styles are written for."""

from __future__ import annotations

from typing import Any

from resolvers.citations.cited import Cited, one_line
from resolvers.citations.names import Name


def item(cited: Cited, most_names: int | None = None) -> dict[str, Any]:
    """The work; what is not known is not there."""
    row = cited.row
    pages = "-".join(page for one in (row.first_page, row.last_page) if (page := one_line(one)))
    found: dict[str, Any] = {
        "id": cited.id,
        "type": cited.form.csl,
        "title": cited.title,
        "author": [*map(_author, cited.names(most_names))],
        "issued": row.publication_year and {"date-parts": [[row.publication_year]]},
        "container-title": cited.container,
        "publisher": cited.publisher,
        "volume": one_line(row.volume),
        "issue": one_line(row.issue),
        "page": pages,
        "number": f"arXiv:{row.arxiv_id}" if row.arxiv_id and not cited.container else "",
        "DOI": one_line(row.doi),
        "URL": cited.url,
        "ISSN": one_line(row.issn) if cited.container else "",
        "language": one_line(row.language),
    }
    return {name: value for name, value in found.items() if value}


def _author(name: Name) -> dict[str, str]:
    if not name.given and not name.particle:
        return {"literal": name.printed}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}

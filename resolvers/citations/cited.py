"""What citations are made of: a work with its source and its whole byline, one row a work."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import ColumnElement, String, func, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from models import Authorship, Researcher, Source, Work
from resolvers.citations.names import Name, read_name
from resolvers.reads import One, select

BETWEEN = "\x1f"  # the names of a byline
WITHIN = "\x1e"  # the parts of one of its places
_NOT_IN_URLS = re.compile(r'[ "<>\\^`{|}]')
MOST_IN_STYLE = 40  # no style shows more names than the first 20 and the last

# Thousands of names a work: joined in the database, so that a page of works stays a page of rows.
_PLACE = select(Authorship.researcher_id, Authorship.raw_name).where(col(Authorship.work_id) == col(Work.id))
_PLACES = _PLACE.order_by(col(Authorship.position)).correlate(Work).subquery("places")
_RESEARCHER = col(Researcher.id) == _PLACES.c.researcher_id
_NAME = func.coalesce(
    _PLACES.c.raw_name,
    select(Researcher.display_name).where(_RESEARCHER).correlate(_PLACES).scalar_subquery(),
)


def _printed(value: Any) -> ColumnElement[str]:
    """Without the signs that stand between values."""
    found: ColumnElement[str] = func.replace(func.replace(value, BETWEEN, " "), WITHIN, " ", type_=String())
    return found


def _of_researcher(column: Any) -> ColumnElement[str]:
    # No write changes these but one that makes every answer stale, so the researchers need not be known as subjects.
    shown = select(column).where(_RESEARCHER, col(Researcher.suppressed_at).is_(None))
    found: ColumnElement[str] = func.coalesce(shown.correlate(_PLACES).scalar_subquery(), literal_column("''"))
    return found


class _Joined(FunctionElement[str]):
    """The values of all rows, BETWEEN them; SQLAlchemy's own writes the sign into the text at each execution."""

    inherit_cache = True
    type = String()


@compiles(_Joined, "sqlite")
def _joined_sqlite(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, char({ord(BETWEEN)}))"


@compiles(_Joined, "postgresql")
def _joined_postgresql(element: _Joined, compiler: SQLCompiler, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, chr({ord(BETWEEN)}))"


def _joined(value: Any) -> ColumnElement[str]:
    found: ColumnElement[str] = select(_Joined(value)).select_from(_PLACES).scalar_subquery()
    return found


_PERSON = _printed(_NAME) + WITHIN + _of_researcher(Researcher.slug) + WITHIN + _of_researcher(Researcher.orcid)

_COLUMNS = (
    "id title kind publication_year doi arxiv_id landing_page_url language volume issue first_page last_page "
    "source_name source_kind issn publisher"
)
_WORK = frozenset(_COLUMNS.split())
_cited = One(
    select(
        Work,
        col(Source.display_name).label("source_name"),
        col(Source.kind).label("source_kind"),
        col(Source.issn_l).label("issn"),
        col(Source.publisher).label("publisher"),
        _joined(_printed(_NAME)).label("names"),
        _joined(_PERSON).label("people"),
    ).outerjoin(Source, col(Source.id) == Work.source_id),
    key=col(Work.id),
    long=True,
)
cited_by_id = _cited.only(_WORK | {"names"})
described_by_id = _cited.only(_WORK | {"people", "publication_date", "pdf_url", "is_open_access"})


class Form(NamedTuple):
    """What sort of work it is, in each format's word."""

    csl: str
    bibtex: str
    ris: str


_ARTICLE = Form("article-journal", "article", "JOUR")
_IN_PROCEEDINGS = Form("paper-conference", "inproceedings", "CPAPER")
_UNPUBLISHED = Form("article", "misc", "UNPB")  # CSL's word for a preprint
_NOWHERE = Form("article-journal", "misc", "JOUR")  # BibTeX's articles have a journal
_OTHER = Form("document", "misc", "GEN")
_FORMS = {
    "BOOK": Form("book", "book", "BOOK"),
    "BOOK_CHAPTER": Form("chapter", "incollection", "CHAP"),
    "DATASET": Form("dataset", "misc", "DATA"),
    "DISSERTATION": Form("thesis", "phdthesis", "THES"),
    "GRANT": _OTHER,
    "LIBGUIDES": _OTHER,
    "OTHER": _OTHER,
    "PARATEXT": _OTHER,
    "PREPRINT": _UNPUBLISHED,
    "REFERENCE_ENTRY": Form("entry-encyclopedia", "incollection", "ENCYC"),
    "REPORT": Form("report", "techreport", "RPRT"),
    "SOFTWARE": Form("software", "misc", "COMP"),
    "STANDARD": Form("standard", "misc", "STAND"),
    "SUPPLEMENTARY_MATERIALS": _OTHER,
}
_CONTAINED = {"article-journal", "paper-conference", "chapter", "entry-encyclopedia"}


class Cited(NamedTuple):
    """A row of `cited_by_id`, as citations look at it."""

    row: Any

    @property
    def id(self) -> str:
        return f"W{self.row.id}"

    @property
    def title(self) -> str:
        return one_line(self.row.title)

    @property
    def form(self) -> Form:
        row = self.row
        if row.kind in _FORMS:
            return _FORMS[row.kind]
        if row.source_kind == "repository":
            return _UNPUBLISHED
        if row.source_name is None:
            return _NOWHERE
        return _IN_PROCEEDINGS if row.source_kind == "conference" else _ARTICLE

    @property
    def container(self) -> str:
        """What it appeared in, if that is a work of its own."""
        return one_line(self.row.source_name) if self.form.csl in _CONTAINED else ""

    @property
    def publisher(self) -> str:
        if self.form is _UNPUBLISHED and self.row.arxiv_id:
            return "arXiv"
        return one_line(self.row.publisher) or ("" if self.container else one_line(self.row.source_name))

    @property
    def url(self) -> str:
        """Where it is, unless its DOI says so."""
        url = in_url(self.row.landing_page_url)
        return "" if self.row.doi and "doi.org/" in url else url

    def names(self, most: int | None = None) -> list[Name]:
        """The byline; of one longer than `most` so many, and the last."""
        printed = [name for one in (self.row.names or "").split(BETWEEN) if (name := one_line(one))]
        if most is not None and len(printed) > most:
            printed = [*printed[:most], printed[-1]]
        return [*map(read_name, printed)]


def in_url(address: str | None) -> str:
    """The address with its signs escaped that no URL has; what is escaped already stays so."""
    return _NOT_IN_URLS.sub(lambda found: quote(found[0]), one_line(address))


def doi_in_url(doi: str | None) -> str:
    """The DOI as the path of a URL: those of old have `<` and `>`, and a `%`, `?` or `#` is its own."""
    return quote(one_line(doi), safe="/:;@!$&'()*+,=~")


def one_line(text: str | None) -> str:
    """The text without line breaks, control characters and doubled spaces."""
    if not text:
        return ""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())

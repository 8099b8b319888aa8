"""Identifiers as people paste them: bare, with a prefix, or as a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from models.topic import OFFSETS

LONGEST = 2_000
_OPEN_ALEX = re.compile(
    r"(?:https?://(?:www\.|api\.)?openalex\.org/)?(?:(?:works|authors|institutions|topics|sources)/)?"
    r"(?:([WAITS])(\d{1,18})|(domains|fields|subfields)/(\d{1,8}))",
    re.IGNORECASE,
)
_LETTERS = {"W": "Work", "A": "Researcher", "I": "Institution", "T": "Topic", "S": "Source"}
_LEVELS = {"domains": OFFSETS["DOMAIN"], "fields": OFFSETS["FIELD"], "subfields": OFFSETS["SUBFIELD"]}
_ARXIV_URL = re.compile(r"(?:https?://)?(?:www\.)?arxiv\.org/(?:abs|pdf|html)/", re.IGNORECASE)
_ARXIV_SPACED = re.compile(r"arxiv\s*:?\s+", re.IGNORECASE)
_ARXIV_DOI = "10.48550/arxiv."  # before the arXiv id: works seldom tell this DOI
_AROUND = " .,;:()[]{}<>\"'\u201c\u201d\u2018\u2019"  # of the sentence that it stood in
_PREFIX = re.compile(r"^(?:orcid|openalex|ror)\s*:\s*|^(?:https?://)?www\.(?=doi\.org/)", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def recognise(text: str) -> Iterator[tuple[str, Any]]:
    """What a text may name, likeliest first: a type's name and number, or a scheme (doi, slug …) and its key."""
    text = text.strip()
    if not text or len(text) > LONGEST or "\0" in text:
        return
    known = set[tuple[str, Any]]()
    for form in dict.fromkeys((text, _PREFIX.sub("", text.strip(_AROUND), count=1))):
        for named in _named(form):
            if named not in known:
                known.add(named)
                yield named
    if _SLUG.fullmatch(text):
        yield "slug", text


def _named(text: str) -> Iterator[tuple[str, Any]]:
    import idutils  # noqa: PLC0415  it compiles patterns for half a second: the service has it do so beside its start

    if (found := _OPEN_ALEX.fullmatch(text)) is not None:
        letter, number, level, below = found.groups()
        if letter:
            yield _LETTERS[letter.upper()], int(number)
        else:
            yield "Topic", int(below) + _LEVELS[level.lower()]
    if idutils.is_orcid(text):
        yield "orcid", idutils.normalize_orcid(text).upper()
    if idutils.is_ror(text):
        yield "ror", idutils.normalize_ror(text).rsplit("/", 1)[-1].lower()
    if idutils.is_doi(text):
        doi = idutils.normalize_doi(text)
        if "doi.org/" in text.lower() and (unescaped := unquote(doi)) != doi and "\0" not in unescaped:
            yield "doi", unescaped.lower()
        yield "doi", doi.lower()
        if doi.lower().startswith(_ARXIV_DOI):
            text = f"arXiv:{doi[len(_ARXIV_DOI) :]}"
    # idutils knows no URLs of the old ids, such as arxiv.org/abs/math/0211159.
    bare = _ARXIV_SPACED.sub("arXiv:", _ARXIV_URL.sub("", text)).removesuffix(".pdf")
    if idutils.is_arxiv(bare):
        yield "arxiv_id", re.sub(r"v\d+$", "", idutils.normalize_arxiv(bare).removeprefix("arXiv:"))

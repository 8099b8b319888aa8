"""What somebody types, as both databases are asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, groupby, islice
from typing import Any, NamedTuple

from models.searchable import BETWEEN, STARTS
from models.words import UNSPACED, words
from resolvers.refused import Refused

LONGEST = 1_000  # characters
MOST_WORDS = 64
BEGINNING = 3  # letters from which on a word finds all that begin with it
TERMS = "terms"  # the words that were looked for, as highlights take them
MOST_BEGINNINGS = 5  # words; of longer queries, as of whole titles, beginnings find nothing more and cost the most
MOST_NAMES = 1_000  # that a mistyped one may have meant
Meant = Mapping[str, Sequence[str]]  # what mistyped words may have meant, the nearest first
_CHUNK = re.compile(r'(?P<no>(?<!\S)-)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))')
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")


class _Language(NamedTuple):
    """What a database writes between words, and around them."""

    both: str
    either: str
    without: str
    word: str
    beginning: str


_FTS5 = _Language(" AND ", " OR ", " NOT ", '"{}"', '"{}" *')
_TSQUERY = _Language(" & ", " | ", " & !", "'{}'", "'{}':*")


class Term(NamedTuple):
    """Any of these words, or of those that begin so."""

    words: Sequence[str]
    beginnings: Sequence[str] = ()


@dataclass(frozen=True)
class Query:
    """What is asked for, in words."""

    words: list[str] = field(default_factory=list)  # all that are wanted, in their order
    plain: list[str] = field(default_factory=list)  # those outside of quotes
    whole: list[str] = field(default_factory=list)  # the others
    phrases: list[str] = field(default_factory=list)
    unwanted: list[str] = field(default_factory=list)
    unwanted_phrases: list[str] = field(default_factory=list)
    surnames: set[str] = field(default_factory=set)  # of which an initial is not enough

    def conditions(self, meant: Meant | None = None, names: Sequence[str] = ()) -> dict[str, Any]:
        """The filters of resolvers/searchables.py: its words, or those that were meant; or these names."""
        terms = [self._term(word, (meant or {}).get(word, ())) for word in dict.fromkeys(self.plain)]
        terms += [Term((word,)) for word in self.whole]
        given: dict[str, Any] = {"nothing": True}
        if terms:
            given = dict(matching(terms, self.unwanted))
            given |= {"matching_or_named" if names else "matching": True}
            given[TERMS] = (*chain.from_iterable(map(shown, terms)), *chain.from_iterable(map(str.split, names)))
        if self.phrases:
            given["phrases"] = tuple(self.phrases)
        if self.unwanted_phrases:
            given["unwanted_phrases"] = tuple(self.unwanted_phrases)
        return {**given, **ranking(self.words, (" ".join(self.words), *names))}

    def completions(self, *, typing: bool, known: bool) -> list[Term]:
        """What its plain words may become, the last of which is still being typed; of what is well known alone."""
        *before, last = self.plain
        term = Term((last,), (last,)) if typing else self._term(last, ())
        if known:
            # Every well-known name's word that begins so has this mark.
            mark = Term((f"_{last[:STARTS]}",))
            ends = [mark] if typing and len(last) <= STARTS else [mark, term]
        else:
            ends = [term]
        return [*[self._term(word, ()) for word in before], *ends]

    def _term(self, word: str, meant: Sequence[str]) -> Term:
        if len(word) == 1:
            return Term((word, f"{word}_", *meant))  # an initial: of names it finds the words that begin with it
        initial = () if meant or word in self.surnames else (f"{word[0]}.",)
        begins = len(word) >= BEGINNING and len(self.plain) <= MOST_BEGINNINGS
        return Term((word, *initial, *meant), (word,) if begins else ())

    def names(self, meant: Meant, mistyped: int) -> list[str]:
        """Names that it may have meant, so many of its words being mistyped."""
        changes = [(place, new) for place, word in enumerate(self.words) for new in meant.get(word, ())]
        together = map(dict, combinations(changes, mistyped))
        apart = islice((one for one in together if len(one) == mistyped), MOST_NAMES)
        return [" ".join(one.get(place, word) for place, word in enumerate(self.words)) for one in apart]


def ranking(asked: Sequence[str], names: Iterable[str]) -> dict[str, Any]:
    """The values by which what is found is ranked: above all whoever has one of these names."""
    beginning = " ".join(asked)
    return {
        "names": tuple(names),
        "whole": (f"{BETWEEN} {beginning} {BETWEEN}",),
        "beginning": beginning,
        "beginning_length": len(beginning),
        "word_count": max(1, len(asked)),
    }


def parsed(text: str, argument: str) -> Query:
    """The query. Raises Refused (BAD_USER_INPUT) where it is too long to be one."""
    if len(text) > LONGEST:
        raise Refused("BAD_USER_INPUT", f"At most {LONGEST:,} characters, not {len(text):,}.", argument)
    query = Query()
    for chunk in _CHUNK.finditer(_DASHES.sub("-", text)):
        quoted = chunk["quoted"] is not None
        found = words(chunk["quoted"] if quoted else chunk["plain"])
        for run in [found] if quoted else _runs(found):
            _add(query, run, quoted=quoted, unwanted=chunk["no"] is not None)
    if len(query.words) > MOST_WORDS:
        raise Refused("BAD_USER_INPUT", f"At most {MOST_WORDS} words, not {len(query.words)}.", argument)
    before_comma = words(text.partition(",")[0]) if "," in text else []
    query.surnames.update(before_comma[-1:] or query.plain[-1:])
    return query


def shown(term: Term) -> Iterator[str]:
    """Its words as highlights look for them; those that are beginnings with a `*`."""
    yield from term.words
    yield from (f"{word}*" for word in term.beginnings)


def _runs(found: Sequence[str]) -> Iterator[list[str]]:
    """Each word by itself, but what is written without spaces between words together."""
    for unspaced, run in groupby(found, lambda word: UNSPACED.fullmatch(word) is not None):
        together = [*run]
        yield from [together] if unspaced else ([word] for word in together)


def _add(query: Query, run: list[str], *, quoted: bool, unwanted: bool) -> None:
    if len(run) > 1:
        (query.unwanted_phrases if unwanted else query.phrases).append(f" {' '.join(run)} ")
    elif unwanted:
        query.unwanted.extend(run)
    if not unwanted:
        query.words.extend(run)
        (query.whole if quoted or len(run) > 1 or any(map(UNSPACED.fullmatch, run)) else query.plain).extend(run)


def matching(terms: Sequence[Term], unwanted: Sequence[str] = ()) -> dict[str, str]:
    """The terms as each database takes them. Words hold nothing that either could take for more."""
    return {"fts5": _written(_FTS5, terms, unwanted), "tsquery": _written(_TSQUERY, terms, unwanted)}


def _written(language: _Language, terms: Sequence[Term], unwanted: Sequence[str]) -> str:
    wanted = language.both.join(_any_of(language, term) for term in terms)
    return f"({wanted}){language.without}{_any_of(language, Term(unwanted))}" if unwanted else wanted


def _any_of(language: _Language, term: Term) -> str:
    words = [*map(language.word.format, term.words), *map(language.beginning.format, term.beginnings)]
    return f"({language.either.join(words)})"

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.columns import FOLDED, Bytewise, Key, LongText, one_of
from models.words import latin, words

KINDS = ("RESEARCHER", "WORK", "TOPIC", "INSTITUTION")
WELL_KNOWN = 9  # the weight from which something is found by the first characters alone
FORGIVEN = (2, 8)  # the lengths from which on a word may have one wrong letter, and two
STARTS = 3  # how many characters those are
BETWEEN = "|"  # before, between and behind names


class Searchable(SQLModel, table=True):
    """What a record is found by. The import keeps it, and whoever changes a name; `reindex` makes it anew.

    SQLite keeps its full-text index beside it by triggers; PostgreSQL's stands on the same columns (migration 0005).
    """

    __table_args__ = (
        one_of("kind", KINDS),
        Index("searchable_by_name", "name"),
    )

    key: int = Field(primary_key=True, sa_type=Key, sa_column_kwargs={"autoincrement": False})
    kind: str
    record_id: int = Field(sa_type=Key)
    weight: int  # the binary digits of how often it is cited, or of its works
    length: int  # words in its name
    label: str = Field(sa_type=LongText)  # its name, as it is shown
    name: str = Field(sa_type=Bytewise)  # the words of that
    words: str = Field(sa_type=LongText)  # of all its names, and of what else it is found by
    marks: str = Field(sa_type=LongText)  # further terms: see `marks`


class Spelling(SQLModel, table=True):
    """Words of names by their pieces, so that they are found though they are mistyped."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    piece: str = Field(primary_key=True, sa_type=Bytewise)
    word: str = Field(primary_key=True, sa_type=Bytewise)


class Entry(NamedTuple):
    """A row of Searchable."""

    key: int
    kind: str
    record_id: int
    weight: int
    length: int
    label: str
    name: str
    words: str
    marks: str


_make_entry: Callable[..., Entry] = partial(tuple.__new__, Entry)
_PLACES = {kind: place for place, kind in enumerate(KINDS)}


def key_of(kind: str, record_id: int) -> int:
    return record_id * len(KINDS) + _PLACES[kind]


def entry(kind: str, record_id: int, importance: int, names: Sequence[str], also: Collection[str] = ()) -> Entry:
    """What a record is found by: its names, the first of which is shown, and other texts."""
    first = words(names[0])
    name = " ".join(first)
    if len(names) == 1 and not also and names[0].isascii():  # as most are
        forms, every = [name], [name] if name else []
    else:
        forms = [*dict.fromkeys(" ".join(words(one)) for one in [*names, *_in_latin(kind, names)])]
        every = [form for form in dict.fromkeys([*forms, *(" ".join(words(one)) for one in also)]) if form]
    weight = importance.bit_length()
    return _make_entry(
        (
            key_of(kind, record_id),
            kind,
            record_id,
            weight,
            len(first),
            names[0],
            name[:FOLDED],
            f" {BETWEEN} ".join(["", *every, ""]).strip(),
            " ".join(marks(kind, forms, weight)),
        )
    )


def _in_latin(kind: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield from latin(name, person=kind == "RESEARCHER")


def marks(kind: str, names: Iterable[str], weight: int) -> list[str]:
    """Further terms of names: `m.` of the initial M, `m_` of a person's name that has a word with M; of what is well
    known `_m`, `_mi` and `_mic` of words that begin so."""
    if kind != "RESEARCHER" and weight < WELL_KNOWN:
        return []
    made = set[str]()
    for word in " ".join(names).split():
        if kind == "RESEARCHER":
            made.add(f"{word[0]}_")
            if len(word) == 1:
                made.add(f"{word}.")
        if weight >= WELL_KNOWN:
            made.update(f"_{word[:size]}" for size in range(1, STARTS + 1))
    return sorted(made)


def letters_forgiven(length: int) -> int:
    """How many wrong, missing or additional letters, or exchanged neighbours, a word of this length may have."""
    return bisect_right(FORGIVEN, length)


def pieces(word: str) -> list[str]:
    """The word, and it cut in one piece more than it may have wrong letters: whatever is wrong, one piece is right."""
    ends = _cuts(len(word))
    return [word, *[_piece(len(word), place, word[start:end]) for place, (start, end) in enumerate(pairwise(ends))]]


def pieces_typed(word: str) -> set[str]:
    """The pieces of which a word has one that may have been meant by this one."""
    size = len(word)
    found = {word, *(word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(size - 1))}
    for length in range(max(2, size - 2), size + 3):
        most = letters_forgiven(length)
        for place, (start, end) in enumerate(pairwise(_cuts(length)) if abs(length - size) <= most else ()):
            # What is wrong before a piece moves it.
            moves = (0,) if place == 0 else (size - length,) if place == most else range(-most, most + 1)
            found.update(_piece(length, place, word[start + by : end + by]) for by in moves if start + by >= 0)
    return found


def _cuts(length: int) -> list[int]:
    count = letters_forgiven(length) + 1
    return [length * place // count for place in range(count + 1)]


def _piece(length: int, place: int, letters: str) -> str:
    return f"{length}:{place}:{letters}"

"""Printed names in the parts that citations want: given, particle, family, suffix."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

_PARTICLES = (
    "af al abu ben bin bint da dal dalla das de degli dei del dela della delle den der des di do dos du el ibn la las "
    "le lo los op te ten ter uit van vanden vander ver vom von zu zum zur 't"
)
# Without `Bin`, which is more often half of a given name: `Sun Bin Yim`.
_PREFIXES = "Abu Al Ben Da Dal De Del Della Den Der Des Di Dos Du El Ibn La Le Lo Mac Mc St St. Ten Ter Van Vander Von"
# In small letters they begin the family name, which is sorted by what follows; with a capital they are its own.
PARTICLES, PREFIXES = frozenset(_PARTICLES.split()), frozenset(_PREFIXES.split())
_BEFORE_PARTICLES = ("De", "Van", "Von")  # `Fernando De la Torre`, but `Ben van der Berg`
_AFTER_GIVEN = ("Hoang", "Huynh", "Nguyen", "Pham", "Phan", "Tran")  # to them no `Van` and no `Le` belongs
_JOINING = ("e", "i", "y")  # `José Ortega y Gasset`
_SUFFIX = re.compile(r"(?:[JS]r|JR|SR|jr|sr)\.?|II|III|IV")
_INITIALS = re.compile(r"(?:[^\W\d_]\.?-?){1,3}")
_FAMILY_IN_CAPITALS = re.compile(r"[^\W\d_](?:['’-]?[^\W\d_]){3,}")  # `WANG Xiaoming`, but `SVN Vishwanathan`
_TITLES = re.compile(r"(?:(?:Prof|Dr)(?:\.(?:-Ing\.)? ?| )|Professor )+(?=\S+ \S)")
# Two initials may stand behind a family name, with a comma too: `Smith M.D.`, `van der Berg, M.D.`
_DEGREES = re.compile(r"(?![a-z])(\S+ \S.*?)(?:,? Ph\.? ?D\.?|, M\.?D\.?)+")
_GLUED = re.compile(r"(?<=\b[^\W\d_]\.)(?=[^\W\d_]{2})")  # `Ivor W.Tsang`
_BODY = re.compile(
    r"\b(?:collaboration|committee|consortium|foundation|group|initiative|institute|investigators|network|project|"
    r"society|team|university|and|et al)\b|&",
    re.IGNORECASE,
)


class Name(NamedTuple):
    """A person's name; a body's, or a name that has no such parts, is all family."""

    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def printed(self) -> str:
        return " ".join(filter(None, (self.given, self.particle, self.family, self.suffix)))


@lru_cache(maxsize=16_384)  # a collaboration's works have the same thousands of names
def read_name(printed: str) -> Name:
    """The parts of a name that stands on one line: `Jan van der Berg`, `Berg, Jan van der`, `van der Berg J.P.`"""
    parts = [part for one in _person(printed).split(",") if (part := one.strip())]
    suffix = _taken_suffix(parts)
    if not parts or len(parts) > 2 or _BODY.search(printed) or _caseless(printed):  # noqa: PLR2004
        return Name(printed)
    words = parts[0].split()
    if len(parts) > 1:
        given = parts[1].split()
        while len(given) > 1 and given[-1] in PARTICLES:
            words.insert(0, given.pop())
        return _family(words, " ".join(given), suffix)
    if len(words) > 1 and not suffix and _SUFFIX.fullmatch(words[-1]):
        suffix = words.pop()
    last = _first_trailing_initial(words)
    if last:
        return _family(words[:last], " ".join(words[last:]), suffix)
    first, *others = words
    if first.isupper() and _FAMILY_IN_CAPITALS.fullmatch(first) and others and not any(map(str.isupper, others)):
        return _family([first], " ".join(others), suffix)
    start = _family_start(words)
    return _family(words[start:], " ".join(words[:start]), suffix)


def _person(printed: str) -> str:
    """Without titles and degrees, which no citation shows."""
    spaced = _GLUED.sub(" ", printed)
    title = _TITLES.match(spaced)
    name = spaced[title.end() :] if title else spaced
    found = _DEGREES.fullmatch(name)
    return found[1] if found else name


def _taken_suffix(parts: list[str]) -> str:
    """The suffix that is a part of its own: `King, Martin, Jr.`, `King, Jr., Martin`, `Martin King, Jr.`"""
    for place in range(len(parts) - 1, 0, -1):
        if _SUFFIX.fullmatch(parts[place]):
            return parts.pop(place)
    return ""


def _caseless(name: str) -> bool:
    """Whether it is in a script that has no initials: Chinese, Arabic, Devanagari …"""
    return not name.isascii() and any(category(letter) == "Lo" for letter in name)


def _first_trailing_initial(words: list[str]) -> int:
    """Where the initials after a family name begin; 0 where there are none."""
    place = len(words)
    while place > 1 and _is_initials(words[place - 1]):
        place -= 1
    before = " ".join(words[:place])
    if place == len(words) or _is_initials(words[0]) or ("." not in words[-1] and before.isupper()):
        return 0  # `J. P. Q.` has no family name, and `DONG YU` no initials
    return place


def _is_initials(word: str) -> bool:
    return word.isupper() and _INITIALS.fullmatch(word) is not None


def _family_start(words: list[str]) -> int:
    last = len(words) - 1
    for place in range(last):
        if words[place] in PARTICLES:
            return place - (place > 0 and words[place - 1] in _BEFORE_PARTICLES)
        if words[place] in _JOINING and place > 1:
            return place - 1
    if words[last] not in _AFTER_GIVEN:
        while last > 1 and words[last - 1] in PREFIXES:
            last -= 1
    return last


def _family(words: list[str], given: str, suffix: str) -> Name:
    start = 0
    while start < len(words) - 1 and words[start] in PARTICLES:
        start += 1
    return Name(" ".join(words[start:]), given, " ".join(words[:start]), suffix)

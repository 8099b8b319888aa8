"""How texts become words to find them by: databases divide and fold text each in its own way."""

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

LONGEST = 64  # characters of a word that count
_ASCII = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile(r"['\u2018\u2019\u02bc\u00b4`]")
_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_LATIN_BEYOND_ASCII = re.compile(r"[\u00aa-\u024f\u1d00-\u1dbf\u2c60-\u2c7f\ua720-\ua7ff]")  # ø, ł, ð: nothing to strip
# Scripts that put no space between words: each character is one.
_SCRIPTS = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


def _marks() -> str:
    """The vowel signs and other marks that belong to the letter before, as ranges of a pattern."""
    found = [code for code in range(0x370, 0x1B000) if unicodedata.category(chr(code)).startswith("M")]
    return "".join(map(chr, found))


_MARKS = _marks()
UNSPACED = re.compile(f"[{_SCRIPTS}]")
_SYLLABLES = (3, 4)  # of a name that may be divided in more than one way
_WORD = re.compile(rf"[{_SCRIPTS}]|(?:(?![{_SCRIPTS}])(?:[^\W_]|[{_MARKS}]))+")
# What may be part of a word in a text as it is printed.
PRINTED = re.compile(rf"[{_SCRIPTS}]|(?:(?![{_SCRIPTS}])(?:[^\W_]|['\u2018\u2019\u02bc\u0300-\u036f{_MARKS}]))+")


def words(text: str) -> list[str]:
    """The words in it, in order: without case, accents and punctuation, Latin letters as ASCII."""
    found: list[str]
    if text.isascii():
        plain = text.lower().replace("'", "").replace("`", "")
        found = _ASCII.findall(plain)
    else:
        found = _WORD.findall(_folded(text))
    return found if len(text) <= LONGEST else [word[:LONGEST] for word in found]


def _folded(text: str) -> str:
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text)))
    plain = _LATIN_BEYOND_ASCII.sub(lambda found: anyascii(found[0]), plain.casefold())
    # Only what was stripped stays apart: Korean syllables and the like are whole again.
    return unicodedata.normalize("NFC", plain).casefold()


def latin(text: str, *, person: bool) -> list[str]:
    """The text in Latin letters where it is written in others, in the ways in which a person's name may be divided."""
    if text.isascii() or not any(_foreign(character) for character in text):
        return []
    found = _WORD.findall(_folded(text))
    sounds = [anyascii(word).strip() for word in found]
    forms = [" ".join(sounds)]
    if person and len(sounds) in _SYLLABLES and all(map(UNSPACED.fullmatch, found)):
        # A family name of one syllable, or of two: Wang Xiaoming, Ouyang Xiu.
        forms += [f"{''.join(sounds[:family])} {''.join(sounds[family:])}" for family in (1, 2)]
    return forms


@lru_cache(maxsize=65_536)
def _foreign(character: str) -> bool:
    return character.isalpha() and not unicodedata.name(character, "").startswith("LATIN")

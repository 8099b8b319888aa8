"""Text as it should be stored and read: cleaned, without markup, rebuilt from an inverted index, made a slug."""

import html
import re
import unicodedata
from html.entities import html5

import orjson
from anyascii import anyascii

from importers.formula import subscript, superscript
from importers.latex import readable

MAX_WORDS = 200_000
MAX_CHARACTERS = 1_000_000
MAX_SLUG = 80

_MARKS = re.compile(r"[&\\$<{}`~]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_BLOCKS = (
    "p|br|hr|div|li|ul|ol|dl|dt|dd|h[1-6]|table|thead|tbody|t[rdh]|title|sec|abstract|"
    "blockquote|pre|list|list-item|section"
)
_INLINES = (
    "i|b|u|em|strong|sub|sup|sc|tt|a|span|font|small|big|img|italic|bold|underline|monospace|code|cite|mark|del|ins|"
    "center|math|mi|mo|mn|mtext|mrow|msub|msup|msubsup|mfrac|msqrt|mover|munder|mstyle|mspace|semantics|inline-formula|"
    "disp-formula|alternatives|tex-math|inline-graphic|ext-link|xref|named-content|styled-content|script|style"
)
_TAG = re.compile(
    rf"""<(?:(?P<close>/)|(?!/))
        (?:(?P<block>(?:jats:)?(?:{_BLOCKS}))
            | (?P<inline>(?:jats:)?(?:{_INLINES})|(?:jats|mml|m|xlink):[A-Za-z][\w-]*))
        (?:\s++[\w:.-]++\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=]++))*+ \s*+ /?> | <!--[^<>]{{0,500}}-->""",
    re.VERBOSE | re.IGNORECASE,
)
_SCRIPT_TAG = re.compile(r"<(?:jats:)?(su[bp])>\s*([^<>]{1,20}?)\s*</(?:jats:)?\1>", re.IGNORECASE)


def clean(text: str) -> str:
    """NFC without NUL, lone surrogates as U+FFFD: what every database and encoding can hold, and no other change."""
    if text.isascii():
        return text.replace("\0", "")
    return unicodedata.normalize("NFC", re.sub(r"[\ud800-\udfff]", "\ufffd", text.replace("\0", "")))


def plain(text: str) -> str:
    """What a person reads: entities, tags and LaTeX resolved, whitespace folded. Never raises; cleaned too."""
    folded = " ".join(text.replace("\0", "").split())
    if _MARKS.search(folded):
        folded = " ".join(readable(_untagged(_unescaped(folded))).split())
    return clean(folded)


def _unescaped(text: str) -> str:
    for _ in range(3):  # `&amp;amp;#39;` occurs
        if "&" not in text or (resolved := _ENTITY.sub(_entity, text)) == text:
            break
        text = resolved
    return text


def _entity(entity: re.Match[str]) -> str:
    # Never html.unescape on the whole: it reads `&copy=1` and `&notit;` as entities.
    return html.unescape(entity[0]) if entity[0][1] == "#" else html5.get(entity[0][1:], entity[0])


def _untagged(text: str) -> str:
    """Only real tags go, so `x<y` and `a < b` stay; nh3 would cut both."""
    if "<" not in text:
        return text
    return _TAG.sub(lambda tag: " " if tag["block"] else "", _SCRIPT_TAG.sub(_script, text))


def _script(tag: re.Match[str]) -> str:
    text = superscript(tag[2]) if tag[1].lower() == "sup" else subscript(tag[2])
    return text.lstrip("^_") if text[0] in "^_" else text


def abstract(inverted: object) -> str | None:
    """The text of an `abstract_inverted_index`: `{word: [positions]}`, or `{"InvertedIndex": …}`, a dict or JSON text.

    Gaps are closed; words at one position are sorted. None when there is no word; ValueError for any other shape and
    beyond MAX_WORDS or MAX_CHARACTERS.
    """
    index = _index(inverted)
    words = sum(map(len, index.values()))
    if words > MAX_WORDS:
        raise ValueError(f"abstract has {words:,} words, more than {MAX_WORDS:,}")
    characters = sum(len(places) * (len(word) + 1) for word, places in index.items()) - 1
    if characters > MAX_CHARACTERS:
        raise ValueError(f"abstract has {characters:,} characters, more than {MAX_CHARACTERS:,}")
    placed = sorted((place, word) for word, places in index.items() for place in places)
    return " ".join(word for _, word in placed) or None


def _index(inverted: object) -> dict[str, list[int]]:
    if isinstance(inverted, str):
        try:
            inverted = orjson.loads(inverted)
        except ValueError as error:
            raise ValueError(f"abstract is no JSON: {error}") from None
    if isinstance(inverted, dict) and not isinstance(inverted.get("InvertedIndex", []), list):
        inverted = inverted["InvertedIndex"]
    if inverted is None:
        return {}
    if not isinstance(inverted, dict):
        raise ValueError(f"abstract is no inverted index but {type(inverted).__name__}")  # noqa: TRY004 - one error for all
    for word, places in inverted.items():
        if not isinstance(places, list) or not all(type(place) is int and place >= 0 for place in places):
            raise ValueError(f"abstract has no list of positions for {word[:40]!r}")
    return inverted


def slug(name: str, fallback: str) -> str:
    """Readable ASCII of at most MAX_SLUG characters, never ending in `-<digits>`; `fallback` when nothing is left."""
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['`]", "", anyascii(clean(name))).lower()).strip("-")
    if len(words) > MAX_SLUG:
        words = words[: MAX_SLUG + 1].rpartition("-")[0] or words[:MAX_SLUG]
    return re.sub(r"(?:-\d+)+$", lambda digits: digits[0].replace("-", ""), words) or fallback

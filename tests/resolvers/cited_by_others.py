"""Citations read by libraries that did not write them."""

from pathlib import Path
from typing import Any, NamedTuple

import bibtexparser
import jsonschema
import orjson
import rispy
from bibtexparser.middlewares import RemoveEnclosingMiddleware, SeparateCoAuthors, SplitNameParts
from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db

# The Citation Style Language project's own schema, under the MIT license.
SCHEMA = jsonschema.Draft7Validator(orjson.loads((Path(__file__).parent / "csl-data.json").read_bytes()))

_SIGNS = {"textbraceleft": "{", "textbraceright": "}", "textless": "<", "textgreater": ">", "textasciicircum": "^"}
_known = get_default_latex_context_db()
_known.add_context_category("signs", [MacroTextSpec(name, sign) for name, sign in _SIGNS.items()], prepend=True)
_latex = LatexNodes2Text(latex_context=_known, keep_braced_groups=False)


class Read(NamedTuple):
    """What another program finds."""

    key: str
    title: str
    names: list[str]  # their words, sorted
    year: str


def typeset(text: str) -> str:
    """The text as TeX prints it: its dashes and quotation marks are no other text."""
    for typed, shown in (("---", "—"), ("--", "–"), ("``", "“"), ("''", "”")):
        text = text.replace(typed, shown)
    return text


def words(*parts: str) -> str:
    return " ".join(sorted(" ".join(parts).split()))


def plain(text: str) -> str:
    return _latex.latex_to_text(text)


def bibtex(text: str) -> list[Read]:
    stack = [RemoveEnclosingMiddleware(), SeparateCoAuthors(), SplitNameParts()]
    library = bibtexparser.parse_string(text, parse_stack=stack)
    assert library.failed_blocks == []
    found = []
    for entry in library.entries:
        fields = {name: field.value for name, field in entry.fields_dict.items()}
        names = [words(*map(plain, [*n.first, *n.von, *n.last, *n.jr])) for n in fields.get("author", [])]
        found.append(Read(entry.key, plain(fields.get("title", "")), names, fields.get("year", "")))
    return found


def ris(text: str) -> list[Read]:
    return [
        Read(
            one["id"],
            one.get("title", ""),
            [words(name.replace(",", " ")) for name in one.get("authors", [])],
            one.get("year", ""),
        )
        for one in rispy.loads(text)
    ]


def csl(text: str) -> list[Read]:
    items: list[dict[str, Any]] = orjson.loads(text)
    SCHEMA.validate(items)
    return [
        Read(
            one["id"],
            one.get("title", ""),
            [words(*name.values()) for name in one.get("author", [])],
            str(one["issued"]["date-parts"][0][0]) if "issued" in one else "",
        )
        for one in items
    ]


READERS = {"BIBTEX": bibtex, "RIS": ris, "CSL_JSON": csl}

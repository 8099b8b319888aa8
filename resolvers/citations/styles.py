"""References in the styles of CSL, by citeproc-py, and what it does otherwise than CSL says.

A style is not to be used by two threads at once: the library writes into it as it reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.model import Label, Name, Substitute, Text
from citeproc.source.json import CiteProcJSON

from resolvers.citations.cited import MOST_IN_STYLE, Cited, doi_in_url
from resolvers.citations.csl import item

_FOLDER = Path(__file__).parent / "csl_styles"
# Chicago says so of software, and of articles without volume and pages; in our records what is missing tells nothing.
_SUPPOSED = ("released", "advance-online-publication")
_SEAM = re.compile(r"([?!])(”?)\.(?=\s|$)|”([.,])")


def reference(style: str, cited: Cited) -> str:
    """The work's entry in a list of references of this style, as plain text."""
    whole = item(cited, MOST_IN_STYLE)
    if whole["type"] == "entry-encyclopedia":  # of which nothing is shown where its authors are not known
        whole["type"] = "chapter"
    if "DOI" in whole:  # which every style shows as a link
        whole["DOI"] = doi_in_url(whole["DOI"])
    for name in ("number", "publisher"):
        if whole.get(name, "").startswith("arXiv"):
            whole[name] = f'<span class="nocase">{whole[name]}</span>'
    source = CiteProcJSON([whole])
    bibliography = CitationStylesBibliography(_style(style).style, source, formatter.plain)
    bibliography.register(Citation([CitationItem(whole["id"])]))
    entry = next(iter(bibliography.bibliography()), "")  # none of a work that has neither names nor title nor year
    return _SEAM.sub(_joined, str(entry))


def _joined(found: re.Match[str]) -> str:
    """No full stop after ? or !; American quotation marks stand after a full stop or comma."""
    end, quote, mark = found.groups()
    return f"{end}{quote}" if end else f"{mark}”"


class _Mended:
    """A style whose elements are kept, since what is said to one is forgotten when it goes, and set right."""

    def __init__(self, style: CitationStylesStyle) -> None:
        self.style, root = style, style.root
        self._elements = [*root.iter("{*}*")]
        macros = {element.get("name"): element for element in root.findall("cs:macro", root.nsmap)}
        for element in self._elements:
            element.get_macro = macros.__getitem__  # the library looks through the whole style, each time
        for element in self._elements:
            if isinstance(element, Name):
                _initials_by_name(element)
            elif isinstance(element, Substitute):
                element.add_to_repressed_list = _once(element)
            elif isinstance(element, Label):
                element.render = _of_what_is_known(element)
            elif element.get("value", element.get("term")) in _SUPPOSED:
                element.render = lambda *_arguments, **_options: None
            elif isinstance(element, Text):
                calls = element.calls_variable()
                element.calls_variable = lambda calls=calls: calls


@cache
def _style(name: str) -> _Mended:
    return _Mended(CitationStylesStyle(str(_FOLDER / f"{name}.csl"), validate=False))


def _initials_by_name(element: Any) -> None:
    if element.get("initialize") == "false":
        element.initialize = lambda given, _mark, _context=None: given
    else:
        element.initialize = _initials


def _initials(given: str, mark: str, _context: Any = None) -> str:
    """`Jun-ichi (Jim) M.` as `J.-I. M.`"""
    words = given.replace(".", " ").split()
    parts = [[part[0].upper() for part in word.split("-") if part[:1].isalpha()] for word in words]
    return " ".join("-".join(f"{letter}{mark.strip()}" for letter in letters) for letters in parts if letters)


def _of_what_is_known(label: Any) -> Callable[..., Any]:
    """No label without what it labels; the library prints that of an edition where there is none."""
    render, variable = label.render, (label.get("variable") or "").replace("-", "_")

    def shown(item: Any, *arguments: Any, **options: Any) -> Any:
        return render(item, *arguments, **options) if not variable or variable in item.reference else None

    return shown


def _once(element: Any) -> Callable[[Any, Any], None]:
    """What stands for missing authors is not shown again; the library forgets that of macros."""

    def repress(child: Any, context: Any) -> None:
        repressed = context.get_layout().repressed
        for text in _texts(child, element.get_macro):
            repressed.setdefault(text.tag, []).append(text.get("variable"))

    return repress


def _texts(element: Any, macro: Callable[[str], Any]) -> Iterator[Any]:
    """The element that shows the title, in this one or the macros it calls; else the element itself."""
    if element.get("macro") is None:
        yield element
        return
    pending, seen = [element.get("macro")], set()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        for text in macro(name).iter("{*}text"):
            if text.get("variable") == "title":
                yield text
            elif text.get("macro"):
                pending.append(text.get("macro"))

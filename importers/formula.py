"""A LaTeX formula as one line of Unicode, by pylatexenc."""

# ruff: noqa: SIM905 - a vocabulary reads best as words

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import Any

from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db
from pylatexenc.latexwalker import LatexWalker
from pylatexenc.latexwalker import get_default_latex_context_db as get_default_walker_db
from pylatexenc.macrospec import MacroSpec

MAX_FORMULA = 500  # characters; a longer one stays as it stands
MAX_DEPTH = 12  # nested braces; pylatexenc recurses on each

logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

# Commands pylatexenc gives a meaning that does not belong in an abstract.
_UNFIT = set(
    "author chapter date exercise hint hints hinweis hinweise id Ident image include input item maketitle original "
    "paragraph part section subparagraph subsection subsubsection title today uebung \\".split(),
)
OPERATORS = (
    "arccos arcsin arctan arg argmax argmin cos cosh deg det dim exp gcd inf ker lim ln log max min Pr sin sinh "
    "sup tan tanh"
).split()
_SYMBOLS = {
    "|": "‖", "Vert": "‖", "lVert": "‖", "rVert": "‖", "R": "ℝ", "eps": "ε", "epsilon": "ε", "varepsilon": "ε",
    "phi": "φ", "cO": "𝒪", "bigO": "𝒪", "le": "≤", "leqslant": "≤", "geqslant": "≥", "top": "⊤", "colon": ":",
    "star": "*", "lbrack": "[", "rbrack": "]", "implies": "⇒", "iff": "⇔", "limits": "", "nolimits": "",
    "displaystyle": "",
    "textstyle": "", "scriptstyle": "", "bf": "", "rm": "", "it": "", "cal": "", "tt": "", "em": "", "boldmath": "",
    "big": "", "Big": "", "bigg": "", "Bigg": "", "bigl": "", "bigr": "", "Bigl": "", "Bigr": "", "nonumber": "",
    "LaTeX": "LaTeX",
}  # fmt: skip
_WRAPS = (
    "text textrm textbf textit texttt textsf textsc textsl mathbf mathit mathsf mathtt mathrm mbox bm boldsymbol pmb "
    "operatorname underline mathop"
).split()
_FRACTIONS = ("frac", "dfrac", "tfrac", "nicefrac", "sfrac")
_RAISED = str.maketrans("0123456789+-−=()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾")
_LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_ALREADY_RAISED = {"†", "‡", "*", "′", "″", "°", "st", "nd", "rd", "th"}


def superscript(text: str) -> str:
    """Numbers raised (`10⁻³`), what is raised by itself as it is (`†`, `th`), anything else after a caret."""
    text = {"∘": "°", "∗": "*", "⋆": "*"}.get(text, text)
    return text if text in _ALREADY_RAISED else _script(text, "^", _RAISED)


def subscript(text: str) -> str:
    """Numbers lowered (`L₀`), anything else after an underscore (`L_p`, `x_(i+1)`)."""
    return _script(text, "_", _LOWERED)


def _script(text: str, mark: str, table: dict[int, int]) -> str:
    if re.fullmatch(r"[+−-]?\d+|[+−-]", text):
        return text.translate(table)
    return mark + text if re.fullmatch(r"[\w.]*|.", text) else f"{mark}({text})"


def _arguments(node: Any, l2tobj: Any) -> list[str]:
    given = node.nodeargd.argnlist if node.nodeargd else ()
    return [l2tobj.nodelist_to_text([argument]).strip() for argument in given or () if argument is not None]


def _of_one(write: Callable[[str], str]) -> Callable[[Any, Any], str]:
    return lambda node, l2tobj: write("".join(_arguments(node, l2tobj)))


def _fraction(node: Any, l2tobj: Any) -> str:
    return "/".join(f"({side})" if re.search(r"[+\-− /]", side) else side for side in _arguments(node, l2tobj))


def _root(node: Any, l2tobj: Any) -> str:
    *degree, under = _arguments(node, l2tobj)
    return "".join(map(superscript, degree)) + "√" + (under if len(under) == 1 else f"({under})")


def _unknown(node: Any, l2tobj: Any) -> str:
    return "".join(_arguments(node, l2tobj)) or str(node.macroname)


def _accented(mark: str) -> Callable[[str], str]:
    return lambda base: base + mark if len(base) == 1 else base


def _written() -> dict[str, Any]:
    written: dict[str, Any] = {name: f" {name} " for name in OPERATORS}
    written |= _SYMBOLS | dict.fromkeys(_WRAPS, _of_one(str))
    written |= dict.fromkeys(_FRACTIONS, _fraction)
    written |= {"sqrt": _root, "sp": _of_one(superscript), "sb": _of_one(subscript)}
    written |= {"widetilde": _of_one(_accented("\u0303")), "widehat": _of_one(_accented("\u0302"))}
    written |= {"overline": _of_one(_accented("\u0304"))}
    return written


def _vocabulary() -> tuple[Any, Any, frozenset[str], frozenset[str]]:
    """pylatexenc's two tables, ours before them; the commands known, and those that take arguments."""
    written, walker, texts = _written(), get_default_walker_db(), get_default_latex_context_db()
    known = frozenset(spec.macroname for spec in texts.iter_macro_specs()) - _UNFIT | set(written)
    arguments = {**dict.fromkeys(_WRAPS, "{"), **dict.fromkeys(_FRACTIONS, "{{"), "sp": "{", "sb": "{"}
    walker.add_context_category("ours", macros=[MacroSpec(*item) for item in arguments.items()], prepend=True)
    texts.add_context_category("ours", [MacroTextSpec(*item) for item in written.items()], prepend=True)
    texts.set_unknown_macro_spec(MacroTextSpec("", _unknown))
    takes = frozenset(spec.macroname for spec in walker.iter_macro_specs() if spec.args_parser.argspec)
    return walker, LatexNodes2Text(latex_context=texts, math_mode="text"), known, takes


_WALKER, _TEXTS, COMMANDS, TAKES = _vocabulary()
_RELATION = "×·→←↦≤≥∈⊂⊆≈≪≫∝∼≡≠=<>+"


def formula(source: str) -> str:
    """One line for what stands between `$…$`; ValueError where it is too long, too deep or broken."""
    if not re.search(r"[\\^_{}~%#&]", source):
        return source.strip()
    if len(source) > MAX_FORMULA or _depth(source) > MAX_DEPTH:
        raise ValueError("formula too large")
    return _read(source)


@lru_cache(maxsize=4_096)
def _read(source: str) -> str:
    try:
        nodes, _, _ = LatexWalker(_prepared(source), latex_context=_WALKER, tolerant_parsing=False).get_latex_nodes()
        return _spaced(_TEXTS.nodelist_to_text(nodes))
    except Exception as error:  # pylatexenc raises whatever broken LaTeX runs into
        raise ValueError("formula cannot be read") from error


def _depth(source: str) -> int:
    return max(accumulate({"{": 1, "}": -1}.get(char, 0) for char in source))


def _prepared(source: str) -> str:
    """Scripts as commands with an argument, comment signs escaped, unknown commands that wrap an argument dropped."""
    source = re.sub(r"(?<!\\)([%#])", r"\\\1", source)
    source = re.sub(r"(?<!\\)[\^_]", lambda mark: r"\sp " if mark[0] == "^" else r"\sb ", source)
    return re.sub(r"\\([A-Za-z]+)(?= ?\{[^{}])", lambda name: name[0] if name[1] in COMMANDS else "", source)


def _spaced(text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    text = re.sub(rf" ([{_RELATION}]) ?| ?([{_RELATION}]) ", r" \1\2 ", text)
    text = re.sub(r"(?<=\d) ?× ?(?=\d|$)", "×", text)
    text = re.sub(rf"\b({'|'.join(OPERATORS)}) (?=[(_^₀-₉⁰-⁹²³¹])", r"\1", text)
    return re.sub(r"(?<=[(\[{]) | (?=[)\]},;])", "", text).strip()

"""LaTeX in running prose: commands, formulas and accents become text, everything else stays untouched."""

# ruff: noqa: SIM905 - a vocabulary reads best as words

import re
import unicodedata
from collections.abc import Callable

from importers.formula import COMMANDS, MAX_FORMULA, OPERATORS, TAKES, formula, subscript, superscript

MAX_MARKS = 4_000  # `$` and `\` in one text; beyond is no prose and would cost 0.2 ms each
MAX_DEPTH = 8  # commands within commands; deeper ones stay as they stand

_SILENT = set(
    "em it bf tt rm sc sl sf itshape bfseries ttfamily scshape slshape normalfont small large Large footnotesize tiny "
    "scriptsize normalsize boldmath centering noindent item xspace displaystyle textstyle maketitle newline par "
    "smallskip medskip bigskip protect".split(),
)
_POINTING = set("label ref eqref autoref cref Cref cite citep citealp parencite autocite nocite".split())
_ESCAPES = {"n", "r", "t"}  # genuine records hold them as two characters
_LETTERS = set("o O l L i j ae AE oe OE aa AA ss".split())
_MARKS = "\u0300\u0301\u0302\u0308\u0303\u0304\u0307\u0327\u030c\u0306\u030b\u030a\u0328\u0323\u0331"
_ACCENTS = dict(zip("`'^\"~=.cvuHrkdb", _MARKS, strict=True))

_TOKEN = re.compile(
    r"""(?P<path> (?:(?<![A-Za-z])[A-Z]:\\(?=[\w.])|\\\\(?=[\w.-]+\\)) (?!\w+\{)
            (?:[\w.()~+\-\ ]{0,40}+\\)*+ [\w.()~+\-]*+ )
    | (?P<math> \$\$? | \\[(\[] )
    | (?P<command> (?P<lead>[ ~]?) (?: \\(?:\\(?=[A-Za-z]+\{))? (?P<name>[A-Za-z]+) \*?
        | (?<![A-Za-z\\]) (?P<lost>t?ext(?:it|bf|tt|sc|sl)|emph|cite[pt]?|url|href|f?ootnote|mbox) (?=\{) ) )
    | (?P<symbol> \\[^A-Za-z] )
    | (?P<brace> \{ )
    | (?P<tie> (?<=[a-z.,)]) ~ (?=[A-Za-z\\]) )
    | (?P<quote> ``([^`"]{1,300}?)'' | (?<!\w)`([^`']{1,100})'(?!\w) )""",
    re.VERBOSE,
)
_FORMULA = re.compile(r"(\$\$?)((?:[^$\\]|\\.){1,500}+)\1")
_OPTION = re.compile(r" ?\[[^\[\]{}]{0,100}\]")
_SCRIPT = re.compile(r"[_^](?:\\[A-Za-z]+|\w)")
_ONE_LETTER = re.compile(r" ?[A-Za-z0-9](?![A-Za-z0-9])")
_ACCENTED = re.compile(r"\{\\?([A-Za-z])\}|\\?([AEIOUaeiouncyszg])(?![{}])")
# What dumps that lost their braces leave of a command: `\emphfast`, `\mathbbR`, `\citetRakhlin12`.
_FUSED = re.compile(r"(emph|text(?:it|bf|tt|sc)|small(?=http)|cite[pt]?.*)(.*)|(mathbb|mathcal|sqrt|tilde)([A-Z])(.*)")


def readable(text: str) -> str:
    """Prose whose LaTeX is resolved; linear in the text, what cannot be read stays as it stands."""
    return text if text.count("\\") + text.count("$") > MAX_MARKS else _Prose(text, 0).read()


def _braces(text: str) -> dict[int, int]:
    """Where each balanced `{` is closed."""
    closes, opened = {}, []
    for brace in re.finditer(r"\\.|[{}]", text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif brace[0] == "}" and opened:
            closes[opened.pop()] = brace.start()
    return closes


def _is_formula(body: str, after: str) -> bool:
    """Whether `$body$` is a formula and not an amount of money and what follows it."""
    if not body.strip() or (body[0].isdigit() and (body[-1].isspace() or after.isdigit())):
        return False
    if re.search(r"[\\^_{]", body):
        return True
    touching = after.isdigit() or (after.isalpha() and len(body) > 3)
    return not (body[0].isspace() or body[-1].isspace() or touching or re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", body))


class _Prose:
    """One text and the places where its braces close; each token answers its text and where reading goes on."""

    def __init__(self, text: str, depth: int) -> None:
        self.text, self.depth, self.closes = text, depth, _braces(text)

    def read(self) -> str:
        if self.depth > MAX_DEPTH:
            return self.text
        out, at = [], 0
        while token := _TOKEN.search(self.text, at):
            out.append(self.text[at : token.start()])
            piece, at = getattr(self, f"_{token.lastgroup}")(token)
            out.append(piece)
        return "".join(out) + self.text[at:]

    def _before(self, token: re.Match[str]) -> str:
        return self.text[max(0, token.start() - 1) : token.start()]

    def _inner(self, text: str) -> str:
        return _Prose(text, self.depth + 1).read()

    def _groups(self, at: int) -> tuple[list[str], int]:
        """The `{…}` that follow at once, less any `[…]` between, and where they end."""
        groups, end = [], at
        while True:
            if skipped := _OPTION.match(self.text, at):
                at = skipped.end()
            elif at in self.closes:
                groups.append(self.text[at + 1 : self.closes[at]])
                at = end = self.closes[at] + 1
            else:
                return groups, end

    def _path(self, token: re.Match[str]) -> tuple[str, int]:
        return token[0], token.end()

    def _tie(self, token: re.Match[str]) -> tuple[str, int]:
        return " ", token.end()

    def _quote(self, token: re.Match[str]) -> tuple[str, int]:
        left, right = "“”" if token[0].startswith("``") else "‘’"
        return left + self._inner(token[0].strip("`'")) + right, token.end()

    def _math(self, token: re.Match[str]) -> tuple[str, int]:
        body, end = self._formula_at(token)
        if re.match(r"\s*\\(?:emph|text(?:bf|it|tt|sc)|url|href|cite[pt]?|footnote)\{", body):
            return self._inner(body), end
        try:
            return formula(body) if body else token[0], end
        except ValueError:
            return self.text[token.start() : end], end

    def _formula_at(self, token: re.Match[str]) -> tuple[str, int]:
        """What stands between the signs and where they end; nothing where they enclose no formula."""
        if token[0].startswith("$"):
            span = _FORMULA.match(self.text, token.start())
            found = span and _is_formula(span[2], self.text[span.end() : span.end() + 1])
            return (span[2], span.end()) if span and found else ("", token.end())
        close = self.text.find({"\\(": "\\)", "\\[": "\\]"}[token[0]], token.end(), token.end() + MAX_FORMULA)
        return (self.text[token.end() : close], close + 2) if close > 0 else ("", token.end())

    def _brace(self, token: re.Match[str]) -> tuple[str, int]:
        start, close = token.end(), self.closes.get(token.start(), 0)
        if close and self.text.startswith("\\", start):
            return self._inner(self.text[start:close]), close + 1
        body = self.text[start : min(close, start + 41)]
        if re.fullmatch(r"(?=.*[A-Z])[\w-]{1,40}|[^\x00-\x7f]", body):
            return body, close + 1
        if script := re.fullmatch(r"(sup|sub) ([^{}]{1,20})|\+-", body):  # OSTI's way: km{sup 2}, {+-}
            raised = superscript if script[1] == "sup" else subscript
            return raised(script[2]) if script[1] else "±", close + 1
        return "{", start

    def _symbol(self, token: re.Match[str]) -> tuple[str, int]:
        sign, end = token[0][1], token.end()
        before, after = self._before(token), self.text[end : end + 1]
        if sign in "%$&#_{}|":
            return "‖" if sign == "|" else sign, end
        if sign in "`'^\"~=.":
            return self._accent(sign, before, end) or (sign if sign in "'\"" else token[0], end)
        if sign == "/":
            return "" if after in "} " else "/", end
        if (sign in " ,;" and before.strip()) or (sign == "\\" and not after.strip()):
            return " ", end
        return "" if sign in "-!" and before.isalnum() and after.isalnum() else token[0], end

    def _accent(self, sign: str, before: str, at: int) -> tuple[str, int] | None:
        r"""Schr\"odinger, {\'E}cole, L\'{e}vy; but \"quoted\" and don\'t are escaped quotes."""
        base = _ACCENTED.match(self.text, at)
        if not base or (sign == "'" and re.compile(r"(?:s|t|m|d|ll|re|ve)\b").match(self.text, at)):
            return None
        if base[2] and (sign in ".=" or not (before.isalpha() or (not before and self.depth))):
            return None
        letter = unicodedata.normalize("NFC", (base[1] or base[2]) + _ACCENTS[sign])
        return (letter, base.end()) if len(letter) == 1 else None

    def _command(self, token: re.Match[str]) -> tuple[str, int]:
        name = token["name"] or re.sub(r"^(?=ext)", "t", re.sub(r"^(?=oot)", "f", token["lost"]))
        lead, (groups, end) = " " if token["lead"] else "", self._groups(token.end())
        if name in _POINTING:
            return self._pointer(token.start(), groups), end
        if name in _SILENT:
            return lead, token.end()
        if name in _ESCAPES and not groups:
            return " ", token.end()
        if (written := self._written(name, groups)) is not None:
            return lead + written, end + (not groups and self.text.startswith("{", end))  # cut off within
        return self._symbol_command(token, name, lead) if name in COMMANDS else self._unknown(token, name, lead)

    def _pointer(self, at: int, groups: list[str]) -> str:
        """A reference goes with the space before it, unless the sentence leans on it: `proposed by [wu2018]`."""
        leans = re.search(r"\b(?:by|in|of|from|to|with|see|and|following)$", self.text[max(0, at - 10) : at])
        return f" [{groups[-1]}]" if leans and groups else ""

    def _written(self, name: str, groups: list[str]) -> str | None:
        """A command of text with its arguments as it should be read; None for any other."""
        if name in _ACCENTS and groups:
            return unicodedata.normalize("NFC", groups[0].strip("\\") + _ACCENTS[name])
        writer = _WRITERS.get(name)
        return writer(self, groups) if writer else None

    def shown(self, groups: list[str]) -> str:
        return "".join(map(self._inner, groups))

    def last(self, groups: list[str]) -> str:
        return "".join(map(self._inner, groups[-1:]))

    def named(self, groups: list[str]) -> str:
        return "".join(f"[{group}]" for group in groups[-1:])

    def noted(self, groups: list[str]) -> str:
        return "".join(f" ({self._inner(group)})" for group in groups)

    def dropped(self, _: list[str]) -> str:
        return ""

    def link(self, groups: list[str]) -> str:
        url, *label = [re.sub(r"\\([%_#&~{}])", r"\1", group) for group in groups] or [""]
        shown = self._inner(groups[1]) if label else url
        return shown if url in (shown, "") else f"{shown} ({url})"

    def _symbol_command(self, token: re.Match[str], name: str, lead: str) -> tuple[str, int]:
        r"""A symbol outside of dollars, with its arguments and scripts: `\ell_1`, `\sqrt{n}`, `\mathbb R^n`."""
        groups, end = self._groups(token.end())
        takes = name in TAKES or len(name) == 1
        if takes and not groups and name not in _LETTERS:
            letter = _ONE_LETTER.match(self.text, end)
            if not letter or len(name) == 1:
                return token[0], token.end()
            end = letter.end()
        end = self._scripts(end)
        before = self._before(token)
        try:
            read = formula(self.text[token.start() + len(token["lead"] or "") : end])
        except ValueError:
            return token[0], token.end()
        if name in _LETTERS and before.isalpha():
            return lead + read, end + self.text.startswith(" ", end)
        return (lead or (" " if name in OPERATORS and before.isalnum() else "")) + read, end

    def _scripts(self, end: int) -> int:
        while True:
            if script := _SCRIPT.match(self.text, end):
                end = script.end()
            elif self.text.startswith(("_", "^"), end) and end + 1 in self.closes:
                end = self.closes[end + 1] + 1
            else:
                return end

    def _unknown(self, token: re.Match[str], name: str, lead: str) -> tuple[str, int]:
        r"""A command of the authors' own: what it encloses, else its name; after a letter it is none (`dir\file`)."""
        groups, end = self._groups(token.end())
        if any(groups):
            return lead + " ".join(map(self._inner, groups)), end
        if fused := _FUSED.fullmatch(name):
            symbol = formula(rf"\{fused[3]}{{{fused[4]}}}") + fused[5] if fused[3] else fused[2]
            return lead + symbol, end
        before = self._before(token)
        path = not token["lead"] and (before.isalnum() or (before and before in ":/.\\_"))
        return (token[0], token.end()) if path or self.text.startswith("\\", end) else (lead + name, end)


_SHOWN = set(
    "emph textit textbf texttt textsc textsl textrm textsf textmd textup textnormal text mbox hbox underline uline "
    "textsubscript textsuperscript enquote title section subsection paragraph caption".split(),
)
_WRITERS: dict[str, Callable[[_Prose, list[str]], str]] = {
    **dict.fromkeys(_SHOWN, _Prose.shown),
    **dict.fromkeys("url href path nolinkurl".split(), _Prose.link),
    **dict.fromkeys("citet citeauthor citealt textcite".split(), _Prose.named),
    **dict.fromkeys("textcolor colorbox hyperlink".split(), _Prose.last),
    **dict.fromkeys("begin end vspace hspace color".split(), _Prose.dropped),
    "footnote": _Prose.noted,
}

"""Which words of a text a search has found."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from models.words import PRINTED, words


class Highlighter:
    """The terms of a query (search_query.TERMS), to be looked for in texts as they are printed."""

    def __init__(self, terms: Iterable[str]) -> None:
        given = [*terms]
        self._words = {term for term in given if not term.endswith(("*", ".", "_"))}
        self._beginnings = tuple(term[:-1] for term in given if term.endswith(("*", "_")))
        self._initials = {term[0] for term in given if term.endswith(".")}

    def marked(self, text: str) -> str | None:
        """The text as HTML, what was found in `<mark>`; None where nothing of it was."""
        shown, end, found = [], 0, False
        for printed in PRINTED.finditer(text):
            if not any(map(self._finds, words(printed[0]))):
                continue
            shown += [escape(text[end : printed.start()]), "<mark>", escape(printed[0]), "</mark>"]
            end, found = printed.end(), True
        return "".join([*shown, escape(text[end:])]) if found else None

    def _finds(self, word: str) -> bool:
        if word in self._words or (len(word) == 1 and word in self._initials):
            return True
        return bool(self._beginnings) and word.startswith(self._beginnings)

"""Citations of many works, written in a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import orjson

from resolvers.citations import bibtex, csl, ris
from resolvers.citations.cited import Cited
from resolvers.citations.styles import reference


class Format(NamedTuple):
    write: Callable[[Cited], Any]
    join: Callable[[list[Any]], str]


def _json(items: list[Any]) -> str:
    return orjson.dumps(items).decode()


FORMATS = {
    "BIBTEX": Format(bibtex.entry, "\n".join),
    "RIS": Format(ris.record, "\n".join),
    "CSL_JSON": Format(csl.item, _json),
    "APA": Format(partial(reference, "apa"), "\n".join),
    "MLA": Format(partial(reference, "modern-language-association"), "\n".join),
    "CHICAGO": Format(partial(reference, "chicago-author-date"), "\n".join),
}
STRETCH = 8  # works written before others have their turn

# One, since no style may be used by two at once, and more would not write faster.
_THREAD = ThreadPoolExecutor(1, "citations")


async def written(name: str, texts: Sequence[Sequence[Any]]) -> list[str]:
    """For each of the texts, the citations of its works in the format, its works being rows of `cited_by_id`."""
    form = FORMATS[name]
    works = await in_stretches(lambda row: form.write(Cited(row)), [row for text in texts for row in text])
    left = iter(works)
    parts = [[*islice(left, len(text))] for text in texts]
    return await in_stretches(form.join, parts)


async def in_stretches(write: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """What is made of each value, in the thread, a stretch at a time: who is cancelled leaves after one."""
    loop = asyncio.get_running_loop()
    made: list[Any] = []
    for start in range(0, len(values), STRETCH):
        made += await loop.run_in_executor(_THREAD, _all, write, values[start : start + STRETCH])
    return made


def _all(write: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    return [*map(write, values)]

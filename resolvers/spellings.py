"""What mistyped words of names may have meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract
from sqlalchemy import Executable, Integer, bindparam
from sqlmodel import col

from models import Spelling
from models.searchable import letters_forgiven, pieces_typed
from resolvers.drivers import Reader
from resolvers.later import Later, then
from resolvers.reads import Among, Statement, select
from resolvers.rowless import Rowless

MOST_MEANT = 100  # words that one mistyped may stand for, the nearest
MOST_LOOKED_AT = 20_000


def _spelled(_dialect: str) -> Executable:
    like = select(Spelling.word).where(Among(Spelling.piece, "pieces"))
    return like.distinct().order_by(col(Spelling.word)).limit(bindparam("most", type_=Integer()))


_SPELLED = Statement(_spelled)


@dataclass(frozen=True, slots=True)
class _Meant(Rowless):
    """The words of names that are nearest to each word, as a read."""

    def fetch(self, reader: Reader, keys: Sequence[str]) -> Later:
        pieces = sorted({piece for word in keys for piece in pieces_typed(word)})
        rows = _SPELLED.fetch(reader, pieces=pieces, most=MOST_LOOKED_AT)
        found: Later = then(rows, lambda rows: [*_nearest(keys, [word for (word,) in rows])])
        return found


meant = _Meant()


def _nearest(words: Sequence[str], spelled: Sequence[str]) -> list[tuple[str, ...]]:
    found = []
    for word in words:
        near = extract(
            word,
            spelled,
            scorer=OSA.distance,
            processor=None,
            score_cutoff=letters_forgiven(len(word)),
            limit=MOST_MEANT,
        )
        found.append(tuple(one for one, _distance, _place in near if one != word))
    return found

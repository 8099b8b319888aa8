"""What a run did, in numbers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Tallies = Counter[tuple[str, str, str]]  # (entity, imported | updated | unchanged | skipped | rejected, why skipped)


@dataclass
class Tally:
    """Records of one entity."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = field(default_factory=dict)  # by reason
    rejected: int = 0


@dataclass
class Summary:
    """`ok` is False when a file was damaged, missing or only partly readable; `problems` say which, in a sentence each."""

    entities: dict[str, Tally] = field(default_factory=dict)
    files_read: int = 0
    files_skipped: int = 0  # read before, or older than what was read before
    removed_works: int = 0
    problems: list[str] = field(default_factory=list)
    data_version: int | None = None  # None after a dry run
    seconds: float = 0.0
    ok: bool = True

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def nested(tallies: Tallies) -> dict[str, Tally]:
    """By entity, in alphabetical order."""
    entities: dict[str, Tally] = {}
    for (entity, outcome, why), number in sorted(tallies.items()):
        tally = entities.setdefault(entity, Tally())
        if outcome == "skipped":
            tally.skipped[why] = number
        else:
            setattr(tally, outcome, number)
    return entities


def flat(entities: Mapping[str, Mapping[str, Any]]) -> Tallies:
    """The reverse of `nested`, from what was stored as JSON."""
    tallies: Tallies = Counter()
    for entity, tally in entities.items():
        for outcome, number in tally.items():
            if outcome == "skipped":
                tallies.update({(entity, outcome, why): count for why, count in number.items()})
            else:
                tallies[entity, outcome, ""] = number
    return +tallies

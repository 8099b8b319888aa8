"""What has been written while this process watched, so that answers know whether they still hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

SUBJECTS = 10_000  # told apart; with more, everything counts as changed


class Changes:
    """A clock that ticks with every write, and when it showed what for each subject."""

    def __init__(self) -> None:
        self.now = 0
        self._everything = 0
        self._subjects: dict[str, int] = {}

    def tell(self, subject: str | None) -> None:
        """A write that changes this subject, or everything."""
        self.now += 1
        if subject is None or len(self._subjects) >= SUBJECTS:
            self._subjects.clear()
            self._everything = self.now
        else:
            self._subjects[subject] = self._subjects[subject.partition(" ")[0]] = self.now  # it, and any of its kind

    def since(self, then: int, subjects: AbstractSet[str]) -> bool:
        """Whether any of these subjects may have changed after the clock showed `then`."""
        if self._everything > then:
            return True
        changed = self._subjects
        return any(changed[subject] > then for subject in subjects & changed.keys())

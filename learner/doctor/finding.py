"""What a check found."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from db.errors import EarmarkError
from learner.progress import Progress

Subject = Literal["project", "database", "features", "heads", "audio", "machine", "learner"]
NAMED = 5
"""Of many files or clips with the same trouble, so many are named."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One trouble, and its remedy, each a sentence."""

    subject: Subject
    kind: str
    """A short name that stays the same, for scripts."""
    what: str
    remedy: str
    is_problem: bool = True
    """False for what somebody should know though all is well."""
    count: int = 1
    examples: tuple[str, ...] = ()
    """Names of the first few, if it concerns several."""

    def to_json(self) -> dict[str, Any]:
        """What `earmark doctor --json` prints."""
        return asdict(self)


@dataclass
class Tally:
    """How many there are of something, and the names of the first."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, name: str, count: int = 1) -> None:
        """Count one more, or several of the same name."""
        self.count += count
        if len(self.examples) < NAMED and name not in self.examples:
            self.examples.append(name)


def of_error(subject: Subject, kind: str, error: EarmarkError) -> Finding:
    """A finding from an error, whose sentence holds the remedy after the last semicolon."""
    what, semicolon, remedy = str(error).rstrip(".").rpartition("; ")
    if not semicolon:
        return Finding(subject=subject, kind=kind, what=str(error), remedy="Mend this first.")
    return Finding(subject=subject, kind=kind, what=f"{what}.", remedy=f"{remedy[0].upper()}{remedy[1:]}.")


def unwatched(_what: str, _unit: str) -> AbstractContextManager[Progress]:
    """No progress is wanted."""
    return nullcontext(lambda _done, _total: None)

"""The loss curve as a CSV: a row for some steps with their averages, a column for each objective."""

from __future__ import annotations

import csv
from pathlib import Path

from db.store.files import whole

LOG_EVERY = 25
"""Steps per row."""


class LossLog:
    """Appends to `loss.csv`; rows after the step that the training continues from are dropped."""

    def __init__(self, path: Path, *, upto: int) -> None:
        self._path = path
        self._rows = [row for row in _read(path) if int(row["step"]) <= upto]
        self._since: list[dict[str, float]] = []
        self.newest = {name: float(value) for name, value in self._rows[-1].items() if name != "step"} if self._rows else {}

    def add(self, step: int, losses: dict[str, float]) -> None:
        """Take in the losses of one step."""
        self._since.append(losses)
        if step % LOG_EVERY == 0:
            self.newest = {name: sum(each[name] for each in self._since) / len(self._since) for name in losses}
            self._rows.append({"step": str(step), **{name: f"{value:.6f}" for name, value in self.newest.items()}})
            self._since = []

    def flush(self) -> None:
        """Write all rows."""
        if not self._rows:
            return
        with whole(self._path) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self._rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

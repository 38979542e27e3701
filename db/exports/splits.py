"""Splits of an export: no speaker is in two of them, and labels are spread over them evenly."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from db.exports.choice import SplitShares
from db.exports.rows import ClipRow

NAMES = ("train", "dev", "test")


def split_by_group(rows: Iterable[ClipRow], shares: SplitShares) -> dict[str, str]:
    """The split of each group of clips (see `ClipRow.group`).

    Groups are dealt out one by one, the largest first, each to the split that then comes nearest to its share of every label; so
    splits are stratified as far as whole speakers allow. Equal groups are ordered by a hash of their name: the same clips always
    give the same splits.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.group][row.label or ""] += 1
    total = sum(counts.values(), Counter())
    wanted = {name: share for name, share in zip(NAMES, (shares.train, shares.dev, shares.test), strict=True) if share > 0}
    held: dict[str, Counter[str]] = {name: Counter() for name in wanted}
    found: dict[str, str] = {}
    for group in sorted(counts, key=lambda group: (-counts[group].total(), _order(group))):
        found[group] = min(wanted, key=lambda name: (_cost(counts[group], held, wanted, total, name), -wanted[name]))
        held[found[group]].update(counts[group])
    return found


def _cost(
    group: Counter[str], held: Mapping[str, Counter[str]], wanted: Mapping[str, float], total: Counter[str], name: str
) -> float:
    """How far all splits are from their shares if the group goes to this one; only what the choice changes is counted."""
    share, now = wanted[name], held[name]
    size = total.total()
    change = 0.0
    for label, count in group.items():
        goal = share * total[label]
        change += ((now[label] + count - goal) ** 2 - (now[label] - goal) ** 2) / (total[label] * share)
    goal = share * size
    whole = now.total()
    return change + ((whole + group.total() - goal) ** 2 - (whole - goal) ** 2) / (size * share)


def _order(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()


_USUAL = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "devel", "development", "val", "valid", "validation"), "dev"),
    **dict.fromkeys(("test", "testing", "eval", "evaluation"), "test"),
}


def usual_split(name: str | None) -> str | None:
    """Which of `NAMES` a split is, whatever a manifest calls it; None for no split, and for any other, such as a fold."""
    return _USUAL.get((name or "").strip().lower())

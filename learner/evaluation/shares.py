"""How much of the whole pool each label has, from the random slice: a fair sample of the pool, drawn without replacement.

So the number of clips with a label in the slice is hypergeometric, and the interval holds every number of clips in the pool that
neither tail makes unlikely (Buonaccorsi 1987, *A note on confidence intervals for proportions in finite populations*). It holds
at least as often as its level, needs no approximation for labels that were never seen, and shrinks to a point when the slice is
the pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from scipy import stats

from db.reports import LabelShare
from learner.evaluation.intervals import LEVEL


def label_shares(
    in_slice: Sequence[int], labels: Mapping[int, int], label_ids: Sequence[int], label_names: Sequence[str], *, pool: int
) -> dict[str, LabelShare]:
    """The share of each label by name, of all clips in service, those too that have no label; empty without a slice.

    Args:
        in_slice: clips of the random slice, unsure and skipped ones included.
        labels: label id by clip id, from answers that count for the slice.
        pool: clips in service.
    """
    drawn = len(in_slice)
    if not drawn:
        return {}
    pool = max(pool, drawn)
    counts = Counter(labels.get(clip) for clip in in_slice)
    found = {}
    for label, name in zip(label_ids, label_names, strict=True):
        low, high = clips_in_pool(counts[label], drawn=drawn, pool=pool)
        found[name] = LabelShare(
            share=round(counts[label] / drawn, 6),
            low=round(low / pool, 6),
            high=round(high / pool, 6),
            clips=counts[label],
        )
    return found


def clips_in_pool(seen: int, *, drawn: int, pool: int) -> tuple[int, int]:
    """The 95% bounds of the number of clips in the pool that are like the `seen` ones of the `drawn` ones."""
    tail = (1 - LEVEL) / 2

    def often_enough(clips: int) -> bool:
        return float(stats.hypergeom.sf(seen - 1, pool, clips, drawn)) > tail

    def seldom_enough(clips: int) -> bool:
        return float(stats.hypergeom.cdf(seen, pool, clips, drawn)) > tail

    fewest, most = seen, pool - (drawn - seen)
    # Both tails grow or shrink steadily with the clips of the pool: halving finds where they cross.
    low, above = fewest, most
    while low < above:
        middle = (low + above) // 2
        low, above = (low, middle) if often_enough(middle) else (middle + 1, above)
    below, high = fewest, most
    while below < high:
        middle = (below + high + 1) // 2
        below, high = (middle, high) if seldom_enough(middle) else (below, middle - 1)
    return low, high

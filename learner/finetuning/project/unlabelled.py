"""Clips without a label that make the clips of a speaker enough to normalise by.

The live head normalises by all clips of a speaker. A network reads only the clips that it is given, since each costs time; with
the labelled ones alone it would know many a speaker by two or three clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np

from learner.dataset.pool import Pool
from learner.dataset.sampling import scattered
from learner.dataset.speaker_norm import LEAST_CLIPS

ENOUGH = 2 * LEAST_CLIPS
"""Clips of a speaker whose mean is nearly that of all of them."""
MOST = 500


def clips_beside(pool: Pool, known: Collection[int], answered: Collection[int]) -> list[int]:
    """Ids of clips in service that nobody has answered, of the speakers of `known`, so that each has `ENOUGH` clips.

    Where that takes more than `MOST`, each gets fewer; none where clips cannot be normalised by speaker. The same for the same
    clips.
    """
    if pool.why_not_by_speaker is not None:
        return []
    have = Counter(pool.speakers[clip] for clip in known)
    have.pop(None, None)
    here = pool.features.clip_ids[pool.ready]
    others = here[~np.isin(here, np.array(sorted({*known, *answered}), dtype=np.int64))]
    in_order = [(clip, pool.speakers[clip]) for clip in scattered(others, most=len(others)).tolist()]
    in_order = [(clip, speaker) for clip, speaker in in_order if speaker in have]
    for wanted in (ENOUGH, LEAST_CLIPS):
        found, clips = [], Counter(have)
        for clip, speaker in in_order:
            if clips[speaker] < wanted:
                clips[speaker] += 1
                found.append(clip)
        if len(found) <= MOST:
            return sorted(found)
    return []

"""The random slice: the answered prefix of all clips in the order of their fixed random keys.

It is a fair sample of the pool whoever or whatever chose the clips, because the prefix ends at the first clip not yet answered:
no clip enters for having been easy or interesting. A label given with a suggestion on screen, or in a grid
of clips that are alike, does not count as an answer here, and neither does the answer to a gold check.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from contextlib import closing

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.decisions.conditions import given_as_gold_check, given_blind, is_gold_check
from db.decisions.log import LiveDecision, live_query
from db.models import Clip, ClipState, Decision


def blind_answers(live: list[LiveDecision]) -> set[int]:
    """Clips answered without a hint of what the classifier expects: what the slice counts as answered."""
    return {decision.clip_id for decision in live if decision.blind and not is_gold_check(decision)}


def slice_clip_ids(session: Session, *, answered: Collection[int]) -> list[int]:
    """The clips of the slice in key order, unsure and skipped ones included."""
    keys = select(Clip.id).where(Clip.state == ClipState.READY).order_by(Clip.slice_key, Clip.id)
    with closing(session.scalars(keys.execution_options(yield_per=1000))) as in_key_order:
        return answered_prefix(in_key_order, answered=answered)


def answered_prefix(in_key_order: Iterable[int], *, answered: Collection[int]) -> list[int]:
    """The clips before the first that is not answered."""
    return list(itertools.takewhile(lambda clip_id: clip_id in answered, in_key_order))


def blindly_answered() -> ColumnElement[bool]:
    """SQL condition on `Clip`: it has a standing answer that is `blind` (see `LiveDecision`) and no gold check."""
    return live_query().where(Decision.clip_id == Clip.id, given_blind(), ~given_as_gold_check()).correlate(Clip).exists()

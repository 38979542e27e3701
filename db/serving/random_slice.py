"""The random slice: the answered prefix of all clips in the order of their fixed random keys.

It is a fair sample of the pool whoever or whatever chose the clips, because the prefix ends at the first clip not yet answered:
no clip enters for having been easy or interesting. A label given with a suggestion on screen, or in a grid
of clips that are alike, does not count as an answer here, and neither does the answer to a gold check.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from db.decisions.conditions import given_as_gold_check, given_blind, is_gold_check
from db.decisions.log import LiveDecision, live_query
from db.models import Annotator, Clip, ClipState, Decision, Lease, ProjectInfo, Source
from db.records.features import newest_feature_set
from db.records.lease_clock import lease_time
from db.records.leases import is_open

KNOWN_FROM = "knows_labels_from"
"""In the settings of a feature set: see `encoder_knows_from`."""
_LOOKED_AT = 2000
"""Clips behind the first open one that are looked at: answers for the slice that wait are close behind it."""


def blind_answers(live: list[LiveDecision]) -> set[int]:
    """Clips answered without a hint of what the classifier expects: what the slice counts as answered."""
    return {decision.clip_id for decision in live if decision.blind and not is_gold_check(decision)}


def slice_answers(live: list[LiveDecision]) -> list[LiveDecision]:
    """The answers that give clips of the slice their labels: those without a hint of what the classifier expects.

    Nor do answers that a lead asked for change a label. Leads ask where the classifier contradicts a label, and not where both
    are wrong alike: of the mistakes, those in the classifier's favour would stay (see `db.serving.second_pass`).
    """
    blind = [decision for decision in live if decision.blind]
    unasked = {one.clip_id for one in blind if one.source != Source.ASKED_AGAIN and not is_gold_check(one)}
    return [one for one in blind if one.source != Source.ASKED_AGAIN or one.clip_id not in unasked]


def slice_clip_ids(session: Session, *, answered: Collection[int]) -> list[int]:
    """The clips of the slice in key order, unsure and skipped ones included.

    Where the encoder in use has learned from labels of the project, the slice ends before the first clip that it may know.
    """
    keys = select(Clip.id).where(Clip.state == ClipState.READY).order_by(Clip.slice_key, Clip.id)
    known = encoder_knows_from(session)
    if known is not None:
        keys = keys.where(Clip.slice_key < known)
    with closing(session.scalars(keys.execution_options(yield_per=1000))) as in_key_order:
        return answered_prefix(in_key_order, answered=answered)


def encoder_knows_from(session: Session) -> int | None:
    """The random key from which on clips may have been learned from by the encoder in use; None where it knows no label.

    An encoder that another project has adopted says nothing of the keys of this one.
    """
    used = newest_feature_set(session)
    text = None if used is None else used.settings.get(KNOWN_FROM)
    return None if text is None else known_key(text, of_project=project_uuid(session))


def known_from(key: int, *, of_project: str) -> str:
    """What an adopted encoder says of the labels that it learned from: the project, and the least random key of their clips."""
    return f"{of_project} {key}"


def known_key(text: object, *, of_project: str) -> int | None:
    """The key in such a text, if it is of this project."""
    project, _, key = text.partition(" ") if isinstance(text, str) else ("", "", "")
    return int(key) if project == of_project and re.fullmatch(r"\d{1,19}", key) else None


def project_uuid(session: Session) -> str:
    """The number that a project keeps when it is moved or restored."""
    return str(session.scalars(select(ProjectInfo.uuid)).one())


def answered_prefix(in_key_order: Iterable[int], *, answered: Collection[int]) -> list[int]:
    """The clips before the first that is not answered."""
    return list(itertools.takewhile(lambda clip_id: clip_id in answered, in_key_order))


def blindly_answered() -> ColumnElement[bool]:
    """SQL condition on `Clip`: it has a standing answer that is `blind` (see `LiveDecision`) and no gold check."""
    return live_query().where(Decision.clip_id == Clip.id, given_blind(), ~given_as_gold_check()).correlate(Clip).exists()


@dataclass(frozen=True)
class OpenClip:
    """A clip that the random slice waits for."""

    clip_id: int
    file_name: str
    held_by: str | None
    """Name of the annotator who has it; None if it is in nobody's hands, and will be served next."""
    until: float | None
    """When it goes back to the queue unless it is answered, in seconds since 1970."""


@dataclass(frozen=True)
class Waiting:
    """What keeps the random slice from growing."""

    clips: list[OpenClip]
    """In the order of their random keys, at least one. The first one ends the slice; each further one is held by somebody."""
    answered_behind: int
    """Clips that are answered, lie among or behind these, and count as soon as these are answered."""


def what_is_waited_for(session: Session, *, now: float | None = None) -> Waiting | None:
    """The open clips at the end of the slice, who has them, and how many answers wait behind them; None if no clip is open.

    Args:
        now: seconds since 1970 by `db.records.lease_clock`, for tests.
    """
    now = lease_time() if now is None else now
    ready = select(Clip.id, Clip.file_name, Clip.slice_key).where(Clip.state == ClipState.READY)
    in_key_order = ready.order_by(Clip.slice_key, Clip.id)
    first = session.execute(in_key_order.where(~blindly_answered()).limit(1)).first()
    if first is None:
        return None
    behind = or_(Clip.slice_key > first.slice_key, (Clip.slice_key == first.slice_key) & (Clip.id > first.id))
    answered = blindly_answered().label("answered")
    rows = session.execute(in_key_order.add_columns(answered).where(behind).limit(_LOOKED_AT)).all()
    held = select(Lease.clip_id, Annotator.name, Lease.expires_at).join(Annotator, Annotator.id == Lease.annotator_id)
    holders = {clip: (name, until) for clip, name, until in session.execute(held.where(is_open(now)).order_by(Lease.id))}
    clips, waiting = [_open_clip(first.id, first.file_name, holders)], 0
    for row in rows:
        if not row.answered and (row.id not in holders or clips[0].held_by is None):
            # From here on the slice has not been served yet.
            break
        if row.answered:
            waiting += 1
        else:
            clips.append(_open_clip(row.id, row.file_name, holders))
    return Waiting(clips, waiting)


def _open_clip(clip_id: int, file_name: str, holders: dict[int, tuple[str, float]]) -> OpenClip:
    held_by, until = holders.get(clip_id, (None, None))
    return OpenClip(clip_id, file_name, held_by, until)

"""What a source says of clips that are known already: gaps are filled, and what stands is never overwritten.

So a folder can be imported first, and the list of who speaks where when somebody has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Clip


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a line says beside file, span and label; None where it says nothing."""

    speaker: str | None
    transcript: str | None
    split: str | None
    extra: dict[str, Any] = field(default_factory=dict)


def fill_details(session: Session, said: Mapping[int, Details]) -> dict[int, str]:
    """Fill what clips lack, by clip id; the speaker that stands of each clip whose speaker the source has otherwise."""
    others: dict[int, str] = {}
    for clip in session.scalars(select(Clip).where(Clip.id.in_(said))):
        details = said[clip.id]
        for name in ("speaker", "transcript", "split"):
            if getattr(clip, name) is None and getattr(details, name) is not None:
                setattr(clip, name, getattr(details, name))
        missing = {key: value for key, value in details.extra.items() if value and not clip.extra.get(key)}
        if missing:
            clip.extra = {**clip.extra, **missing}
        if clip.speaker is not None and details.speaker not in (None, clip.speaker):
            others[clip.id] = clip.speaker
    return others

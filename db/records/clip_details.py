"""Details that an import source gives for clips that are registered already: gaps are filled, and nothing is ever overwritten.

So a folder can be imported first, and a list of the speakers later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Clip
from db.records.clip_changes import set_details


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a line of the source gives besides file, span and label; None where it gives nothing."""

    speaker: str | None
    transcript: str | None
    split: str | None
    extra: dict[str, Any] = field(default_factory=dict)


def fill_details(session: Session, given: Mapping[int, Details]) -> dict[int, str]:
    """Fill what clips lack.

    Args:
        given: what the source gives, by clip id.

    Returns:
        By clip id, the speaker that is stored, for each clip for which the source gives another speaker.
    """
    others: dict[int, str] = {}
    for clip in session.scalars(select(Clip).where(Clip.id.in_(given))):
        details = given[clip.id]
        new = {name: getattr(details, name) for name in ("speaker", "transcript", "split") if getattr(clip, name) is None}
        missing = {key: value for key, value in details.extra.items() if not _blank(value) and _blank(clip.extra.get(key))}
        set_details(session, clip, **new, extra={**clip.extra, **missing})
        if clip.speaker is not None and details.speaker not in (None, clip.speaker):
            others[clip.id] = clip.speaker
    return others


def _blank(value: Any) -> bool:
    """Nothing at all: 0 and false are values like others."""
    return value is None or value == ""

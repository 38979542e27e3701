"""How far the making of features is, with a button that pauses it and lets it go on."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import streamlit as st

from db.models import LearnerState
from db.records.features import (
    clips_in_service,
    embedded_count,
    is_paused,
    is_renewal_asked,
    newest_feature_set,
    set_paused,
)
from db.records.learner_state import STALE_SECONDS, read_state
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.plain_text import plain
from labeler.words.better_features import made_by_other_weights
from labeler.words.run import counted
from labeler.words.time_left import time_left
from learner.features.bundled_weights import bundled_revision

_LOOK_SECONDS = 2
_RATE_SECONDS = 60.0
_READINGS = "audio-embedding-readings"


@dataclass(frozen=True)
class _Standing:
    clips: int
    embedded: int
    """In the features in use."""
    is_paused: bool
    waits_for_new: bool
    """Whether clips get no features until all are made anew, because the weights of the others are gone."""
    learner: LearnerState | None

    @property
    def is_embedding(self) -> bool:
        return self.is_alive and self.learner is not None and self.learner.state == "embedding"

    @property
    def is_alive(self) -> bool:
        return (
            self.learner is not None
            and self.learner.state not in {"stopped", "crashed"}
            and time.time() - self.learner.heartbeat_at < STALE_SECONDS
        )


@st.fragment(run_every=_LOOK_SECONDS)
def show_embedding(now: Serving) -> None:
    """Show it; the page looks again by itself."""
    with in_one_sentence():
        require_lead()
        standing = _standing(now)
        if not standing.clips:
            st.text("This project has no audio yet. Add some below.")
            return
        _bar(standing)
        _button(now, standing)


def _standing(now: Serving) -> _Standing:
    with now.project.read() as session:
        used = newest_feature_set(session)
        embedded = 0 if used is None else embedded_count(session, used.id)
        standing = _Standing(
            clips=clips_in_service(session)[0],
            embedded=embedded,
            is_paused=is_paused(session),
            waits_for_new=bool(embedded)
            and used is not None
            and made_by_other_weights(used.settings, bundled=bundled_revision())
            and not is_renewal_asked(session, used),
            learner=read_state(session),
        )
        session.expunge_all()
    return standing


def _bar(standing: _Standing) -> None:
    learner = standing.learner
    if standing.is_embedding and learner is not None:
        left = max(learner.total - learner.done, 0)
        done = max(standing.clips - left, 0) if learner.total else 0
        rate = _rate(left)
        words = f"{done} of {counted(standing.clips, 'clip')} with features"
        st.progress(min(done / standing.clips, 1.0), text=words + (f", {rate:.1f} a second" if rate else ""))
        st.caption(time_left(left / rate) if rate else "How long it takes is known in a moment.")
        return
    _forget_readings()
    words = f"{standing.embedded} of {counted(standing.clips, 'clip')} with features"
    st.progress(min(standing.embedded / standing.clips, 1.0), text=words)
    if standing.is_paused:
        st.caption("Paused.")
    elif standing.embedded >= standing.clips:
        return
    elif standing.waits_for_new:
        st.caption("To add features, all must be made anew: see below.")
    elif not standing.is_alive:
        st.caption("The learner is not running; `earmark serve` starts it.")
    elif learner is not None:
        st.caption(plain(learner.detail) if learner.detail else "It begins in a moment.")


def _button(now: Serving, standing: _Standing) -> None:
    has_work = standing.is_embedding or (standing.embedded < standing.clips and not standing.waits_for_new)
    if not standing.is_paused and not has_work:
        return
    word, icon = ("Resume", ":material/play_arrow:") if standing.is_paused else ("Pause", ":material/pause:")
    if st.button(word, key="audio-pause", icon=icon, type="tertiary"):
        with now.project.write() as session:
            set_paused(session, not standing.is_paused)
        st.rerun(scope="fragment")


def _rate(left: int) -> float | None:
    """Clips in a second, from what was left at each look of this page; None before there are two different ones."""
    readings: deque[tuple[float, int]] = st.session_state.setdefault(_READINGS, deque())
    now = time.monotonic()
    if readings and left > readings[-1][1]:
        readings.clear()  # other clips, or another encoder
    if not readings or left < readings[-1][1]:
        readings.append((now, left))
    while len(readings) > 2 and now - readings[0][0] > _RATE_SECONDS:
        readings.popleft()
    (first_at, first), (last_at, last) = readings[0], readings[-1]
    return (first - last) / (last_at - first_at) if first > last and last_at > first_at else None


def _forget_readings() -> None:
    st.session_state.pop(_READINGS, None)

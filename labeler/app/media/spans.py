"""Stretches of audio around and inside a clip: what comes before and after it, and the pages of a long one."""

from __future__ import annotations

from dataclasses import replace

from db.records.clips import ClipAudio

CONTEXT_SECONDS = 5.0
"""Length of the audio that is played on demand on either side of a span."""
PAGE_SECONDS = 20.0
"""A long clip is drawn in pages of this length; the last page takes the rest, so that no page is too short to draw."""


def with_context(clip: ClipAudio, file_seconds: float) -> ClipAudio:
    """The clip with what comes before and after it, inside a file of `file_seconds`."""
    start = max(clip.start - CONTEXT_SECONDS, 0.0)
    return replace(clip, start=start, end=min(clip.end + CONTEXT_SECONDS, max(file_seconds, clip.end)), whole=False)


def page_count(clip: ClipAudio) -> int:
    """The number of pages that the clip is drawn in."""
    return max(int(clip.duration // PAGE_SECONDS), 1)


def page_of(clip: ClipAudio, number: int) -> ClipAudio:
    """One page of the clip, counted from 0; a number out of range gives the nearest page."""
    last = page_count(clip) - 1
    number = min(max(number, 0), last)
    start = clip.start + number * PAGE_SECONDS
    return replace(clip, start=start, end=clip.end if number == last else start + PAGE_SECONDS, whole=last == 0 and clip.whole)

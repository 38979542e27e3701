"""Where recordings are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.imports.segmenting.spans import Span, pieces, windows
from learner.imports.segmenting.speech import SECONDS, stretches


@pytest.mark.parametrize(
    ("duration", "spans"),
    [
        (30.0, [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]),
        (27.5, [(0.0, 10.0), (10.0, 20.0), (20.0, 27.5)]),
        (20.4, [(0.0, 10.0), (10.0, 20.4)]),
        (10.0, [(0.0, 10.0)]),
        (10.3, [(0.0, 10.3)]),
        (3.2, [(0.0, 3.2)]),
    ],
)
def test_windows_cover_all_of_a_recording(duration: float, spans: list[Span]) -> None:
    assert windows(duration, seconds=10.0, shortest=0.5) == spans


@pytest.mark.parametrize(
    ("speech", "expected"),
    [
        ([(1.0, 2.0)], [(0.9, 2.1)]),
        ([(0.0, 2.0), (2.4, 5.0)], [(0.0, 5.1)]),
        ([(1.0, 2.0), (4.0, 5.0)], [(0.9, 2.1), (3.9, 5.1)]),
        ([(1.0, 8.0), (8.1, 12.0)], [(0.9, 8.05), (8.05, 12.1)]),
        ([(1.0, 25.0)], [(0.9, 9.0), (9.0, 17.0), (17.0, 25.1)]),
        ([(3.0, 3.2), (59.9, 60.0)], []),
        ([], []),
    ],
    ids=["padded", "joined", "a long pause", "too long together", "too long alone", "too short", "silence"],
)
def test_pieces_end_at_pauses(speech: list[Span], expected: list[Span]) -> None:
    assert pieces(speech, duration=60.0, longest=10.0, shortest=0.5) == expected


@given(st.lists(st.tuples(st.floats(0.05, 5.0), st.floats(0.25, 40.0)), max_size=30), st.floats(1.0, 20.0))
def test_pieces_hold_all_speech_once_and_are_not_too_long(lengths: list[tuple[float, float]], longest: float) -> None:
    speech, now = [], 0.0
    for pause, length in lengths:
        speech.append((now + pause, now + pause + length))
        now += pause + length
    found = pieces(speech, duration=now, longest=longest, shortest=0.1)
    assert all(end - start <= longest + 0.002 for start, end in found)
    assert all(second[0] >= first[1] for first, second in pairwise(found))
    # Whatever is between two clips, or before the first one, is no speech.
    for start, end in speech:
        inside = sum(max(0.0, min(end, right) - max(start, left)) for left, right in found)
        assert inside == pytest.approx(end - start, abs=0.01)


def test_stretches_of_speech_end_after_a_pause_and_clicks_are_no_speech() -> None:
    spoken, unsure, silent = [0.9], [0.4], [0.1]
    probabilities = 10 * silent + 20 * spoken + 5 * unsure + 3 * silent + 20 * spoken + 30 * silent + 2 * spoken + 30 * silent
    assert stretches(probabilities) == [(10 * SECONDS, 58 * SECONDS)]
    assert stretches(12 * spoken) == [(0.0, 12 * SECONDS)]
    assert stretches([]) == []

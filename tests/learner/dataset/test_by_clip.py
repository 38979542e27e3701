"""Values by clip id, one by one and many at once."""

from __future__ import annotations

import pytest

from learner.dataset.by_clip import ByClip


def test_a_clip_has_the_value_it_was_given_in_whatever_order_they_came() -> None:
    speakers = ByClip.of([(9, "b"), (2, None), (5, "a")])
    assert dict(speakers) == {2: None, 5: "a", 9: "b"}
    assert speakers.of_clips([9, 5, 5, 2]).tolist() == ["b", "a", "a", None]


@pytest.mark.parametrize("unknown", [1, 3, 10])
def test_a_clip_that_is_not_there_is_named(unknown: int) -> None:
    speakers = ByClip.of([(9, "b"), (2, None)])
    assert unknown not in speakers
    with pytest.raises(KeyError, match=str(unknown)):
        speakers.of_clips([2, unknown])


def test_no_clips_have_no_values() -> None:
    assert len(ByClip.of([])) == 0
    assert ByClip.of([]).of_clips([]).tolist() == []

"""Splits: whole speakers, near the shares, labels spread evenly, always the same."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest

from db.errors import FormatError
from db.exports.choice import LabelKind, SplitShares
from db.exports.rows import ClipRow
from db.exports.splits import split_by_group
from db.models import ClipState


def clip(number: int, *, speaker: str | None, label: str, content: str = "") -> ClipRow:
    return ClipRow(
        clip_id=number,
        file_name=f"{number}.wav",
        path=f"/{number}.wav",
        lies_at=f"/{number}.wav",
        state=ClipState.READY,
        start=0.0,
        end=1.0,
        whole=True,
        sampling_rate=16000,
        channels=1,
        content_hash=content or str(number),
        speaker=speaker,
        transcript=None,
        split=None,
        extra={},
        label=label,
        kind=LabelKind.CONSENSUS,
        agreement=1.0,
        confidence=0.8,
        answers=(),
        predicted=None,
    )


def test_no_speaker_is_in_two_splits_and_labels_are_spread() -> None:
    rng = random.Random(1)
    clips = [clip(n, speaker=f"s{rng.randrange(30)}", label=rng.choice(["a", "a", "a", "b"])) for n in range(3000)]
    found = split_by_group(clips, SplitShares.parse("80/10/10"))
    speakers = defaultdict(set)
    sizes, rare = Counter[str](), Counter[str]()
    for row in clips:
        split = found[row.group]
        speakers[row.speaker].add(split)
        sizes[split] += 1
        rare[split] += row.label == "b"
    assert {len(splits) for splits in speakers.values()} == {1}
    assert sizes["train"] == pytest.approx(2400, abs=60)
    assert sizes["dev"] == pytest.approx(300, abs=60)
    for split, size in sizes.items():
        assert rare[split] / size == pytest.approx(0.25, abs=0.04)
    assert split_by_group(reversed(clips), SplitShares.parse("8/1/1")) == found, "the order of clips and the unit do not matter"


def test_without_speakers_the_clips_of_a_file_stay_together() -> None:
    clips = [clip(n, speaker=None, label="a", content=f"file {n // 4}") for n in range(40)]
    found = split_by_group(clips, SplitShares.parse("50/0/50"))
    assert len(found) == 10
    assert Counter(found.values()) == {"train": 5, "test": 5}


@pytest.mark.parametrize("text", ["80/20", "a/b/c", "80/10/-1", "0/0/0", "nan/1/1", "inf/1/1", "1e9/1/1", ""])
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(FormatError, match="write three numbers such as 80/10/10"):
        SplitShares.parse(text)

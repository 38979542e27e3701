"""When fine-tuning is possible, and when it is worth trying: one sentence each."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from db.finetuned.worth_trying import Labelled, labelled_now, worth_trying
from db.models import Source
from db.project import OpenProject
from tests.filled_projects import add_clips, answer
from tests.owed_clips import owed_clips


def of(*per_label: int, tested: int = 200, speakers: Collection[str | None] = ("anna", "bert")) -> Labelled:
    return Labelled(dict(zip(("angry", "happy", "sad"), per_label, strict=False)), tested, speakers)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (of(0, 0, 0), "There is no labelled clip to fine-tune on yet; label some first"),
        (of(40, 0, 0), "All labelled clips (40) have the label 'angry'; label clips of a second label first."),
        (of(40, 4, 0), "too few labelled clips to fine-tune on (angry 40, happy 4); label at least 5 of each of two labels."),
        (of(40, 40, 0, tested=0), "The random slice has no labelled clip yet"),
        (of(40, 40, 0, speakers={"anna"}), "All labelled clips are of one speaker, 'anna'"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(found: Labelled, sentence: str) -> None:
    answer = worth_trying(found)
    assert (answer.possible, answer.worth) == (False, False)
    assert sentence in answer.sentence


@pytest.mark.parametrize(
    ("found", "worth", "sentence"),
    [
        (of(400, 400, 24), False, "not worth trying yet: label 'sad' has 24 labelled clips; wait until each label has 25."),
        (of(400, 400, 120, tested=140), False, "140 labelled clips, on which a gain below about 0.04 cannot show"),
        (
            of(400, 400, 120, tested=500),
            True,
            "at least 120 labelled clips, and a gain of about 0.02 can show. It may as well be worse",
        ),
        # A label that nobody has used yet is none to learn.
        (of(400, 400, 0, tested=500), True, "worth a try: every label has at least 400 labelled clips"),
        (of(400, 400, 120, tested=500, speakers={None}), True, "worth a try"),
    ],
)
def test_it_is_worth_trying_with_enough_of_each_label(found: Labelled, worth: bool, sentence: str) -> None:
    answer = worth_trying(found)
    assert (answer.possible, answer.worth) == (True, worth)
    assert sentence in answer.sentence


def test_what_there_is_comes_from_the_decisions_that_stand(any_project: OpenProject) -> None:
    clips = add_clips(any_project, 12, speakers=3)
    with any_project.read() as session:
        owed = owed_clips(session, 12)
    for clip in owed[:4]:
        answer(any_project, clip, "angry", source=Source.RANDOM)
    answer(any_project, owed[-1], "sad")
    with any_project.read() as session:
        found = labelled_now(session)
    assert found.per_label == {"angry": 4, "happy": 0, "sad": 1}
    assert found.tested == 4
    assert set(found.speakers) == {f"s{clips.index(clip) % 3}" for clip in [*owed[:4], owed[-1]]}

"""Labels that an import does not take: each is stated once, with its number of clips, and not without end."""

from __future__ import annotations

from labeler.words.import_labels import MOST, lines_of_labels_not_taken


def test_each_label_is_stated_once_and_then_what_is_taken() -> None:
    left = [{"label": "glad", "clips": 2, "first": "a.wav"}, {"label": "Happy", "clips": 1, "first": "b.wav"}]
    assert lines_of_labels_not_taken(left, label_set=["happy", "sad"]) == [
        "'glad' is not in the label set: 2 clips imported, label not taken (first 'a.wav').",
        "'Happy' is not in the label set: 1 clip imported, label not taken (first 'b.wav').",
        "Labels are taken if they are one of: happy, sad.",
    ]


def test_very_many_labels_are_not_all_named() -> None:
    left = [{"label": f"word {number}", "clips": 3, "first": "a.wav"} for number in range(MOST + 5)]
    lines = lines_of_labels_not_taken(left, label_set=["happy", "sad"])
    assert len(lines) == MOST + 2
    assert lines[MOST] == "5 more labels not in the label set: 15 clips imported, label not taken."


def test_nothing_left_is_no_line() -> None:
    assert lines_of_labels_not_taken([], label_set=["happy", "sad"]) == []
